"""What a ranker version is, and the evidence it is learnt from.

A version is the base ranker plus bounded boosts. A boost belongs to a target and a context: the
complaint's class (six digits), its group (four digits) or all complaints (""); the three add up.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kb.errors import InvalidInput

BASE = "base-1"
LANES: Mapping[str, tuple[str, ...]] = {
    "procedure": ("article", "procedure"),
    "past_fix": ("past_fix", "ticket"),
}
"""Lists that are ranked, with the kinds of targets in each; ids are unique within a lane."""
MOST_BOOST = 0.15
"""Most a boost may add to a score of 0 to 1: an item more than twice this behind stays behind."""
TEAMS: Mapping[str, str] = {"treatment": "实验组", "control": "对照组"}
_VERSION = re.compile(re.escape(BASE) + r"(?:\+learned-([1-9][0-9]{0,8}))?")
_SHORT = re.compile(r"(?:learned-)?([1-9][0-9]{0,8})")


@dataclass(frozen=True)
class ShownItem:
    """One item shown: place from 1, score of the base ranker, the chance it had to stand there."""

    target_id: str
    position: int
    score: float
    propensity: float = 1.0
    dismissed: bool = False


@dataclass(frozen=True)
class Choice:
    """One settled closing whose solution was among the items shown.

    ``chosen``: its place in ``shown`` (from 0); ``context``: the ticket's class; ``age_days``:
    since the closing was made.
    """

    lane: str
    context: str
    shown: tuple[ShownItem, ...]
    chosen: int
    stayed: bool
    age_days: float = 0.0


@dataclass(frozen=True)
class Boost:
    """What one context adds to the score of one target, with the counts that caused it.

    ``solutions`` and ``came_back``: seen, aged; ``expected``: what the base ranker and the places
    let expect; ``shown``: how often it stood in a list with a settled solution.
    """

    lane: str
    target_id: str
    context: str
    boost: float
    shown: int
    solutions: float
    expected: float
    came_back: float
    expected_came_back: float


def contexts_of(code: str) -> tuple[str, ...]:
    """The contexts of a class, widest first: all, its group, itself."""
    return tuple(dict.fromkeys(("", code[:4], code[:6])))


def name_version(number: int) -> str:
    """What a session records: ``base-1``, ``base-1+learned-3``."""
    return f"{BASE}+learned-{number}" if number else BASE


def parse_version(text: str, *, field: str) -> int:
    """Number of a version by its full or short name (0 for the base); raise InvalidInput."""
    if text == "base":
        return 0
    found = _VERSION.fullmatch(text) or _SHORT.fullmatch(text)
    if found is None:
        raise InvalidInput("应为 base、版本号（如 3）或全名（如 base-1+learned-3）", field=field)
    return int(found[1] or 0)


def digest_boosts(boosts: Iterable[Boost]) -> str:
    """What tells two versions apart: a hash of all that changes the order."""
    rows = sorted((each.lane, each.target_id, each.context, each.boost) for each in boosts)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
