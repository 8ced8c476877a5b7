"""What the API takes: one model a request. Unknown keys are refused, JSON types are not bent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kb.searching import MAX_QUERY
from web.fields import (
    Action,
    Area,
    CallerNumber,
    Channel,
    Complaint,
    Day,
    DecisionKind,
    Dimension,
    FoundBy,
    GapMark,
    GapState,
    Identity,
    Instant,
    Name,
    PhoneNumber,
    Priority,
    QueueName,
    Satisfaction,
    SearchType,
    SearchWords,
    Status,
    Syntax,
    TargetType,
    Usage,
    Verdict,
    Words,
)

MAX_SHOWN = 20
MAX_PAGE = 100


class Body(BaseModel):
    """A JSON body: a text is a text, a number a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """A query string: numbers come as digits."""

    model_config = ConfigDict(extra="forbid")


class SuggestionBody(Body):
    """POST /suggestions"""

    text: Complaint
    ticket_no: Identity | None = None
    service_number: CallerNumber = ""
    category: Identity | None = None
    accepted_at: Instant | None = None
    region: Name | None = None
    area: Area | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_SHOWN)] = 5
    without: Annotated[list[Identity], Field(max_length=MAX_SHOWN)] = []
    is_training: bool = False


class DecisionBody(Body):
    """POST /suggestions/{session_id}/decisions"""

    decision: DecisionKind
    comment: Words = ""


class DisplayedBody(Body):
    """POST /suggestions/{session_id}/displayed"""

    impression_ids: Annotated[list[Identity], Field(min_length=1, max_length=3 * MAX_SHOWN)]


class EventBody(Body):
    """POST /impressions/{impression_id}/events"""

    action: Action
    dwell_ms: Annotated[int, Field(ge=0, le=24 * 3600 * 1000)] | None = None
    reason_code: Name = ""
    comment: Words = ""
    event_key: Identity | None = None


class SearchQueryString(Query):
    """GET /search"""

    q: SearchWords
    type: SearchType = "all"
    chapter: Annotated[int, Field(ge=1, le=8)] | None = None
    category: Name = ""
    region: Name = ""
    syntax: Syntax = "simple"
    as_of: Day | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 10
    ticket_no: Identity | None = None
    is_training: bool = False


class SearchPage(Query):
    """The page /search; an empty field is none. ``reported``: a gap was just reported.

    ``training``: asked to learn; it is recorded apart and no figure counts it.
    """

    q: Annotated[str, Field(max_length=MAX_QUERY)] = ""
    type: SearchType = "all"
    chapter: Annotated[int, Field(ge=1, le=8)] | None = None
    category: Name = ""
    region: Name = ""
    syntax: Syntax = "simple"
    as_of: Day | None = None
    reported: Name = ""
    training: bool = False


class SearchBody(SearchQueryString):
    """POST /search"""

    model_config = ConfigDict(extra="forbid", strict=True)


class TicketBody(Body):
    """POST /tickets"""

    description: Complaint
    title: Name = ""
    customer_demand: Words = ""
    channel: Channel = "hotline"
    service_number: PhoneNumber = ""
    region: Name = ""
    area: Area = ""
    category: Name = ""
    urgency: Priority = ""
    accepted_at: Instant | None = None
    responsible_dept: Name = ""
    repeat_of: Identity | None = None
    session_id: Identity | None = None


class TicketChanges(Body):
    """PATCH /tickets/{ticket_no}"""

    title: Name = ""
    description: Complaint = ""
    customer_demand: Words = ""
    channel: Channel = "hotline"
    region: Name = ""
    area: Area = ""
    category: Name = ""
    urgency: Priority = ""
    responsible_dept: Name = ""
    root_cause: Words = ""
    fix: Name = ""
    resolution: Words = ""
    escalated: bool = False
    version: Annotated[int, Field(ge=1)] | None = None


class TicketPage(Query):
    """GET /tickets; with ``queue`` in the order of the queue."""

    status: Status | None = None
    queue: QueueName | None = None
    assignee: Name = ""
    category: Name = ""
    department: Name = ""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 50
    cursor: Identity | None = None


class QueuePage(Query):
    """The page /tickets. ``after``: number of the ticket that the page before ended with."""

    queue: QueueName = "waiting"
    mine: Name = ""
    category: Name = ""
    department: Name = ""
    after: Name = ""


class TargetBody(Body):
    """What knowledge is meant: an item that was shown, or one found otherwise."""

    impression_id: Identity | None = None
    target_type: TargetType | None = None
    target_id: Identity | None = None
    target_version: Name = ""
    found_by: FoundBy = "searched"
    search_id: Identity | None = None

    @model_validator(mode="after")
    def _names_something(self) -> TargetBody:
        if self.impression_id is None and (self.target_type is None or self.target_id is None):
            raise ValueError("要么给 impression_id，要么给 target_type 和 target_id")
        return self


