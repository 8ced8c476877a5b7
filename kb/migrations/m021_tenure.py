"""Since when a name stands in the records of work, found without reading them all."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Since when a name stands in the records of work, found without reading them all."""
    db.executescript(
        """
        CREATE INDEX ticket_event_agent ON ticket_event(agent, at);
        CREATE INDEX suggestion_session_agent ON suggestion_session(agent, is_training, created_at);
        CREATE INDEX search_record_agent ON search_record(agent, is_training, created_at);
        """
    )
