"""What an account is bound to, as SQL: temporary views that hide the tables of the file.

On a connection with these views every statement reads permitted rows only, whoever wrote it and
whatever it joins or counts. Each table is named here, with what its rows belong to.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from kb.bounds import Bounds

OF_ARTICLE: Mapping[str, str] = {
    "approval": "article_id",
    "article_read": "article_id",
    "article_source": "article_id",
    "autosave": "article_id",
    "favourite": "article_id",
    "file_base": "article_id",
    "path_read": "article_id",
    "recent_article": "article_id",
    "revision": "article_id",
    "revision_event": "article_id",
    "trial": "article_id",
}
"""Tables whose rows belong to an article, and the column that names it."""
OF_TICKET: Mapping[str, str] = {
    "drill": "ticket_no",
    "outcome_trace": "ticket_no",
    "search_record": "ticket_no",
    "suggestion_session": "ticket_no",
    "ticket_event": "ticket_no",
    "ticket_knowledge_link": "ticket_no",
    "ticket_outcome": "ticket_no",
}
OF_TARGET = frozenset({"impression", "review_task", "ticket_knowledge_link"})
"""Tables whose rows point at an item by ``target_type`` and ``target_id``."""
OF_OTHERS: Mapping[str, tuple[str, str]] = {
    "impression": ("suggestion_session", "session_id"),
    "session_decision": ("suggestion_session", "session_id"),
    "suggestion_event": ("impression", "impression_id"),
}
"""Tables whose rows are read when the row they belong to is: its table, and who names it."""
ASKED_IN: Mapping[str, str] = {"search_record": "filters", "suggestion_session": "request"}
"""Tables whose rows without a ticket say in this column, as JSON, which region was meant."""
UNBOUND: Mapping[str, str] = {
    "_sqlite_migrations": "says nothing of articles or tickets",
    "account": "people",
    "account_link": "people",
    "api_token": "people",
    "audit": "for auditors alone, who are bound to nothing",
    "audit_anchor": "the trail",
    "audit_pending": "the trail",
    "call": "no ticket yet, and no region",
    "card_review": "a learner's own grades, shown with the card only",
    "category": "the taxonomy, which everybody needs",
    "change_trial": "counts, of changes of limits and classes, which everybody reads",
    "class_change": "the taxonomy, which everybody needs",
    "experiment": "rankers",
    "export_request": "who asked for what period; the rows are within bounds",
    "figure": "checked by the lint, shown nowhere",
    "fix_version": "numbers of the index's cache",
    "gap_evidence": "ids, shown with their evidence only",
    "idempotency": "answers to one request of one agent",
    "imported_row": "digests",
    "index_queue": "ids that wait",
    "old_password": "people",
    "path_learner": "people",
    "ranker": "learnt numbers",
    "ranker_boost": "learnt numbers, by ids of what is shown",
    "ranker_switch": "learnt numbers",
    "rate": "counts",
    "recovery_code": "people",
    "secret": "keys",
    "sign_in": "people",
    "sign_in_attempt": "people",
    "sqlite_sequence": "numbers",
    "stamp": "numbers",
    "table_base": "digests",
    "used_link": "keys",
    "vocabulary": "the desk's words",
    "vocabulary_content": "the desk's words",
    "vocabulary_version": "the desk's words",
    "week_path": "shown by what is left of its articles",
}
"""Tables that are read whole, and why."""
OWN_RULES = frozenset(
    {"article", "certificate", "gap_mark", "glossary", "handbook_import", "limit_change"}
    | {"ticket", "time_limit"}
)
"""Tables with a rule of their own, below."""
FIRST_WORDS = re.compile(r"按《(.{1,200}?)》处理.*")
"""What the desk itself writes into a record when an article solved a complaint: its title, and the
steps that were taken."""
VEIL = "without_hidden_titles"
Rule = Callable[[str], str]


@dataclass(frozen=True)
class _Rules:
    """What one account may not see: each says of an SQL expression that it names something hidden.

    None where nothing is bound. An unknown id is hidden to nobody.
    """

    chapter: Rule | None
    article: Rule | None
    limit: Rule | None
    ticket: Rule | None
    region: Rule | None


def bind(connection: sqlite3.Connection, bounds: Bounds) -> None:
    """Let this connection read what is within ``bounds`` and nothing else."""
    connection.execute("PRAGMA temp_store = MEMORY")
    rules = _make_rules(connection, bounds)
    if rules.article:
        connection.create_function(VEIL, 1, _make_veil(connection, rules.article))
    for table in sorted({*OF_ARTICLE, *OF_TICKET, *OF_TARGET, *OF_OTHERS, *OWN_RULES}):
        hidden = list(_hidden(table, rules))
        changed = dict(_changed(table, rules))
        if hidden or changed:
            connection.execute(_view(connection, table, hidden, changed))


def _view(
    connection: sqlite3.Connection, table: str, hidden: list[str], changed: Mapping[str, str]
) -> str:
    columns = [row["name"] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    told = ", ".join(f"{changed.get(name, f'own.{name}')} AS {name}" for name in columns)
    sql = connection.execute(
        "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()["sql"]
    if not sql.rstrip().endswith("WITHOUT ROWID"):
        told += ", own.rowid AS rowid"
    where = " AND ".join(f"NOT coalesce({each}, 0)" for each in hidden) or "1"
    return f"CREATE TEMP VIEW {table} AS SELECT {told} FROM main.{table} AS own WHERE {where}"


def _make_rules(connection: sqlite3.Connection, bounds: Bounds) -> _Rules:
    chapter = article = limit = ticket = region = None
    if bounds.chapters is not None:
        chapter = _chapter_rule(bounds)
        article = _existing("article", "id", chapter("other.chapter"))
    if bounds.regions is not None:
        names = [_quote(connection, each) for each in sorted(bounds.regions)]
        region = _region_rule(names)
        ticket = _existing("ticket", "ticket_no", region("other.region"))
        limit = _limit_rule(article, _region_rule(names, both_ways=True))
    elif article:
        limit = _limit_rule(article, None)
    return _Rules(chapter, article, limit, ticket, region)


def _make_veil(connection: sqlite3.Connection, hidden: Rule) -> Callable[[str], str]:
    """Of a record: the same with no first words of an article that is hidden."""
    sql = (
        f"SELECT 1 FROM main.revision AS text WHERE text.title = ? AND {hidden('text.article_id')}"
    )

    def without(found: re.Match[str]) -> str:
        is_hidden = connection.execute(sql, (found[1],)).fetchone() is not None
        return "按其他章节的条目处理。" if is_hidden else found[0]

    return lambda text: FIRST_WORDS.sub(without, text)


def _quote(connection: sqlite3.Connection, text: str) -> str:
    """A text as SQL writes it: a view takes no parameters."""
    return str(connection.execute("SELECT quote(?)", (text,)).fetchone()[0])


def _chapter_rule(bounds: Bounds) -> Rule:
    chapters = ", ".join(map(str, sorted(bounds.chapters or ()))) or "0"
    return lambda chapter: f"({chapter} NOT IN ({chapters}))"


def _existing(table: str, key: str, hidden: str) -> Rule:
    """Of an id: the table has it, and its row is hidden."""
    return lambda name: (
        f"EXISTS (SELECT 1 FROM main.{table} AS other WHERE other.{key} = {name} AND {hidden})"
    )


def _region_rule(names: list[str], *, both_ways: bool = False) -> Rule:
    """Of a region: it lies in none of those named; ``both_ways``: and none of those in it."""

    def lies_in(part: str, whole: str) -> str:
        return f"substr({part}, 1, length({whole})) = {whole}"

    def rule(region: str) -> str:
        inside = [lies_in(region, each) for each in names]
        if both_ways:
            inside += [lies_in(each, region) for each in names]
        return f"({region} <> '' AND NOT ({' OR '.join(inside) or '0'}))"

    return rule


def _limit_rule(article: Rule | None, region: Rule | None) -> Rule:
    """Of a limit's id: it holds elsewhere, or every article that names it is hidden."""
    parts = []
    if region:
        parts.append(f"SELECT id FROM main.time_limit AS other WHERE {region('other.region')}")
    if article:
        named = (
            "SELECT named.value FROM main.article AS held"
            " JOIN main.revision AS text ON text.article_id = held.id"
            " AND text.number = held.current_revision, json_each(text.time_limits) AS named WHERE"
        )
        hidden = article("held.id")
        parts.append(f"SELECT * FROM ({named} {hidden} EXCEPT {named} NOT {hidden})")
    return lambda name: f"({name} IN ({' UNION ALL '.join(parts)}))"


