"""Writes that share a commit: a commit waits for the disk several times, however little it holds.

While one thread waits for the disk, others bring what they want written; whoever is next writes all
of it at once, each within a savepoint of its own. Nobody is answered before the commit that holds
their write.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kb.auditing import Actor, write_pending

MOST = 64
"""Writes of one commit."""


@dataclass(eq=False)
class SharedWrite:
    """What one thread wants written, and what came of it."""

    work: Callable[[sqlite3.Connection], Any]
    actor: Actor
    result: Any = None
    error: BaseException | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self, connection: sqlite3.Connection) -> None:
        """Write it within the transaction in hand, all of it or nothing.

        What is wrong with it alone is kept for whoever brought it; an error is raised when the
        whole transaction is lost.
        """
        connection.execute("SAVEPOINT shared")
        try:
            self.result = self.work(connection)
            write_pending(connection, self.actor)
        except Exception as error:
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO shared")
            self.error = error
        connection.execute("RELEASE shared")

    def outcome(self) -> Any:
        """What the work returned, once it is committed; raise what it raised."""
        if self.error is not None:
            raise self.error
        return self.result


class SharedWrites:
    """What waits to be written; safe to use from many threads."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._waiting: deque[SharedWrite] = deque()

    def bring(self, write: SharedWrite) -> None:
        """Let it be written with the next commit."""
        self._waiting.append(write)

    def withdraw(self, write: SharedWrite) -> bool:
        """Take it back; False when somebody has it in hand already."""
        try:
            self._waiting.remove(write)
        except ValueError:
            return False
        return True

    def take(self) -> list[SharedWrite]:
        """What is written now, in the order it was brought."""
        taken: list[SharedWrite] = []
        with suppress(IndexError):  # somebody may take the last one back meanwhile
            while len(taken) < MOST:
                taken.append(self._waiting.popleft())
        return taken


def fixed(actor: Actor) -> Actor:
    """Whoever works now, for a transaction that another thread may write."""
    who, action = actor.who(), actor.action()
    return Actor(lambda: who, lambda: action, actor.clock)
