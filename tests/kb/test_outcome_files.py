"""The outcome loop as files: complete, described, without personal data."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kb.__main__ import cli
from kb.database import Database
from kb.desk import Closing, Desk
from kb.dictionary import FILES, KINDS, describe_files
from kb.intake import never_mask
from kb.linking import Target
from kb.masking import mask_text
from kb.outcome_files import DICTIONARY, Export, export_outcomes, hide_agent
from kb.recording import Act, decide, record_act, record_search, undo_act
from kb.searching import SearchQuery, SearchResult
from kb.store import exports, searches
from tests.kb.small import NOW, make_ticket
from tests.kb.test_desk import show

AGENT = "王小芳"
SAID = "我叫李明，身份证110101199003078515，打13812345678或发li.ming@example.com"
LEAKS = ("李明", "110101199003078515", "13812345678", "li.ming@example.com")


@pytest.fixture
def filled(desk: Desk, database: Database) -> Database:
    """A ticket with a row of every kind; callers' and agents' words hold personal data."""
    impression = show(database)
    said = make_ticket(description=SAID, title=SAID)
    ticket = desk.create(said, number="13812345678", agent=AGENT, now=NOW)
    with database.transaction() as connection:
        for action in ("clicked", "flagged"):
            act = Act(action, comment=f"={SAID}", event_key=action)
            event = record_act(connection, impression, act, agent=AGENT, now=NOW)
        undo_act(connection, event, now=NOW)
        decide(connection, "s1", "gap", comment=SAID, agent=AGENT, now=NOW)
        masked = mask_text(SAID, never=())
        query = SearchQuery(SAID, NOW.date(), agent=AGENT, channel="page")
        result = SearchResult((), masked, (), 1.0, "g1", "hybrid", "")
        record_search(connection, query, result, masked=masked, now=NOW)
    desk.link(ticket.ticket_no, Target(impression), "solution", agent=AGENT, now=NOW)
    closing = Closing(f"已回电{SAID}")
    desk.close(ticket.ticket_no, closing, agent=AGENT, now=NOW)
    desk.reopen(ticket.ticket_no, reason=SAID, agent=AGENT, now=NOW + timedelta(days=1))
    return database


def write(database: Database, folder: Path, form: str = "csv", **changes: Any) -> dict[str, int]:
    given = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=2)} | changes
    return export_outcomes(database, Export(folder, form, **given))


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def test_every_file_has_every_row_in_both_formats(filled: Database, tmp_path: Path) -> None:
    counts = write(filled, tmp_path / "a")
    assert counts == {
        "sessions": 1,
        "impressions": 1,
        "events": 3,
        "links": 1,
        "outcomes": 1,
        "outcome_changes": 2,
        "searches": 1,
        "decisions": 1,
    }
    assert write(filled, tmp_path / "b", "jsonl") == counts
    for file in FILES:
        rows = list(read_csv(tmp_path / "a" / f"{file.name}.csv"))
        lines = (tmp_path / "b" / f"{file.name}.jsonl").read_text("utf-8").splitlines()
        assert len(rows) == len(lines) == counts[file.name]
        assert list(rows[0]) == list(json.loads(lines[0])) == file.names
    assert not list(tmp_path.rglob("*.new"))


def test_the_files_say_who_took_them_out_when_and_why(filled: Database, tmp_path: Path) -> None:
    write(filled, tmp_path, who="cli:甲", at="2026-03-11T09:20:00+08:00", why="月报")
    told = json.loads((tmp_path / "export.json").read_text("utf-8"))
    assert (told["exported_by"], told["why"]) == ("cli:甲", "月报")
    assert told["exported_at"] == "2026-03-11T09:20:00+08:00"
    assert told["rows"]["links"] == 1


def test_the_dictionary_tells_of_every_column_and_of_no_other(
    filled: Database, tmp_path: Path
) -> None:
    write(filled, tmp_path)
    text = (tmp_path / DICTIONARY).read_text("utf-8")
    assert text == describe_files()
    parts = re.split(r"^## (\w+)$", text, flags=re.MULTILINE)[1:]
    told = {
        name: re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE)
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }
    headers = {
        path.stem: path.read_text("utf-8-sig").splitlines()[0].split(",")
        for path in tmp_path.glob("*.csv")
    }
    assert told == headers
    for file in FILES:
        for column in file.columns:
            assert column.kind in KINDS
            assert column.zh
            assert column.en.isascii()


def test_every_column_of_the_tables_is_exported_or_left_out_on_purpose(
    database: Database,
) -> None:
    for file in FILES:
        found = database.connection.execute(f"PRAGMA table_info({file.table})").fetchall()
        named = exports.SOURCES[file.name].named
        written = {named.get(name, f"t.{name}").removeprefix("t.") for name in file.names}
        columns = {row["name"] for row in found}
        foreign = {name for name in written if name.startswith("s.")}
        assert written - foreign | set(file.left_out) == columns, file.name


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_nothing_personal_is_written(filled: Database, tmp_path: Path, form: str) -> None:
    with filled.transaction() as connection:
        connection.execute("UPDATE suggestion_session SET query_masked = ?", (SAID,))
    write(filled, tmp_path, form)
    never = never_mask(filled.connection)
    for path in tmp_path.glob(f"*.{form}"):
        text = path.read_text("utf-8-sig")
        assert AGENT not in text
        assert not [leak for leak in LEAKS if leak in text]
        for line in text.splitlines():
            assert mask_text(line, never=never) == line, path.name


def test_an_agent_is_known_by_the_same_hash_everywhere(filled: Database, tmp_path: Path) -> None:
    write(filled, tmp_path)
    names = {
        row["agent"]
        for file in FILES
        if "agent" in file.names and file.name != "sessions"
        for row in read_csv(tmp_path / f"{file.name}.csv")
    }
    assert len(names) == 1
    assert re.fullmatch(r"agent-[0-9a-f]{12}", names.pop())
    assert hide_agent("甲", key=b"1") != hide_agent("甲", key=b"2")
    assert hide_agent("", key=b"1") == ""


def test_names_are_written_when_asked_for(filled: Database, tmp_path: Path) -> None:
    write(filled, tmp_path, agents=True)
    assert [row["agent"] for row in read_csv(tmp_path / "links.csv")] == [AGENT]


def test_a_formula_is_text_to_a_spreadsheet(filled: Database, tmp_path: Path) -> None:
    write(filled, tmp_path)
    comments = [row["comment"] for row in read_csv(tmp_path / "events.csv") if row["comment"]]
    assert comments
    assert all(comment.startswith("'=") for comment in comments)


def test_what_was_taken_back_says_so(filled: Database, tmp_path: Path) -> None:
    write(filled, tmp_path)
    undone = {row["action"]: bool(row["undone_at"]) for row in read_csv(tmp_path / "events.csv")}
    assert undone == {"clicked": False, "flagged": True, "linked": False}


@pytest.mark.parametrize(("since", "until", "count"), [(0, 1, 1), (-1, 0, 0), (1, 2, 0)])
def test_since_is_included_and_until_is_not(
    filled: Database, tmp_path: Path, since: int, until: int, count: int
) -> None:
    span: dict[str, Any] = {
        "since": NOW + timedelta(seconds=since),
        "until": NOW + timedelta(seconds=until),
    }
    assert write(filled, tmp_path, **span)["sessions"] == count


def test_rows_are_read_page_by_page(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.store.exports.PAGE", 2)
    for place in range(5):
        show(database, name=f"s{place}")
    assert write(database, tmp_path)["impressions"] == 5
    rows = read_csv(tmp_path / "impressions.csv")
    assert [row["session_id"] for row in rows] == [f"s{place}" for place in range(5)]


def test_the_command_writes_and_refuses_a_span_turned_round(
    filled: Database, tmp_path: Path
) -> None:
    runner = CliRunner(env={"KB_DATA": str(filled.path.parent)})
    told = runner.invoke(
        cli, ["export", "outcomes", str(tmp_path / "x"), "--format", "jsonl", "--json"]
    )
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["rows"]["links"] == 1
    span = ["--since", "2026-03-12", "--until", "2026-03-11"]
    refused = runner.invoke(cli, ["export", "outcomes", str(tmp_path / "y"), *span])
    assert refused.exit_code != 0
    assert not (tmp_path / "y").exists()


def test_a_search_is_exported_as_it_is_kept(filled: Database, tmp_path: Path) -> None:
    write(filled, tmp_path, "jsonl")
    told = json.loads((tmp_path / "searches.jsonl").read_text("utf-8"))
    kept = searches.read_search(filled.connection, told["search_id"])
    assert told["filters"] == json.loads(kept.filters)
    assert told["channel"] == "page"
    assert datetime.fromisoformat(told["created_at"]) == NOW
