"""Labelled pairs of complaints of one number: reading them, and measuring the model on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from indexer.engine import Engine
from indexer.repeat_fitting import Sample, evaluate
from indexer.repeats import Earlier
from kb.errors import InvalidInput
from kb.repeat import read_model

HELD_OUT = frozenset({3, 5, 7})
"""Of eight parts by the hash of the earlier text: never looked at while fitting."""


@dataclass(frozen=True)
class LabelledPair:
    """Two complaints of one number and whether they are about the same matter."""

    earlier: str
    earlier_class: str
    later: str
    days: float
    is_open: bool
    same: bool

    @property
    def is_held_out(self) -> bool:
        """Whether it is for measuring only."""
        return self._hash[0] % 8 in HELD_OUT

    @property
    def fold(self) -> int:
        """Which fold it is in while fitting; all pairs of one earlier complaint are together."""
        return self._hash[1]

    @property
    def _hash(self) -> bytes:
        return hashlib.sha256(self.earlier.encode()).digest()


def read_pairs(path: Path) -> list[LabelledPair]:
    """Labelled pairs of a JSONL file; raise InvalidInput naming the line."""
    pairs = []
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            pairs.append(
                LabelledPair(
                    earlier=str(row["earlier"]),
                    earlier_class=str(row["earlier_class"]),
                    later=str(row["later"]),
                    days=float(row["days"]),
                    is_open=row["earlier_status"] == "open",
                    same=bool(row["same"]),
                )
            )
        except (ValueError, KeyError, TypeError):
            raise InvalidInput(
                "应有 earlier、earlier_class、later、days、earlier_status、same",
                field=f"{path.name} 第 {number} 行",
            ) from None
    return pairs


def is_pairs(path: Path) -> bool:
    """Whether a JSONL file holds such pairs: its first line names ``earlier``."""
    with path.open(encoding="utf-8") as file:
        first = next((line for line in file if line.strip()), "")
    try:
        return "earlier" in json.loads(first)
    except (ValueError, TypeError):
        return False


def pair_sample(engine: Engine, pair: LabelledPair, *, now: datetime) -> Sample:
    """A labelled pair as the model of repeats sees it; the new text's class is recognised."""
    earlier = Earlier(pair.earlier, pair.earlier_class, pair.days, pair.is_open)
    evidence = engine.compare(pair.later, engine.classify(pair.later, now=now), earlier)
    return Sample(evidence, pair.later, pair.same, fold=pair.fold)


def evaluate_pairs(
    engine: Engine, pairs: Sequence[LabelledPair], *, now: datetime
) -> dict[str, Any]:
    """Figures of the shipped model on the pairs held out and on those it was fitted on."""
    model = read_model()
    parts: dict[str, list[Sample]] = {"held_out": [], "training": []}
    for pair in pairs:
        part = "held_out" if pair.is_held_out else "training"
        parts[part].append(pair_sample(engine, pair, now=now))
    figures = {name: evaluate(samples, model) for name, samples in parts.items() if samples}
    return {"threshold": model.threshold, **figures}
