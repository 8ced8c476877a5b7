"""Ranker versions, their boosts, the switch, and the settled choices they are learnt from."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kb.errors import RankerVersionNotFound
from kb.ranker import LANES, Boost, Choice, ShownItem, digest_boosts
from kb.times import format_instant, parse_instant

_LANE_OF = {kind: lane for lane, kinds in LANES.items() for kind in kinds}


@dataclass(frozen=True)
class RankerSwitch:
    """Whether learnt boosts are used, which version is current, and the stamp of both."""

    learning: bool
    current: int
    stamp: int


@dataclass(frozen=True)
class RankerRecord:
    """One version as recorded; ``state``: accepted or refused; ``settings``: how it was learnt."""

    version: int
    created_at: str
    parent: int
    state: str
    settings: Mapping[str, Any]
    digest: str


@dataclass(frozen=True)
class LedgerEntry:
    """One change of one boost: by which version, from what to what, and the counts behind it."""

    version: int
    created_at: str
    state: str
    before: float
    change: Boost


def read_switch(connection: sqlite3.Connection) -> RankerSwitch:
    """The switch as it stands now."""
    row = connection.execute("SELECT learning, current, stamp FROM ranker_switch").fetchone()
    return RankerSwitch(bool(row["learning"]), row["current"], row["stamp"])


def read_stamp(connection: sqlite3.Connection) -> int:
    """A number that rises when the switch, the current version or the experiment changes."""
    row = connection.execute("SELECT stamp FROM ranker_switch").fetchone()
    return int(row["stamp"])


def raise_stamp(connection: sqlite3.Connection) -> None:
    """Let running servers notice that something about the ranker has changed."""
    connection.execute("UPDATE ranker_switch SET stamp = stamp + 1")


def turn_learning(connection: sqlite3.Connection, *, on: bool) -> None:
    """Use what was learnt, or the base ranker alone, from the next question on."""
    connection.execute("UPDATE ranker_switch SET learning = ?, stamp = stamp + 1", (int(on),))


def read_ranker(connection: sqlite3.Connection, version: int) -> RankerRecord:
    """One version; raise RankerVersionNotFound."""
    row = connection.execute("SELECT * FROM ranker WHERE version = ?", (version,)).fetchone()
    if row is None:
        raise RankerVersionNotFound(str(version), field="version")
    return _record(row)


def read_rankers(connection: sqlite3.Connection) -> list[RankerRecord]:
    """All versions learnt so far, newest first."""
    return [
        _record(row) for row in connection.execute("SELECT * FROM ranker ORDER BY version DESC")
    ]


def _record(row: sqlite3.Row) -> RankerRecord:
    return RankerRecord(
        row["version"],
        row["created_at"],
        row["parent"],
        row["state"],
        json.loads(row["settings"]),
        row["digest"],
    )


def read_boosts(connection: sqlite3.Connection, version: int) -> list[Boost]:
    """The boosts of one version; none for the base (0). Raise RankerVersionNotFound."""
    if version:
        read_ranker(connection, version)
    rows = connection.execute(
        "SELECT * FROM ranker_boost WHERE version = ? AND boost <> 0", (version,)
    )
    return [_boost(row) for row in rows]


def _boost(row: sqlite3.Row) -> Boost:
    return Boost(
        row["lane"],
        row["target_id"],
        row["context"],
        row["boost"],
        row["shown"],
        row["solutions"],
        row["expected"],
        row["came_back"],
        row["expected_came_back"],
    )


def add_ranker(
    connection: sqlite3.Connection,
    boosts: Iterable[Boost],
    *,
    is_refused: bool,
    settings: Mapping[str, object],
    now: datetime,
) -> RankerRecord:
    """Record a version with every change it makes; it becomes current at once.

    A refused one is recorded too, but the base takes over: what spoke against it speaks against
    its forerunner, learnt from the same past.
    """
    parent = read_switch(connection).current
    before = {
        (each.lane, each.target_id, each.context): each for each in read_boosts(connection, parent)
    }
    new = {(each.lane, each.target_id, each.context): each for each in boosts}
    kept = [
        new[key] if key in new else _gone(before[key])
        for key in sorted({*new, *before})
        if key in before or new[key].boost
    ]
    state = "refused" if is_refused else "accepted"
    cursor = connection.execute(
        "INSERT INTO ranker (created_at, parent, state, settings, digest) VALUES (?, ?, ?, ?, ?)",
        (
            format_instant(now),
            parent,
            state,
            json.dumps(settings, ensure_ascii=False),
            digest_boosts(each for each in kept if each.boost),
        ),
    )
    version = int(cursor.lastrowid or 0)
    connection.executemany(
        "INSERT INTO ranker_boost VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_row(version, each, before) for each in kept],
    )
    make_current(connection, 0 if is_refused else version)
    return read_ranker(connection, version)


def _gone(boost: Boost) -> Boost:
    """A boost that no evidence speaks for any more."""
    return Boost(boost.lane, boost.target_id, boost.context, 0.0, 0, 0.0, 0.0, 0.0, 0.0)


def _row(
    version: int, boost: Boost, before: Mapping[tuple[str, str, str], Boost]
) -> tuple[object, ...]:
    earlier = before.get((boost.lane, boost.target_id, boost.context))
    return (
        version,
        boost.lane,
        boost.target_id,
        boost.context,
        boost.boost,
        earlier.boost if earlier else 0.0,
        boost.shown,
        boost.solutions,
        boost.expected,
        boost.came_back,
        boost.expected_came_back,
    )


def count_changes(connection: sqlite3.Connection, version: int) -> int:
    """How many boosts a version changed."""
    row = connection.execute(
        "SELECT count(*) AS changes FROM ranker_boost WHERE version = ? AND boost <> before",
        (version,),
    ).fetchone()
    return int(row["changes"])


def make_current(connection: sqlite3.Connection, version: int) -> None:
    """Answer with this version (0: the base) from the next question on."""
    connection.execute("UPDATE ranker_switch SET current = ?, stamp = stamp + 1", (version,))


def read_ledger(connection: sqlite3.Connection, target_id: str) -> list[LedgerEntry]:
    """Every change of the boosts of one target, oldest first."""
    rows = connection.execute(
        "SELECT ranker_boost.*, ranker.created_at, ranker.state FROM ranker_boost"
        " JOIN ranker USING (version) WHERE target_id = ? AND boost <> before"
        " ORDER BY version, context",
        (target_id,),
    )
    return [
        LedgerEntry(row["version"], row["created_at"], row["state"], row["before"], _boost(row))
        for row in rows
    ]


def was_shown(connection: sqlite3.Connection, target_id: str) -> bool:
    """Whether anything of this name was ever suggested: a past fix has no table of its own."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM impression WHERE target_id = ?"
        " AND target_type IN (SELECT value FROM json_each(?))) AS shown",
        (target_id, json.dumps(list(_LANE_OF))),
    ).fetchone()
    return bool(row["shown"])


