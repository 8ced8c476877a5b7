"""What real tickets are made of: clauses by class, learnt from the samples and the handbook.

A clause keeps its words; what varies from ticket to ticket (numbers, and now and then one word) is
left open and filled anew each time. Beside the clauses as written there are ones chained word by
word from them, so that neighbouring words vary as they do when many people speak.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from indexer.analysis import Analyzer
from indexer.dictionary import dictionary_path
from kb.article import Article
from kb.category import Category
from kb.ticket import Ticket

RARE = 0
"""Slot for a word from the long tail; slots above 0 are numbers of so many digits."""
UNTIL = {"月": -12, "日": -28, "号": -28, "点": -23, "时": -23, "%": -99}
"""Slots below 0 are numbers from 1 to that bound, by the character that follows."""
CHAINED = 240
CHAINED_GUIDE = 4_000
LONGEST_CHAIN = 12
LEAST = 4
"""Characters below which a clause is left out."""
COMMON_WORDS = 3_000
"""Words of the general dictionary that everyday clauses hold anyway: the tail starts after them."""

_CLAUSE = re.compile(r"[^，。！？；：,!?;:\n、“”‘’（）()\s>#*|—…]+")
_NUMBER = re.compile(r"(?<![A-Za-z0-9])\d{1,6}(?![A-Za-z0-9])")
_RARE_WORD = re.compile(r"[\u4e00-\u9fa5]{2,4}")


@dataclass(frozen=True)
class Clause:
    """Text around slots: one part more than slots."""

    parts: tuple[str, ...]
    slots: tuple[int, ...]


@dataclass(frozen=True)
class Pool:
    """Clauses to draw from; those of ``open`` have a slot for a rare word."""

    plain: tuple[Clause, ...]
    open: tuple[Clause, ...]


@dataclass(frozen=True)
class ClassMaterial:
    """What complaints of one class say and what was done about them."""

    category: Category
    said: Pool
    done: Pool
    demands: tuple[Clause, ...]
    causes: tuple[Clause, ...]
    fixes: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """All a generator draws from. ``rare``: words of the long tail, commonest first."""

    classes: tuple[ClassMaterial, ...]
    guide: Pool
    regions: tuple[str, ...]
    channels: tuple[str, ...]
    rare: tuple[str, ...]


Words = tuple[str, ...]


class Chain:
    """Which word follows which, in clauses of one kind."""

    def __init__(self, clauses: Iterable[Words]) -> None:
        """Note the first words, and after each word all that followed it; "" ends a clause."""
        self.starts: list[str] = []
        self.following: dict[str, list[str]] = defaultdict(list)
        for words in clauses:
            self.starts.append(words[0])
            for word, following in zip(words, (*words[1:], ""), strict=True):
                self.following[word].append(following)


def learn(
    tickets: Sequence[Ticket],
    articles: Sequence[Article],
    categories: Sequence[Category],
    analyzer: Analyzer,
    *,
    seed: int,
) -> Material:
    """Take the shipped tickets and articles apart."""
    rng = random.Random(f"material {seed}")  # noqa: S311 - repeatable, not secret
    cutter = _Cutter(analyzer)
    said = Chain(words for ticket in tickets for words in cutter.clauses(ticket.description))
    done = Chain(words for ticket in tickets for words in cutter.clauses(ticket.resolution))
    by_class: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        by_class[ticket.category].append(ticket)
    classes = tuple(
        ClassMaterial(
            category=category,
            said=_pool(rng, [each.description for each in own], said, cutter, CHAINED),
            done=_pool(rng, [each.resolution for each in own], done, cutter, CHAINED),
            demands=tuple(to_clause(each.customer_demand) for each in own),
            causes=tuple(to_clause(each.root_cause) for each in own),
            fixes=tuple(dict.fromkeys(each.fix for each in own if each.fix)),
        )
        for category in categories
        if (own := by_class.get(category.id))
    )
    bodies = [article.revision.body for article in articles]
    told = Chain(words for body in bodies for words in cutter.clauses(body))
    return Material(
        classes=classes,
        guide=_pool(rng, bodies, told, cutter, CHAINED_GUIDE),
        regions=tuple(ticket.region for ticket in tickets if ticket.region),
        channels=tuple(ticket.channel for ticket in tickets),
        rare=read_rare_words(),
    )


@lru_cache(maxsize=1)
def read_rare_words() -> tuple[str, ...]:
    """Words of jieba's dictionary, commonest in Chinese at large first, after the common ones."""
    rows = [line.split(" ") for line in dictionary_path().read_text("utf-8").splitlines()]
    rows.sort(key=lambda row: (-int(row[1]), row[0]))
    return tuple(row[0] for row in rows[COMMON_WORDS:] if _RARE_WORD.fullmatch(row[0]))


class _Cutter:
    """Cuts texts into clauses of words, each as it is written."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer

    def clauses(self, text: str) -> Iterator[Words]:
        for found in _CLAUSE.finditer(text):
            if len(found[0]) >= LEAST and (words := self._words(found[0])):
                yield words

    def _words(self, clause: str) -> Words:
        terms = [term for term in self._analyzer.terms(clause) if term.is_word]
        edges = [0, *(term.start for term in terms[1:]), len(clause)]
        return tuple(clause[start:end] for start, end in pairwise(edges))


def _pool(
    rng: random.Random, texts: Sequence[str], shared: Chain, cutter: _Cutter, chained: int
) -> Pool:
    """The clauses of ``texts``, and ``chained`` more from their words and the shared ones."""
    written = [words for text in texts for words in cutter.clauses(text)]
    own = Chain(written)
    clauses = [*written, *(_chained(rng, own, shared) for _ in range(chained))]
    clauses = [words for words in dict.fromkeys(clauses) if len("".join(words)) >= LEAST]
    rng.shuffle(clauses)
    opened = (_opened(rng, words) for words in clauses)
    return Pool(
        plain=tuple(to_clause("".join(words)) for words in clauses),
        open=tuple(clause for clause in opened if clause is not None),
    )


def _chained(rng: random.Random, own: Chain, shared: Chain) -> Words:
    word = rng.choice(own.starts)
    words = [word]
    while len(words) < LONGEST_CHAIN:
        chain = own if rng.random() < 0.6 and word in own.following else shared
        word = rng.choice(chain.following.get(word, [""]))
        if not word:
            break
        words.append(word)
    return tuple(words)


def _opened(rng: random.Random, words: Words) -> Clause | None:
    """The clause with one of its words of content left open; None when it has none."""
    places = [place for place, word in enumerate(words) if _RARE_WORD.fullmatch(word)]
    if not places:
        return None
    place = rng.choice(places)
    before, after = to_clause("".join(words[:place])), to_clause("".join(words[place + 1 :]))
    return Clause((*before.parts, *after.parts), (*before.slots, RARE, *after.slots))


def to_clause(text: str) -> Clause:
    """A clause whose numbers are slots."""
    parts: list[str] = []
    slots: list[int] = []
    place = 0
    for found in _NUMBER.finditer(text):
        parts.append(text[place : found.start()])
        slots.append(UNTIL.get(text[found.end() : found.end() + 1], len(found[0])))
        place = found.end()
    return Clause((*parts, text[place:]), tuple(slots))
