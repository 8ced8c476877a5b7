"""Who may take a revision further, and when it takes two."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kb.article import STATUSES, Article, Revision
from kb.editing import ACTIONS, Standing, amounts, approvals_needed, next_status
from kb.errors import EditRefused, SelfApproval

ALLOWED = {
    ("draft", "submit"): "in_review",
    ("in_review", "withdraw"): "draft",
    ("in_review", "reject"): "draft",
    ("in_review", "approve"): "published",
}


def make(body: str = "正文", **fields: object) -> Article:
    revision = Revision(
        article_id="S14", number=1, title="标题", body=body, categories=(), keywords=(), steps=(),
        time_limits=(), figures=(), sources=("内部",), status="published",
        valid_from=date(2026, 1, 1), valid_until=None, review_by=date(2027, 1, 1),
    )  # fmt: skip
    return Article("S14", 1, "1.4", "s14", "甲部", "甲部", replace(revision, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_belongs_to_one_status(status: str, action: str) -> None:
    standing = Standing(status, author="甲")
    if (status, action) in ALLOWED:
        assert next_status(standing, action, actor="乙") == ALLOWED[status, action]
        return
    with pytest.raises(EditRefused, match=ACTIONS[action]):
        next_status(standing, action, actor="乙")


def test_nobody_approves_what_they_wrote() -> None:
    with pytest.raises(SelfApproval):
        next_status(Standing("in_review", author="甲"), "approve", actor="甲")


def test_two_people_beside_the_author_publish_where_two_are_needed() -> None:
    first = Standing("in_review", author="甲", needed=2)
    assert next_status(first, "approve", actor="乙") == "in_review"
    second = replace(first, approvers=("乙",))
    with pytest.raises(EditRefused, match="已经批准过"):
        next_status(second, "approve", actor="乙")
    assert next_status(second, "approve", actor="丙") == "published"


@pytest.mark.parametrize(
    ("old", "new", "needed"),
    [
        (make("重插一次。"), make("理顺后重插一次。"), 1),
        (make("24 小时内回访"), make("24小时内先回访"), 1),
        (make("24 小时内回访"), make("48 小时内回访"), 2),
        (make("退 50 元"), make("退款"), 2),
        (make(time_limits=("TL001",)), make(time_limits=("TL001", "TL002")), 2),
        (make(time_limits=("TL001", "TL002")), make(time_limits=("TL002", "TL001")), 1),
        (make(figures=("OF001",)), make(), 2),
        (make(steps=("一线 50 元内酌情",)), make(steps=("一线 200 元内酌情",)), 2),
        (None, make("重插一次。"), 1),
        (None, make("退 50 元"), 2),
    ],
)
def test_a_change_of_limits_or_amounts_takes_two(
    old: Article | None, new: Article, needed: int
) -> None:
    assert approvals_needed(old, new) == needed


def test_amounts_are_told_from_other_numbers() -> None:
    found = amounts(make("拨 10086，691 报错；退 3.5 元，5 个工作日内，减 20%").revision)
    assert sorted(found) == ["20%", "3.5元", "5个工作日"]
