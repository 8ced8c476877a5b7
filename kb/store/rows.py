"""Rows to dataclasses and back: lists are JSON arrays, flags are 0 and 1."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, asdict, fields
from functools import lru_cache
from typing import Any, ClassVar, Protocol, TypeVar


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


D = TypeVar("D", bound=_Dataclass)


def parse_row(row: sqlite3.Row, kind: type[D]) -> D:
    """Build the dataclass ``kind`` from a row with a column for each field."""
    values = {
        name: row[name] if parse is None else parse(row[name]) for name, parse in _columns(kind)
    }
    return kind(**values)


@lru_cache(maxsize=64)
def _columns(kind: type[_Dataclass]) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """Name of each field, and how its column is read where it is not kept as it is."""
    return tuple((field.name, _reader(str(field.type))) for field in fields(kind))


def _reader(kind: str) -> Callable[[Any], Any] | None:
    if kind.startswith("tuple"):
        return lambda text: tuple(json.loads(text))
    return bool if kind == "bool" else None


def row_values(value: _Dataclass) -> dict[str, Any]:
    """Column values of a dataclass."""
    return {name: _to_sql(item) for name, item in asdict(value).items()}


def insert(
    connection: sqlite3.Connection, table: str, values: dict[str, Any], *, replace: bool = False
) -> None:
    """Insert one row given by column name; ``table`` is always a literal of the store."""
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    connection.execute(f"{verb} INTO {table} ({columns}) VALUES ({marks})", values)


def insert_many(connection: sqlite3.Connection, table: str, values: Sequence[_Dataclass]) -> None:
    """Insert a row for each of some dataclasses of one kind."""
    if not values:
        return
    names = [field.name for field in fields(values[0])]
    marks = ", ".join("?" for _ in names)
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
        [[_to_sql(getattr(value, name)) for name in names] for value in values],
    )


def placeholders(values: Iterable[object]) -> str:
    """As many question marks as there are values, for an IN list."""
    return ", ".join("?" for _ in values)


def _to_sql(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return int(value)
    return value
