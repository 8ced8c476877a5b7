"""Tickets, complaints and articles of any number from one seed, a few at a time.

Lengths are log-normal; classes and the fixes of a class are drawn in Zipf's proportions; rare words
follow a Zipf-Mandelbrot law without an end, so the vocabulary keeps growing as it does in real
tickets; some tickets repeat an earlier one of the same number, some are near-duplicates.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from indexer.bench.material import RARE, ClassMaterial, Clause, Material, Pool
from kb.article import Article, Revision
from kb.ticket import Outcome, Ticket
from kb.times import BEIJING, format_instant

GENERATOR_VERSION = "1"
"""Raised whenever the same seed gives other texts: corpora of another version are made anew."""
START = datetime(2023, 11, 1, tzinfo=BEIJING)
DAYS = 3 * 365
SHORTEST, LONGEST = 60, 250
MEDIAN_LENGTH, LENGTH_SPREAD = 112.0, 0.38
"""Of complaints and resolutions, in characters: log-normal, cut to SHORTEST and LONGEST."""
OPEN_SHARE = 0.3
"""Share of the clauses with a word from the long tail."""
TAIL_SHIFT, TAIL_SLOPE = 2_500.0, 0.75
"""Zipf-Mandelbrot: the share of rank r falls as (r + shift) to the power of -(slope + 1)."""
STRAYING = 0.15
"""Share of the clauses that belong to another class."""
NEAR_DUPLICATES = 0.02
STAYED, CAME_BACK = 0.88, 0.09
REPEATED = 0.6
"""Share of those that came back by a second complaint of the same number."""
UNLABELLED = 0.08
"""Share of tickets that do not name their fix."""
RETURNING = 0.15
"""Share of tickets from a number seen before, on another matter."""
RECENT = 200
FIRST_SERIAL = 500_001
"""Of each day: shipped samples have low serials."""
PLACES = ("小区", "花园", "村", "家园", "大厦", "路", "街道", "镇")
PLANS = ("畅享", "悦享", "乐家", "全家享", "星卡", "融合", "青春", "银龄", "飞享", "冰淇淋")
LETTERS = ("HG", "ZX", "CM", "TY", "GPON", "F", "SR", "WR", "MA", "K")
SYLLABLES = "安北昌东福光海和华嘉金景丽龙明宁平庆荣山盛天万祥新兴阳永裕泽"


@dataclass(frozen=True)
class Case:
    """One invented ticket with its outcome."""

    ticket: Ticket
    outcome: Outcome


class Speaker:
    """Speaks clauses of one material with one source of chance."""

    def __init__(self, material: Material, seed: str) -> None:
        """Draw from ``material``; equal seeds speak equally."""
        self.rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._material = material
        self._weights = list(accumulate(1 / (place + 3) for place in range(len(material.classes))))

    def draw_class(self) -> ClassMaterial:
        """A class, in Zipf's proportions."""
        return self.rng.choices(self._material.classes, cum_weights=self._weights)[0]

    def draw_fix(self, fixes: Sequence[str]) -> str:
        """One of a class's fixes, the first ones more often; "" now and then."""
        if not fixes or self.rng.random() < UNLABELLED:
            return ""
        return fixes[int(len(fixes) * self.rng.random() ** 2)]

    def text(self, kind: str, own: ClassMaterial) -> str:
        """A complaint (``kind`` said) or a resolution (done) of this class."""
        spread = self.rng.lognormvariate(0.0, LENGTH_SPREAD)
        wanted = min(max(int(MEDIAN_LENGTH * spread), SHORTEST + 8), LONGEST - 12)
        parts: dict[str, None] = {}
        length = 0
        while length < wanted:
            speaking = self.draw_class() if self.rng.random() < STRAYING else own
            pool: Pool = getattr(speaking, kind)
            clause = self.clause(pool)
            if clause not in parts and length + len(clause) + 1 <= LONGEST:
                parts[clause] = None
                length += len(clause) + 1
        return "，".join(parts) + "。"

    def clause(self, pool: Pool) -> str:
        """One clause of a pool, the first ones more often."""
        chosen = pool.open if self.rng.random() < OPEN_SHARE else pool.plain
        clauses = chosen or pool.plain
        return self.fill(clauses[int(len(clauses) * self.rng.random() ** 1.6)])

    def fill(self, clause: Clause) -> str:
        """The clause with its slots filled anew."""
        if not clause.slots:
            return clause.parts[0]
        text = clause.parts[0]
        for slot, part in zip(clause.slots, clause.parts[1:], strict=True):
            text += (self._rare() if slot == RARE else self._number(slot)) + part
        return text

    def _number(self, slot: int) -> str:
        """Low numbers are commoner than high ones, as in bills (Benford)."""
        if slot < 0:
            return str(1 + int(-slot * self.rng.random()))
        return str(int(10 ** (slot - 1 + self.rng.random())))

    def _rare(self) -> str:
        roll = self.rng.random()
        if roll < 0.12:
            made = "".join(self.rng.choices(SYLLABLES, k=2))
            return self.rng.choice(self._material.regions) + made + self.rng.choice(PLACES)
        if roll < 0.2:
            return f"{self.rng.choice(PLANS)}{self._number(3)}元套餐"
        if roll < 0.26:
            return f"{self._number(2)}.{self._number(2)}元"
        rank = int(TAIL_SHIFT * ((1 - self.rng.random()) ** (-1 / TAIL_SLOPE) - 1))
        if rank < len(self._material.rare):
            return self._material.rare[rank]
        return f"{LETTERS[rank % len(LETTERS)]}{rank % 10**9}"


