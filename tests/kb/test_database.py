"""The database file: schema in steps, transactions that are whole, rows that read back."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils

from kb.auditing import Actor, note
from kb.database import Database, create_database, open_database, result_code
from kb.errors import (
    DataFolderMissing,
    IdempotencyConflict,
    SessionNotFound,
    VocabularyNotFound,
)
from kb.migrations import migrations
from kb.store import audit, handbook, queue, sessions, tickets, vocabulary
from kb.store.audit import AuditFilter
from kb.store.rows import parse_row, row_values
from kb.ticket import Ticket
from tests.kb.small import NOW, make_ticket


def schema(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT sql FROM sqlite_master"
            " WHERE name NOT LIKE '\\_sqlite%' ESCAPE '\\' ORDER BY name"
        )
        return [row[0] for row in rows if row[0]]


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kb.db"
    create_database(path).close()
    first = schema(path)
    create_database(path).close()
    assert schema(path) == first


def test_a_database_of_every_earlier_version_is_brought_up(tmp_path: Path) -> None:
    create_database(tmp_path / "new.db").close()
    names = [step.name for step in migrations.pending(sqlite_utils.Database(memory=True))]
    assert names == sorted(names)
    for name in names[1:]:
        path = tmp_path / f"{name}.db"
        old = sqlite_utils.Database(path)
        migrations.apply(old, stop_before=name)
        old.close()
        open_database(path).close()
        assert schema(path) == schema(tmp_path / "new.db")


def test_opening_what_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(DataFolderMissing, match="kb init"):
        open_database(tmp_path / "kb.db")
    assert not (tmp_path / "kb.db").exists()


def test_foreign_keys_are_held(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute(
            "INSERT INTO ticket_outcome VALUES ('TS-nowhere', 0, NULL, 'pending', '', NULL)"
        )
    assert database.connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_journal_is_one_that_two_writers_cannot_break(database: Database) -> None:
    assert database.connection.execute("PRAGMA journal_mode").fetchone()[0] == "truncate"
    assert database.connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert database.connection.execute("PRAGMA secure_delete").fetchone()[0] == 1


def test_a_transaction_is_whole_or_nothing(database: Database) -> None:
    def break_off() -> None:
        with database.transaction() as connection:
            queue.enqueue(connection, "article", "X", now=NOW)
            raise RuntimeError

    before = queue.last_queued(database.connection)
    with pytest.raises(RuntimeError):
        break_off()
    assert queue.last_queued(database.connection) == before
    assert not database.connection.in_transaction


def test_an_inner_transaction_is_part_of_the_outer(database: Database) -> None:
    def break_off() -> None:
        with database.transaction() as outer:
            with database.transaction() as inner:
                queue.enqueue(inner, "article", "X", now=NOW)
            assert outer is inner
            raise RuntimeError

    before = queue.last_queued(database.connection)
    with pytest.raises(RuntimeError):
        break_off()
    assert queue.last_queued(database.connection) == before


def test_each_thread_has_its_own_connection(database: Database) -> None:
    found: list[sqlite3.Connection] = []

    def remember() -> None:
        found.append(database.connection)
        database.close()

    thread = threading.Thread(target=remember)
    thread.start()
    thread.join()
    assert found[0] is not database.connection
    assert database.connection is database.connection


def test_a_ticket_reads_back_as_it_was_written(database: Database) -> None:
    ticket = make_ticket(
        ticket_no="TS1", satisfaction=7, is_repeat=True, escalated=True, none_fit=True
    )
    with database.transaction() as connection:
        tickets.add_ticket(connection, ticket, now=NOW)
    assert tickets.read_ticket(database.connection, "TS1") == ticket


def test_lists_flags_and_nothing_survive_as_columns() -> None:
    values = row_values(make_ticket(is_repeat=True))
    assert values["is_repeat"] == 1
    assert values["closed_at"] is None
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    columns = ", ".join(f":{name} AS {name}" for name in values)
    row = connection.execute(f"SELECT {columns}", values).fetchone()
    assert parse_row(row, Ticket) == make_ticket(is_repeat=True)


def test_only_columns_of_a_ticket_can_be_updated(database: Database) -> None:
    with database.transaction() as connection:
        tickets.add_ticket(connection, make_ticket(ticket_no="TS1"), now=NOW)
    with pytest.raises(ValueError, match="colour"), database.transaction() as connection:
        tickets.update_ticket(connection, "TS1", {"colour": "red"}, now=NOW)


def test_tickets_are_paged_newest_first_without_gap_or_double(database: Database) -> None:
    with database.transaction() as connection:
        for place in range(7):
            day = 1 + place // 2
            ticket = make_ticket(
                ticket_no=f"TS{place}", accepted_at=f"2026-03-0{day}T09:00:00+08:00"
            )
            tickets.add_ticket(connection, ticket, now=NOW)
    seen: list[str] = []
    while page := tickets.read_tickets(
        database.connection, limit=3, before=seen[-1] if seen else ""
    ):
        seen += [ticket.ticket_no for ticket in page]
    assert seen == [f"TS{place}" for place in reversed(range(7))]
    assert tickets.read_tickets(database.connection, status="closed") == []


def test_the_queue_forgets_only_what_was_indexed(database: Database) -> None:
    with database.transaction() as connection:
        queue.clear_queue(connection, up_to=queue.last_queued(connection))
        for name in ("A", "B", "C"):
            queue.enqueue(connection, "article", name, now=NOW)
        second = queue.read_queue(connection)[1].seq
        queue.clear_queue(connection, up_to=second)
    left = queue.read_queue(database.connection)
    assert [change.object_id for change in left] == ["C"]
    assert queue.last_queued(database.connection) == left[-1].seq


def test_a_secret_is_made_once(database: Database) -> None:
    with database.transaction() as connection:
        first = sessions.read_secret(connection, "number-hash")
        assert sessions.read_secret(connection, "number-hash") == first
        assert sessions.read_secret(connection, "other") != first
    assert len(first) == 32


def test_an_idempotency_key_answers_its_own_request_only(database: Database) -> None:
    mine = sessions.request_hash({"a": 1})
    assert sessions.request_hash({"a": 2}) != mine
    with database.transaction() as connection:
        assert sessions.read_answered(connection, "k", request=mine) is None
        sessions.save_answered(connection, "k", request=mine, status=201, response="{}", now=NOW)
    assert sessions.read_answered(database.connection, "k", request=mine) == (201, "{}")
    with pytest.raises(IdempotencyConflict):
        sessions.read_answered(database.connection, "k", request="other")


def test_an_unknown_session_is_named(database: Database) -> None:
    with pytest.raises(SessionNotFound):
        sessions.read_session(database.connection, "nowhere")


def test_every_version_of_the_vocabulary_keeps_its_tables(database: Database) -> None:
    first = vocabulary.newest_number(database.connection)
    old = vocabulary.read_tables(database.connection, first)
    signed = vocabulary.Signed("甲", "加一组")
    with database.transaction() as connection:
        number = vocabulary.add_version(connection, {"synonyms": [["光猫", "猫"]]}, signed, now=NOW)
        again = vocabulary.add_version(connection, {"synonyms": [["光猫", "猫"]]}, signed, now=NOW)
    assert (number, again) == (first + 1, first + 1)
    assert handbook.read_vocabulary(database.connection, "synonyms") == [["光猫", "猫"]]
    assert vocabulary.read_tables(database.connection, first) == old
    new = vocabulary.read_tables(database.connection, number)
    assert new == {**old, "synonyms": [["光猫", "猫"]]}
    newest = vocabulary.read_versions(database.connection)[0]
    assert (newest.number, newest.author, newest.reason) == (number, "甲", "加一组")
    with pytest.raises(VocabularyNotFound):
        vocabulary.read_tables(database.connection, 99)


def test_the_vocabulary_of_an_older_database_becomes_version_one(tmp_path: Path) -> None:
    path = tmp_path / "kb.db"
    old = sqlite_utils.Database(path)
    migrations.apply(old, stop_before="m013_vocabulary")
    old.execute("INSERT INTO vocabulary VALUES ('synonyms', '[[\"光猫\", \"猫\"]]', 'x')")
    old.conn.commit()
    old.close()
    connection = open_database(path).connection
    assert vocabulary.newest_number(connection) == 1
    assert vocabulary.read_tables(connection, 1)["synonyms"] == [["光猫", "猫"]]
    assert vocabulary.read_tables(connection, 1)["words"] == []


def test_writers_of_one_process_wait_for_their_turn_and_none_is_refused(tmp_path: Path) -> None:
    """Many at once, beside another process's connection that takes the lock again and again."""
    database = create_database(tmp_path / "kb.db")
    other = Database(database.path)
    ended = threading.Event()
    counts: list[int] = []

    def write_beside() -> None:
        while not ended.is_set():
            with other.transaction() as connection:
                connection.execute("UPDATE rate SET taken = taken + 0")
            time.sleep(0.005)
        other.close()

    def write(number: int) -> None:
        for _ in range(5):
            with database.transaction() as connection:
                connection.execute(
                    "INSERT INTO rate (client, kind, minute, taken) VALUES (?, 'ask', 1, 1)"
                    " ON CONFLICT DO UPDATE SET taken = taken + 1",
                    (str(number),),
                )
        database.close()
        counts.append(number)

    beside = threading.Thread(target=write_beside)
    crowd = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for each in (beside, *crowd):
        each.start()
    for each in crowd:
        each.join()
    ended.set()
    beside.join()
    assert sorted(counts) == list(range(12))
    found = database.connection.execute("SELECT sum(taken) FROM rate").fetchone()
    assert found[0] == 60
    database.close()