class LinkBody(TargetBody):
    """POST /tickets/{ticket_no}/links"""

    knowledge_usage: Usage


class UnlinkBody(Body):
    """POST /tickets/{ticket_no}/unlink"""

    target_type: TargetType
    target_id: Identity
    knowledge_usage: Usage


class CloseBody(Body):
    """POST /tickets/{ticket_no}/close"""

    resolution: Complaint
    root_cause: Words = ""
    fix: Name = ""
    solution: TargetBody | None = None
    none_fit: bool = False
    satisfaction: Satisfaction | None = None


class ReopenBody(Body):
    """POST /tickets/{ticket_no}/reopen"""

    reason: Complaint


class EscalateBody(Body):
    """POST /tickets/{ticket_no}/escalate; ``escalated_at``: when it was, if learnt later."""

    reason: Complaint
    escalated_at: Instant | None = None


class CallbackBody(Body):
    """POST /tickets/{ticket_no}/callback; ``satisfied`` is null when nobody answered.

    ``called_at``: when it was, if recorded later.
    """

    satisfied: bool | None
    satisfaction: Satisfaction | None = None
    comment: Words = ""
    called_at: Instant | None = None


class AssignBody(Body):
    """POST /tickets/{ticket_no}/assign; "" gives the ticket back."""

    assignee: Name
    version: Annotated[int, Field(ge=1)] | None = None


class DispatchBody(Body):
    """POST /tickets/{ticket_no}/dispatch"""

    department: Identity
    text: Complaint
    person: Name = ""
    due_at: Instant | None = None
    version: Annotated[int, Field(ge=1)] | None = None


class CallBody(Body):
    """POST /calls: a call that rings; ``text``: what the caller said so far."""

    call_id: Identity
    service_number: CallerNumber = ""
    queue: Name = ""
    text: Words = ""


class ArticleList(Query):
    """GET /articles"""

    chapter: Annotated[int, Field(ge=1, le=8)] | None = None
    as_of: Day | None = None


class ArticleTree(ArticleList):
    """The page of all articles; ``q``: part of a title, an id or a keyword."""

    q: Annotated[str, Field(max_length=60)] = ""


class ArticleVersion(Query):
    """GET /articles/{article_id}"""

    revision: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    as_of: Day | None = None

    @model_validator(mode="after")
    def _names_one(self) -> ArticleVersion:
        if self.revision is not None and self.as_of is not None:
            raise ValueError("revision 和 as_of 只能给一个")
        return self


class ReadingPlace(Query):
    """GET /desk/reading/{article_id}"""

    revision: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    step: Annotated[int, Field(ge=0, le=1_000)] = 0


class CategoryList(Query):
    """GET /categories; ``retired``: with the classes that are given no more."""

    retired: bool = False


class LimitList(Query):
    """GET /time-limits; ``retired``: with the limits that bind no more."""

    category: Name = ""
    region: Name = ""
    area: Area = ""
    subject: Name = ""
    authority: Name = ""
    retired: bool = False


class ReportQuery(Query):
    """GET /reports/…; ``from`` and ``until`` are Beijing days, both included."""

    since: Day | None = Field(default=None, alias="from")
    until: Day | None = None
    category: Name = ""
    department: Name = ""
    region: Name = ""
    channel: Channel | None = None
    samples: Literal["0", "1"] = "0"
    by: Dimension | None = None
    format: Literal["json", "csv"] = "json"


class GapQuery(ReportQuery):
    """GET /reports/gaps; without ``state`` those that wait for somebody."""

    state: GapState | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20


class GapMarkBody(Body):
    """POST /reports/gaps/{gap_id}/mark"""

    state: GapMark
    reason: Complaint


class TaskQuery(Query):
    """GET /reports/tasks"""

    closed: Literal["0", "1"] = "0"
    owner: Name = ""


class TaskCloseBody(Body):
    """POST /reports/tasks/{task_id}/close"""

    verdict: Verdict
    done: Complaint


class DueBody(Body):
    """POST /time-limits/due: when one limit, or all that bind a class, fall due."""

    limit_id: Identity | None = None
    category: Identity | None = None
    start: Instant = Field(alias="from")
    region: Name = ""
    area: Area = ""
    priority: Priority = ""

    @model_validator(mode="after")
    def _names_one(self) -> DueBody:
        if (self.limit_id is None) == (self.category is None):
            raise ValueError("limit_id 和 category 给且只给一个")
        return self
