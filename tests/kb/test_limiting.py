"""A time limit changed on a page: what is refused, and what two people let bind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kb.database import Database
from kb.due import DueRequest, due_limits
from kb.errors import EditRefused, InvalidInput, KBError, RevisionConflict, SelfApproval
from kb.foresight import Foreseen
from kb.limiting import FIELDS, decide, find_waiting, propose_limit
from kb.reference import ReferenceCache
from kb.store import handbook, queue
from kb.store.limit_changes import LimitChange, read_changes
from kb.times import BEIJING
from tests.kb.small import NOW

LIMIT = "TL001"
WORSE = Foreseen(judged=93, up=0, down=6, mrr_before=0.9, mrr_after=0.8, chance=0.01)


def texts(database: Database, **changed: str) -> dict[str, str]:
    limit = handbook.read_limit(database.connection, LIMIT)
    held = {name: str(getattr(limit, name)) for name in FIELDS}
    held |= {"categories": " ".join(limit.categories), "reason": "新规"}
    return held | changed


def proposed(
    database: Database, limit_id: str = LIMIT, base: int = 1, **changed: str
) -> LimitChange:
    return propose_limit(
        database, limit_id, texts(database, **changed), base=base, author="甲", now=NOW
    )


def act(database: Database, action: str, who: str, **more: object) -> LimitChange:
    words = str(more.pop("comment", ""))
    foreseen = more.pop("foreseen", None)
    assert foreseen is None or isinstance(foreseen, Foreseen)
    return decide(database, LIMIT, action, actor=who, comment=words, now=NOW, foreseen=foreseen)


def value(database: Database) -> tuple[float, int]:
    limit = handbook.read_limit(database.connection, LIMIT)
    return limit.limit_value, limit.revision


def test_two_people_besides_the_author_let_a_change_bind_at_once(database: Database) -> None:
    queued = queue.count_queued(database.connection)
    proposed(database, limit_value="24")
    assert value(database) == (48, 1)
    with pytest.raises(SelfApproval):
        act(database, "approve", "甲")
    act(database, "approve", "乙")
    assert value(database) == (48, 1)
    with pytest.raises(EditRefused):
        act(database, "approve", "乙")
    done = act(database, "approve", "丙")
    assert (done.status, done.approvers) == ("published", ("乙", "丙"))
    assert value(database) == (24, 2)
    assert queue.count_queued(database.connection) == queued + 1
    [kept] = read_changes(database.connection, LIMIT)
    assert kept.old is not None
    assert (kept.old.limit_value, kept.limit.limit_value, kept.reason) == (48, 24, "新规")


def test_what_makes_answers_worse_needs_a_reason(database: Database) -> None:
    proposed(database, limit_value="24")
    act(database, "approve", "乙")
    with pytest.raises(KBError, match="平均倒数排名"):
        act(database, "approve", "丙", foreseen=WORSE)
    assert value(database) == (48, 1)
    done = act(database, "approve", "丙", foreseen=WORSE, comment="新规如此")
    assert (done.foreseen["lowers"], done.foreseen["despite"]) == (True, "新规如此")
    assert value(database) == (24, 2)


def test_one_change_at_a_time_which_its_author_takes_back_or_a_reviewer_sends_back(
    database: Database,
) -> None:
    proposed(database, limit_value="24")
    with pytest.raises(EditRefused):
        proposed(database, limit_value="12")
    with pytest.raises(EditRefused):
        act(database, "withdraw", "乙")
    assert act(database, "withdraw", "甲").status == "withdrawn"
    proposed(database, limit_value="12")
    with pytest.raises(InvalidInput):
        act(database, "reject", "乙")
    assert act(database, "reject", "乙", comment="没有依据").status == "rejected"
    assert find_waiting(database.connection, LIMIT) is None
    assert value(database) == (48, 1)


def test_a_new_limit_binds_and_a_stale_form_is_told(database: Database) -> None:
    proposed(database, "TL108", 0, subject="上门时限")
    for who in ("乙", "丙"):
        decide(database, "TL108", "approve", actor=who, comment="", now=NOW)
    assert handbook.read_limit(database.connection, "TL108").subject == "上门时限"
    proposed(database, "TL109", 0, subject="只在条目里", categories="none")
    with pytest.raises(RevisionConflict):
        proposed(database, base=7, limit_value="24")


def test_a_limit_ends_on_a_day_for_complaints_accepted_from_then_on(database: Database) -> None:
    with pytest.raises(InvalidInput, match="不能早于今天") as refused:
        proposed(database, retired_on="2026-03-10")
    assert refused.value.field == "retired_on"
    with pytest.raises(InvalidInput, match="应为日期"):
        proposed(database, retired_on="下周")
    before = ReferenceCache(database)
    assert LIMIT in bound_on(database, NOW)
    proposed(database, retired_on="2026-04-01")
    for who in ("乙", "丙"):
        act(database, "approve", who)
    assert before.read().limits[LIMIT].retired_on == "2026-04-01"
    first = datetime(2026, 4, 1, tzinfo=BEIJING)
    assert LIMIT in bound_on(database, first - timedelta(minutes=1))
    assert LIMIT not in bound_on(database, first)
    assert LIMIT not in bound_on(database, first.astimezone(UTC))  # the same instant


def bound_on(database: Database, start: datetime) -> set[str]:
    request = DueRequest(start, category="060101")
    return {each.limit.id for each in due_limits(database.connection, request)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("subject", " "), ("limit_value", "0"), ("limit_value", "很快"), ("limit_unit", "月"),
        ("categories", "9999"), ("authority", "听说"), ("source", ""), ("reason", ""),
        ("subject", "障碍修复"), ("condition", "字" * 501),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(database: Database, name: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        propose_limit(
            database, LIMIT, texts(database, **{name: text}), base=1, author="甲", now=NOW
        )
    assert refused.value.field == name


def test_the_limit_of_a_class_is_the_tables(database: Database) -> None:
    own = next(each for each in handbook.read_limits(database.connection) if each[:3] == "TLC")
    with pytest.raises(EditRefused):
        proposed(database, own, limit_value="24")
    with pytest.raises(InvalidInput):
        proposed(database, "X1", 0, limit_value="24")
