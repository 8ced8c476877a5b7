"""Files of tickets: every encoding and form that spreadsheets write, and what is refused by row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.database import Database
from kb.errors import InvalidInput
from kb.importing import import_tickets
from kb.rows import MAX_LINES, Refusal, read_rows
from tests.kb.small import NOW
from tests.kb.test_importing import counts, row

# --- files -----------------------------------------------------------------------------------


def rows_of(path: Path, content: bytes | str) -> list[Mapping[str, Any] | Refusal]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(path))


def csv_text(*rows: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le-bom", "utf-16-be-bom"]
)
def test_a_csv_file_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    text = csv_text(
        {"id": "1", "text": "光猫红灯，亮😀" if "gb" not in encoding else "光猫红灯，亮"}
    )
    if encoding.endswith("-bom"):
        data = ("\ufeff" + text).encode(encoding.removesuffix("-bom"))
    else:
        data = text.encode(encoding)
    expected = text.splitlines()[1].split(",", 1)[1].strip('"')
    assert rows_of(tmp_path / "a.csv", data) == [{"id": "1", "text": expected}]


def test_a_jsonl_file_is_read_in_gb18030_too(tmp_path: Path) -> None:
    line = json.dumps({"id": 1, "text": "红灯"}, ensure_ascii=False)
    assert rows_of(tmp_path / "a.jsonl", line.encode("gb18030")) == [{"id": 1, "text": "红灯"}]


def test_cells_may_hold_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    cells = {"id": "1", "text": '他说"断网",\n第二行'}
    assert rows_of(tmp_path / "a.csv", csv_text(cells, cells)) == [cells, cells]


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_a_spreadsheet_s_other_delimiters_are_seen(tmp_path: Path, delimiter: str) -> None:
    text = f"id{delimiter}text\n1{delimiter}红灯，亮\n"
    assert rows_of(tmp_path / "a.csv", text) == [{"id": "1", "text": "红灯，亮"}]


def test_a_cell_marked_as_text_by_excel_is_that_text(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "a.csv", 'id,number\n1,"=""013812345678"""\n') == [
        {"id": "1", "number": "013812345678"}
    ]


def refusals(rows: list[Mapping[str, Any] | Refusal]) -> list[tuple[int, str]]:
    return [(item.row, item.reason) for item in rows if isinstance(item, Refusal)]


def test_an_unclosed_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "a.csv", 'id,text\n1,好\n2,"没关\n3,好\n4,"有""引号"\n')
    assert refusals(rows) == [(2, "引号不配对")]
    assert [item["id"] for item in rows if isinstance(item, dict)] == ["1", "3", "4"]


def test_an_unclosed_quote_in_a_long_file_does_not_swallow_it(tmp_path: Path) -> None:
    lines = [f"{place},好" for place in range(2 * MAX_LINES)]
    lines[10] = '10,"没关'
    rows = rows_of(tmp_path / "a.csv", "id,text\n" + "\n".join(lines))
    assert refusals(rows) == [(11, "引号不配对")]
    assert len(rows) == 2 * MAX_LINES


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "a.csv", "id,text\n\n1,a,b\n2,c\n3\n")
    assert refusals(rows) == [(1, "应有 2 列，实有 3 列"), (3, "应有 2 列，实有 1 列")]


def test_broken_lines_of_json_are_refused_one_by_one(tmp_path: Path) -> None:
    deep = "[" * 100_000
    text = f'{{"id": 1}}\n\n{{"id":\n[1]\n"x"\n{deep}\n{{"id": 2}}\r\n'
    rows = rows_of(tmp_path / "a.jsonl", text)
    assert [place for place, _ in refusals(rows)] == [2, 3, 4, 5]
    assert [item["id"] for item in rows if isinstance(item, dict)] == [1, 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"id\n1\n"),
        ("a.xlsx", b"PK"),
        ("a", b"id\n1\n"),
        ("a.csv", b""),
        ("a.jsonl", b" \n\n"),
        ("a.csv", b"id,id\n1,2\n"),
        ("a.csv", b'"id,text\n1,2\n'),
        ("a.csv", b"\xff\xff\xff\xff"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    with pytest.raises(InvalidInput) as refused:
        rows_of(tmp_path / name, content)
    assert refused.value.field == name


cells = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_whatever_csv_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("id", "text"), *rows])
    wanted = [pair for pair in rows if any(cell.strip() for cell in pair)]
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        got = rows_of(Path(folder) / "a.csv", text.getvalue())
    assert not any(isinstance(item, Refusal) for item in got)
    assert [tuple(item.values()) for item in got if isinstance(item, dict)] == wanted


def test_a_csv_and_a_jsonl_of_the_same_rows_make_the_same_tickets(
    database: Database, tmp_path: Path
) -> None:
    rows = [row(), row(key="a-2", description="别的")]
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in rows)
    table: Iterator[Any] = iter(rows_of(tmp_path / "a.csv", csv_text(*rows)))
    import_tickets(database, table, source="old", now=NOW, repeat_days=30)
    report = import_tickets(
        database,
        iter(rows_of(tmp_path / "a.jsonl", lines)),
        source="old",
        now=NOW,
        repeat_days=30,
    )
    assert counts(report) == (0, 0, 2, 0)
