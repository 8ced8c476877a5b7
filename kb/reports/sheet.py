"""Rows as a CSV file that a spreadsheet opens as it is meant."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets on Chinese systems read UTF-8 as GBK."""
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a text begins that spreadsheets take for a formula; wide forms are taken for narrow ones."""


def write_sheet(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    """The rows under their columns; a text that would be taken for a formula is quoted."""
    out = io.StringIO(newline="")
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    return "" if value is None else plain_cell(value)


def plain_cell(value: object) -> object:
    """A cell that a spreadsheet shows as it is: what would be a formula is quoted."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
