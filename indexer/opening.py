"""The newest state of the index, opened once for all requests; or why there is none to search."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.arrays import remembering
from indexer.class_words import open_class_words
from indexer.classification import Classifier
from indexer.generation import UNUSABLE, check_usable, read_current, read_state
from indexer.language import Language, open_language, renew_language
from indexer.mapping import find_changed
from indexer.snapshot import Snapshot, open_snapshot
from indexer.trade import TalkReader, TradeGate, open_gate
from kb.counting import counts
from kb.database import Database
from kb.errors import IndexDamaged, KBError
from kb.searching import EngineStatus
from kb.settings import Settings
from kb.store import vocabulary

ATTEMPTS = 3
"""To open a state: its writer may let go of a file between two reads."""
RETRY_SECONDS = 1.0
"""Between two attempts while there is no index to search."""


@dataclass(frozen=True)
class Opened:
    """A snapshot with what is derived from it once."""

    snapshot: Snapshot
    language: Language
    classifier: Classifier
    gate: TradeGate
    reader: TalkReader

    def without_meaning(self, reason: str) -> Opened:
        """The same, searched by words alone."""
        return replace(self, snapshot=self.snapshot.without_meaning(reason))

    def status(self, *, queued: int, ranker: str) -> EngineStatus:
        """What health checks and the status line show of it."""
        snapshot = self.snapshot
        return EngineStatus(
            ready=True,
            index_generation=snapshot.version,
            passages=len(snapshot.passages.collection),
            tickets=len(snapshot.tickets.collection),
            mode=snapshot.mode,
            mode_reason=snapshot.mode_reason,
            pending=queued + (self.language.version != self.language.base),
            ranker_version=ranker,
        )


class NewestIndex:
    """What is searched: reopened when a commit, a generation or a version was added, given up when
    its files are no longer what was opened. Safe to use from many threads."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        language: Language,
        *,
        generation: Path | None = None,
    ) -> None:
        """Open the current generation, or hold on to ``generation``: then raise what is wrong
        with it."""
        self._settings, self._database, self._held = settings, database, generation
        self._lock = threading.Lock()
        self._language = language
        self._opened: Opened | None = None
        self._trouble: KBError = IndexDamaged()
        self._tried_at = time.monotonic()
        self.losses = 0
        """How many times there was an index no more."""
        try:
            self._opened = self._open(language)
        except UNUSABLE as error:
            if generation is not None:
                raise
            self._lose(error)

    @property
    def language(self) -> Language:
        """The language of what is open, or was last."""
        return self._opened.language if self._opened else self._language

    @property
    def trouble(self) -> str:
        """Why there is no index to search; "" while there is one."""
        return "" if self._opened else str(self._trouble)

    def read(self) -> Opened:
        """The newest state; raise IndexMissing, IndexMismatch or IndexDamaged without one."""
        held = self._opened
        if held is None:
            return self._try_again()
        folder = held.snapshot.folder
        try:
            check_usable(folder)
            _check_unchanged(folder)
        except IndexDamaged as error:
            raise self._lose(error) from None
        return self._renewed(held)

    @contextmanager
    def reading(self) -> Iterator[Opened]:
        """The newest state, for as long as it takes to answer; raise IndexDamaged at the end when
        what was read cannot be trusted."""
        opened, losses = self.read(), self.losses
        try:
            yield opened
        except KBError:
            raise
        except Exception:
            self._check_read(opened, losses)  # garbage may raise anything: the files tell
            raise
        self._check_read(opened, losses)

    def _check_read(self, opened: Opened, losses: int) -> None:
        if losses != self.losses:
            raise IndexDamaged(self._trouble.detail)
        try:
            _check_unchanged(opened.snapshot.folder)
        except IndexDamaged as error:
            raise self._lose(error) from None

    def _renewed(self, held: Opened) -> Opened:
        """The newest state when it is another than ``held`` and can be opened, else that one: what
        is open stays whole when its successor, the pointer or the state file is not."""
        try:
            if self._is_newest(held) or not self._lock.acquire(blocking=False):
                return held  # another thread is opening it: nobody waits
        except UNUSABLE:
            return held
        try:
            if self._opened is held:
                self._opened = self._reopen(held)
        except UNUSABLE:
            return held
        finally:
            self._lock.release()
        return self._opened or held

    def _is_newest(self, held: Opened) -> bool:
        folder = self._folder()
        version = vocabulary.newest_number(self._database.connection)
        is_same = folder == held.snapshot.folder and version == held.language.version
        return is_same and read_state(folder) == held.snapshot.state

    def _reopen(self, held: Opened) -> Opened:
        """Open the newest state; read the encoder anew when it was built with another."""
        opened = self._open(held.language, held.snapshot)
        if opened.snapshot.encoder is not None or not opened.snapshot.manifest.encoder:
            return opened
        return self._open(open_language(self._settings, self._database))

    def _try_again(self) -> Opened:
        """Open what there was none of, now and then; others are told at once that there is none."""
        if self._lock.acquire(blocking=False):
            try:
                if self._opened is None and self._is_time():
                    self._opened = self._open(open_language(self._settings, self._database))
            except UNUSABLE as error:
                self._trouble = error
            finally:
                self._lock.release()
        if self._opened is None:
            raise type(self._trouble)(self._trouble.detail, field=self._trouble.field)
        return self._opened

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._tried_at < RETRY_SECONDS:
            return False
        self._tried_at = now
        return True

    def _lose(self, error: KBError) -> KBError:
        self._language = self.language
        self._trouble, self._opened = error, None
        self.losses += 1
        counts().losses.inc()
        return error

    def _folder(self) -> Path:
        return self._held or read_current(self._settings.index)

    def _open(self, language: Language, before: Snapshot | None = None) -> Opened:
        """Open the newest state with the language that fits it."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._open_once(language, before)
            except IndexDamaged:
                for opener in (open_gate, open_class_words):
                    opener.cache_clear()
                before = None
        return self._open_once(language, before)

    def _open_once(self, language: Language, before: Snapshot | None) -> Opened:
        folder = self._folder()
        check_usable(folder)
        with remembering(folder):
            opened = self._open_parts(folder, language, before)
        _check_unchanged(folder)
        return opened

    def _open_parts(self, folder: Path, language: Language, before: Snapshot | None) -> Opened:
        state = read_state(folder)
        language = renew_language(
            language,
            self._database,
            version=vocabulary.newest_number(self._database.connection),
            cut=state.cut,
            base=state.vocabulary,
        )
        snapshot = open_snapshot(folder, language, before, state=state)
        passages = snapshot.passages
        return Opened(
            snapshot,
            language,
            Classifier(
                passages.collection,
                snapshot.tickets.collection,
                open_class_words(snapshot.folder, snapshot.state.class_words),
            ),
            open_gate(snapshot.folder),
            TalkReader(passages.words, len(passages.collection), language.analyzer),
        )


def _check_unchanged(folder: Path) -> None:
    """Raise IndexDamaged when a file was written to, or cut short, after it was opened."""
    if changed := find_changed(folder):
        raise IndexDamaged(f"{'、'.join(changed)} 被改动了")
