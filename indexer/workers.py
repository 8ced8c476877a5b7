"""A large build in several processes: each reads, cuts and writes segments of its own.

Nothing large passes between processes: ranges of ticket numbers go out, sums of lengths and names
of written files come back. The first round's sums choose the collection's recipe before any of it
is weighed.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import TypeVar

from indexer.analysis import Analyzer
from indexer.cutting import Cut, Cutter
from indexer.documents import ticket_document
from indexer.encoder import StaticEncoder
from indexer.progress import Progress
from indexer.recipe import Measures, add_measures, complete_recipe, measure
from indexer.segments import SEGMENT_DOCUMENTS, write_segment
from indexer.words import ArraySegment, writing_words
from kb.database import Database
from kb.store import indexable
from kb.vocabulary import Vocabulary

T = TypeVar("T")
LOOK_SECONDS = 0.5
"""Between two looks at how far the processes are."""
Range = tuple[str, str]
"""Ticket numbers: after the first, up to the second, both "" for no bound."""


@dataclass(frozen=True)
class Source:
    """What each process opens for itself. ``encoder``: folder of our own encoder, if any."""

    database: Path
    vocabulary: Vocabulary
    encoder: Path | None


class Workers:
    """Processes that index tickets. Each works through its own share, a segment a round."""

    def __init__(self, pools: Sequence[ProcessPoolExecutor], done: Synchronized[int]) -> None:
        """``pools``: of one process each; ``done``: documents that were cut."""
        self._pools = pools
        self._done = done
        self._rounds: list[Sequence[Range]] = []
        self._cut: list[Future[Measures]] = []

    def start(self, numbers: Sequence[str]) -> None:
        """Begin to cut the tickets; ``numbers``: of all tickets, in order."""
        count = len(self._pools)
        rounds = max(1, -(-len(numbers) // (SEGMENT_DOCUMENTS * count)))
        ranges = split(numbers, rounds * count)
        self._rounds = [ranges[start : start + count] for start in range(0, len(ranges), count)]
        self._cut = self._submit_cut()

    def finish(self, folder: Path, progress: Progress, total: int) -> int:
        """Write what is cut to the empty collection in ``folder``; return how many documents."""
        added = 0
        is_first = True
        with writing_words(folder) as writer:
            while self._cut:
                measures = self._wait(self._cut, progress, total)
                if is_first:
                    complete_recipe(folder, add_measures(measures))
                    is_first = False
                written = [pool.submit(_write_here, folder) for pool in self._pools]
                self._cut = self._submit_cut()
                for segment in self._wait(written, progress, total):
                    if segment is not None:
                        writer.add(segment)
                        added += segment.size
        return added

    def _submit_cut(self) -> list[Future[Measures]]:
        """The next round; it waits in each process behind the writing of the last."""
        ranges = self._rounds.pop(0) if self._rounds else ()
        return [
            pool.submit(_cut_here, *bounds)
            for pool, bounds in zip(self._pools, ranges, strict=bool(ranges))
        ]

    def _wait(self, futures: Sequence[Future[T]], progress: Progress, total: int) -> list[T]:
        waiting = set(futures)
        while waiting:
            _, waiting = wait(waiting, timeout=LOOK_SECONDS)
            progress("写入索引", self._done.value, total)
        return [future.result() for future in futures]


def split(numbers: Sequence[str], parts: int) -> list[Range]:
    """``parts`` ranges of about equally many of the sorted ``numbers``; none is left out."""
    lasts = (len(numbers) * part // parts for part in range(1, parts))
    edges = ["", *(numbers[max(last, 1) - 1] if numbers else "" for last in lasts), ""]
    return list(pairwise(edges))


@contextmanager
def open_workers(source: Source, *, count: int) -> Iterator[Workers]:
    """Start ``count`` processes."""
    context = multiprocessing.get_context("spawn")
    done: Synchronized[int] = context.Value("q", 0)
    with ExitStack() as stack:
        pools = [
            stack.enter_context(
                ProcessPoolExecutor(
                    1, mp_context=context, initializer=_start_here, initargs=(source, done)
                )
            )
            for _ in range(count)
        ]
        yield Workers(pools, done)


@dataclass
class _Hand:
    """What a process works with, and what it has cut since it last wrote."""

    database: Database
    cutter: Cutter
    done: Synchronized[int]
    cuts: list[Cut] = field(default_factory=list)


_here: _Hand | None = None
"""Of this process; set once when it starts."""


def _start_here(source: Source, done: Synchronized[int]) -> None:
    global _here  # noqa: PLW0603 - the pool's way to give each process its own parts
    gc.disable()  # a batch makes no cycles, and looking for them takes time
    analyzer = Analyzer(source.vocabulary)
    encoder = StaticEncoder(source.encoder, analyzer) if source.encoder else None
    _here = _Hand(Database(source.database), Cutter(analyzer, encoder), done)


def _hand() -> _Hand:
    if _here is None:
        raise RuntimeError("the process was not started")
    return _here


def _cut_here(after: str, until: str) -> Measures:
    hand = _hand()
    texts = indexable.read_texts(hand.database.connection, after=after, until=until)
    for cut in hand.cutter.cut_all(map(ticket_document, texts)):
        hand.cuts.append(cut)
        with hand.done.get_lock():
            hand.done.value += len(cut)
    return measure(hand.cuts)


def _write_here(folder: Path) -> ArraySegment | None:
    hand = _hand()
    cuts, hand.cuts = hand.cuts, []
    return write_segment(folder, cuts, hand.cutter.terms_of) if cuts else None
