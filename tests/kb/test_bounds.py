"""What an account is bound to: the rule, and the views that hold every statement to it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kb.bounds import Bounds, make_bounds, parse_bounds, short_region
from kb.database import Database, create_database
from kb.errors import InvalidInput, TicketNotFound
from kb.store import gaps, sources, tickets
from kb.store.bounds import (
    OF_ARTICLE,
    OF_OTHERS,
    OF_TARGET,
    OF_TICKET,
    OWN_RULES,
    UNBOUND,
    hidden_among,
)
from kb.store.rows import insert, row_values
from tests.kb.small import NOW, make_ticket

NEW = "TS20260311000001"
HENAN = Bounds(regions=frozenset({"河南"}))


@pytest.fixture
def kept(tmp_path: Path) -> Database:
    """Three tickets: of 河南, of 广东, of nowhere."""
    database = create_database(tmp_path / "kb.db")
    with database.transaction() as connection:
        for number, region in (("A", "河南省郑州市"), ("B", "广东"), ("C", "")):
            ticket = make_ticket(ticket_no=number, region=region)
            tickets.add_ticket(connection, ticket, now=NOW)
    return database


def numbers(database: Database) -> list[str]:
    return sorted(ticket.ticket_no for ticket in tickets.read_tickets(database.connection))


@pytest.mark.parametrize(
    ("region", "short"),
    [
        ("河南省", "河南"), ("河南", "河南"), ("内蒙古自治区", "内蒙古"),
        ("新疆维吾尔自治区", "新疆"),
        ("广西壮族自治区", "广西"), ("北京市", "北京"), ("黑龙江省", "黑龙江"),
        ("河南省郑州市", "河南省郑州市"), ("郑州市", "郑州市"), ("", ""),
    ],
)  # fmt: skip
def test_a_province_is_the_same_written_out(region: str, short: str) -> None:
    assert short_region(region) == short


def test_what_is_bound_and_what_is_not() -> None:
    bounds = make_bounds([1, 2], ["河南省"])
    assert bounds is not None
    assert (bounds.has_chapter(2), bounds.has_chapter(3)) == (True, False)
    told = [bounds.has_region(each) for each in ("河南", "河南省郑州市", "", "广东")]
    assert told == [True, True, True, False]
    assert parse_bounds(bounds.as_dict()) == bounds
    assert make_bounds(None, None) is parse_bounds({}) is None
    with pytest.raises(InvalidInput, match="只管河南"):
        bounds.check_region("广东")
    with pytest.raises(InvalidInput):
        bounds.check_chapter(3)


def test_every_table_says_what_its_rows_belong_to(kept: Database) -> None:
    """A new table must be bound, or say why it is read whole."""
    rows = kept.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    bound = {*OF_ARTICLE, *OF_TICKET, *OF_TARGET, *OF_OTHERS, *OWN_RULES}
    assert {name for (name,) in rows} == bound | set(UNBOUND)
    assert not bound & set(UNBOUND)


@pytest.mark.parametrize(
    "bounds",
    [HENAN, Bounds(frozenset({1})), Bounds(frozenset({1, 8}), frozenset({"河'南", "广东"}))],
)
def test_bound_tables_have_the_columns_of_the_files(kept: Database, bounds: Bounds) -> None:
    with kept.bound(bounds):
        views = kept.connection.execute("SELECT name FROM sqlite_temp_master").fetchall()
        for (name,) in views:
            columns = [row["name"] for row in kept.connection.execute(f"PRAGMA table_info({name})")]
            whole = kept.connection.execute(f"PRAGMA main.table_info({name})")
            assert [each for each in columns if each != "rowid"] == [row["name"] for row in whole]
            kept.connection.execute(f"SELECT * FROM {name}").fetchall()
    assert len(views) > 10


def test_only_what_is_within_is_read_counted_and_found(kept: Database) -> None:
    assert numbers(kept) == ["A", "B", "C"]
    with kept.bound(HENAN):
        assert numbers(kept) == ["A", "C"]
        count = kept.connection.execute("SELECT count(*) FROM ticket").fetchone()[0]
        assert count == 2
        with pytest.raises(TicketNotFound):
            tickets.read_ticket(kept.connection, "B")
        assert hidden_among(kept.connection, "ticket", "ticket_no", ["A", "B", "Z"]) == {"B"}
    assert numbers(kept) == ["A", "B", "C"]


def test_writing_goes_to_the_file_and_is_audited(kept: Database) -> None:
    with kept.bound(HENAN), kept.transaction() as connection:
        tickets.add_ticket(connection, make_ticket(ticket_no=NEW, region="河南"), now=NOW)
        tickets.update_ticket(connection, "A", {"title": "新"}, now=NOW)
        assert tickets.read_ticket(connection, "A").title == "新"
        assert tickets.is_taken(connection, "B")
        assert not tickets.has_ticket(connection, "B")
    assert numbers(kept) == ["A", "B", "C", NEW]
    objects = kept.connection.execute("SELECT object FROM audit").fetchall()
    assert (f"ticket:{NEW}",) in [tuple(row) for row in objects]


def test_what_is_taken_back_leaves_nothing(kept: Database) -> None:
    def add() -> None:
        with kept.transaction() as connection:
            insert(connection, "ticket", row_values(make_ticket(ticket_no="E")))
            raise RuntimeError

    with kept.bound(HENAN), pytest.raises(RuntimeError):
        add()
    assert numbers(kept) == ["A", "B", "C"]


def test_a_repeat_of_something_hidden_is_not_named(kept: Database) -> None:
    with kept.transaction() as connection:
        tickets.set_repeat(connection, "A", repeat_of="B")
        tickets.set_repeat(connection, "C", repeat_of="A")
    with kept.bound(HENAN):
        found = [tickets.read_ticket(kept.connection, each).repeat_of for each in "AC"]
    assert found == [None, "A"]
    assert tickets.read_ticket(kept.connection, "A").repeat_of == "B"


def test_the_bounds_end_where_they_began(kept: Database) -> None:
    with kept.bound(HENAN):
        bound = kept.connection
        with kept.bound(None):
            assert numbers(kept) == ["A", "B", "C"]
        assert kept.connection is bound
        assert isinstance(bound, sqlite3.Connection)
    kept.close()
    assert numbers(kept) == ["A", "B", "C"]


def test_what_was_made_of_hidden_things_does_not_name_them(kept: Database) -> None:
    """Gaps say what is written about them, articles what they were made of."""
    with kept.transaction() as connection:
        for name, chapter in (("P1", 1), ("P8", 8)):
            place = {"id": name, "chapter": chapter, "section": f"{chapter}.1", "slug": "x",
                     "owner": "", "responsible_dept": "", "current_revision": 0}  # fmt: skip
            insert(connection, "article", place)
            reason = f"正在写 {name}《标题{name}》"
            gaps.add_mark(connection, [], state="working", label="", reason=reason,
                          agent="甲", now=NOW)  # fmt: skip
        origins = [("gap", "none_fit:B-0"), ("gap", "no_result:ab12"), ("ticket", "B"),
                   ("ticket", "A"), ("gap", "self_found:A-10")]  # fmt: skip
        sources.add_sources(connection, "P1", origins, by="甲", now=NOW)
    with kept.bound(Bounds(frozenset({1}))):
        reasons = [mark.reason for mark in gaps.read_marks(kept.connection)]
        assert len(sources.read_sources(kept.connection, "P1")) == 5
    assert reasons == ["正在写 P1《标题P1》", "正在写"]
    with kept.bound(HENAN):
        left = {each.source_id for each in sources.read_sources(kept.connection, "P1")}
    assert left == {"no_result:ab12", "A", "self_found:A-10"}
