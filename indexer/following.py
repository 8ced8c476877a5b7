"""Keeping the index as the database is, hour after hour: changes taken in, damage made good.

The one writer of the index runs this (``kb index --follow``). A generation that is missing, damaged
or of an older format is built anew beside the old one, and readers go over to it by themselves.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indexer.build import build_generation
from indexer.generation import DAMAGED, UNUSABLE, check_usable, mark_damaged, read_current, writing
from indexer.integrity import find_damage, glance
from indexer.language import open_language, renew_language
from indexer.progress import quiet
from indexer.recutting import Relearning
from indexer.sync import Intake
from kb.database import Database
from kb.errors import KBError
from kb.settings import Settings
from kb.soundness import find_faults, mark
from kb.store import queue, vocabulary

PAUSE_SECONDS = 0.02
"""Between two looks at the queue: a change waits half of it on average."""
GLANCE_SECONDS = 1.0
"""Between two looks whether the files are there and unchanged."""
THOROUGH_SECONDS = 6 * 3600.0
"""Between two readings of every byte; the first is at once: what was flipped without a trace in
the file's times is found so."""
AGAIN_SECONDS = (1.0, 5.0, 30.0, 60.0)
"""Waits after a failure, such as a full disk; the last is repeated."""


@dataclass(frozen=True)
class Healing:
    """What was done about an index that could not be used. ``generation``: "" while it fails."""

    reason: str
    generation: str = ""


Tell = Callable[[Healing], None]


class Follower:
    """The writer's loop over one data folder; hold the writer's lock."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        clock: Callable[[], datetime],
        tell: Tell,
    ) -> None:
        """``tell`` is told of every rebuild."""
        self._settings, self._database = settings, database
        self._clock, self._tell = clock, tell
        self._language = open_language(settings, database)
        self._synced = 0
        self._intake: Intake | None = None
        self._relearning: Relearning | None = None
        self._glanced = self._read_through = self._checked = float("-inf")

    def step(self) -> None:
        """Look after the files, then take in what is queued. Raise KBError, OSError or
        sqlite3.Error when that failed: it can be tried again."""
        try:
            self._check_database()
            folder = read_current(self._settings.index)
            self._look_after(folder)
            self._finish_learning()
            self._take_in(folder)
        except UNUSABLE as error:
            self._heal(error)

    def _check_database(self) -> None:
        """Read the whole database through, at first and every THOROUGH_SECONDS; what is damaged is
        marked, told, and written to no more."""
        now = time.monotonic()
        if now - self._checked < THOROUGH_SECONDS:
            return
        faults = find_faults(self._database)
        self._checked = now
        mark(self._database.path, faults)
        if faults:
            self._tell(Healing("；".join(faults)))

    def _look_after(self, folder: Path) -> None:
        """Raise IndexDamaged when the generation is not as it was written."""
        now = time.monotonic()
        if now - self._glanced < GLANCE_SECONDS:
            return
        self._glanced = now
        if now - self._read_through < THOROUGH_SECONDS and glance(folder):
            check_usable(folder)
            return
        self._read_through = now
        if found := find_damage(folder):
            mark_damaged(folder, "、".join(found))
        elif (folder / DAMAGED).exists():
            (folder / DAMAGED).unlink()
        check_usable(folder)

    def _take_in(self, folder: Path) -> None:
        newest = vocabulary.newest_number(self._database.connection)
        intake = self._intake
        if intake is None or intake.folder != folder:
            intake = self._intake = Intake(folder, self._database)
        is_synced = newest == self._synced and not intake.left
        if is_synced and not queue.count_queued(self._database.connection):
            return
        self._language = renew_language(self._language, self._database, version=newest, cut=newest)
        intake.step(self._language)
        self._synced = newest
        if intake.left:
            return
        self._relearning = self._relearning or Relearning.owed(
            folder, self._database, self._language.analyzer
        )

    def _finish_learning(self) -> None:
        """Let new class words serve: they take seconds to learn, and nothing waits for it."""
        done = self._relearning
        if done is not None and done.is_done():
            self._relearning = None
            done.finish()

    def _heal(self, error: KBError) -> None:
        """Build a generation anew (and train the desk's own encoder if that is lost), unless only
        the encoder is not the index's."""
        self._language = open_language(self._settings, self._database)
        lacks_own = not self._settings.encoder and self._language.encoder is None
        if not lacks_own and _is_of_other_encoder(self._settings):
            raise error
        self._tell(Healing(str(error)))
        report = build_generation(self._settings, self._database, now=self._clock(), progress=quiet)
        self._language = open_language(self._settings, self._database)
        self._relearning = self._intake = None
        self._synced, self._read_through = 0, time.monotonic()
        self._tell(Healing(str(error), report.generation))


def _is_of_other_encoder(settings: Settings) -> bool:
    """Whether the index is whole and only its encoder is not at hand: that a person decides."""
    try:
        folder = read_current(settings.index)
        return glance(folder) and not (folder / DAMAGED).exists()
    except UNUSABLE:
        return False


def follow(
    settings: Settings,
    database: Database,
    *,
    clock: Callable[[], datetime],
    stop: Callable[[], bool],
    tell: Tell,
) -> None:
    """Hold the writer's lock and keep the index up until ``stop()`` is true.

    A failure is waited out: what is queued stays queued.
    """
    with writing(settings.index):
        follower = Follower(settings, database, clock=clock, tell=tell)
        failures = 0
        while not stop():
            try:
                follower.step()
                failures = 0
                time.sleep(PAUSE_SECONDS)
            except (KBError, OSError, sqlite3.OperationalError) as error:
                if not failures:
                    tell(Healing(f"{type(error).__name__}: {error}"))
                for _ in _wait(AGAIN_SECONDS[min(failures, len(AGAIN_SECONDS) - 1)], stop):
                    time.sleep(PAUSE_SECONDS)
                failures += 1


def _wait(seconds: float, stop: Callable[[], bool]) -> Iterator[None]:
    """Turns of a wait that ends early when work is to stop."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop():
        yield
