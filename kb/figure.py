"""Figures of the rules that are not time limits: amounts, ratios, notice periods."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row of the table of figures; ``value`` is text because some are words."""

    id: str
    subject: str
    condition: str
    value: str
    unit: str
    kind: str
    from_event: str
    authority: str
    source: str
    confidence: str
