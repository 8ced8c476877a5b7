"""Answers about suggestions, and searches."""

from __future__ import annotations

from pydantic import Field

from web.replies.base import Reply


class OutcomesReply(Reply):
    """Of the closings an item solved: how many settled, how many stayed closed."""

    stayed_closed: int
    total: int


class WhyReply(Reply):
    """Why an item is shown."""

    terms: list[str]
    synonyms: list[tuple[str, str]]
    outcomes: OutcomesReply
    note: str


class ItemReply(Reply):
    """One item shown; ``highlights`` are [start, end) character offsets in ``snippet``."""

    impression_id: str
    target_type: str
    target_id: str
    target_version: str
    position: int
    score: float
    confidence: str
    title: str
    snippet: str
    highlights: list[tuple[int, int]]
    why: WhyReply


class ProcedureReply(ItemReply):
    """A procedure of the handbook; ``anchor`` is the step that was hit (step-3, or "")."""

    anchor: str
    title_highlights: list[tuple[int, int]]
    chapter: int
    section: str
    section_name: str
    categories: list[str]
    steps: list[str]
    responsible_dept: str
    valid_from: str
    source: str


class LimitItemReply(ItemReply):
    """A time limit that binds; ``due_at`` is null when its clock starts at another event."""

    subject: str
    categories: list[str]
    region: str
    area: str
    priority: str
    condition: str
    limit_value: float
    limit_unit: str
    amount: str
    kind: str
    from_event: str
    starts: str
    authority: str
    authority_label: str
    source: str
    source_confidence: str
    is_verified: bool
    is_internal: bool
    responsible_dept: str
    escalation: str
    due_at: str | None
    provisional: bool


class ExampleReply(Reply):
    """One ticket of a past fix."""

    ticket_no: str
    description: str
    resolution: str
    state: str


class PastFixReply(ItemReply):
    """Tickets closed the same way."""

    category: str
    resolution: str
    root_cause: str
    tickets: int
    stayed_closed: int
    came_back: int
    median_hours: float | None
    last_seen: str
    is_sample: bool
    source: str
    examples: list[ExampleReply]


class GuessReply(Reply):
    """A class the complaint may belong to."""

    id: str
    name: str
    path: str
    probability: float
    why: str


class PromiseReply(Reply):
    """What the caller was told last; ``due_at`` is null when no time was named."""

    text: str
    said_at: str
    due_at: str | None
    overdue: bool


class RepeatReply(Reply):
    """The earlier ticket of the same number about the same matter."""

    ticket_no: str
    title: str
    accepted_at: str
    closed_at: str | None
    category: str
    status: str
    probability: float
    last_answer: str
    promise: PromiseReply | None
    count_in_window: int


class AnswerReply(Reply):
    """All that is suggested for one complaint. ``terms``: its key terms, most telling first.
    ``corrections``: pinyin and initials read as Chinese, [written, meant]. ``recorded``: false when
    the disk was full: then ``session_id`` and the items' ``impression_id`` are empty."""

    session_id: str
    recorded: bool
    mode: str
    mode_reason: str
    abstained: bool
    took_ms: float
    index_generation: str
    ranker_version: str
    query_masked: str
    terms: list[str]
    corrections: list[tuple[str, str]]
    categories: list[GuessReply]
    procedures: list[ProcedureReply]
    time_limits: list[LimitItemReply]
    past_fixes: list[PastFixReply]
    repeat: RepeatReply | None


class EventReply(Reply):
    """One thing an agent did with an item shown."""

    id: int
    action: str
    at: str
    agent: str
    dwell_ms: int | None
    reason_code: str
    comment: str
    event_key: str | None


class ImpressionReply(Reply):
    """One item shown, as recorded."""

    impression_id: str
    target_type: str
    target_id: str
    target_version: str
    position: int
    score: float
    confidence: str
    propensity: float
    boost: float
    team: str
    matched_terms: list[str]
    title: str
    displayed_at: str | None
    events: list[EventReply]


class RequestReply(Reply):
    """How a session was asked; all absent in one recorded by an earlier version.

    ``bounds``: the chapters and regions whoever asked was bound to.
    """

    ticket_no: str | None = None
    category: str | None = None
    accepted_at: str | None = None
    region: str = ""
    area: str = ""
    limit: int = 5
    without: tuple[str, ...] = ()
    view: str = ""
    bounds: dict[str, list[int | str]] = Field(default_factory=dict)


class DecisionReply(Reply):
    """A decision on a session; ``undone_at`` tells when it was taken back."""

    decision_id: str
    session_id: str
    decision: str
    at: str
    agent: str
    comment: str
    undone_at: str | None


class SessionReply(Reply):
    """One call for suggestions, as recorded."""

    session_id: str
    ticket_no: str | None
    agent: str
    channel: str
    query_masked: str
    created_at: str
    index_generation: str
    ranker_version: str
    arm: str
    mode: str
    abstained: bool
    top_confidence: str
    took_ms: float
    request: RequestReply
    is_training: bool
    decisions: list[DecisionReply]
    impressions: list[ImpressionReply]


class RecordedReply(Reply):
    """How many items were recorded as displayed for the first time."""

    recorded: int


class EventCreatedReply(Reply):
    """Number of the event that was recorded."""

    event_id: int


class EventUndoneReply(Reply):
    """The event that counts no more."""

    event_id: int
    undone_at: str | None


class HitReply(Reply):
    """One thing found; offsets count characters. ``instead_of``: the archived article that would
    have been found, which this one replaces; "" for none."""

    target_type: str
    target_id: str
    target_version: str
    title: str
    title_highlights: list[tuple[int, int]]
    anchor: str
    snippet: str
    highlights: list[tuple[int, int]]
    score: float
    chapter: int | None
    source: str
    valid_from: str
    why: list[str]
    instead_of: str


class SearchReply(Reply):
    """What a search found; ``corrections`` are pairs written, meant. ``recorded``: false when the
    disk was full: then ``search_id`` is empty."""

    search_id: str
    recorded: bool
    hits: list[HitReply]
    query_used: str
    corrections: list[tuple[str, str]]
    took_ms: float
    index_generation: str
    mode: str
    mode_reason: str


class FiltersReply(Reply):
    """The filters of a search."""

    type: str
    chapter: int | None
    category: str
    as_of: str
    region: str = ""
    syntax: str = "simple"
    limit: int


class SearchRecordReply(Reply):
    """One explicit search, as recorded; ``previous``: the search that it words anew."""

    search_id: str
    agent: str
    ticket_no: str | None
    channel: str
    query_masked: str
    query_used: str
    filters: FiltersReply
    hits: int
    mode: str
    index_generation: str
    previous: str | None
    is_training: bool
    created_at: str
