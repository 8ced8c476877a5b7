"""The audit trail: every change is in it with its transaction, and no row of it can be changed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlite_utils

from kb.audit import HIDDEN, LEAST_DAYS, OPEN, Anchor, AuditRow
from kb.auditing import Actor, note
from kb.database import Database, create_database
from kb.desk import Closing, Desk
from kb.errors import InvalidInput, TicketConflict
from kb.migrations import m028_hidden_keys
from kb.store import audit, tickets
from kb.store.audit import AuditFilter
from kb.store.capture import AUDITED, EXEMPT, RECORDS, drop_capture, set_capture
from kb.times import now_beijing
from kb.trail import format_head, parse_head, purge_trail, read_trail, verify_trail
from tests.bench import tampering
from tests.kb.small import NOW, make_ticket


@pytest.fixture
def trail(tmp_path: Path) -> Database:
    """A database of 甲's, with the schema's steps in its trail only."""
    actor = Actor(lambda: "甲", lambda: "test", lambda: NOW)
    return create_database(tmp_path / "kb.db", actor)


def listed(database: Database, thing: str = "") -> list[AuditRow]:
    """What the trail tells, oldest first."""
    return audit.list_rows(database.connection, AuditFilter(object=thing), limit=1000)[::-1]


def add(database: Database, number: str) -> None:
    with database.transaction() as connection:
        tickets.add_ticket(connection, make_ticket(ticket_no=number), now=NOW)


def test_every_table_is_audited_or_says_why_not(trail: Database) -> None:
    rows = trail.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    named = {*AUDITED, *RECORDS, *EXEMPT}
    assert {name for (name,) in rows} == named
    assert len(named) == len(AUDITED) + len(RECORDS) + len(EXEMPT)


def test_a_change_is_told_with_who_what_and_both_states(trail: Database) -> None:
    add(trail, "TS1")
    with trail.transaction() as connection:
        tickets.update_ticket(connection, "TS1", {"title": "一"}, now=NOW)
        tickets.update_ticket(connection, "TS1", {"title": "二"}, now=NOW)
        connection.execute("DELETE FROM ticket WHERE ticket_no = 'TS1'")
        again = make_ticket(ticket_no="TS1", title="三")
        tickets.add_ticket(connection, again, now=NOW)
    made, changed = listed(trail, "ticket")
    assert (made.who, made.action, made.object) == ("甲", "test", "ticket:TS1")
    assert (made.before_hash, changed.before_hash) == ("", made.after_hash)
    assert changed.after_hash not in ("", made.after_hash)


def break_off(database: Database) -> None:
    with database.transaction() as connection:
        tickets.update_ticket(connection, "TS1", {"title": "一"}, now=NOW)
        raise TicketConflict


def test_what_changes_nothing_or_is_taken_back_is_not_told(trail: Database) -> None:
    add(trail, "TS1")
    before = len(listed(trail))
    with trail.transaction() as connection:
        connection.execute("UPDATE ticket SET title = title")
    with pytest.raises(TicketConflict):
        break_off(trail)
    assert len(listed(trail)) == before


def test_closing_a_ticket_leaves_its_rows(database: Database, desk: Desk) -> None:
    ticket = desk.create(make_ticket(category="060101"), agent="甲", now=NOW)
    desk.close(ticket.ticket_no, Closing("换光猫", none_fit=True), agent="甲", now=NOW)
    objects = {row.object for row in listed(database)}
    assert {f"ticket:{ticket.ticket_no}", f"ticket_outcome:{ticket.ticket_no}/0"} <= objects
    assert verify_trail(database.connection).broken is None


def test_nobodys_number_is_in_it(trail: Database) -> None:
    trail.actor = replace(trail.actor, who=lambda: "客服13812345678")
    with trail.transaction() as connection:
        note(connection, "call:13812345678")
        note(connection, "ticket:TS20261120000001")
    told = listed(trail)[-2:]
    assert told[0].object.startswith("call:#")
    assert told[1].object == "ticket:TS20261120000001"
    assert {row.who for row in told} == {"客服138****5678"}


def test_a_key_from_outside_is_a_keyed_hash_that_can_still_be_asked_for(trail: Database) -> None:
    name = "司马青衫"
    things = {
        f"call:{name}",
        f"call:{name}/1",
        f"glossary:{name}",
        f"ticket:{name}/0",
        f"new:{name}",
    }
    with trail.transaction() as connection:
        for thing in sorted(things):
            note(connection, thing)
        note(connection, "ticket_knowledge_link:TS20261120000001/1/past_fix/060101:" + name)
        note(connection, "article:P060101")
        note(connection, "sign_in:张敏")
    told = [row.object for row in listed(trail)]
    assert name not in "".join(told)
    assert {"article:P060101", "sign_in:张敏"} <= {*told}
    link = next(each for each in told if each.startswith("ticket_knowledge_link:"))
    assert link.startswith("ticket_knowledge_link:TS20261120000001/1/past_fix/#")
    for thing in things:
        [row] = read_trail(trail, AuditFilter(object=thing), limit=9)
        assert read_trail(trail, AuditFilter(object=row.object), limit=9) == [row]
    assert name.encode() not in trail.path.read_bytes()


def test_every_audited_table_says_whose_its_keys_are() -> None:
    assert {*AUDITED, *RECORDS} <= OPEN | {*HIDDEN}
    assert not OPEN & {*HIDDEN}


def test_rows_written_before_keys_were_hidden_are_chained_anew(
    trail: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(trail, "TS1")
    with monkeypatch.context() as patched:
        patched.setattr("kb.auditing.hide_key", lambda thing, _key: thing)
        with trail.transaction() as connection:
            note(connection, "call:司马青衫")
            note(connection, "ticket:TS20261120000001")
    before = listed(trail)
    connection = trail.connection
    with trail.transaction():
        connection.execute("DELETE FROM secret WHERE name = 'audit-object'")
    drop_capture(connection)
    m028_hidden_keys.apply(sqlite_utils.Database(connection))
    set_capture(connection)
    add(trail, "TS2")
    assert verify_trail(connection).broken is None
    after = listed(trail)
    kept = [row.seq for row, new in zip(before, after, strict=False) if row == new]
    assert kept == list(range(1, 1 + len(kept)))
    assert "audit.keys_hidden" in {row.action for row in after}
    assert "司马青衫".encode() not in trail.path.read_bytes()
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE audit SET who = '乙'")


def test_another_programs_change_is_told_as_its_own(trail: Database) -> None:
    add(trail, "TS1")
    with closing(sqlite3.connect(trail.path)) as connection, connection:
        connection.execute("UPDATE ticket SET title = '偷改' WHERE ticket_no = 'TS1'")
    with trail.transaction():
        pass
    last = listed(trail)[-1]
    assert (last.who, last.action, last.object) == ("outside", "sql", "ticket:TS1")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET who = '乙'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
        "INSERT INTO audit SELECT 0, at, who, action, object, '', '', '' FROM audit LIMIT 1",
        "INSERT INTO audit_anchor VALUES (3, 'x', '')",
        "UPDATE audit_anchor SET through = 9",
    ],
)
def test_no_row_can_be_changed_removed_or_put_between(trail: Database, sql: str) -> None:
    with trail.transaction() as connection:
        audit.purge(connection, Anchor(1, audit.read_hash(connection, 1) or ""), at="")
    with pytest.raises(sqlite3.IntegrityError), closing(sqlite3.connect(trail.path)) as connection:
        connection.execute(sql)


def test_every_way_of_tampering_is_found(tmp_path: Path) -> None:
    tried, missed = tampering.run(50, tmp_path)
    assert missed == []
    assert len(tried) == len(tampering.WAYS)


def test_the_row_altered_is_the_one_named(trail: Database) -> None:
    for number in range(5):
        add(trail, f"TS{number}")
    seq = audit.read_head(trail.connection).through - 2
    with closing(sqlite3.connect(trail.path)) as connection, connection:
        connection.execute("DROP TRIGGER audit_kept")
    guard = verify_trail(trail.connection).broken
    assert guard is not None
    assert "audit_kept" in guard.reason
    with closing(sqlite3.connect(trail.path)) as connection, connection:
        connection.execute("UPDATE audit SET who = '乙' WHERE seq = ?", (seq,))
    broken = verify_trail(trail.connection).broken
    assert broken is not None
    assert broken.seq == seq


def test_a_head_kept_elsewhere_finds_a_trail_rewritten_as_a_whole(tmp_path: Path) -> None:
    one, two = (create_database(tmp_path / name) for name in ("one.db", "two.db"))
    for database in (one, two):
        add(database, "TS1")
    add(two, "TS2")
    head = parse_head(format_head(audit.read_head(two.connection)))
    assert verify_trail(two.connection, head).broken is None
    add(two, "TS3")
    assert verify_trail(two.connection, head).broken is None
    short = verify_trail(one.connection, head).broken
    assert short is not None
    assert "短" in short.reason
    other = verify_trail(two.connection, Anchor(3, "0" * 64)).broken
    assert other is not None
    assert other.seq == 3
    with pytest.raises(InvalidInput):
        parse_head("12:abc")


def test_only_old_rows_are_purged_and_the_chain_still_holds(tmp_path: Path) -> None:
    now = now_beijing()
    clock = [now - timedelta(days=500)]
    trail = create_database(tmp_path / "kb.db", Actor(lambda: "甲", lambda: "", lambda: clock[0]))
    add(trail, "TS1")
    clock[0] = now - timedelta(days=LEAST_DAYS - 1)
    add(trail, "TS2")
    with pytest.raises(InvalidInput):
        purge_trail(trail, before=now - timedelta(days=LEAST_DAYS - 2), now=now)
    count = purge_trail(trail, before=now - timedelta(days=400), now=now)
    assert count
    assert purge_trail(trail, before=now - timedelta(days=400), now=now) == 0
    found = verify_trail(trail.connection)
    assert (found.broken, found.purged) == (None, count)
    assert [row.object for row in listed(trail, "ticket")] == ["ticket:TS2"]
    with pytest.raises(sqlite3.IntegrityError, match="183"):
        trail.connection.execute("DELETE FROM audit")


def test_writers_of_several_processes_keep_one_chain(trail: Database) -> None:
    script = (
        "import sys; from pathlib import Path; from kb.auditing import note;"
        "from kb.database import Database\n"
        "database = Database(Path(sys.argv[1]))\n"
        "for number in range(25):\n"
        "    with database.transaction() as connection: note(connection, f'x:{number}')"
    )
    before = len(listed(trail))
    trail.close()
    command = [sys.executable, "-c", script, str(trail.path)]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(listed(trail)) == before + 75
    assert verify_trail(trail.connection).broken is None
