"""How much the desk shows: what an agent chose, else what the time at the desk suggests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from kb.times import to_beijing

NOVICE_DAYS = 90
"""Days from the first record of a name in which its desk explains more, if nobody chose."""
FULL_ITEMS, FEW_ITEMS = 5, 3
FIRST_STEPS = 3


@dataclass(frozen=True)
class DeskView:
    """One way to show suggestions.

    ``items``: how many of a kind. ``steps``: so many first steps stand on a card. ``explains``:
    reasons in full, and words of the glossary. ``is_brief``: a card is a title and a due time.
    """

    name: str
    items: int = FULL_ITEMS
    steps: int = 0
    explains: bool = False
    is_brief: bool = False


VIEWS: Mapping[str, DeskView] = {
    "novice": DeskView("新手", steps=FIRST_STEPS, explains=True),
    "regular": DeskView("常规"),
    "expert": DeskView("熟手", items=FEW_ITEMS, is_brief=True),
}
REGULAR = "regular"


def view_by_tenure(first: str | None, now: datetime) -> str:
    """The view of somebody who never chose one.

    ``first``: the instant of the first record of the name, None if there is none yet. A short
    list is only ever chosen: how long somebody is here does not tell that.
    """
    if first is None:
        return "novice"
    days = (to_beijing(now).date() - date.fromisoformat(first[:10])).days
    return "novice" if days < NOVICE_DAYS else REGULAR
