"""Opening the database: pragmas, migrations, one connection a thread, transactions.

The journal is a rollback journal (TRUNCATE) with synchronous=FULL, not WAL: SQLite 3.7.0-3.51.2
can corrupt a WAL database written by two connections (sqlite.org/wal.html#walresetbug), and the
command line must be able to write beside a running server. Writes are a few a second here.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

from kb.auditing import OUTSIDE, UNATTENDED, Actor, note, write_pending
from kb.bounds import Bounds
from kb.errors import DatabaseDamaged, DatabaseTooNew, DataFolderMissing
from kb.failpoints import reach
from kb.migrations import STEPS, migrations
from kb.sharing import SharedWrite, SharedWrites, fixed
from kb.store.bounds import bind
from kb.store.capture import drop_capture, set_capture
from kb.store.scratch import shadow_tables

ASK_AGAIN = 0.002
"""Seconds between two attempts to write."""
BUSY_SECONDS = 4.0
"""How long a lock is waited for: nobody at the desk is to hang for five seconds."""
VAIN_SECONDS, SHORT_SECONDS = 2.0, 0.5
"""How long after a wait in vain others wait how long."""
PRIMARY_CODE = 0xFF
"""Of SQLite's result codes: what is above tells details."""
NO_WRITES = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
)
"""What SQLite says of a disk that is full, or of a file it may not write."""
KEPT_BOUND = 8
"""Connections of bound accounts that a thread keeps open."""
T = TypeVar("T")
_WRITES = re.compile(
    r"(\s*(?:INSERT(?: OR \w+)? INTO|REPLACE INTO|UPDATE(?: OR \w+)?|DELETE FROM)\s+)(?=\w+[\s(])"
)


