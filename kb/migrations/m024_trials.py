"""What trials of unpublished texts found, so that nobody waits for one twice."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What trials of unpublished texts found, so that nobody waits for one twice.

    ``handbook``: what the answers it was compared with stood on (``Engine.handbook_version``).
    ``foreseen``: JSON of ``kb.foresight.Foreseen``.
    """
    db.executescript(
        """
        CREATE TABLE trial (
            article_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            day TEXT NOT NULL,
            handbook TEXT NOT NULL,
            foreseen TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (article_id, number),
            FOREIGN KEY (article_id, number) REFERENCES revision(article_id, number)
        );
        """
    )
