"""What a change would do to answers: judged and recent texts asked of the desk as it is and of the
desk as it would be."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from indexer.engine import Engine
from indexer.overlay import ChangedDesk, changed_desk
from kb.database import Database
from kb.foresight import DEPTH, Foreseen, foresee
from kb.judged import read_judged
from kb.searching import SearchQuery
from kb.settings import Settings
from kb.store import handbook, judged
from kb.suggestion import SuggestionRequest

JUDGED, COMPLAINT, SEARCH = "judged", "complaint", "search"
RECENT_COMPLAINTS = 200
RECENT_SEARCHES = 60
"""So many of the newest texts are asked: the first take some 2 ms, the second some 15."""
SHOWN = 5
"""Places of a list that people see at once: what changes below them is no change."""
UP, DOWN, CHANGED = "up", "down", "changed"
MOST_BASES = 4
_LETTER = re.compile("[a-zA-Z]")


@dataclass(frozen=True)
class Shown:
    """One item of a list."""

    target_type: str
    target_id: str
    title: str

    @property
    def seen(self) -> tuple[str, str]:
        """What makes it another item to its reader: a limit is its amount, an article stays one
        whatever it is called."""
        return self.target_id, self.title if self.target_type == "time_limit" else ""


@dataclass(frozen=True)
class Effect:
    """One text whose list changes. ``articles``: the right ones, if known; ``old``, ``new``: the
    place of the first of them, 0 for none."""

    kind: str
    text: str
    before: tuple[Shown, ...]
    after: tuple[Shown, ...]
    articles: tuple[str, ...] = ()
    old: int = 0
    new: int = 0

    @property
    def direction(self) -> str:
        """up, down, or changed where nothing right is known or it keeps its place."""
        if self.old == self.new:
            return CHANGED
        return UP if self.new and (not self.old or self.new < self.old) else DOWN


@dataclass(frozen=True)
class Impact:
    """What was foreseen, the texts whose lists change, and how long it took to find out."""

    foreseen: Foreseen
    effects: tuple[Effect, ...]
    seconds: float


@dataclass(frozen=True)
class _Asked:
    kind: str
    text: str
    articles: tuple[str, ...] = ()


Publish = Callable[[Database], object]
Lists = dict[tuple[str, str], tuple[Shown, ...]]
"""(kind, text) → what is shown for it."""


class ImpactStudy:
    """Studies changes of one desk, one after the other; what the desk answers now is kept."""

    def __init__(self, settings: Settings, database: Database, engine: Engine) -> None:
        """``engine``: the one that serves."""
        self._settings = settings
        self._database = database
        self._engine = engine
        self._lock = threading.Lock()
        self._bases: dict[tuple[str, str, bool], Lists] = {}

    def study(
        self,
        publish: Publish,
        *,
        now: datetime,
        with_recent: bool = True,
        with_limits: bool = False,
    ) -> Impact:
        """What ``publish`` would change on the day of ``now``; nothing is kept of it.

        ``with_recent``: ask recent texts besides the judged ones; ``with_limits``: the time limits
        are part of what complaints are shown. Raise IndexMismatch.
        """
        started = time.monotonic()
        with self._lock:
            asked = list(self._texts(with_recent=with_recent))
            base = self._base(now, with_limits=with_limits)
            _fill(base, self._engine, self._database, asked, now=now, with_limits=with_limits)
            with changed_desk(self._settings, self._database, publish) as changed:
                after = self._untouched(changed, base)
                engine = changed.engine
                _fill(after, engine, engine.database, asked, now=now, with_limits=with_limits)
        return _compare(asked, base, after, seconds=time.monotonic() - started)

    def _untouched(self, changed: ChangedDesk, base: Lists) -> Lists:
        """The lists that stay: no document changed, and the text is understood as before.

        Letters may be pinyin of words that are new: such texts, and searches, are asked again.
        """
        if changed.documents:
            return {}
        old = self._engine.language.builder
        new = changed.engine.language.builder
        return {
            (kind, text): shown
            for (kind, text), shown in base.items()
            if kind != SEARCH and not _LETTER.search(text) and old.build(text) == new.build(text)
        }

    def _texts(self, *, with_recent: bool) -> Iterator[_Asked]:
        connection = self._database.connection
        for query in read_judged(connection, self._settings):
            yield _Asked(JUDGED, query.text, query.articles)
        if not with_recent:
            return
        for text in judged.read_recent_complaints(connection, most=RECENT_COMPLAINTS):
            yield _Asked(COMPLAINT, text)
        for text in judged.read_recent_searches(connection, most=RECENT_SEARCHES):
            yield _Asked(SEARCH, text)

    def _base(self, now: datetime, *, with_limits: bool) -> Lists:
        key = (self._engine.version, now.date().isoformat(), with_limits)
        if key not in self._bases and len(self._bases) >= MOST_BASES:
            self._bases.clear()
        return self._bases.setdefault(key, {})


def _fill(
    lists: Lists,
    engine: Engine,
    database: Database,
    asked: Sequence[_Asked],
    *,
    now: datetime,
    with_limits: bool,
) -> None:
    """Ask for every text that ``lists`` has not."""
    ranked: dict[tuple[str, str], list[str]] = {}
    for each in asked:
        key = (each.kind, each.text)
        if key in lists or key in ranked:
            continue
        if each.kind == SEARCH:
            hits = engine.preview_search(SearchQuery(each.text, now.date())).hits
            lists[key] = tuple(
                Shown(hit.target_type, hit.target_id, hit.title) for hit in hits[:SHOWN]
            )
        elif each.kind == COMPLAINT and with_limits:
            answer = engine.preview(SuggestionRequest(each.text, limit=DEPTH), now=now)
            shown = (*answer.procedures[:SHOWN], *answer.time_limits)
            lists[key] = tuple(
                Shown(item.target_type, item.target_id, item.title) for item in shown
            )
        else:
            ranked[key] = engine.rank(each.text, now=now, count=DEPTH)
    names = sorted({name for found in ranked.values() for name in found})
    titles = handbook.read_newest_titles(database.connection, names)
    for key, found in ranked.items():
        count = DEPTH if key[0] == JUDGED else SHOWN
        lists[key] = tuple(Shown("article", name, titles.get(name, name)) for name in found[:count])


def _compare(asked: Sequence[_Asked], before: Lists, after: Lists, *, seconds: float) -> Impact:
    effects = [
        Effect(
            each.kind,
            each.text,
            before[each.kind, each.text],
            after[each.kind, each.text],
            each.articles,
            _place(before[each.kind, each.text], each.articles),
            _place(after[each.kind, each.text], each.articles),
        )
        for each in asked
    ]
    judged_ones = [each for each in effects if each.kind == JUDGED]
    recent = [each for each in effects if each.kind != JUDGED]
    moved = [each for each in judged_ones if each.old != each.new]
    changed = [each for each in recent if _seen(each.before) != _seen(each.after)]
    foreseen = foresee(
        [each.old for each in judged_ones],
        [each.new for each in judged_ones],
        recent=len(recent),
        changed=len(changed),
    )
    moved.sort(key=lambda each: (each.direction != DOWN, each.text))
    return Impact(foreseen, (*moved, *changed), round(seconds, 2))


def _place(shown: Sequence[Shown], articles: Sequence[str]) -> int:
    places = [number for number, item in enumerate(shown, 1) if item.target_id in articles]
    return min(places, default=0)


def _seen(shown: Sequence[Shown]) -> list[tuple[str, str]]:
    return [item.seen for item in shown]