def generate_complaints(material: Material, count: int, *, seed: int) -> list[str]:
    """Complaints that stand in no ticket of the corpus of this seed."""
    speaker = Speaker(material, f"asked {seed}")
    return [speaker.text("said", speaker.draw_class()) for _ in range(count)]


def generate_tickets(material: Material, count: int, *, seed: int) -> Iterator[Case]:
    """Closed tickets in order of acceptance, over three years."""
    return _Desk(material, count, seed).cases()


@dataclass(frozen=True, order=True)
class _Return:
    """A complaint that will be made again at an instant."""

    at: datetime
    ticket_no: str
    number: int
    place: int


@dataclass(frozen=True)
class _Call:
    """Who rings (the number's place), what is said, and which ticket it repeats."""

    own: ClassMaterial
    number: int
    description: str
    repeat_of: str | None


class _Desk:
    """One desk's tickets, day after day; what it remembers is bounded."""

    def __init__(self, material: Material, count: int, seed: int) -> None:
        self._material = material
        self._count = count
        self._seed = seed
        self._speaker = Speaker(material, f"tickets {seed} {count}")
        self._places = {each.category.id: place for place, each in enumerate(material.classes)}
        self._returns: list[_Return] = []
        self._recent: deque[tuple[ClassMaterial, str]] = deque(maxlen=RECENT)
        self._numbers = 0

    def cases(self) -> Iterator[Case]:
        day, serial = date.min, 0
        for place in range(self._count):
            at = START + timedelta(minutes=int(DAYS * 1440 * place / self._count))
            day, serial = (day, serial + 1) if at.date() == day else (at.date(), FIRST_SERIAL)
            yield self._case(at, f"TS{at:%Y%m%d}{serial:06d}")

    def _case(self, at: datetime, ticket_no: str) -> Case:
        rng = self._speaker.rng
        call = self._call(at)
        self._recent.append((call.own, call.description))
        closed_at = at + timedelta(hours=min(rng.lognormvariate(2.6, 0.9), 400.0))
        outcome = self._outcome(closed_at, ticket_no, call)
        return Case(self._ticket(ticket_no, call, outcome, at=at, closed_at=closed_at), outcome)

    def _call(self, at: datetime) -> _Call:
        """Who rings, and what is said: again, nearly what others say, or something new."""
        rng, speaker = self._speaker.rng, self._speaker
        if self._returns and self._returns[0].at <= at:
            earlier = heapq.heappop(self._returns)
            own = self._material.classes[earlier.place]
            return _Call(own, earlier.number, speaker.text("said", own), earlier.ticket_no)
        if self._recent and rng.random() < NEAR_DUPLICATES:
            own, description = self._recent[int(len(self._recent) * rng.random())]
            return _Call(own, self._number(), self._changed(description, own), None)
        own = speaker.draw_class()
        return _Call(own, self._number(), speaker.text("said", own), None)

    def _number(self) -> int:
        """Which of the callers rings: a new one, or one who rang before."""
        rng = self._speaker.rng
        if self._numbers and rng.random() < RETURNING:
            return int(self._numbers * rng.random())
        self._numbers += 1
        return self._numbers - 1

    def _changed(self, description: str, own: ClassMaterial) -> str:
        """Nearly the same complaint: one clause is another."""
        clauses = description.rstrip("。").split("，")
        clauses[int(len(clauses) * self._speaker.rng.random())] = self._speaker.clause(own.said)
        return "，".join(clauses)[: LONGEST - 1] + "。"

    def _outcome(self, closed_at: datetime, ticket_no: str, call: _Call) -> Outcome:
        roll = self._speaker.rng.random()
        settled = format_instant(closed_at + timedelta(days=30))
        closed = format_instant(closed_at)
        if roll < STAYED:
            return Outcome(ticket_no, 0, "stayed_closed", "", settled, closed)
        if roll >= STAYED + CAME_BACK:
            return Outcome(ticket_no, 0, "pending", "", None, closed)
        if self._speaker.rng.random() >= REPEATED:
            return Outcome(ticket_no, 0, "came_back", "callback", settled, closed)
        again = closed_at + timedelta(hours=1 + 28 * 24 * self._speaker.rng.random())
        place = self._places[call.own.category.id]
        heapq.heappush(self._returns, _Return(again, ticket_no, call.number, place))
        return Outcome(ticket_no, 0, "came_back", "repeat", settled, closed)

    def _ticket(
        self, ticket_no: str, call: _Call, outcome: Outcome, *, at: datetime, closed_at: datetime
    ) -> Ticket:
        speaker, own = self._speaker, call.own
        rng, category = speaker.rng, own.category
        came_back = outcome.state == "came_back"
        digest = hashlib.sha256(f"{self._seed} {call.number}".encode()).hexdigest()
        head, tail = int(digest[:6], 16) % 90 + 10, int(digest[6:12], 16) % 10**4
        return Ticket(
            ticket_no=ticket_no,
            accepted_at=format_instant(at),
            channel=rng.choice(self._material.channels),
            service_number=f"1{head}****{tail:04d}",
            number_hash=digest,
            region=rng.choice(self._material.regions),
            area="urban" if rng.random() < 0.75 else "rural",
            category=category.id,
            urgency=category.default_priority,
            description=call.description,
            customer_demand=speaker.fill(rng.choice(own.demands)),
            status="closed",
            responsible_dept=category.responsible_dept,
            root_cause=speaker.fill(rng.choice(own.causes)),
            fix=speaker.draw_fix(own.fixes),
            resolution=speaker.text("done", own),
            closed_at=format_instant(closed_at),
            satisfaction=1 + int((4 if came_back else 10) * rng.random() ** 0.5),
            is_repeat=call.repeat_of is not None,
            repeat_of=call.repeat_of,
            closings=1,
            is_sample=True,
        )


