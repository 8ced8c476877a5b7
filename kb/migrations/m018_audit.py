"""The audit trail: rows that are only added to, each with the hash of the chain up to it."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """The audit trail: rows that are only added to, each with the hash of the chain up to it.

    ``audit_pending``: what triggers noted of the transaction in hand, before and after, empty at
    every commit of ours; ``noted``: 1 for what was said outright (a read, an export).
    ``audit_anchor``: up to which row the trail was purged and the chain's hash there. A row goes
    only below an anchor, and never within 183 days of being written.
    """
    db.executescript(
        """
        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            who TEXT NOT NULL,
            action TEXT NOT NULL,
            object TEXT NOT NULL,
            before_hash TEXT NOT NULL,
            after_hash TEXT NOT NULL,
            chain_hash TEXT NOT NULL
        );
        CREATE TABLE audit_pending (
            seq INTEGER PRIMARY KEY,
            object TEXT NOT NULL,
            before TEXT,
            after TEXT,
            noted INTEGER NOT NULL DEFAULT 0,
            who TEXT NOT NULL DEFAULT '',
            action TEXT NOT NULL DEFAULT ''
        );
        CREATE TABLE audit_anchor (
            through INTEGER PRIMARY KEY,
            chain_hash TEXT NOT NULL,
            at TEXT NOT NULL
        );
        CREATE TRIGGER audit_kept BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'audit is only added to'); END;
        CREATE TRIGGER audit_added BEFORE INSERT ON audit
            WHEN NEW.seq <= coalesce((SELECT max(seq) FROM audit), 0)
            BEGIN SELECT RAISE(ABORT, 'audit is only added to'); END;
        CREATE TRIGGER audit_stays BEFORE DELETE ON audit
            WHEN OLD.seq > coalesce((SELECT max(through) FROM audit_anchor), 0)
            OR OLD.at > strftime('%Y-%m-%dT%H:%M:%S+08:00', 'now', '+8 hours', '-183 days')
            BEGIN SELECT RAISE(ABORT, 'audit is kept for 183 days at least'); END;
        CREATE TRIGGER audit_anchor_true BEFORE INSERT ON audit_anchor
            WHEN NOT EXISTS (SELECT 1 FROM audit
                WHERE seq = NEW.through AND chain_hash = NEW.chain_hash)
            BEGIN SELECT RAISE(ABORT, 'an anchor stands on a row of the audit'); END;
        CREATE TRIGGER audit_anchor_kept BEFORE UPDATE ON audit_anchor
            BEGIN SELECT RAISE(ABORT, 'audit_anchor is only added to'); END;
        CREATE TRIGGER audit_anchor_stays BEFORE DELETE ON audit_anchor
            BEGIN SELECT RAISE(ABORT, 'audit_anchor is only added to'); END;
        """
    )
