"""Who is credited with a closing: the rules that turn outcomes into evidence on knowledge.

- The one solution of a closing is credited with all of it: 1 when it stayed closed, 0 when it came
  back.
- A closing without a solution (none fitted) credits nothing.
- References and sources are credited with nothing, however many there are: they were read, and
  nothing says what they did.
- Only a settled outcome credits: a pending one may still turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kb.ticket import Link, Outcome

CREDITED_USAGE = "solution"
VALUES = {"stayed_closed": 1.0, "came_back": 0.0}
"""What a settled state is worth to its solution."""


@dataclass(frozen=True)
class Credit:
    """One piece of evidence: this version solved the closing (``value`` 1.0) or did not (0.0).

    ``impression_id``: the item shown that it was taken from, None when the agent found it.
    """

    ticket_no: str
    closing: int
    target_type: str
    target_id: str
    target_version: str
    impression_id: str | None
    found_by: str
    value: float


def credit(links: Iterable[Link], outcome: Outcome) -> list[Credit]:
    """What one closing says of the knowledge tied to its ticket; links of others are passed over.

    At most one: the database keeps a second solution of a closing out.
    """
    value = VALUES.get(outcome.state)
    if value is None:
        return []
    return [
        Credit(
            link.ticket_no,
            link.closing,
            link.target_type,
            link.target_id,
            link.target_version,
            link.impression_id,
            link.found_by,
            value,
        )
        for link in links
        if link.knowledge_usage == CREDITED_USAGE
        and (link.ticket_no, link.closing) == (outcome.ticket_no, outcome.closing)
    ]
