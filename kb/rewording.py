"""Changing the vocabulary: every change is a numbered version, a stale one is merged or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kb.database import Database
from kb.diffing import FieldChange, diff_texts, merge_texts
from kb.errors import InvalidInput, RevisionConflict, VocabularyNotFound
from kb.foresight import Foreseen, check_reason, foreseen_as_dict
from kb.masking import mask_text
from kb.store import vocabulary as store
from kb.store.vocabulary import Signed
from kb.texts import clean_required, clean_text
from kb.vocabulary import (
    KINDS,
    RowFault,
    Tables,
    VocabularyInvalid,
    format_rows,
    parse_rows,
)

MAX_REASON = 500
Lines = Mapping[str, Sequence[str]]
"""Kind → rows as they are written in files and forms."""


@dataclass(frozen=True)
class Proposal:
    """Checked tables that someone wants to put in force. ``base``: the version they started from;
    ``changed``: the kinds that are not as in that version."""

    tables: dict[str, list[Any]]
    base: int
    changed: tuple[str, ...]


def propose(database: Database, lines: Lines, *, base: int) -> Proposal:
    """Check what someone wrote, row by row; kinds left out stay as they are.

    Rows that others changed meanwhile are merged in. Raise VocabularyInvalid naming every row,
    RevisionConflict when the same rows were changed, VocabularyNotFound for an unknown base.
    """
    started = store.read_tables(database.connection, base)
    tables: dict[str, list[Any]] = {}
    faults: list[RowFault] = []
    for kind in KINDS:
        if kind in lines:
            tables[kind], wrong = parse_rows(kind, lines[kind])
            faults += wrong
    if faults:
        raise VocabularyInvalid(faults)
    newest = store.newest_number(database.connection)
    current = store.read_tables(database.connection, newest)
    for kind, table in tables.items():
        if newest != base:
            tables[kind] = _merge(kind, started[kind], table, current[kind])
    changed = tuple(kind for kind, table in tables.items() if table != current[kind])
    return Proposal({**current, **tables}, newest, changed)


def _merge(
    kind: str, started: Sequence[Any], mine: Sequence[Any], theirs: Sequence[Any]
) -> list[Any]:
    """Both sides' changes of one table, by rows."""
    texts = ("".join(f"{row}\n" for row in format_rows(kind, rows)) for rows in
             (started, mine, theirs))  # fmt: skip
    merged = merge_texts(*texts)
    told = f"{KINDS[kind]}：别人也改了同样的行"
    if merged.is_conflict:
        raise RevisionConflict(told, field=kind)
    table, faults = parse_rows(kind, merged.text.splitlines())
    if faults:
        raise RevisionConflict(f"{told}（{faults[0].detail}）", field=kind)
    return table


def publish(
    database: Database,
    proposal: Proposal,
    signed: Signed,
    *,
    now: datetime,
    foreseen: Foreseen | None = None,
    despite: str = "",
) -> int:
    """Put a proposal in force as the next version and return its number.

    ``foreseen``: what it was measured to change; ``despite``: why it is published although it
    makes answers worse. Raise InvalidInput without a reason or a change, RevisionConflict when it
    was overtaken, LowersRanking when ``despite`` is missing.
    """
    reason = mask_text(clean_required(signed.reason, field="reason", longest=MAX_REASON))
    despite = clean_text(despite, field="despite", longest=MAX_REASON)
    check_reason(foreseen, despite, field="despite")
    impact = {**foreseen_as_dict(foreseen), "despite": despite} if foreseen else None
    with database.transaction() as connection:
        newest = store.newest_number(connection)
        if newest != proposal.base:
            told = f"最新为第 {newest} 版，您改的是第 {proposal.base} 版"
            raise RevisionConflict(told, field="base")
        checked = Signed(signed.author, reason, signed.restored, impact)
        number = store.add_version(connection, proposal.tables, checked, now=now)
        if number == newest:
            raise InvalidInput("词表没有变化", field="tables")
        return number


def propose_rollback(database: Database, number: int) -> Proposal:
    """The tables of an old version, to be put in force as a new one; raise VocabularyNotFound."""
    if not number:
        raise VocabularyNotFound("第 0 版", field="version")
    tables = store.read_tables(database.connection, number)
    newest = store.newest_number(database.connection)
    current = store.read_tables(database.connection, newest)
    changed = tuple(kind for kind in KINDS if tables[kind] != current[kind])
    return Proposal(tables, newest, changed)


def compare_tables(old: Tables, new: Tables) -> tuple[FieldChange, ...]:
    """What changed, table by table, only the rows that did; equal tables are left out."""
    found = []
    for kind, name in KINDS.items():
        before, after = (format_rows(kind, tables[kind]) for tables in (old, new))
        if before != after:
            kept = set(before) & set(after)
            texts = ("".join(f"{row}\n" for row in rows if row not in kept) for rows in
                     (before, after))  # fmt: skip
            changes = diff_texts(*texts)
            found += [FieldChange(kind, name, changes)] if changes else []
    return tuple(found)