class Database:
    """The SQLite file; hands each thread its own connection.

    For somebody who may not see all of it (``bind``) that connection reads what they may see.
    """

    def __init__(self, path: Path, actor: Actor = UNATTENDED) -> None:
        """Remember the path; nothing is opened yet. ``actor``: who is said to change things."""
        self.path = path
        self.actor = actor
        self._local = threading.local()
        self._turns = threading.Lock()
        self._in_vain = float("-inf")
        self._shared = SharedWrites()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, opened at first use."""
        bounds = self.bounds
        if bounds is not None:
            return self._bound_connection(bounds)
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = _connect(self.path, patience=self._patience)
            self._local.connection = found
        return found

    @property
    def damage(self) -> str:
        """What was found damaged by whichever process; "" when nothing was."""
        try:
            return damage_mark(self.path).read_text("utf-8", "replace") or "?"
        except OSError:
            return ""

    @property
    def bounds(self) -> Bounds | None:
        """What this thread is bound to; None: it sees all."""
        found: Bounds | None = getattr(self._local, "bounds", None)
        return found

    def bind(self, bounds: Bounds | None) -> None:
        """From now on this thread works for somebody with these bounds."""
        self._local.bounds = bounds

    @contextmanager
    def bound(self, bounds: Bounds | None) -> Iterator[None]:
        """Work for somebody with these bounds, then for whoever it was before."""
        before = self.bounds
        self.bind(bounds)
        try:
            yield
        finally:
            self.bind(before)

    def _bound_connection(self, bounds: Bounds) -> sqlite3.Connection:
        held: dict[Bounds, sqlite3.Connection] = self._local.__dict__.setdefault("held", {})
        found = held.pop(bounds, None)
        if found is None:
            found = _connect(self.path, _BoundConnection, patience=self._patience)
            bind(found, bounds)
        held[bounds] = found  # the one used last stands last
        if len(held) > KEPT_BOUND:
            held.pop(next(iter(held))).close()
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it is kept or none of it, and its audit rows with it."""
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        with self._turn() as ends, self._begun(connection, ends):
            yield connection

    def together(self, write: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``write`` in a transaction that other threads' writes may share; return what it
        returns once it is committed, raise what it raises.

        It may run in another thread: it knows by itself who asks and when.
        """
        if self.bounds is not None or self.connection.in_transaction:
            with self.transaction() as connection:
                return write(connection)
        mine = SharedWrite(write, fixed(self.actor))
        self._shared.bring(mine)
        try:
            with self._turn() as ends:
                while not mine.ended.is_set():
                    self._write_shared(ends)
        except BaseException:
            if self._shared.withdraw(mine):
                raise
            mine.ended.wait()
        result: T = mine.outcome()
        return result

    def _write_shared(self, ends: float) -> None:
        """Write all that waits, in one commit."""
        taken = self._shared.take()
        try:
            connection = self.connection
            with self._begun(connection, ends):
                for each in taken:
                    each.run(connection)
        except BaseException as error:
            for each in taken:
                each.error = each.error or error
            raise
        finally:
            for each in taken:
                each.ended.set()

    @contextmanager
    def _turn(self) -> Iterator[float]:
        """Wait until no other thread of this process writes; yields until when, on the monotonic
        clock, this one is patient.

        SQLite lets waiters sleep up to 100 ms whoever came first. Here one thread of a process
        asks for the file, and often; the others wait for that thread.
        """
        ends = time.monotonic() + self._patience
        if not self._turns.acquire(timeout=self._patience):
            raise _busy()
        try:
            yield ends
        finally:
            self._turns.release()

    @contextmanager
    def _begun(self, connection: sqlite3.Connection, ends: float) -> Iterator[None]:
        if told := self.damage:
            raise DatabaseDamaged(told)
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            _begin(connection, ends)
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")
        try:
            write_pending(connection, OUTSIDE)
            yield
            write_pending(connection, self.actor)
            reach("commit.before")
            connection.commit()
            reach("commit.after")
        except BaseException:
            connection.rollback()
            raise

    def record(self, write: Callable[[sqlite3.Connection], object]) -> bool:
        """Write down what may be missed; False when the disk is full or takes no writes.

        Within a transaction of others the error is raised: what they wrote is lost with it.
        """
        is_own = not self.connection.in_transaction
        try:
            self.together(write)
        except sqlite3.OperationalError as error:
            if is_own and result_code(error) in NO_WRITES:
                return False
            raise
        return True

    def hurry(self, error: sqlite3.Error) -> None:
        """If ``error`` says that this thread waited for a lock in vain, it waits for none until
        ``take_time``."""
        if result_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            self._in_vain = time.monotonic()
            self._set_patience(0.0)

    def take_time(self) -> None:
        """This thread waits for locks again, as at first; not long where others just did in vain:
        whoever waited for a thread meanwhile would wait twice."""
        is_vain = time.monotonic() - self._in_vain < VAIN_SECONDS
        patience = SHORT_SECONDS if is_vain else BUSY_SECONDS
        if self._patience != patience:
            self._set_patience(patience)

    @property
    def _patience(self) -> float:
        found: float = getattr(self._local, "patience", BUSY_SECONDS)
        return found

    def _set_patience(self, seconds: float) -> None:
        self._local.patience = seconds
        held = self._local.__dict__
        for found in (held.get("connection"), *held.get("held", {}).values()):
            if found is not None:
                found.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def close(self) -> None:
        """Close this thread's connections."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is not None:
            found.close()
            self._local.connection = None
        for bound in self._local.__dict__.pop("held", {}).values():
            bound.close()


class _BoundConnection(sqlite3.Connection):
    """A connection whose views hide tables: it reads through them and writes to the file."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run a statement."""
        return super().execute(_to_file(sql), parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Run a statement for each of some rows of values."""
        return super().executemany(_to_file(sql), parameters)


@lru_cache(maxsize=512)
def _to_file(sql: str) -> str:
    """The statement with the table it writes to named as the file's."""
    return _WRITES.sub(r"\1main.", sql, count=1) if _WRITES.match(sql) else sql


class Scratch(Database):
    """The database as it would be after changes that are never kept.

    What editors change is copied into temporary tables of one connection, which hide those of the
    file; all else is read where it is. For one thread; close it after use.
    """

    @property
    def connection(self) -> sqlite3.Connection:
        """The one connection, its copies made at first use."""
        is_new = getattr(self._local, "connection", None) is None
        found = super().connection
        if is_new:
            shadow_tables(found)
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Writes of the copies: no lock of the file is taken, and nothing is taken back."""
        yield self.connection

    def together(self, write: Callable[[sqlite3.Connection], T]) -> T:
        """As if alone: there is nobody to share with."""
        return write(self.connection)


def create_database(path: Path, actor: Actor = UNATTENDED) -> Database:
    """Make the file if there is none, and bring it to the newest version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(path)
    try:
        had = applied_steps(connection)
        check_steps(had)
        if had != STEPS:
            drop_capture(connection)
            migrations.apply(sqlite_utils.Database(connection))
        set_capture(connection)
    finally:
        connection.close()
    database = Database(path, actor)
    _note_steps(database, [step for step in STEPS if step not in had])
    return database


def _note_steps(database: Database, steps: list[str]) -> None:
    if steps:
        with database.transaction() as connection:
            for step in steps:
                note(connection, f"schema:{step}", action="migrate")
        database.close()


def damage_mark(path: Path) -> Path:
    """The file that says that a database is damaged (``kb.soundness``)."""
    return path.with_name(f"{path.name}-damaged")


def copy_database(source: Path, target: Path) -> None:
    """Copy a database while others write: what is copied is the state after one commit.

    In one step: in several, each write in between would start the copy anew.
    """
    with (
        closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as held,
        closing(sqlite3.connect(target)) as copy,
    ):
        held.backup(copy)
    target.chmod(0o600)


def applied_steps(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The migrations a database has had, in order of their names."""
    database = sqlite_utils.Database(connection)
    return tuple(sorted(step.name for step in migrations.applied(database)))


def check_steps(steps: Iterable[str]) -> None:
    """Raise DatabaseTooNew when a migration is not known here: this program is the older one."""
    unknown = sorted({*steps} - {*STEPS})
    if unknown:
        detail = f"本程序不认识 {unknown[0]}，请用写过它的版本或更新的版本打开；数据没有改动"
        raise DatabaseTooNew(detail, field="KB_DATA")


def open_database(path: Path, actor: Actor = UNATTENDED) -> Database:
    """Open an existing database at the newest version; raise DataFolderMissing if none is there."""
    if not path.is_file():
        raise DataFolderMissing(str(path))
    return create_database(path, actor)


def result_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 when the error is not SQLite's own."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE


def _begin(connection: sqlite3.Connection, ends: float) -> None:
    """Take the write lock of the file, asking until ``ends`` on the monotonic clock."""
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if result_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= ends:
                raise
            time.sleep(ASK_AGAIN)
        else:
            return


def _busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def _connect(
    path: Path,
    factory: type[sqlite3.Connection] = sqlite3.Connection,
    *,
    patience: float = BUSY_SECONDS,
) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, factory=factory)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # what a REPLACE removes is removed for triggers too
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute("PRAGMA secure_delete = ON")
    return connection
