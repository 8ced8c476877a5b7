"""What editors work with: approvals, comments, texts not saved yet, and the files' last state."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What editors work with: approvals, comments, texts not saved yet, and the files' last state.

    ``place``: where a revision puts its article (JSON of section, slug, owner, department), so
    that a draft moves nothing before it is published; '' in revisions older than this column.
    ``autosave`` keeps what stands in a form, a row an editor; it is no revision.
    ``file_base``, ``table_base``: the revision, and the digest of a table, that the handbook's
    file held when it was last read or written.
    """
    db.executescript(
        """
        ALTER TABLE article ADD COLUMN successor TEXT NOT NULL DEFAULT '';
        ALTER TABLE revision ADD COLUMN place TEXT NOT NULL DEFAULT '';
        CREATE INDEX revision_status ON revision(status);
        CREATE TABLE approval (
            article_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            round INTEGER NOT NULL,
            reviewer TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (article_id, number, round, reviewer),
            FOREIGN KEY (article_id, number) REFERENCES revision(article_id, number)
        );
        CREATE TABLE revision_event (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            article_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            action TEXT NOT NULL,
            actor TEXT NOT NULL,
            comment TEXT NOT NULL,
            at TEXT NOT NULL,
            FOREIGN KEY (article_id, number) REFERENCES revision(article_id, number)
        );
        CREATE INDEX revision_event_revision ON revision_event(article_id, number);
        CREATE TABLE autosave (
            article_id TEXT NOT NULL,
            editor TEXT NOT NULL,
            based_on INTEGER NOT NULL,
            content TEXT NOT NULL,
            saved_at TEXT NOT NULL,
            PRIMARY KEY (article_id, editor)
        );
        CREATE TABLE file_base (
            article_id TEXT PRIMARY KEY REFERENCES article(id),
            number INTEGER NOT NULL
        );
        CREATE TABLE table_base (
            name TEXT PRIMARY KEY,
            digest TEXT NOT NULL
        );
        """
    )
