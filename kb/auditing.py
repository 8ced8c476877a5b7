"""Writing the audit trail: what a transaction changed goes into the chain before it is committed.

Triggers note each change of an audited table where it happens (``kb/store/audit.py``), so that no
code can forget to. Who did it is asked of the actor that the entry point gave the database.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from kb.audit import Deed, hide_key
from kb.masking import mask_text
from kb.store import audit
from kb.times import format_instant, now_beijing

_DIGITS = re.compile(r"(?<![A-Za-z\d])\d{7}")
"""Keys and names that may hold somebody's number; those of tickets begin with letters."""


@dataclass(frozen=True)
class Actor:
    """Who works with a database now, at what, and by which clock; asked at each commit."""

    who: Callable[[], str]
    action: Callable[[], str]
    clock: Callable[[], datetime]


UNATTENDED = Actor(lambda: "system", lambda: "", now_beijing)
"""Of a database opened without an entry point that says who works with it."""
OUTSIDE = Actor(lambda: "outside", lambda: "sql", now_beijing)
"""Of changes found waiting: made in the file by another program than ours."""


def note(connection: sqlite3.Connection, thing: str, *, action: str = "", who: str = "") -> None:
    """Say outright that something was read, sent out or tried: ``thing`` is ``kind:key``.

    Without ``who`` and ``action`` they are the actor's. It is written with the transaction.
    """
    audit.add_note(connection, thing, action=action, who=who)


def write_pending(connection: sqlite3.Connection, actor: Actor) -> None:
    """Chain what the transaction in hand changed or noted; nothing when it did neither.

    The write lock is held, so what is the newest row now is so until the commit.
    """
    if not audit.has_pending(connection):
        return
    key = audit.read_key(connection)
    blank = Deed(format_instant(actor.clock()), plain_name(actor.who()), actor.action(), "")
    deeds = [
        replace(
            blank,
            who=plain_name(change.who) or blank.who,
            action=change.action or blank.action,
            object=plain_name(hide_key(change.object, key)),
            before_hash=change.before_hash,
            after_hash=change.after_hash,
        )
        for change in audit.take_pending(connection)
    ]
    audit.add_deeds(connection, deeds)


def plain_name(text: str) -> str:
    """Without anybody's number."""
    return mask_text(text) if _DIGITS.search(text) else text
