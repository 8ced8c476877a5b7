"""The kinds of values that requests hold: each knows its check and its description."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from kb.errors import KBError
from kb.gap import MARKS
from kb.gap import STATES as GAP_STATES
from kb.queues import QUEUES
from kb.reports.grouping import DIMENSIONS
from kb.review import VERDICTS
from kb.searching import MAX_QUERY, SEARCH_TYPES, SYNTAXES
from kb.suggestion import ACTIONS, DECISIONS, MAX_TEXT
from kb.texts import clean_required, clean_text
from kb.ticket import AREAS, CHANNELS, FOUND_BY, PRIORITIES, STATUSES, TARGET_TYPES, USAGES
from kb.times import parse_instant

MAX_NAME = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _cleaned(longest: int) -> Callable[[str], str]:
    return lambda text: _checked(lambda: clean_text(text, longest=longest))


def _required(longest: int) -> Callable[[str], str]:
    return lambda text: _checked(lambda: clean_required(text, longest=longest))


def _checked(check: Callable[[], str]) -> str:
    """Run a check of ours inside pydantic, which knows ValueError only."""
    try:
        return check()
    except KBError as error:
        raise ValueError(error.detail) from None


def _one_of(names: Collection[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"应为 {'、'.join(names)} 之一")
        return value

    return check


def _instant(value: str) -> str:
    _checked(lambda: str(parse_instant(value, field="")))
    return value


def _day(value: str) -> str:
    try:
        if _DAY.fullmatch(value) and 2000 <= date.fromisoformat(value).year <= 2100:
            return value
    except ValueError:
        pass
    raise ValueError("应为 2000 到 2100 年间的日期，例如 2026-03-11")


Complaint = Annotated[
    str, AfterValidator(_required(MAX_TEXT)), Field(json_schema_extra={"maxLength": MAX_TEXT})
]
"""A text that must say something."""
Words = Annotated[
    str, AfterValidator(_cleaned(MAX_TEXT)), Field(json_schema_extra={"maxLength": MAX_TEXT})
]
Name = Annotated[
    str, AfterValidator(_cleaned(MAX_NAME)), Field(json_schema_extra={"maxLength": MAX_NAME})
]
Identity = Annotated[
    str, AfterValidator(_required(MAX_NAME)), Field(json_schema_extra={"maxLength": MAX_NAME})
]
Instant = Annotated[str, AfterValidator(_instant), Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"format": "date"})]
Channel = Annotated[
    str, AfterValidator(_one_of(CHANNELS)), Field(json_schema_extra={"enum": list(CHANNELS)})
]
Area = Annotated[
    str,
    AfterValidator(_one_of(("", *AREAS))),
    Field(json_schema_extra={"enum": ["", *AREAS]}),
]
Priority = Annotated[
    str,
    AfterValidator(_one_of(("", *PRIORITIES))),
    Field(json_schema_extra={"enum": ["", *PRIORITIES]}),
]
TargetType = Annotated[
    str,
    AfterValidator(_one_of(TARGET_TYPES)),
    Field(json_schema_extra={"enum": list(TARGET_TYPES)}),
]
FoundBy = Annotated[
    str, AfterValidator(_one_of(FOUND_BY)), Field(json_schema_extra={"enum": list(FOUND_BY)})
]
Usage = Annotated[
    str, AfterValidator(_one_of(USAGES)), Field(json_schema_extra={"enum": list(USAGES)})
]
Action = Annotated[
    str, AfterValidator(_one_of(ACTIONS)), Field(json_schema_extra={"enum": list(ACTIONS)})
]
DecisionKind = Annotated[
    str, AfterValidator(_one_of(DECISIONS)), Field(json_schema_extra={"enum": list(DECISIONS)})
]
Status = Annotated[
    str, AfterValidator(_one_of(STATUSES)), Field(json_schema_extra={"enum": list(STATUSES)})
]
Dimension = Annotated[
    str, AfterValidator(_one_of(DIMENSIONS)), Field(json_schema_extra={"enum": list(DIMENSIONS)})
]
GapState = Annotated[
    str, AfterValidator(_one_of(GAP_STATES)), Field(json_schema_extra={"enum": list(GAP_STATES)})
]
GapMark = Annotated[
    str, AfterValidator(_one_of(MARKS)), Field(json_schema_extra={"enum": list(MARKS)})
]
Verdict = Annotated[
    str, AfterValidator(_one_of(VERDICTS)), Field(json_schema_extra={"enum": list(VERDICTS)})
]
QueueName = Annotated[
    str, AfterValidator(_one_of(QUEUES)), Field(json_schema_extra={"enum": list(QUEUES)})
]
SearchType = Annotated[
    str,
    AfterValidator(_one_of(SEARCH_TYPES)),
    Field(json_schema_extra={"enum": list(SEARCH_TYPES)}),
]
Syntax = Annotated[
    str, AfterValidator(_one_of(SYNTAXES)), Field(json_schema_extra={"enum": list(SYNTAXES)})
]
SearchWords = Annotated[
    str, AfterValidator(_required(MAX_QUERY)), Field(json_schema_extra={"maxLength": MAX_QUERY})
]
PhoneNumber = Annotated[
    str,
    Field(max_length=32, pattern=r"^[0-9+\- ()*]*$", description="号码全文，只存掩码与摘要"),
]
CallerNumber = Annotated[
    str,
    Field(max_length=32, description="客户的完整号码，只取摘要去找此前的投诉，不保存"),
]
"""A number that must be whole: it is hashed at once."""
Satisfaction = Annotated[int, Field(ge=1, le=10)]
