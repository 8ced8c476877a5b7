"""A number for each way of fixing that changes with any of its tickets or their outcomes."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """A number for each way of fixing that changes with any of its tickets or their outcomes.

    What was counted of a way of fixing stays true while its number does. Plain UPDATE and INSERT:
    an upsert inside a trigger takes on the conflict rule of the statement outside.
    """
    bump = """
        UPDATE fix_version SET version = version + 1
            WHERE (category, fix) = ({row}.category, {row}.fix);
        INSERT INTO fix_version (category, fix, version) SELECT {row}.category, {row}.fix, 1
            WHERE {row}.fix <> '' AND NOT EXISTS (SELECT 1 FROM fix_version
                WHERE (category, fix) = ({row}.category, {row}.fix));
    """
    ticket = """
        UPDATE fix_version SET version = version + 1 WHERE (category, fix) =
            (SELECT category, fix FROM ticket WHERE ticket_no = {row}.ticket_no);
    """
    db.executescript(
        f"""
        CREATE TABLE fix_version (
            category TEXT NOT NULL,
            fix TEXT NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY (category, fix)
        ) WITHOUT ROWID;
        INSERT INTO fix_version SELECT DISTINCT category, fix, 1 FROM ticket WHERE fix <> '';
        CREATE TRIGGER ticket_fix_added AFTER INSERT ON ticket
            BEGIN {bump.format(row="NEW")} END;
        CREATE TRIGGER ticket_fix_changed AFTER UPDATE ON ticket
            BEGIN {bump.format(row="OLD")} {bump.format(row="NEW")} END;
        CREATE TRIGGER ticket_fix_deleted AFTER DELETE ON ticket
            BEGIN {bump.format(row="OLD")} END;
        CREATE TRIGGER outcome_added AFTER INSERT ON ticket_outcome
            BEGIN {ticket.format(row="NEW")} END;
        CREATE TRIGGER outcome_changed AFTER UPDATE ON ticket_outcome
            BEGIN {ticket.format(row="NEW")} END;
        CREATE TRIGGER outcome_deleted AFTER DELETE ON ticket_outcome
            BEGIN {ticket.format(row="OLD")} END;
        """
    )