def _hidden(table: str, rules: _Rules) -> Iterator[str]:
    """Why a row of the table (``own``) may be hidden."""
    if rules.article and table in OF_ARTICLE:
        yield rules.article(f"own.{OF_ARTICLE[table]}")
    if rules.ticket and table in OF_TICKET:
        yield rules.ticket(f"own.{OF_TICKET[table]}")
    if rules.ticket and table == "article_source":
        yield f"(own.kind = 'ticket' AND {rules.ticket('own.source_id')})"
        # evidence of a gap is named none_fit:TICKET-CLOSING
        record = "substr(own.source_id, instr(own.source_id, ':') + 1)"
        number = f"rtrim(rtrim({record}, '0123456789'), '-')"
        yield f"(own.kind = 'gap' AND {rules.ticket(number)})"
    if rules.region and table in ASKED_IN:
        asked = f"coalesce(json_extract(own.{ASKED_IN[table]}, '$.region'), '')"
        yield f"(own.ticket_no IS NULL AND {rules.region(asked)})"
    if table in OF_OTHERS and (rules.region or table == "suggestion_event"):
        whole, name = OF_OTHERS[table]
        yield f"NOT EXISTS (SELECT 1 FROM {whole} AS seen WHERE seen.id = own.{name})"
    if table in OF_TARGET:
        yield from _hidden_targets(table, rules)
    if table == "ticket_event":
        yield from _hidden_links(rules)
    yield from _hidden_of_own(table, rules)


