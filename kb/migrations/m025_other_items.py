"""Items of an article's front matter that this program does not know."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Items of an article's front matter that this program does not know, as YAML."""
    db.executescript("ALTER TABLE revision ADD COLUMN extra TEXT NOT NULL DEFAULT '';")