def read_choices(
    connection: sqlite3.Connection, *, repeat_days: int, now: datetime
) -> list[Choice]:
    """The settled closings whose solution was taken from a list that was really displayed.

    Only those whose repeat window is over: before that, only what came back is settled, and every
    solution would look bad. Training sessions, samples and what was undone teach nothing.
    """
    edge = format_instant(now - timedelta(days=repeat_days))
    solutions = connection.execute(
        "SELECT link.impression_id, chosen.session_id, chosen.target_type, ticket.category,"
        " outcome.state, outcome.closed_at"
        " FROM ticket_knowledge_link AS link"
        " JOIN ticket_outcome AS outcome"
        "  ON (outcome.ticket_no, outcome.closing) = (link.ticket_no, link.closing)"
        " JOIN ticket ON ticket.ticket_no = link.ticket_no"
        " JOIN impression AS chosen ON chosen.id = link.impression_id"
        " JOIN suggestion_session AS session ON session.id = chosen.session_id"
        " WHERE link.knowledge_usage = 'solution' AND outcome.state <> 'pending'"
        " AND outcome.closed_at < ? AND chosen.displayed_at IS NOT NULL"
        " AND NOT session.is_training AND NOT ticket.is_sample"
        " AND NOT EXISTS (SELECT 1 FROM suggestion_event AS undone"
        "  WHERE undone.impression_id = chosen.id AND undone.action = 'linked'"
        "  AND undone.undone_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM suggestion_event AS again"
        "   WHERE again.impression_id = chosen.id AND again.action = 'linked'"
        "   AND again.undone_at IS NULL))"
        " ORDER BY outcome.closed_at, link.ticket_no, link.closing",
        (edge,),
    ).fetchall()
    lists = _read_lists(connection, [row["session_id"] for row in solutions])
    choices = (_choice(row, lists, now=now) for row in solutions)
    return [choice for choice in choices if choice is not None]


def _read_lists(
    connection: sqlite3.Connection, session_ids: Sequence[str]
) -> dict[tuple[str, str], list[sqlite3.Row]]:
    """The items displayed, by session and lane, in order of their places."""
    rows = connection.execute(
        "SELECT impression.id, session_id, target_type, target_id, position, score, boost,"
        " propensity, EXISTS (SELECT 1 FROM suggestion_event AS event"
        "  WHERE event.impression_id = impression.id AND event.action = 'dismissed'"
        "  AND event.undone_at IS NULL) AS dismissed"
        " FROM impression WHERE displayed_at IS NOT NULL"
        " AND session_id IN (SELECT value FROM json_each(?)) ORDER BY session_id, position",
        (json.dumps(sorted(set(session_ids))),),
    )
    lists: dict[tuple[str, str], list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        lane = _LANE_OF.get(row["target_type"])
        if lane is not None:
            lists[row["session_id"], lane].append(row)
    return lists


def _choice(
    row: sqlite3.Row, lists: Mapping[tuple[str, str], list[sqlite3.Row]], *, now: datetime
) -> Choice | None:
    lane = _LANE_OF.get(row["target_type"])
    if lane is None:
        return None
    shown = lists[row["session_id"], lane]
    closed = parse_instant(row["closed_at"], field="closed_at")
    return Choice(
        lane=lane,
        context=row["category"],
        shown=tuple(
            ShownItem(
                target_id=item["target_id"],
                position=item["position"],
                score=item["score"] - item["boost"],
                propensity=item["propensity"],
                dismissed=bool(item["dismissed"]),
            )
            for item in shown
        ),
        chosen=[item["id"] for item in shown].index(row["impression_id"]),
        stayed=row["state"] == "stayed_closed",
        age_days=(now - closed).total_seconds() / 86_400,
    )