def _hidden_targets(table: str, rules: _Rules) -> Iterator[str]:
    kind, name = "own.target_type", "own.target_id"
    if rules.article:
        yield f"({kind} IN ('article', 'procedure') AND {rules.article(name)})"
    if rules.limit:
        yield f"({kind} = 'time_limit' AND {rules.limit(name)})"
    if rules.ticket:
        yield f"({kind} = 'ticket' AND {rules.ticket(name)})"
        alone = rules.ticket(f"substr({name}, 2)")
        yield f"({kind} = 'past_fix' AND {name} GLOB 'T*' AND {alone})"
    if rules.region and table != "ticket_knowledge_link":
        # a way of fixing (its title) of which no ticket is left
        code = f"substr({name}, 2, instr({name}, '-') - 2)"
        left = f"held.category = {code} AND held.fix = own.title"
        yield (
            f"({kind} = 'past_fix' AND {name} GLOB 'F*' AND NOT EXISTS (SELECT 1"
            f" FROM main.ticket AS held WHERE {left} AND NOT {rules.region('held.region')}))"
        )


def _hidden_links(rules: _Rules) -> Iterator[str]:
    """Events that tell of a link to something hidden: usage, type and id stand in ``detail``."""
    rest = "substr(own.detail, instr(own.detail, ' ') + 1)"
    name = f"substr({rest}, instr({rest}, ' ') + 1)"
    for rule in (rules.article, rules.limit, rules.ticket):
        if rule:
            yield f"(own.action IN ('linked', 'unlinked') AND {rule(name)})"


def _hidden_of_own(table: str, rules: _Rules) -> Iterator[str]:
    if rules.chapter and table in ("article", "certificate"):
        yield rules.chapter("own.chapter")
    if rules.limit and table == "time_limit":
        yield rules.limit("own.id")
    if rules.limit and table == "limit_change":
        yield rules.limit("own.limit_id")
    if rules.region and table == "ticket":
        yield rules.region("own.region")


def _changed(table: str, rules: _Rules) -> Iterator[tuple[str, str]]:
    """Columns that would name something hidden, and what is read instead."""
    if rules.article and table == "article":
        yield "successor", _unless(rules.article("own.successor"), "own.successor", "''")
    if rules.article and table == "gap_mark":
        # 正在写 ARTICLE《TITLE》: what is written about the gap
        name = "substr(own.reason, 5, instr(own.reason, '《') - 5)"
        is_hidden = f"own.reason GLOB '正在写 *《*' AND {rules.article(name)}"
        yield "reason", _unless(f"({is_hidden})", "own.reason", "'正在写'")
    if rules.article and table == "glossary":
        yield "article", _unless(rules.article("own.article"), "own.article", "''")
    if rules.article and table == "handbook_import":
        hidden = rules.article("json_extract(each.value, '$.article_id')")
        kept = "SELECT json_group_array(json(each.value)) FROM json_each(own.conflicts) AS each"
        yield "conflicts", f"({kept} WHERE NOT {hidden})"
        yield "problem", "''"
    if rules.article and table == "ticket":
        yield "resolution", f"{VEIL}(own.resolution)"
    if rules.ticket and table == "ticket":
        yield "repeat_of", _unless(rules.ticket("own.repeat_of"), "own.repeat_of", "NULL")


def _unless(hidden: str, value: str, otherwise: str) -> str:
    return f"CASE WHEN {hidden} THEN {otherwise} ELSE {value} END"


def hidden_among(
    connection: sqlite3.Connection, table: str, key: str, values: Iterable[str]
) -> set[str]:
    """Which of these ids the file has and this connection may not read."""
    rows = connection.execute(
        "SELECT value FROM json_each(:values)"
        f" WHERE EXISTS (SELECT 1 FROM main.{table} AS held WHERE held.{key} = value)"
        f" AND NOT EXISTS (SELECT 1 FROM {table} AS seen WHERE seen.{key} = value)",
        {"values": json.dumps(list(values))},
    )
    return {row["value"] for row in rows}
