"""Answers about drafts, reviews and revisions."""

from __future__ import annotations

from pydantic import Field

from web.replies.base import Reply


class ForeseenReply(Reply):
    """What a change was measured to do: of ``judged`` queries the right article goes ``up`` or
    ``down``, their mean reciprocal rank before and after, the ``chance`` of such a fall by chance;
    of ``recent`` texts ``changed`` get another list. ``lowers``: publishing needs a reason, which
    stands in ``despite``."""

    judged: int
    up: int
    down: int
    mrr_before: float
    mrr_after: float
    chance: float
    recent: int
    changed: int
    lowers: bool
    told: str
    despite: str = ""


class ShownReply(Reply):
    """One item of a list."""

    target_type: str
    target_id: str
    title: str


class EffectReply(Reply):
    """One text whose list changes. ``old``, ``new``: the place of the right article, 0 for none."""

    kind: str
    direction: str
    text: str
    articles: list[str]
    old: int
    new: int
    before: list[ShownReply]
    after: list[ShownReply]


class ImpactReply(Reply):
    """What publishing would change, and how long it took to find out."""

    foreseen: ForeseenReply
    effects: list[EffectReply]
    seconds: float


class TablesReply(Reply):
    """Each table, a row a line: 标准词,同义词… · 错词,正词,safe or context · one word."""

    words: list[str]
    synonyms: list[str]
    ambiguous: list[str]
    confusions: list[str]
    never_mask: list[str]


class VocabularyReply(Reply):
    """The vocabulary in force. ``in_force``: articles and queries are cut by it; ``indexed``: so
    is every ticket; ``left``: tickets that are not yet."""

    version: int
    tables: TablesReply
    in_force: bool
    indexed: bool
    left: int


class VocabularyVersionReply(Reply):
    """One version: who, when, why; ``restored``: the version it brings back."""

    number: int
    author: str
    reason: str
    created_at: str
    restored: int | None
    impact: ForeseenReply | None


class VocabularyListReply(Reply):
    """All versions, newest first."""

    versions: list[VocabularyVersionReply]


class StandingReply(Reply):
    """Where a revision stands; ``needed``: how many people must approve it."""

    status: str
    author: str
    approvers: list[str]
    needed: int


class RevisionEventReply(Reply):
    """One thing done with a revision."""

    revision: int
    action: str
    actor: str
    comment: str
    at: str
    foreseen: ForeseenReply | None


class FindingReply(Reply):
    """What the lint says: an error keeps a revision from being submitted."""

    severity: str
    message: str


class DraftReply(Reply):
    """The newest revision as editors see it. ``in_force``: number readers get today, or null."""

    id: str
    revision: int
    based_on: int | None
    chapter: int
    section: str
    slug: str
    title: str
    owner: str
    responsible_dept: str
    categories: list[str]
    keywords: list[str]
    steps: list[str]
    time_limits: list[str]
    figures: list[str]
    sources: list[str]
    extra: str
    body: str
    html: str
    valid_from: str
    valid_until: str | None
    review_by: str
    reason: str
    in_force: int | None
    successor: str
    standing: StandingReply
    events: list[RevisionEventReply]
    findings: list[FindingReply]


class RevisionReply(Reply):
    """One revision of an article: who, when, why."""

    revision: int
    title: str
    status: str
    author: str
    reviewer: str
    reason: str
    created_at: str
    based_on: int | None
    valid_from: str
    valid_until: str | None


class RevisionListReply(Reply):
    """All revisions of an article, newest first."""

    id: str
    revisions: list[RevisionReply]


class ChangeReply(Reply):
    """A run of text: same, added or removed."""

    kind: str
    text: str


class FieldChangeReply(Reply):
    """What changed in one field."""

    field: str
    name: str
    changes: list[ChangeReply]


class DiffReply(Reply):
    """Two revisions compared; fields that are equal are left out."""

    id: str
    old: int
    new: int
    fields: list[FieldChangeReply]


class VocabularyDiffReply(Reply):
    """Two versions compared; tables that are equal are left out."""

    old: int
    new: int
    fields: list[FieldChangeReply]


class QueuedDraftReply(Reply):
    """One article in the editors' queue."""

    id: str
    title: str
    revision: int
    status: str
    author: str
    owner: str
    created_at: str
    review_by: str


class QueueReply(Reply):
    """What editors have to do: drafts and reviews, and articles due for review."""

    until: str
    waiting: list[QueuedDraftReply] = Field(default_factory=list)
    due_reviews: list[QueuedDraftReply] = Field(default_factory=list)


class ResemblingReply(Reply):
    """An article that says nearly the same; ``score`` 0 to 1."""

    id: str
    title: str
    score: float


class PartReply(Reply):
    """A piece of a document, an article to be. ``path``: the headings it stood under."""

    title: str
    section: str
    slug: str
    path: list[str]
    body: str
    resembling: list[ResemblingReply]


class DocumentReply(Reply):
    """What a document would become; images are counted, not kept."""

    name: str
    level: int
    images: int
    tables: int
    warnings: list[str]
    parts: list[PartReply]
