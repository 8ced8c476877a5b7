"""Calls taken by clients, minute by minute; what is past is dropped."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """One client's calls of one kind in one minute, counted since 1970."""

    client: str
    kind: str
    minute: int


def take(connection: sqlite3.Connection, slot: Slot, calls: int) -> int:
    """Take ``calls`` from the minute; return how many had been taken before."""
    connection.execute("DELETE FROM rate WHERE minute < ?", (slot.minute - 1,))
    row = connection.execute(
        "INSERT INTO rate (client, kind, minute, taken) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (client, kind, minute) DO UPDATE SET taken = taken + excluded.taken"
        " RETURNING taken",
        (slot.client, slot.kind, slot.minute, calls),
    ).fetchone()
    return int(row["taken"]) - calls
