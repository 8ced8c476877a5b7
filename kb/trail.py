"""The audit trail as a whole: followed from end to end, and purged of what is old enough."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kb.audit import LEAST_DAYS, PURGED, START, Anchor, AuditRow, Break, Deed, find_break, hide_key
from kb.auditing import Actor, note, plain_name
from kb.database import Database
from kb.errors import InvalidInput
from kb.store import audit
from kb.store.audit import AuditFilter
from kb.times import format_instant


@dataclass(frozen=True)
class Verified:
    """What following the chain told. ``head``: its newest row; ``broken``: None when whole."""

    rows: int
    head: Anchor
    purged: int
    broken: Break | None


def verify_trail(connection: sqlite3.Connection, *expected: Anchor) -> Verified:
    """Follow the whole chain; ``expected``: heads written down elsewhere that must be in it."""
    written, head, anchor = (
        audit.last_written(connection),
        audit.read_head(connection),
        audit.read_anchor(connection),
    )
    start = anchor or START
    broken = (
        find_break(audit.follow_rows(connection, up_to=head.through), start)
        or _check_guards(connection)
        or _check_anchor(connection, anchor)
        or _check_end(head, written)
        or _check_expected(connection, head, (start, *expected))
    )
    return Verified(audit.count_rows(connection), head, start.through, broken)


def _check_guards(connection: sqlite3.Connection) -> Break | None:
    missing = audit.missing_guards(connection)
    return Break(0, f"缺保护触发器 {'、'.join(missing)}") if missing else None


def _check_anchor(connection: sqlite3.Connection, anchor: Anchor | None) -> Break | None:
    """Rows that were purged: the chain itself must tell of it."""
    if anchor is None or audit.has_purge(connection, anchor):
        return None
    return Break(anchor.through, "这一条之前的记录不是按保留期清除的")


def _check_end(head: Anchor, written: int) -> Break | None:
    """The newest rows: SQLite knows how many were ever written."""
    return Break(head.through + 1, "末尾缺记录") if written > head.through else None


def _check_expected(
    connection: sqlite3.Connection, head: Anchor, expected: Iterable[Anchor]
) -> Break | None:
    """Heads seen earlier: the chain must still lead through them, but for what was purged since."""
    for each in expected:
        if each.through > head.through:
            return Break(head.through + 1, "末尾缺记录：比给出的链头短")
        if audit.read_hash(connection, each.through) not in (each.chain_hash, None):
            return Break(each.through, "与给出的链头不符：链被整个换过")
    return None


def read_trail(database: Database, asked: AuditFilter, *, limit: int) -> list[AuditRow]:
    """The newest rows that are asked for; that somebody looked is a row itself."""
    hidden = hide_key(asked.object, audit.read_key(database.connection))
    rows = audit.list_rows(database.connection, replace(asked, object=hidden), limit=limit)
    with database.transaction() as connection:
        note(connection, "audit:list", action="audit.read")
    return rows


def purge_trail(database: Database, *, before: datetime, now: datetime) -> int:
    """Remove the rows older than ``before`` and say how many; raise InvalidInput within 183 days.

    They go from the oldest on up to the first that is not older; an anchor keeps the chain.
    """
    if before > now - timedelta(days=LEAST_DAYS):
        raise InvalidInput(f"审计记录至少保留 {LEAST_DAYS} 天", field="before")
    with database.transaction() as connection:
        anchor = audit.plan_purge(connection, before=format_instant(before))
        if anchor is None:
            return 0
        audit.add_deeds(connection, [_purge_deed(database.actor, anchor, now)])
        return audit.purge(connection, anchor, at=format_instant(now))


def _purge_deed(actor: Actor, anchor: Anchor, now: datetime) -> Deed:
    thing = f"audit:{anchor.through}"
    return Deed(format_instant(now), plain_name(actor.who()), PURGED, thing, anchor.chain_hash)


def format_head(head: Anchor) -> str:
    """The head of a chain as it is written down elsewhere."""
    return f"{head.through}:{head.chain_hash}"


def parse_head(text: str) -> Anchor:
    """Read what ``format_head`` wrote; raise InvalidInput."""
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
    if found is None:
        raise InvalidInput("应为 序号:64 位十六进制，即 kb audit verify 打出的链头", field="expect")
    return Anchor(int(found[1]), found[2])