def test_a_turn_that_never_comes_is_told_as_a_locked_database(tmp_path: Path) -> None:
    database = create_database(tmp_path / "kb.db")
    refused: list[sqlite3.OperationalError] = []

    def write() -> None:
        database._set_patience(0.0)
        try:
            with database.transaction():
                pass
        except sqlite3.OperationalError as error:
            refused.append(error)
        database.close()

    with database.transaction():
        beside = threading.Thread(target=write)
        beside.start()
        beside.join()
    assert [result_code(error) for error in refused] == [sqlite3.SQLITE_BUSY]
    database.close()


def add_rate(client: str, minute: int) -> Callable[[sqlite3.Connection], int]:
    def write(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO rate VALUES (?, 'ask', ?, 1)", (client, minute))
        if minute < 0:
            raise SessionNotFound(client)
        return minute

    return write


def count_commits(path: Path) -> int:
    """The change counter of the file's header (sqlite.org/fileformat2.html)."""
    return int.from_bytes(path.read_bytes()[24:28], "big")


def test_writes_that_wait_share_a_commit_and_one_that_fails_is_taken_back_alone(
    tmp_path: Path,
) -> None:
    database = create_database(tmp_path / "kb.db")
    got: dict[int, object] = {}

    def bring(minute: int) -> None:
        try:
            got[minute] = database.together(add_rate("张三", minute))
        except SessionNotFound as error:
            got[minute] = error
        database.close()

    with database.transaction():  # nobody's turn comes before all have brought theirs
        crowd = [threading.Thread(target=bring, args=(each,)) for each in (*range(1, 9), -1)]
        for each in crowd:
            each.start()
        while len(database._shared._waiting) < len(crowd):
            time.sleep(0.001)
        before = count_commits(database.path)
    for each in crowd:
        each.join()
    assert count_commits(database.path) - before <= 2  # the first one's, and one for all
    assert isinstance(got.pop(-1), SessionNotFound)
    assert got == {each: each for each in range(1, 9)}
    rows = database.connection.execute("SELECT minute FROM rate ORDER BY minute").fetchall()
    assert [row[0] for row in rows] == list(range(1, 9))
    database.close()


def test_each_write_of_a_shared_commit_is_told_as_its_own_writers(tmp_path: Path) -> None:
    actor = Actor(lambda: threading.current_thread().name, lambda: "test", lambda: NOW)
    database = create_database(tmp_path / "kb.db", actor)

    def bring() -> None:
        name = threading.current_thread().name
        database.together(lambda connection: note(connection, f"article:{name}"))
        database.close()

    with database.transaction():
        crowd = [threading.Thread(target=bring, name=f"agent-{each}") for each in range(5)]
        for each in crowd:
            each.start()
        while len(database._shared._waiting) < len(crowd):
            time.sleep(0.001)
    for each in crowd:
        each.join()
    rows = audit.list_rows(database.connection, AuditFilter(action="test"), limit=100)
    assert sorted(row.who for row in rows) == [f"agent-{each}" for each in range(5)]
    assert len({row.object for row in rows}) == 5
    database.close()


def test_a_lost_commit_is_lost_for_all_who_share_it(tmp_path: Path) -> None:
    database = create_database(tmp_path / "kb.db")
    told: list[sqlite3.Error] = []

    def lose(connection: sqlite3.Connection) -> None:
        connection.rollback()  # as SQLite does by itself when the disk fails
        raise sqlite3.OperationalError("disk I/O error")

    def bring(write: Callable[[sqlite3.Connection], object]) -> None:
        try:
            database.together(write)
        except sqlite3.Error as error:
            told.append(error)
        database.close()

    with database.transaction():
        works = (add_rate("甲", 1), lose, add_rate("乙", 2))
        crowd = [threading.Thread(target=bring, args=(each,)) for each in works]
        for number, each in enumerate(crowd, 1):
            each.start()
            while len(database._shared._waiting) < number:
                time.sleep(0.001)
    for each in crowd:
        each.join()
    kept = database.connection.execute("SELECT count(*) FROM rate").fetchone()[0]
    assert kept + len(told) == len(crowd)
    assert told
    database.close()
