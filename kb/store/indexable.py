"""Tickets as the index reads them: all closed ones with a resolution, or some of each class."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from kb.store.rows import parse_row, placeholders
from kb.ticket import Ticket

PAGE = 5_000
_INDEXABLE = "status = 'closed' AND resolution <> ''"


@dataclass(frozen=True)
class TicketText:
    """What is indexed of a ticket."""

    ticket_no: str
    category: str
    title: str
    description: str
    root_cause: str
    fix: str
    resolution: str


@dataclass(frozen=True)
class ClassSaying:
    """What was said in a ticket of a class, and what was found and done."""

    category: str
    description: str
    done: str


_TEXT_COLUMNS = ", ".join(column.name for column in fields(TicketText))


def read_indexable(
    connection: sqlite3.Connection, ticket_nos: Sequence[str] | None = None
) -> Iterator[Ticket]:
    """Tickets to index: closed ones with a resolution are what a complaint can learn from.

    All of them are read page by page: one long read would keep every writer waiting.
    """
    if ticket_nos is not None:
        rows = connection.execute(
            f"SELECT * FROM ticket WHERE {_INDEXABLE}"
            f" AND ticket_no IN ({placeholders(ticket_nos)}) ORDER BY ticket_no",
            tuple(ticket_nos),
        )
        yield from (parse_row(row, Ticket) for row in rows)
        return
    last = ""
    while page := connection.execute(
        f"SELECT * FROM ticket WHERE {_INDEXABLE} AND ticket_no > ? ORDER BY ticket_no LIMIT ?",
        (last, PAGE),
    ).fetchall():
        yield from (parse_row(row, Ticket) for row in page)
        last = page[-1]["ticket_no"]


def read_texts(
    connection: sqlite3.Connection, *, after: str = "", until: str = ""
) -> Iterator[TicketText]:
    """What is indexed of the tickets after one number up to another ("": to the last).

    Read page by page, as ``read_indexable`` does.
    """
    last = after
    while page := connection.execute(
        f"SELECT {_TEXT_COLUMNS} FROM ticket WHERE {_INDEXABLE} AND ticket_no > ?"
        " AND (? = '' OR ticket_no <= ?) ORDER BY ticket_no LIMIT ?",
        (last, until, until, PAGE),
    ).fetchall():
        yield from (TicketText(*row) for row in page)
        last = page[-1]["ticket_no"]


def count_indexable(connection: sqlite3.Connection) -> int:
    """How many tickets there are to index."""
    row = connection.execute(f"SELECT count(*) AS size FROM ticket WHERE {_INDEXABLE}").fetchone()
    return int(row["size"])


def sample_descriptions(connection: sqlite3.Connection, *, most: int) -> list[str]:
    """What callers said in up to ``most`` closed tickets, spread evenly over all of them."""
    step = max(1, -(-count_indexable(connection) // most))
    rows = connection.execute(
        "SELECT description FROM"
        " (SELECT description, row_number() OVER (ORDER BY ticket_no) AS place FROM ticket"
        " WHERE status = 'closed' AND resolution <> '' AND description <> '')"
        " WHERE place % ? = 0",
        (step,),
    )
    return [row["description"] for row in rows]


def read_newest_of_classes(connection: sqlite3.Connection, *, most: int) -> list[ClassSaying]:
    """The ``most`` newest closed tickets of each class."""
    rows = connection.execute(
        "SELECT category, description, root_cause || char(10) || fix || char(10) || resolution"
        " AS done FROM ticket WHERE ticket_no IN (SELECT ticket_no FROM"
        " (SELECT ticket_no, row_number() OVER"
        " (PARTITION BY category ORDER BY accepted_at DESC, ticket_no) AS place FROM ticket"
        " WHERE status = 'closed' AND resolution <> '' AND category <> '') WHERE place <= ?)"
        " ORDER BY ticket_no",
        (most,),
    )
    return [parse_row(row, ClassSaying) for row in rows]
