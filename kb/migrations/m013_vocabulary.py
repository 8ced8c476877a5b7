"""The vocabulary in numbered versions, and what publishing was expected to change."""

from __future__ import annotations

import hashlib

from sqlite_utils import Database

VERSIONED = ("words", "synonyms", "ambiguous", "confusions", "never_mask")
EMPTY = "[]"


def apply(db: Database) -> None:
    """The vocabulary in numbered versions, and what publishing was expected to change.

    ``vocabulary_version``: who, when, why; of each table the digest of what it held, kept once in
    ``vocabulary_content``. ``restored``: the version whose tables this one brings back.
    ``impact``: JSON of what the change was measured to do to answers, '' when nothing was.
    The tables there are become version 1.
    """
    columns = ", ".join(
        f"{kind} TEXT NOT NULL REFERENCES vocabulary_content(digest)" for kind in VERSIONED
    )
    db.executescript(
        f"""
        CREATE TABLE vocabulary_next (
            kind TEXT NOT NULL CHECK (kind IN
                ('words', 'synonyms', 'ambiguous', 'confusions', 'never_mask', 'workdays')),
            content TEXT NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (kind)
        );
        INSERT INTO vocabulary_next SELECT kind, content, digest FROM vocabulary;
        DROP TABLE vocabulary;
        ALTER TABLE vocabulary_next RENAME TO vocabulary;
        CREATE TABLE vocabulary_content (
            digest TEXT PRIMARY KEY,
            content TEXT NOT NULL
        );
        CREATE TABLE vocabulary_version (
            number INTEGER PRIMARY KEY,
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            created_at TEXT NOT NULL,
            restored INTEGER REFERENCES vocabulary_version(number),
            impact TEXT NOT NULL DEFAULT '',
            {columns}
        );
        ALTER TABLE revision_event ADD COLUMN impact TEXT NOT NULL DEFAULT '';
        """
    )
    _number_the_first(db)


def _number_the_first(db: Database) -> None:
    found = dict(db.execute("SELECT kind, content FROM vocabulary").fetchall())
    tables = {kind: found.get(kind, EMPTY) for kind in VERSIONED}
    if set(tables.values()) == {EMPTY}:
        return
    digests = {kind: hashlib.sha256(text.encode()).hexdigest() for kind, text in tables.items()}
    for kind, text in tables.items():
        db.execute(
            "INSERT OR IGNORE INTO vocabulary_content (digest, content) VALUES (?, ?)",
            (digests[kind], text),
        )
    db.execute(
        "INSERT INTO vocabulary_version (number, author, reason, created_at,"
        f" {', '.join(VERSIONED)}) VALUES (1, 'import', '改版前的词表',"
        " strftime('%Y-%m-%dT%H:%M:%S+08:00', 'now', '+8 hours'), ?, ?, ?, ?, ?)",
        tuple(digests[kind] for kind in VERSIONED),
    )
