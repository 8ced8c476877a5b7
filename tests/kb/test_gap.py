"""Gaps of the handbook: what they cost, which state they are in, what evidence counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kb.database import Database
from kb.desk import Closing, Desk
from kb.errors import GapNotFound, InvalidInput
from kb.gap import Cluster, Evidence, Mark, count_cost, drop_unfinished, plan_gaps
from kb.gaps import find_cluster, mark_gap
from kb.linking import Target
from kb.reports.measures import Filters
from kb.store import gaps
from kb.times import format_instant
from tests.kb.small import NOW, make_ticket

FIRST = Evidence(
    id="abstained:1",
    kind="abstained",
    text="机顶盒遥控器坏了",
    at="2026-03-01T09:00:00+08:00",
    agent="王",
    ticket_no="",
    category="",
    came_back=False,
    overdue_hours=0.0,
    found="",
)


def at(day: int) -> str:
    return f"2026-03-{day:02d}T09:00:00+08:00"


def several(count: int, **changes: object) -> tuple[Evidence, ...]:
    return tuple(
        replace(FIRST, id=f"abstained:{day}", at=at(day), **changes)  # type: ignore[arg-type]
        for day in range(1, count + 1)
    )


def marked(state: str, evidence: Iterable[Evidence], day: int) -> Mark:
    ids = frozenset(each.id for each in evidence)
    return Mark(1, state, "遥控器", "写了一篇", "李", at(day), ids)


def test_a_case_counts_once_with_its_return_and_its_hours() -> None:
    twice = [
        replace(FIRST, id=name, ticket_no="TS1", came_back=True, overdue_hours=36.0)
        for name in ("none_fit:1", "self_found:1")
    ]
    cost = count_cost([*twice, FIRST])
    assert (cost.cases, cost.returns, cost.overdue_hours) == (2, 1, 36.0)
    assert cost.points == 2 + 2.0 + 1.5


def test_the_dearest_gap_comes_first() -> None:
    cheap = Cluster(several(3), "便宜")
    dear = Cluster((replace(FIRST, id="x", came_back=True, overdue_hours=240.0),), "贵")
    assert [gap.label for gap in plan_gaps([cheap, dear], [])] == ["贵", "便宜"]


@pytest.mark.parametrize(
    ("state", "day", "wanted", "cases"),
    [
        ("done", 9, "done", 5),
        ("done", 3, "again", 2),
        ("dismissed", 3, "dismissed", 5),
    ],
)
def test_a_mark_decides_the_state(state: str, day: int, wanted: str, cases: int) -> None:
    evidence = several(5)
    mark = marked(state, evidence[:3], day)
    (gap,) = plan_gaps([Cluster(evidence, "遥控器")], [mark])
    assert (gap.state, gap.cost.cases, gap.mark) == (wanted, cases, mark)
    assert gap.id == "abstained:1"


def test_a_mark_on_other_evidence_says_nothing() -> None:
    mark = Mark(1, "done", "", "", "", at(9), frozenset({"abstained:99"}))
    (gap,) = plan_gaps([Cluster(several(2), "遥控器")], [mark])
    assert (gap.state, gap.mark) == ("open", None)


def test_what_was_still_being_typed_is_dropped() -> None:
    texts = ("机顶", "机顶盒", "机顶盒坏了", "另一件事")
    typed = [
        replace(FIRST, id=str(place), text=text, at=f"2026-03-01T09:00:{place:02d}+08:00")
        for place, text in enumerate(texts)
    ]
    assert [each.text for each in drop_unfinished(typed)] == ["机顶盒坏了", "另一件事"]
    apart = [replace(typed[0], at=at(1)), replace(typed[1], at=at(2))]
    assert len(drop_unfinished(apart)) == 2, "a day apart it was not being typed"
    bound = [replace(each, ticket_no=f"TS{each.id}") for each in typed[:2]]
    assert len(drop_unfinished(bound)) == 2, "tickets are finished"


def session(database: Database, name: str, *, ticket_no: str | None = None, **changes: int) -> None:
    values = {"abstained": 1, "is_training": 0, **changes}
    database.connection.execute(
        "INSERT INTO suggestion_session (id, ticket_no, agent, channel, query_masked, query_hash,"
        " created_at, index_generation, ranker_version, arm, mode, abstained, top_confidence,"
        " took_ms, is_training) VALUES (?, ?, '王', 'desk', '遥控器坏了', '', ?, '', '', '', '', ?,"
        " '', 1, ?)",
        (name, ticket_no, format_instant(NOW), values["abstained"], values["is_training"]),
    )


def search(database: Database, name: str, hits: int, previous: str | None = None) -> None:
    database.connection.execute(
        "INSERT INTO search_record (id, agent, channel, query_masked, query_hash, query_used,"
        " filters, hits, mode, index_generation, previous, created_at)"
        " VALUES (?, '王', 'page', '遥控器', '', '', '', ?, '', '', ?, ?)",
        (name, hits, previous, format_instant(NOW)),
    )


def found(database: Database, filters: Filters | None = None, now: datetime = NOW) -> list[str]:
    rows = gaps.read_evidence(database.connection, filters or Filters(), now=format_instant(now))
    return [each.id for each in rows]


def test_an_abstention_counts_unless_the_ticket_got_an_answer(
    database: Database, desk: Desk
) -> None:
    answered, never = (desk.create(make_ticket(), agent="王", now=NOW).ticket_no for _ in range(2))
    session(database, "alone")
    session(database, "first", ticket_no=answered)
    session(database, "second", ticket_no=answered, abstained=0)
    session(database, "never", ticket_no=never)
    session(database, "practice", is_training=1)
    assert found(database) == ["abstained:alone", "abstained:never"]
    assert found(database, Filters(category="06")) == ["abstained:never"]


def test_a_search_counts_unless_another_wording_found_something(database: Database) -> None:
    search(database, "lost", 0)
    search(database, "first", 0)
    search(database, "then", 4, previous="first")
    assert found(database) == ["no_result:lost"]


def test_a_decision_counts_until_it_is_undone(database: Database) -> None:
    session(database, "asked", abstained=0)
    for name, decision, undone in (("a", "gap", None), ("b", "none_fit", format_instant(NOW))):
        database.connection.execute(
            "INSERT INTO session_decision (id, session_id, decision, at, agent, comment, undone_at)"
            " VALUES (?, 'asked', ?, ?, '王', '', ?)",
            (name, decision, format_instant(NOW), undone),
        )
    assert found(database) == ["gap:a"]


def test_closings_without_help_count_with_what_was_found_instead(
    database: Database, desk: Desk
) -> None:
    none, own = (desk.create(make_ticket(), agent="王", now=NOW).ticket_no for _ in range(2))
    desk.close(none, Closing("上门修好", none_fit=True), agent="王", now=NOW)
    target = Target(target_type="procedure", target_id="P060101", found_by="searched")
    desk.close(own, Closing("换了光猫", solution=target), agent="王", now=NOW)
    desk.reopen(own, reason="又断了", agent="王", now=NOW + timedelta(days=1))
    later = NOW + timedelta(days=30)
    rows = gaps.read_evidence(database.connection, Filters(), now=format_instant(later))
    first, second = sorted(rows, key=lambda each: each.kind)
    assert (first.id, first.came_back, first.overdue_hours) == (f"none_fit:{none}-0", False, 0.0)
    assert (second.id, second.came_back) == (f"self_found:{own}-0", True)
    assert second.found == "procedure:P060101"
    due = datetime.fromisoformat(desk_due(database, own))
    assert second.overdue_hours == pytest.approx((later - due).total_seconds() / 3600, abs=0.01)
    assert first.text == "家里断网了，光猫红灯一直亮"


def desk_due(database: Database, ticket_no: str) -> str:
    row = database.connection.execute(
        "SELECT due_at FROM ticket WHERE ticket_no = ?", (ticket_no,)
    ).fetchone()
    return str(row["due_at"])


def test_a_mark_is_kept_with_who_and_why(database: Database) -> None:
    cluster = Cluster(several(2), "遥控器 机顶盒")
    mark_gap(database, cluster, state="done", reason="新写一篇，13800138000", agent="李", now=NOW)
    (mark,) = gaps.read_marks(database.connection)
    assert (mark.state, mark.agent, mark.label) == ("done", "李", "遥控器 机顶盒")
    assert "13800138000" not in mark.reason
    assert mark.evidence == {"abstained:1", "abstained:2"}


@pytest.mark.parametrize(
    ("state", "reason", "field"), [("later", "忙", "state"), ("done", " ", "reason")]
)
def test_a_mark_needs_a_state_and_a_reason(
    database: Database, state: str, reason: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        mark_gap(database, Cluster(several(1), ""), state=state, reason=reason, agent="李", now=NOW)
    assert refused.value.field == field
    assert gaps.read_marks(database.connection) == []


def test_a_gap_is_found_by_any_of_its_evidence() -> None:
    clusters = [Cluster(several(3), "遥控器")]
    assert find_cluster(clusters, "abstained:2") is clusters[0]
    with pytest.raises(GapNotFound):
        find_cluster(clusters, "abstained:9")
