"""What an engine keeps apart for those who see only a part of the desk.

The documents somebody may not see are left out before anything is scored, so that the first
places are filled with what they may see; their words are not told as corrections.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from indexer.collection import OpenSegment
from indexer.documents import parse_key
from indexer.opening import Opened
from indexer.past_fixes import FixTallies
from indexer.snapshot import Lane, Snapshot
from indexer.typed import TypedQueries
from kb.bounds import Bounds
from kb.database import Database
from kb.store.bounds import hidden_among

KEPT = 16
"""Bounds of accounts for which an engine keeps something."""
TABLES = {"article": ("article", "id"), "time_limit": ("time_limit", "id"),
          "ticket": ("ticket", "ticket_no")}  # fmt: skip
Places = npt.NDArray[np.int64]


@dataclass
class Sight:
    """What is kept for all who see alike. ``places``: hidden tickets by segment of the index."""

    tallies: FixTallies = field(default_factory=FixTallies)
    typed: TypedQueries = field(default_factory=TypedQueries)
    whole: Snapshot | None = None
    within: Opened | None = None
    places: dict[str, Places] = field(default_factory=dict)


class Sights:
    """Hands out what is kept for whoever asks; safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        """``database``: says to what a thread is bound."""
        self._database = database
        self._lock = threading.Lock()
        self._everything = Sight()
        self._bound: OrderedDict[Bounds, Sight] = OrderedDict()

    def current(self) -> Sight:
        """What is kept for those who see what this thread may see."""
        bounds = self._database.bounds
        if bounds is None:
            return self._everything
        with self._lock:
            found = self._bound.setdefault(bounds, Sight())
            self._bound.move_to_end(bounds)
            if len(self._bound) > KEPT:
                self._bound.popitem(last=False)
            return found

    def within(self, opened: Opened) -> Opened:
        """The state of the index without what this thread may not see."""
        if self._database.bounds is None:
            return opened
        sight = self.current()
        with self._lock:
            if sight.whole is not opened.snapshot or sight.within is None:
                snapshot = self._narrow(sight, opened.snapshot)
                sight.within = replace(opened, snapshot=snapshot)
                sight.whole = opened.snapshot
            return replace(opened, snapshot=sight.within.snapshot)

    def _narrow(self, sight: Sight, snapshot: Snapshot) -> Snapshot:
        passages, tickets = snapshot.passages, snapshot.tickets
        sight.places = {
            each.name: sight.places[each.name] if each.name in sight.places else self._hidden(each)
            for each in tickets.collection.segments
        }
        # passages are few, and an article published elsewhere may hide limits or show them
        found = {each.name: self._hidden(each) for each in passages.collection.segments}
        return replace(
            snapshot,
            passages=_without(passages, found),
            tickets=_without(tickets, sight.places),
        )

    def _hidden(self, segment: OpenSegment) -> Places:
        """Numbers within a segment of the documents that this thread may not see."""
        keys = [parse_key(key.decode()) for key in segment.data.keys.tolist()]
        named: dict[str, list[str]] = {}
        for key in keys:
            named.setdefault(key.kind, []).append(key.identity)
        hidden = {
            (kind, name)
            for kind, names in named.items()
            for name in hidden_among(self._database.connection, *TABLES[kind], names)
        }
        found = [place for place, key in enumerate(keys) if (key.kind, key.identity) in hidden]
        return np.array(found, np.int64)


def _without(lane: Lane, hidden: dict[str, Places]) -> Lane:
    parts = [hidden[each.name] + each.offset for each in lane.collection.segments]
    return replace(lane, hidden=np.concatenate([np.zeros(0, np.int64), *parts]))
