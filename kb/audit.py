"""The audit trail as values: what a row tells, how rows are chained, where a chain is broken."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

GENESIS = "0" * 64
"""What stands before the first row."""
LEAST_DAYS = 183
"""Shortest time a row is kept: half a year, as the law on network security asks of logs."""
PURGED = "audit.purge"
ABSENT = ""
"""The hash of what was not there: before it was made, after it was removed; both for a read."""


@dataclass(frozen=True)
class Deed:
    """Who did what to which object (``table:key``); hashes of its row before and after."""

    at: str
    who: str
    action: str
    object: str
    before_hash: str = ABSENT
    after_hash: str = ABSENT


@dataclass(frozen=True)
class AuditRow:
    """A deed in its place in the chain."""

    seq: int
    at: str
    who: str
    action: str
    object: str
    before_hash: str
    after_hash: str
    chain_hash: str


@dataclass(frozen=True)
class Anchor:
    """The chain's hash at a row; the rows up to it may have been purged."""

    through: int
    chain_hash: str


START = Anchor(0, GENESIS)


@dataclass(frozen=True)
class Break:
    """The first row that is not as it was written, and what is wrong with it."""

    seq: int
    reason: str


def name_kind(row: AuditRow) -> str:
    """What was done with the object, in a word."""
    if row.before_hash == row.after_hash:
        return "查看"
    if row.before_hash == ABSENT:
        return "新增"
    return "修改" if row.after_hash else "删除"


OPEN = frozenset(
    {"account", "account_link", "api_token", "approval", "audit", "backup", "card_review"}
    | {"certificate", "drill", "experiment", "export", "export_request", "gap_mark"}
    | {"handbook_import", "class_change", "limit_change"}
    | {"outcome_trace", "path_learner", "pii", "ranker", "ranker_switch", "recovery_code"}
    | {"recovery_codes", "refused", "report", "retention", "review_task", "revision_event"}
    | {"schema", "secret", "session_decision", "sign_in", "suggestion_event", "ticket_event"}
    | {"vocabulary", "vocabulary_version", "week_path"}
)
"""Kinds of objects whose keys are made here, or name who works here."""
HIDDEN: Mapping[str, int] = {
    "article": 1,
    "article_source": 3,
    "call": 1,
    "category": 1,
    "figure": 1,
    "glossary": 1,
    "revision": 2,
    "ticket": 1,
    "ticket_knowledge_link": 4,
    "ticket_outcome": 2,
    "time_limit": 1,
}
"""Kinds whose keys may come from outside, with the number of their parts; so may all others."""
KEY_NAME = "audit-object"
"""Name of the secret that hidden keys are hashed with."""
_OURS = re.compile(
    r"TS\d{14}|[A-Z]{1,4}\d{1,6}(?:-\d{1,6})?|\d{1,6}|#[0-9a-f]{16}"
    r"|list|article|procedure|time_limit|past_fix|ticket|gap|fix"
)
"""Keys as this desk makes them: numbers of tickets, articles, classes, limits; words of its own."""


def hide_key(thing: str, key: bytes) -> str:
    """``kind:key`` with a keyed hash in place of each part that may be somebody's words.

    Equal keys meet still, and nobody's name or number stands in the trail, which can never be
    rewritten to erase it.
    """
    kind, sign, rest = thing.partition(":")
    if not sign or kind in OPEN:
        return thing
    parts = rest.split("/", HIDDEN.get(kind, 1) - 1)
    return f"{kind}:{'/'.join(_hide(part, key) for part in parts)}"


def _hide(part: str, key: bytes) -> str:
    if _OURS.fullmatch(part):
        return part
    return "#" + hmac.new(key, part.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:16]


def hash_content(content: str) -> str:
    """What stands for the content of a row."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def chain_deeds(deeds: Iterable[Deed], head: Anchor) -> Iterator[AuditRow]:
    """The deeds as rows after the head of a chain."""
    seq, previous = head.through, head.chain_hash
    for deed in deeds:
        seq += 1
        previous = _link(previous, seq, *vars(deed).values())
        yield AuditRow(seq, **vars(deed), chain_hash=previous)


def _link(previous: str, seq: int, *columns: object) -> str:
    """SHA-256 over the hash before and a JSON array of all columns, in order, ASCII only."""
    told = json.dumps([previous, seq, *columns], default=repr)
    return hashlib.sha256(told.encode()).hexdigest()


def find_break(rows: Iterable[AuditRow], start: Anchor) -> Break | None:
    """Follow a chain from its anchor; None when every row is as it was written."""
    seq, previous = start.through, start.chain_hash
    for row in rows:
        seq += 1
        if row.seq != seq:
            return Break(seq, "缺这一条" if row.seq > seq else "多出的一条")
        *columns, chain_hash = (*vars(row).values(),)
        if _link(previous, *columns) != chain_hash:
            return Break(seq, "内容与链不符：被改动、插入或调换")
        previous = chain_hash
    return None
