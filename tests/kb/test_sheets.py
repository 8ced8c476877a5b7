"""Sheets for spreadsheets: no cell is run as a formula."""

from __future__ import annotations

import csv
import io

import pytest

from kb.reports.sheet import write_sheet


@pytest.mark.parametrize(
    "begins", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠"]
)
def test_a_cell_that_begins_like_a_formula_is_quoted(begins: str) -> None:
    cells = [{"a": f"{begins}cmd|' /C calc'!A0", "b": f"x {begins}"}]
    _, row = csv.reader(io.StringIO(write_sheet(("a", "b"), cells), newline=""))
    assert row == [f"'{begins}cmd|' /C calc'!A0", f"x {begins}"]


def test_a_sheet_keeps_formulas_from_being_run() -> None:
    text = write_sheet(("a", "b"), [{"a": "=1+1", "b": None}, {"a": True, "b": 0.5}])
    assert text == "\ufeffa,b\r\n'=1+1,\r\n1,0.5\r\n"
