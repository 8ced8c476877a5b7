"""What the ranker learnt from outcomes, and experiments between two of its versions."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What the ranker learnt from outcomes, and experiments between two of its versions.

    ``ranker_boost`` is the ledger too: ``before`` is what the version before gave, and the counts
    are those that caused the change. ``ranker_switch`` has one row; ``stamp`` rises with every
    change that a running server must notice. ``impression.boost``: what was learnt, already in the
    score; ``team``: the ranker that picked the item while an experiment ran.
    """
    db.executescript(
        """
        CREATE TABLE ranker (
            version INTEGER PRIMARY KEY AUTOINCREMENT,
            created_at TEXT NOT NULL,
            parent INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('accepted', 'refused')),
            settings TEXT NOT NULL,
            digest TEXT NOT NULL
        );
        CREATE TABLE ranker_boost (
            version INTEGER NOT NULL REFERENCES ranker(version),
            lane TEXT NOT NULL CHECK (lane IN ('procedure', 'past_fix')),
            target_id TEXT NOT NULL,
            context TEXT NOT NULL,
            boost REAL NOT NULL CHECK (abs(boost) <= 0.15),
            before REAL NOT NULL,
            shown INTEGER NOT NULL,
            solutions REAL NOT NULL,
            expected REAL NOT NULL,
            came_back REAL NOT NULL,
            expected_came_back REAL NOT NULL,
            PRIMARY KEY (version, lane, target_id, context)
        ) WITHOUT ROWID;
        CREATE INDEX ranker_boost_target ON ranker_boost(target_id);
        CREATE TABLE ranker_switch (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            learning INTEGER NOT NULL,
            current INTEGER NOT NULL,
            stamp INTEGER NOT NULL
        );
        INSERT INTO ranker_switch (id, learning, current, stamp) VALUES (1, 1, 0, 1);
        ALTER TABLE impression ADD COLUMN boost REAL NOT NULL DEFAULT 0;
        ALTER TABLE impression ADD COLUMN team TEXT NOT NULL DEFAULT '';
        CREATE TABLE experiment (
            name TEXT PRIMARY KEY,
            treatment INTEGER NOT NULL,
            control INTEGER NOT NULL,
            share REAL NOT NULL CHECK (share > 0 AND share <= 1),
            started_at TEXT NOT NULL,
            stopped_at TEXT,
            stop_reason TEXT NOT NULL CHECK (stop_reason IN ('', 'asked', 'guard'))
        );
        CREATE UNIQUE INDEX one_experiment_runs ON experiment((1)) WHERE stopped_at IS NULL;
        CREATE INDEX suggestion_session_arm ON suggestion_session(arm) WHERE arm <> '';
        """
    )
