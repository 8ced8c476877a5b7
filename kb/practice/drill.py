"""A drill: a real complaint as the caller told it, and the grading of what a learner makes of it.

Each step is graded by itself against what truly closed the ticket, so that a wrong class does not
spoil the steps after it; a near miss earns a part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from kb.article import Article
from kb.category import covers
from kb.limit import BoundLimit, TimeLimit, is_class_limit
from kb.sections import bullets, plain, quoted, quotes_in, split_raw
from kb.times import format_instant, to_beijing

STEPS: Mapping[str, str] = {
    "category": "分类",
    "article": "规程",
    "limit": "约束的时限",
    "due": "到期时间",
    "dept": "责任部门",
    "words": "怎么说",
}
CLASS_CREDIT = {3: 1.0, 2: 0.6, 1: 0.3, 0: 0.0}
"""By how many levels of the class are right."""
WORDING, PROMISES = "话术", "不要承诺"
OFFERED_LIMITS = 6
OFFERED_LINES = 2


@dataclass(frozen=True)
class Line:
    """One sentence to say or not: ``allowed`` when the article words it for the customer."""

    text: str
    allowed: bool


@dataclass(frozen=True)
class Truth:
    """What closed the ticket. ``articles``: the right one first, others for the class after it.

    ``is_linked``: the first article was marked as the solution at closing; otherwise it is the one
    written for the class. ``limits``: those that bind, as a suggestion orders them.
    """

    category: str
    articles: tuple[str, ...]
    related: tuple[str, ...]
    is_linked: bool
    limits: tuple[BoundLimit, ...]
    dept: str
    lines: tuple[Line, ...]

    @property
    def strictest(self) -> BoundLimit | None:
        """The limit that binds the case: the first to fall due of those written for its class.

        A class's own target counts where the table has no limit for it, and one that binds every
        complaint only where there is neither; a clock that starts later than acceptance never.
        """
        running = [
            (not each.is_specific, is_class_limit(each.limit), each.due_at, place)
            for place, each in enumerate(self.limits)
            if each.due_at
        ]
        return self.limits[min(running)[-1]] if running else None


@dataclass(frozen=True)
class DrillAnswer:
    """What the learner chose; "" for nothing. ``said``: the sentences ticked, by number.

    ``own_words``: what the learner would say, masked; it is shown beside the wording, not graded.
    """

    category: str = ""
    article: str = ""
    limit: str = ""
    due_at: str = ""
    dept: str = ""
    said: tuple[int, ...] = ()
    own_words: str = ""


@dataclass(frozen=True)
class Grade:
    """The credit of one step, from 0 to 1."""

    step: str
    credit: float


def grade_answer(answer: DrillAnswer, truth: Truth) -> tuple[Grade, ...]:
    """Every step that the case has, graded."""
    grades = [
        Grade("category", grade_class(answer.category, truth.category)),
        Grade("article", grade_article(answer.article, truth)),
    ]
    if truth.strictest:
        grades.append(Grade("limit", grade_limit(answer.limit, truth)))
        grades.append(Grade("due", grade_due(answer, truth)))
    grades.append(Grade("dept", float(bool(truth.dept) and answer.dept == truth.dept)))
    if truth.lines:
        grades.append(Grade("words", grade_words(answer.said, truth.lines)))
    return tuple(grades)


def total_credit(grades: Collection[Grade]) -> float:
    """The credit of the case: the mean of its steps."""
    return sum(each.credit for each in grades) / len(grades)


def grade_class(given: str, truth: str) -> float:
    """By the levels in common: two digits are a level."""
    right = 0
    for level in (1, 2, 3):
        if given[: 2 * level] != truth[: 2 * level] or len(given) < 2 * level:
            break
        right = level
    return CLASS_CREDIT[right]


def grade_article(given: str, truth: Truth) -> float:
    """Whole for the one that closed it, most for another of the class, a part for a neighbour."""
    if not given:
        return 0.0
    if given in truth.articles[:1] or (given in truth.articles and not truth.is_linked):
        return 1.0
    if given in truth.articles:
        return 0.6
    return 0.3 if given in truth.related else 0.0


def grade_limit(given: str, truth: Truth) -> float:
    """Whole for the one that binds the case, half for another that applies."""
    first = truth.strictest
    if first and given == first.limit.id:
        return 1.0
    return 0.5 if any(given == each.limit.id for each in truth.limits) else 0.0


def grade_due(answer: DrillAnswer, truth: Truth) -> float:
    """Whole to the minute; half on the day, or when it is right for the limit that was chosen."""
    first = truth.strictest
    if not answer.due_at or first is None or first.due_at is None:
        return 0.0
    if _minute(answer.due_at) == _minute(format_instant(first.due_at)):
        return 1.0
    if answer.due_at[:10] == format_instant(first.due_at)[:10]:
        return 0.5
    chosen = next((each for each in truth.limits if each.limit.id == answer.limit), None)
    if (
        chosen
        and chosen.due_at
        and _minute(format_instant(chosen.due_at)) == _minute(answer.due_at)
    ):
        return 0.5
    return 0.0


def _minute(text: str) -> str:
    return to_beijing(datetime.fromisoformat(text)).isoformat(timespec="minutes")


def grade_words(said: Collection[int], lines: Sequence[Line]) -> float:
    """How many sentences were told apart, above what guessing earns."""
    right = sum((number in said) == line.allowed for number, line in enumerate(lines))
    return max(0.0, 2 * right / len(lines) - 1)


def choose_lines(article: Article, seed: str) -> tuple[Line, ...]:
    """Sentences of an article to say and not to say, mixed; none if it lacks either kind."""
    parts = split_raw(article.revision.body)
    may = [line for line in quoted(parts.get(WORDING, "")).splitlines() if line][:OFFERED_LINES]
    must_not = [
        quote for each in bullets(parts.get(PROMISES, "")) for quote in quotes_in(plain(each))[:1]
    ][:OFFERED_LINES]
    if not may or not must_not:
        return ()
    lines = [Line(text, allowed=True) for text in may]
    lines += [Line(text, allowed=False) for text in must_not]
    return tuple(sorted(lines, key=lambda line: mix(seed, line.text)))


def choose_limits(truth: Truth, others: Iterable[TimeLimit], *, seed: str) -> tuple[TimeLimit, ...]:
    """Limits to choose from: the right one, others that apply, and as many that do not; mixed.

    Targets of other classes are left out: they name their class.
    """
    first = truth.strictest
    if first is None:
        return ()
    half = OFFERED_LIMITS // 2
    own = [each.limit for each in truth.limits if not is_class_limit(each.limit)]
    binding = [each for each in own if each is not first.limit][: half - 1]
    bound = {each.limit.id for each in truth.limits}
    strange = sorted(
        (each for each in others if each.id not in bound and not is_class_limit(each)),
        key=lambda each: mix(seed, each.id),
    )
    offered = [first.limit, *binding, *strange[:half]]
    return tuple(sorted(offered, key=lambda each: mix(seed, each.id)))


def related_articles(articles: Iterable[Article], category: str) -> tuple[tuple[str, ...], ...]:
    """Ids of the articles for a class: those that name it, then those of its second-level class.

    An article written for fewer classes comes before one for many.
    """
    exact, near = [], []
    for article in sorted(articles, key=lambda each: (len(each.revision.categories), each.id)):
        codes = article.revision.categories
        if category in codes:
            exact.append(article.id)
        elif any(covers(code[:4], category) for code in codes):
            near.append(article.id)
    return tuple(exact), tuple(near)


def mix(seed: str, text: str) -> str:
    """A place in an order that is the same for the same seed."""
    return sha256(f"{seed}\x1f{text}".encode()).hexdigest()
