"""The schema, step by step: a migration that has landed is never edited."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("kb")


@migrations()
def m001_handbook(db: Database) -> None:
    """Articles with revisions, and the tables beside them."""
    db.executescript(
        """
        CREATE TABLE article (
            id TEXT PRIMARY KEY,
            chapter INTEGER NOT NULL CHECK (chapter BETWEEN 1 AND 8),
            section TEXT NOT NULL,
            slug TEXT NOT NULL,
            owner TEXT NOT NULL,
            responsible_dept TEXT NOT NULL,
            current_revision INTEGER NOT NULL
        );
        CREATE TABLE revision (
            article_id TEXT NOT NULL REFERENCES article(id),
            number INTEGER NOT NULL CHECK (number > 0),
            title TEXT NOT NULL,
            body TEXT NOT NULL,
            categories TEXT NOT NULL,
            keywords TEXT NOT NULL,
            steps TEXT NOT NULL,
            time_limits TEXT NOT NULL,
            figures TEXT NOT NULL,
            sources TEXT NOT NULL,
            status TEXT NOT NULL
                CHECK (status IN ('draft', 'in_review', 'published', 'archived')),
            author TEXT NOT NULL DEFAULT '',
            reviewer TEXT NOT NULL DEFAULT '',
            based_on INTEGER,
            valid_from TEXT NOT NULL,
            valid_until TEXT,
            review_by TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL,
            body_hash TEXT NOT NULL,
            PRIMARY KEY (article_id, number)
        );
        CREATE TABLE category (
            id TEXT PRIMARY KEY,
            parent TEXT NOT NULL,
            name TEXT NOT NULL,
            level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3),
            default_priority TEXT NOT NULL,
            responsible_dept TEXT NOT NULL,
            usual_hours INTEGER,
            procedure TEXT NOT NULL,
            typical_fix TEXT NOT NULL,
            miit_class TEXT NOT NULL,
            watch_scene TEXT NOT NULL
        );
        CREATE TABLE time_limit (
            id TEXT PRIMARY KEY,
            subject TEXT NOT NULL,
            categories TEXT NOT NULL,
            region TEXT NOT NULL,
            area TEXT NOT NULL,
            priority TEXT NOT NULL,
            condition TEXT NOT NULL,
            limit_value REAL NOT NULL CHECK (limit_value > 0),
            limit_unit TEXT NOT NULL
                CHECK (limit_unit IN ('second', 'minute', 'hour', 'day', 'workday')),
            kind TEXT NOT NULL CHECK (kind IN ('max', 'average', 'target')),
            from_event TEXT NOT NULL,
            starts TEXT NOT NULL CHECK (starts IN ('accepted', 'event')),
            responsible_dept TEXT NOT NULL,
            escalation TEXT NOT NULL,
            authority TEXT NOT NULL,
            source TEXT NOT NULL,
            confidence TEXT NOT NULL
                CHECK (confidence IN ('high', 'medium', 'low', 'unverified')),
            revision INTEGER NOT NULL
        );
        CREATE TABLE figure (
            id TEXT PRIMARY KEY,
            subject TEXT NOT NULL,
            condition TEXT NOT NULL,
            value TEXT NOT NULL,
            unit TEXT NOT NULL,
            kind TEXT NOT NULL,
            from_event TEXT NOT NULL,
            authority TEXT NOT NULL,
            source TEXT NOT NULL,
            confidence TEXT NOT NULL
        );
        CREATE TABLE stamp (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        );
        CREATE TABLE vocabulary (
            kind TEXT NOT NULL CHECK (kind IN
                ('synonyms', 'ambiguous', 'confusions', 'never_mask', 'workdays')),
            content TEXT NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (kind)
        );
        """
    )


@migrations()
def m002_tickets(db: Database) -> None:
    """Tickets, what happened to them, and the knowledge tied to them."""
    db.executescript(
        """
        CREATE TABLE ticket (
            ticket_no TEXT PRIMARY KEY,
            accepted_at TEXT NOT NULL,
            channel TEXT NOT NULL,
            title TEXT NOT NULL,
            service_number TEXT NOT NULL,
            number_hash TEXT NOT NULL,
            region TEXT NOT NULL,
            area TEXT NOT NULL,
            category TEXT NOT NULL,
            urgency TEXT NOT NULL,
            description TEXT NOT NULL,
            customer_demand TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('open', 'closed')),
            due_at TEXT,
            responsible_dept TEXT NOT NULL,
            root_cause TEXT NOT NULL,
            fix TEXT NOT NULL,
            resolution TEXT NOT NULL,
            closed_at TEXT,
            satisfaction INTEGER CHECK (satisfaction BETWEEN 1 AND 10),
            callback_result TEXT NOT NULL,
            is_repeat INTEGER NOT NULL,
            repeat_of TEXT,
            reopened INTEGER NOT NULL,
            escalated INTEGER NOT NULL,
            overdue INTEGER NOT NULL,
            none_fit INTEGER NOT NULL,
            closings INTEGER NOT NULL,
            is_sample INTEGER NOT NULL,
            external_source TEXT NOT NULL,
            external_id TEXT NOT NULL,
            version INTEGER NOT NULL
        );
        CREATE INDEX ticket_fix ON ticket(category, fix) WHERE fix <> '';
        CREATE INDEX ticket_accepted ON ticket(accepted_at);
        CREATE INDEX ticket_number ON ticket(number_hash) WHERE number_hash <> '';
        CREATE UNIQUE INDEX ticket_external ON ticket(external_source, external_id)
            WHERE external_id <> '';
        CREATE TABLE ticket_event (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            at TEXT NOT NULL,
            action TEXT NOT NULL,
            agent TEXT NOT NULL,
            closing INTEGER NOT NULL,
            detail TEXT NOT NULL
        );
        CREATE INDEX ticket_event_ticket ON ticket_event(ticket_no, seq);
        CREATE TABLE ticket_outcome (
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            closing INTEGER NOT NULL,
            settled_at TEXT,
            state TEXT NOT NULL CHECK (state IN ('stayed_closed', 'came_back', 'pending')),
            reason TEXT NOT NULL,
            PRIMARY KEY (ticket_no, closing)
        );
        """
    )


@migrations()
def m003_suggestions(db: Database) -> None:
    """What was shown, what the agent did with it, and what it was used for."""
    db.executescript(
        """
        CREATE TABLE suggestion_session (
            id TEXT PRIMARY KEY,
            ticket_no TEXT REFERENCES ticket(ticket_no),
            agent TEXT NOT NULL,
            channel TEXT NOT NULL,
            query_masked TEXT NOT NULL,
            query_hash TEXT NOT NULL,
            created_at TEXT NOT NULL,
            index_generation TEXT NOT NULL,
            ranker_version TEXT NOT NULL,
            arm TEXT NOT NULL,
            mode TEXT NOT NULL,
            abstained INTEGER NOT NULL,
            top_confidence TEXT NOT NULL,
            took_ms REAL NOT NULL
        );
        CREATE INDEX suggestion_session_ticket ON suggestion_session(ticket_no);
        CREATE TABLE impression (
            id TEXT PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES suggestion_session(id),
            target_type TEXT NOT NULL,
            target_id TEXT NOT NULL,
            target_version TEXT NOT NULL,
            position INTEGER NOT NULL,
            score REAL NOT NULL,
            confidence TEXT NOT NULL,
            propensity REAL NOT NULL,
            matched_terms TEXT NOT NULL,
            title TEXT NOT NULL,
            displayed_at TEXT
        );
        CREATE INDEX impression_session ON impression(session_id);
        CREATE INDEX impression_target ON impression(target_type, target_id);
        CREATE TABLE suggestion_event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            impression_id TEXT NOT NULL REFERENCES impression(id),
            action TEXT NOT NULL,
            at TEXT NOT NULL,
            agent TEXT NOT NULL,
            dwell_ms INTEGER,
            reason_code TEXT NOT NULL,
            comment TEXT NOT NULL
        );
        CREATE INDEX suggestion_event_impression ON suggestion_event(impression_id);
        CREATE TABLE ticket_knowledge_link (
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            target_type TEXT NOT NULL,
            target_id TEXT NOT NULL,
            target_version TEXT NOT NULL,
            knowledge_usage TEXT NOT NULL
                CHECK (knowledge_usage IN ('reference', 'solution', 'source')),
            impression_id TEXT REFERENCES impression(id),
            found_by TEXT NOT NULL CHECK (found_by IN ('suggested', 'searched', 'created')),
            linked_by TEXT NOT NULL,
            linked_at TEXT NOT NULL,
            closing INTEGER NOT NULL,
            UNIQUE (ticket_no, closing, target_type, target_id, knowledge_usage)
        );
        CREATE UNIQUE INDEX one_solution_per_closing
            ON ticket_knowledge_link(ticket_no, closing) WHERE knowledge_usage = 'solution';
        CREATE INDEX ticket_knowledge_link_target
            ON ticket_knowledge_link(target_type, target_id);
        """
    )


@migrations()
def m004_service(db: Database) -> None:
    """What the service itself keeps: work for the index, answered requests, secrets."""
    db.executescript(
        """
        CREATE TABLE index_queue (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('article', 'time_limit', 'ticket')),
            object_id TEXT NOT NULL,
            queued_at TEXT NOT NULL
        );
        CREATE TABLE idempotency (
            key TEXT PRIMARY KEY,
            request_hash TEXT NOT NULL,
            status INTEGER NOT NULL,
            response TEXT NOT NULL,
            created_at TEXT NOT NULL
        );
        CREATE TABLE secret (
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        );
        """
    )


@migrations()
def m005_imports(db: Database) -> None:
    """What an imported row said, so that importing it again is known for what it is."""
    db.executescript(
        """
        CREATE TABLE imported_row (
            source TEXT NOT NULL,
            external_id TEXT NOT NULL,
            digest TEXT NOT NULL,
            imported_at TEXT NOT NULL,
            PRIMARY KEY (source, external_id)
        );
        """
    )


@migrations()
def m006_fix_versions(db: Database) -> None:
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


@migrations()
def m007_outcome_loop(db: Database) -> None:
    """What the outcome loop needs: how a session was asked, searches, decisions, what was undone.

    ``request``: the session's request as JSON, without text and number, so that it can be asked
    again. ``previous``: the search that this one words anew. ``event_key``: chosen by the sender,
    so that an event sent twice counts once. ``outcome_trace``: every change of an outcome's state;
    ``at``: when it was learnt, ``happened_at``: when it came about. ``closed_at``: when the closing
    an outcome belongs to was made. ``search_id``: the search a link was found by.
    """
    db.executescript(
        """
        ALTER TABLE ticket ADD COLUMN assignee TEXT NOT NULL DEFAULT '';
        ALTER TABLE suggestion_session ADD COLUMN request TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE suggestion_session ADD COLUMN is_training INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE suggestion_event ADD COLUMN event_key TEXT;
        ALTER TABLE suggestion_event ADD COLUMN undone_at TEXT;
        CREATE UNIQUE INDEX suggestion_event_key ON suggestion_event(event_key)
            WHERE event_key IS NOT NULL;
        CREATE INDEX suggestion_session_created ON suggestion_session(created_at);
        CREATE TABLE session_decision (
            id TEXT PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES suggestion_session(id),
            decision TEXT NOT NULL CHECK (decision IN ('none_fit', 'gap')),
            at TEXT NOT NULL,
            agent TEXT NOT NULL,
            comment TEXT NOT NULL,
            undone_at TEXT
        );
        CREATE INDEX session_decision_session ON session_decision(session_id);
        CREATE TABLE search_record (
            id TEXT PRIMARY KEY,
            agent TEXT NOT NULL,
            ticket_no TEXT REFERENCES ticket(ticket_no),
            channel TEXT NOT NULL,
            query_masked TEXT NOT NULL,
            query_hash TEXT NOT NULL,
            query_used TEXT NOT NULL,
            filters TEXT NOT NULL,
            hits INTEGER NOT NULL,
            mode TEXT NOT NULL,
            index_generation TEXT NOT NULL,
            previous TEXT REFERENCES search_record(id),
            is_training INTEGER NOT NULL DEFAULT 0,
            created_at TEXT NOT NULL
        );
        CREATE INDEX search_record_created ON search_record(created_at);
        CREATE TABLE outcome_trace (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            closing INTEGER NOT NULL,
            from_state TEXT NOT NULL,
            to_state TEXT NOT NULL,
            reason TEXT NOT NULL,
            at TEXT NOT NULL,
            happened_at TEXT NOT NULL
        );
        CREATE INDEX outcome_trace_ticket ON outcome_trace(ticket_no, closing);
        ALTER TABLE ticket_knowledge_link ADD COLUMN search_id TEXT REFERENCES search_record(id);
        ALTER TABLE ticket_outcome ADD COLUMN closed_at TEXT;
        UPDATE ticket_outcome SET closed_at = coalesce(
            (SELECT max(at) FROM ticket_event WHERE action = 'closed'
                AND ticket_event.ticket_no = ticket_outcome.ticket_no
                AND ticket_event.closing = ticket_outcome.closing),
            (SELECT closed_at FROM ticket WHERE ticket_no = ticket_outcome.ticket_no),
            settled_at);
        CREATE INDEX ticket_outcome_pending ON ticket_outcome(closed_at) WHERE state = 'pending';
        """
    )


@migrations()
def m008_learning(db: Database) -> None:
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


@migrations()
def m009_reports(db: Database) -> None:
    """Reports: closings and what was seen found at once; gaps dealt with; review tasks.

    ``gap_evidence``: the sessions, closings and searches a mark was made for, by kind and id.
    ``review_task``: opened by the counts beside it; for one version in one class one is open at a
    time, and evidence settled up to ``evidence_until`` never opens another.
    """
    db.executescript(
        """
        CREATE INDEX ticket_event_closed ON ticket_event(ticket_no, closing, at, agent, detail)
            WHERE action = 'closed';
        CREATE INDEX impression_shown ON impression(session_id) WHERE displayed_at IS NOT NULL;
        CREATE INDEX suggestion_session_training ON suggestion_session(id) WHERE is_training = 1;
        CREATE TABLE gap_mark (
            id INTEGER PRIMARY KEY,
            state TEXT NOT NULL CHECK (state IN ('done', 'dismissed')),
            label TEXT NOT NULL,
            reason TEXT NOT NULL,
            agent TEXT NOT NULL,
            at TEXT NOT NULL
        );
        CREATE TABLE gap_evidence (
            mark_id INTEGER NOT NULL REFERENCES gap_mark(id),
            evidence TEXT NOT NULL,
            PRIMARY KEY (mark_id, evidence)
        ) WITHOUT ROWID;
        CREATE TABLE review_task (
            id INTEGER PRIMARY KEY,
            target_type TEXT NOT NULL,
            target_id TEXT NOT NULL,
            target_version TEXT NOT NULL,
            category TEXT NOT NULL,
            compared_with TEXT NOT NULL,
            title TEXT NOT NULL,
            owner TEXT NOT NULL,
            came_back INTEGER NOT NULL,
            settled INTEGER NOT NULL,
            others_came_back INTEGER NOT NULL,
            others_settled INTEGER NOT NULL,
            chance REAL NOT NULL,
            adjusted REAL NOT NULL,
            evidence_until TEXT NOT NULL,
            opened_at TEXT NOT NULL,
            closed_at TEXT,
            closed_by TEXT NOT NULL DEFAULT '',
            verdict TEXT NOT NULL DEFAULT '',
            done TEXT NOT NULL DEFAULT ''
        );
        CREATE UNIQUE INDEX review_task_open
            ON review_task(target_type, target_id, target_version, category)
            WHERE closed_at IS NULL;
        """
    )


@migrations()
def m011_queues(db: Database) -> None:
    """Whose turn it is, calls that ring at the desk, and what an agent keeps at hand.

    ``call``: number masked and hashed, words masked; ``used_link``: one-time links that were
    followed. ``recent_article`` and ``favourite`` belong to an agent's name.
    """
    db.executescript(
        """
        ALTER TABLE ticket ADD COLUMN dispatched_at TEXT;
        ALTER TABLE ticket ADD COLUMN callback_due TEXT;
        CREATE INDEX ticket_open ON ticket(due_at, ticket_no) WHERE status = 'open';
        CREATE INDEX ticket_callback ON ticket(callback_due, ticket_no)
            WHERE callback_due IS NOT NULL;
        CREATE TABLE call (
            call_id TEXT PRIMARY KEY,
            queue TEXT NOT NULL,
            service_number TEXT NOT NULL,
            number_hash TEXT NOT NULL,
            text TEXT NOT NULL,
            created_at TEXT NOT NULL
        );
        CREATE INDEX call_created ON call(created_at);
        CREATE TABLE used_link (
            nonce TEXT PRIMARY KEY,
            used_at TEXT NOT NULL
        );
        CREATE TABLE favourite (
            agent TEXT NOT NULL,
            article_id TEXT NOT NULL REFERENCES article(id),
            at TEXT NOT NULL,
            PRIMARY KEY (agent, article_id)
        );
        CREATE TABLE recent_article (
            agent TEXT NOT NULL,
            article_id TEXT NOT NULL REFERENCES article(id),
            at TEXT NOT NULL,
            PRIMARY KEY (agent, article_id)
        );
        """
    )


@migrations()
def m012_editing(db: Database) -> None:
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
