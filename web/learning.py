"""What pages and API of learning share: who learns, and what cards look like as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from kb.access import Permission
from kb.errors import InvalidInput
from kb.limit import describe_amount
from kb.practice.drill import STEPS, DrillAnswer
from kb.practice.drilling import DrillSheet
from kb.practice.progress import Progress
from kb.practice.scheduling import REASONS, DueCard, Review, due_day
from kb.times import format_instant, parse_instant, to_beijing
from web.access import require
from web.learning_bodies import DrillAnswerBody
from web.parsing import named_agent
from web.services import current

Role = Literal["learner", "supervisor"]
Json = dict[str, Any]


def acting_as(role: Role) -> str:
    """The name of whoever asks, for what a learner or a supervisor does.

    A learner needs a name; a supervisor must be one, where there are accounts.
    """
    if role == "supervisor":
        require(Permission.LEAD_LEARNING)
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


def read_answer(body: DrillAnswerBody) -> DrillAnswer:
    """The answer to a drill, as it was sent."""
    return DrillAnswer(**{**body.model_dump(), "said": tuple(body.said)})


def sheet_as_dict(sheet: DrillSheet) -> Json:
    """A case as the caller told it, with what there is to choose; the truth is kept back."""
    ticket = sheet.ticket
    return {
        "id": sheet.drill.id,
        "reason": sheet.drill.reason,
        "is_sample": ticket.is_sample,
        "accepted_at": ticket.accepted_at,
        "channel": ticket.channel,
        "region": ticket.region,
        "area": ticket.area,
        "description": ticket.description,
        "customer_demand": ticket.customer_demand,
        "limits": [
            {"id": each.id, "subject": each.subject, "amount": describe_amount(each)}
            for each in sheet.limits
        ],
        "lines": [line.text for line in sheet.lines],
    }


def result_as_dict(sheet: DrillSheet) -> Json:
    """An answered case: credits by step, and what closed it."""
    truth, first = sheet.truth, sheet.truth.strictest
    return {
        "id": sheet.drill.id,
        "credit": sheet.drill.credit,
        "grades": [
            {"step": each.step, "name": STEPS[each.step], "credit": each.credit}
            for each in sheet.drill.graded
        ],
        "truth": {
            "category": truth.category,
            "articles": list(truth.articles),
            "is_linked": truth.is_linked,
            "limit": first.limit.id if first else "",
            "due_at": format_instant(first.due_at) if first and first.due_at else None,
            "dept": truth.dept,
            "said": [number for number, line in enumerate(truth.lines) if line.allowed],
        },
        "state": sheet.outcome.state,
        "is_sample": sheet.ticket.is_sample,
        "resolution": sheet.ticket.resolution,
        "root_cause": sheet.ticket.root_cause,
    }


def progress_as_dict(progress: Progress) -> Json:
    """How far a learner is."""
    return {
        "agent": progress.agent,
        "path": [
            {
                "day": step.item.day,
                "kind": step.item.kind,
                "target": step.item.target,
                "title": step.title,
                "done": step.done,
                "total": step.total,
            }
            for step in progress.steps
        ],
        "path_done": progress.path_done,
        "cards_known": progress.cards_known,
        "cards_total": progress.cards_total,
        "cases": len(progress.attempts),
        "chapters": [
            {
                "chapter": each.chapter,
                "classes": each.classes,
                "cases": each.cases,
                "value": each.share.value,
                "low": each.share.low,
                "high": each.share.high,
                "certified": each.certificate is not None,
            }
            for each in progress.chapters
        ],
    }
