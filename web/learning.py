"""What pages and API of learning share: who learns, and what cards look like as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from kb.errors import InvalidInput
from kb.practice.scheduling import REASONS, DueCard, Review, due_day
from kb.times import parse_instant, to_beijing
from web.parsing import named_agent
from web.services import current

Role = Literal["learner", "supervisor"]
Json = dict[str, Any]


def acting_as(role: Role) -> str:
    """The name of whoever asks, for what a learner or a supervisor does.

    The one place for a check of roles: until there are accounts, a learner needs a name, and a
    supervisor is whoever opens the supervisor's pages.
    """
    name = named_agent()
    if role == "learner" and not name:
        raise InvalidInput("先在页面上方填写您的姓名，学习记录才有归处", field="我是")
    return name


def due_card_as_dict(due: DueCard) -> Json:
    """A card to be asked, with its answer."""
    return {
        **asdict(due.card),
        "reason": due.reason,
        "reason_label": REASONS[due.reason],
        "old_fact": due.old_fact,
        "follows": due.seq,
    }


def review_as_dict(review: Review) -> Json:
    """A grade, with the day the card comes back and in how many days that is."""
    given = to_beijing(parse_instant(review.at, field="at")).date()
    return {**asdict(review), "interval_days": (due_day(review) - given).days}


def describe_return(review: Review) -> str:
    """When a card comes back, in words."""
    if review.phase != "review":
        return "今天再来一次"
    days = (due_day(review) - to_beijing(current().clock()).date()).days
    return "明天再看" if days == 1 else f"{days} 天后再看"