ARTICLE_SECTIONS = ("一句话", "怎么认", "话术", "不要承诺", "例外与补偿", "何时升级")
VALID_FROM, REVIEW_BY = date(2026, 1, 1), date(2027, 12, 31)


def generate_articles(material: Material, count: int, *, seed: int) -> Iterator[Article]:
    """Published articles of chapter 3, each the procedure of one class."""
    speaker = Speaker(material, f"articles {seed}")
    for place in range(1, count + 1):
        own = speaker.draw_class()
        name = f"B{place:06d}"
        yield Article(
            id=name,
            chapter=3,
            section="3.2",
            slug=f"bench-{place}",
            owner=own.category.responsible_dept,
            responsible_dept=own.category.responsible_dept,
            revision=_revision(speaker, material, own, name),
        )


def _revision(speaker: Speaker, material: Material, own: ClassMaterial, name: str) -> Revision:
    rng = speaker.rng
    guide = material.guide
    bodies = [
        f"## {section}\n" + "，".join(speaker.clause(guide) for _ in range(rng.randint(4, 9)))
        for section in ARTICLE_SECTIONS
    ]
    return Revision(
        article_id=name,
        number=1,
        title=f"{own.category.name}：{speaker.clause(own.said)}"[:60],
        body="。\n\n".join(bodies) + "。",
        categories=(own.category.id,),
        keywords=tuple(speaker.clause(own.said) for _ in range(6)),
        steps=tuple(speaker.clause(guide) + "。" for _ in range(rng.randint(5, 8))),
        time_limits=(),
        figures=(),
        sources=("生成的条目，只供测速",),
        status="published",
        valid_from=VALID_FROM,
        valid_until=None,
        review_by=REVIEW_BY,
    )
