"""How literally a document holds what was typed: in its title, among its keywords, in its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexer.analysis import Analyzer, Term, normal_form, normalise
from indexer.explaining import Explainer, Marked, Span
from indexer.queries import Query
from kb.article import Article
from kb.limit import TimeLimit, describe_amount
from kb.store.tickets import ResolvedTicket

KEPT_TEXTS = 20_000
PARTS_SHARE = 0.7
"""What all words of a text found apart count for against the text found whole."""
TYPED_SHARE = 0.9
"""What the words as typed count for when others were meant."""
SYNONYM_SHARE = 0.6
"""What another name of what was typed counts for."""
LITERAL_WEIGHT = 20.0
"""Weight of a sentence that holds what was typed: above that of a few rare words."""

_QUOTED = re.compile(r"[“\"「『《]([^”\"」』》]+)[”\"」』》]")
_GAP = re.compile(r"[^\w.\-+]+")

Texts = Sequence[tuple[float, str]]
"""(what a find there counts for, 0 to 1; the text)."""


@dataclass(frozen=True)
class Wanted:
    """What to look for, in normal form without blanks. ``quoted``: each must be there as it is."""

    wholes: tuple[tuple[float, str], ...]
    parts: tuple[str, ...]
    quoted: tuple[str, ...]


def wanted(typed: str, built: Query, words: Sequence[str]) -> Wanted:
    """What to look for when ``typed`` was typed and understood as ``built``: this, what was typed,
    and other names of it when it is a word of the vocabulary; apart, its ``words``."""
    maybe = normal_form(typed)
    for wrong, right in built.corrections:
        maybe = maybe.replace(wrong, right)
    names = [added for written, added in built.synonyms if written == built.text]
    wholes = (
        (1.0, flat(_GAP.sub("", built.text))),
        (TYPED_SHARE, flat(_GAP.sub("", maybe))),
        (TYPED_SHARE, flat(_GAP.sub("", typed))),
        *((SYNONYM_SHARE, flat(name)) for name in names),
    )
    telling = tuple(word for word in words if len(word) > 1) or tuple(words)
    quoted = tuple(flat(each) for each in _QUOTED.findall(typed))
    return Wanted(tuple(each for each in dict.fromkeys(wholes) if each[1]), telling, quoted)


def closeness(look: Wanted, texts: Texts) -> float:
    """How literally texts hold what is wanted: 0 (not) to 1 (it is a keyword, or the like)."""
    flattened = [(worth, flat(text)) for worth, text in texts]
    if look.quoted:
        return min(_find(each, flattened) for each in look.quoted)
    whole = max((share * _find(text, flattened) for share, text in look.wholes), default=0.0)
    if len(look.parts) < 2:
        return whole
    found = [_find(part, flattened) for part in look.parts]
    return max(whole, PARTS_SHARE * sum(found) / len(found))


def _find(part: str, texts: Texts) -> float:
    return max((worth for worth, text in texts if part in text), default=0.0)


@lru_cache(maxsize=KEPT_TEXTS)
def flat(text: str) -> str:
    """A text in normal form without blanks."""
    return normal_form(text).replace(" ", "")


class LiteralExplainer(Explainer):
    """Marks what was typed too where it stands inside other words: the whole of these words."""

    def __init__(
        self, analyzer: Analyzer, query: Query, idf: Callable[[str], float], look: Wanted
    ) -> None:
        """``look``: what is marked wherever it stands."""
        super().__init__(analyzer, query, idf)
        self._analyzer = analyzer
        self._look = look

    def mark_words(self, text: str, found: Sequence[Term]) -> Marked:
        """``text`` with the words asked for, and what was typed."""
        marked = super().mark_words(text, found)
        literal = list(self._literal_spans(text))
        if not literal:
            return marked
        return Marked(
            text,
            _joined([*marked.highlights, *literal]),
            tuple(dict.fromkeys((*marked.terms, *(text[start:end] for start, end in literal)))),
            marked.weight + LITERAL_WEIGHT,
        )

    def weigh_sentences(self, text: str, sentences: Sequence[re.Match[str]]) -> list[float]:
        """A sentence that holds what was typed weighs more."""
        weights = super().weigh_sentences(text, sentences)
        return [
            weight + LITERAL_WEIGHT if any(self._literal_spans(found[0].strip())) else weight
            for found, weight in zip(sentences, weights, strict=True)
        ]

    def _literal_spans(self, text: str) -> Iterator[Span]:
        wholes = self._look.quoted or [whole for _, whole in self._look.wholes]
        if not any(whole in flat(text) for whole in wholes):
            return
        normal = normalise(text)
        places = [place for place, char in enumerate(normal.text) if char != " "]
        for whole in wholes:
            for found in re.finditer(re.escape(whole), flat(text)):
                start = normal.starts[places[found.start()]]
                end = normal.ends[places[found.end() - 1]]
                yield self._widened(text, start, end)

    def _widened(self, text: str, start: int, end: int) -> Span:
        for word in self._analyzer.kept_words(text):
            if word.start < end and word.end > start:
                start, end = min(start, word.start), max(end, word.end)
        return start, end


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and joined[-1][1] >= start:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def article_texts(article: Article) -> Texts:
    """An article's texts."""
    revision = article.revision
    return (
        (0.95, revision.title),
        (0.85, "|".join(revision.keywords)),
        (0.6, "|".join(revision.steps)),
        (0.55, revision.body),
    )


def is_keyword(look: Wanted, article: Article) -> bool:
    """Whether what is wanted is, word for word, one of an article's keywords."""
    keywords = {flat(keyword) for keyword in article.revision.keywords}
    return any(text in keywords for _, text in look.wholes)


def limit_texts(limit: TimeLimit) -> Texts:
    """A time limit's texts."""
    return (
        (0.8, f"{limit.subject}时限{describe_amount(limit)}|{limit.subject}"),
        (0.6, f"{limit.region}{limit.condition}"),
        (0.3, f"{limit.from_event}|{limit.source}|{limit.responsible_dept}"),
    )


def ticket_texts(ticket: ResolvedTicket) -> Texts:
    """A ticket's texts: what was said before what was done."""
    return (
        (0.55, f"{ticket.title}|{ticket.fix}"),
        (0.5, ticket.description),
        (0.45, f"{ticket.root_cause}|{ticket.resolution}"),
    )
