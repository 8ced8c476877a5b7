"""Which limits bind a complaint, and in which order they are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from kb.category import covers
from kb.database import Database
from kb.due import DueRequest, bound_as_dict, due_limits
from kb.errors import CategoryNotFound, InvalidInput, TimeLimitNotFound
from kb.handbook import Handbook
from kb.limit import (
    AUTHORITIES,
    BoundLimit,
    LimitRequest,
    TimeLimit,
    applies,
    bind_limits,
    class_limit_id,
    describe_amount,
    describe_scope,
)
from kb.times import BEIJING
from kb.workdays import parse_calendar
from tests.kb.small import NOW

ACCEPTED = datetime(2026, 3, 11, 9, 20, tzinfo=BEIJING)


def make_limit(identity: str = "TL900", **changes: object) -> TimeLimit:
    limit = TimeLimit(
        id=identity,
        subject="障碍修复",
        categories=("0601",),
        region="",
        area="",
        priority="",
        condition="",
        limit_value=48.0,
        limit_unit="hour",
        kind="max",
        from_event="接到申告",
        starts="accepted",
        responsible_dept="装维中心",
        escalation="",
        authority="statute",
        source="《电信条例》第32条",
        confidence="high",
    )
    return replace(limit, **changes)  # type: ignore[arg-type]


def bind(limits: list[TimeLimit], **request: str) -> list[BoundLimit]:
    wanted = LimitRequest(**({"category": "060101"} | request))  # type: ignore[arg-type]
    calendar = parse_calendar({})
    return bind_limits(limits, wanted, accepted_at=ACCEPTED, calendar=calendar)


def ids(bound: list[BoundLimit]) -> list[str]:
    return [item.limit.id for item in bound]


def shipped_ids(shipped: Handbook, **request: str) -> list[str]:
    return ids(bind(list(shipped.limits), **request))


def test_a_code_covers_the_classes_below_it_only() -> None:
    assert covers("06", "060101")
    assert covers("060101", "060101")
    assert not covers("060102", "060101")
    assert not covers("", "060101")


def test_a_limit_of_another_class_does_not_bind() -> None:
    assert not bind([make_limit(categories=("0602",))])
    assert bind([make_limit(categories=("06",))])


def test_a_limit_without_class_binds_every_complaint() -> None:
    assert ids(bind([make_limit(categories=())], category="180101")) == ["TL900"]


def test_a_regional_limit_binds_in_its_region_only() -> None:
    limit = make_limit(region="河南")
    assert bind([limit], region="河南")
    assert bind([limit], region="河南省郑州市")
    assert not bind([limit], region="河北")
    assert not bind([limit])


def test_town_and_country_have_their_own_limits_and_both_stand_when_unknown() -> None:
    limits = [make_limit("TLU", area="urban"), make_limit("TLR", area="rural", limit_value=72.0)]
    assert ids(bind(limits, area="urban")) == ["TLU"]
    assert ids(bind(limits, area="rural")) == ["TLR"]
    assert ids(bind(limits)) == ["TLU", "TLR"]


def test_a_limit_of_one_priority_binds_that_priority_only() -> None:
    limit = make_limit(priority="P1")
    assert bind([limit], priority="P1")
    assert not bind([limit], priority="P3")


def test_the_strictest_of_a_subject_comes_first() -> None:
    limits = [
        make_limit("LAW", limit_value=48.0),
        make_limit("OWN", limit_value=4.0, authority="handbook", kind="target"),
        make_limit("LOCAL", limit_value=24.0, authority="local_rule"),
    ]
    assert ids(bind(limits)) == ["OWN", "LOCAL", "LAW"]


def test_of_equal_limits_the_higher_authority_comes_first() -> None:
    limits = [make_limit("OWN", authority="practice"), make_limit("LAW", authority="statute")]
    assert ids(bind(limits)) == ["LAW", "OWN"]


def test_an_average_or_hearsay_never_leads_its_subject() -> None:
    limits = [
        make_limit("MEAN", limit_value=1.0, kind="average"),
        make_limit("HEARSAY", limit_value=2.0, authority="secondary", confidence="low"),
        make_limit("LAW"),
    ]
    assert ids(bind(limits)) == ["LAW", "MEAN", "HEARSAY"]


def test_limits_of_the_class_come_before_those_of_every_complaint() -> None:
    limits = [make_limit("ALL", categories=(), subject="服务响应", limit_value=1.0), make_limit()]
    assert ids(bind(limits)) == ["TL900", "ALL"]


def test_a_limit_that_starts_with_an_event_has_no_due_time_yet() -> None:
    bound = bind([make_limit(starts="event")])[0]
    assert bound.due_at is None
    assert not bound.provisional


def test_the_due_time_runs_from_acceptance() -> None:
    bound = bind([make_limit(limit_value=4.0)])[0]
    assert bound.due_at == ACCEPTED.replace(hour=13)


@pytest.mark.parametrize(
    ("confidence", "is_verified"),
    [("high", True), ("medium", True), ("low", False), ("unverified", False)],
)
def test_a_limit_nobody_has_read_is_marked(confidence: str, is_verified: bool) -> None:
    assert make_limit(confidence=confidence).is_verified is is_verified


def test_every_limit_that_applies_is_kept(shipped: Handbook) -> None:
    request = LimitRequest("060101", "河南", "urban", "P2")
    wanted = {limit.id for limit in shipped.limits if applies(limit, request)}
    found = set(shipped_ids(shipped, region="河南", area="urban", priority="P2"))
    replaced = wanted - found
    assert found <= wanted
    assert all(limit.priority for limit in shipped.limits if limit.id in replaced)


def test_henan_shortens_the_answer_to_five_working_days(shipped: Handbook) -> None:
    assert "TL040" in shipped_ids(shipped, region="河南省", priority="P2")
    assert "TL040" not in shipped_ids(shipped, region="广东", priority="P2")


def test_the_class_s_own_hours_replace_those_of_its_priority(shipped: Handbook) -> None:
    found = shipped_ids(shipped, priority="P2")
    assert class_limit_id("060101") in found
    assert "TL092" not in found


def test_enterprise_targets_stand_beside_the_law(shipped: Handbook) -> None:
    found = shipped_ids(shipped, area="urban", priority="P2")
    assert {"TL001", "TL083", "TL084", "TL085", "TL035"} <= set(found)


def test_limits_of_authorities_outside_bind_no_ticket(shipped: Handbook) -> None:
    assert not {"TL004", "TL036", "TL063", "TL065"} & set(shipped_ids(shipped))


def test_every_shipped_limit_says_its_authority(shipped: Handbook) -> None:
    assert all(limit.authority in AUTHORITIES and limit.source for limit in shipped.limits)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(48.0, "hour", "48 小时"), (15.0, "day", "15 日"), (5.0, "workday", "5 个工作日")],
)
def test_an_amount_is_said_as_people_say_it(value: float, unit: str, said: str) -> None:
    assert describe_amount(make_limit(limit_value=value, limit_unit=unit)) == said


def due(database: Database, **request: str) -> list[dict[str, object]]:
    wanted = DueRequest(NOW, **request)
    return [bound_as_dict(item) for item in due_limits(database.connection, wanted)]


def test_one_limit_runs_from_the_instant_given_whatever_starts_it(database: Database) -> None:
    assert due(database, limit_id="TL004")[0]["due_at"] == "2026-03-14T09:20:00+08:00"


def test_a_class_is_bound_by_its_limits_and_the_general_ones(database: Database) -> None:
    found = due(database, category="060101", area="urban")
    assert [item["id"] for item in found] == ["TLC060101", "TL001", "TL003"]
    assert found[1]["due_at"] == "2026-03-13T09:20:00+08:00"
    assert found[1]["authority_label"] == "法律法规"
    assert found[0]["is_internal"]


def test_a_due_request_names_one_limit_or_one_class(database: Database) -> None:
    with pytest.raises(InvalidInput):
        due(database)
    with pytest.raises(InvalidInput):
        due(database, limit_id="TL001", category="060101")
    with pytest.raises(TimeLimitNotFound):
        due(database, limit_id="TL999")
    with pytest.raises(CategoryNotFound):
        due(database, category="990101")


def test_where_limits_hold_is_said_of_an_article() -> None:
    whole, henan = make_limit("TL901"), make_limit("TL902", region="河南")
    town = make_limit("TL903", area="urban")
    assert describe_scope([]) == "全国"
    assert describe_scope([whole]) == "全国"
    assert describe_scope([whole, henan, town]) == "全国（河南、城乡另计）"
    assert describe_scope([whole, henan], "河南省郑州市") == "全国（河南已计入）"
    assert describe_scope([whole, henan], "广东") == "全国（河南另计）"
