"""Whether the database is as it was written; when it is not, nothing more is written to it.

SQLite has no checksums. Its own check finds broken pages; a text that is no text any more, and a
row that is otherwise than the audit trail says, are found here. Whoever finds damage leaves a mark
beside the file, and every process then refuses to write (``kb.database``).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from kb.database import BUSY_SECONDS, Database, damage_mark
from kb.store import whole

QUICK_BYTES = 64 << 20
"""Up to this size the pages are checked before anybody is served (0.1 s); a larger file right after
(355 MiB: 0.4 s of processor, 1.8 s on a busy machine), by the process that keeps the index up."""
MOST_TOLD = 20
NO_TEXT = "UTF-8"
"""What Python's driver says of a text that is none."""


def glance(path: Path) -> str:
    """What SQLite finds broken at once, "" when nothing is; raise sqlite3.OperationalError when it
    cannot be looked at now. What a killed process left half written is rolled back by this."""
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        return whole.find_damage(connection, is_quick=True)


def find_faults(database: Database) -> list[str]:
    """Everything that is not as it was written, in Chinese. Table by table, page by page: whoever
    writes meanwhile waits for one of these only."""
    try:
        return _find_faults(database.connection)
    except sqlite3.DatabaseError as error:
        if whole.is_damage(error):
            return [f"读不出来：{error}"]
        raise


def _find_faults(connection: sqlite3.Connection) -> list[str]:
    tables = whole.read_tables(connection)
    broken = {table: whole.find_table_damage(connection, table) for table in tables}
    faults = [f"表 {table}：{found}" for table, found in broken.items() if found]
    if faults:
        return faults[:MOST_TOLD]
    for table in tables:
        try:
            whole.read_all_texts(connection, table)
        except sqlite3.DatabaseError as error:
            if not whole.is_damage(error) and NO_TEXT not in str(error):
                raise
            faults.append(f"表 {table} 里有读不出的文字：{error}")
    if faults:
        return faults[:MOST_TOLD]
    for thing in whole.find_changed(connection):
        faults.append(f"{thing} 与审计记录不符")
        if len(faults) == MOST_TOLD:
            break
    return faults


def mark(path: Path, faults: list[str]) -> None:
    """Let every process refuse to write to a database that is damaged; take the mark away when it
    is sound. A disk that takes no mark changes nothing else."""
    with suppress(OSError):
        if faults:
            damage_mark(path).write_text("；".join(faults), "utf-8")
        else:
            damage_mark(path).unlink(missing_ok=True)
