"""Why something is shown: the terms that found it, the step that fits, the highlights."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexer.analysis import Analyzer
from indexer.queries import Query

Span = tuple[int, int]
_SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]?")
COMMON_SHARE = 2.3e-4
"""Words commoner than this in Chinese at large (那个, 一直, 没有) explain nothing."""
MOST_TELLING = 6
SNIPPET = 90
"""Longest snippet, in characters."""


@dataclass(frozen=True)
class Marked:
    """A text with the [start, end) offsets of the terms that were asked for, and those terms."""

    text: str
    highlights: tuple[Span, ...]
    terms: tuple[str, ...]
    weight: float


class Explainer:
    """Marks texts with one query's terms. ``idf``: weight of a word; rare ones decide."""

    def __init__(self, analyzer: Analyzer, query: Query, idf: Callable[[str], float]) -> None:
        """Keep the words asked for, as written and as synonyms."""
        self._analyzer = analyzer
        self._idf = idf
        self._written = query.written
        self._asked = {
            text: weight
            for (text, is_word), weight in query.terms.items()
            if is_word
            and (len(text) > 1 or text.isdigit())
            and analyzer.general_share(text) < COMMON_SHARE
        }

    def telling(self) -> tuple[str, ...]:
        """The words of the complaint itself that decide, the weightiest first."""
        weighed = {
            word: weight * self._idf(word)
            for word, weight in self._asked.items()
            if word in self._written and self._idf(word) > 0
        }
        return tuple(sorted(weighed, key=lambda word: (-weighed[word], word))[:MOST_TELLING])

    def mark(self, text: str) -> Marked:
        """Find the words asked for in ``text``; whole words only, neighbours joined."""
        spans: list[Span] = []
        terms: dict[str, None] = {}
        weight = 0.0
        for term in self._analyzer.kept_terms(text):
            if not term.is_word or term.text not in self._asked:
                continue
            if term.text not in terms:
                weight += self._asked[term.text] * self._idf(term.text)
            terms[term.text] = None
            if spans and spans[-1][1] >= term.start:
                spans[-1] = (spans[-1][0], max(spans[-1][1], term.end))
            else:
                spans.append((term.start, term.end))
        return Marked(text, tuple(spans), tuple(terms), weight)

    def best(self, texts: Sequence[str]) -> tuple[int, Marked] | None:
        """Place and marks of the text that holds most of what was asked for; None if none does."""
        marked = [self.mark(text) for text in texts]
        if not marked:
            return None
        place = max(range(len(marked)), key=lambda each: (marked[each].weight, -each))
        return (place, marked[place]) if marked[place].weight > 0 else None

    def snippet(self, text: str) -> Marked:
        """The sentence of ``text`` that fits best, cut to SNIPPET characters."""
        sentences = [found[0].strip() for found in _SENTENCE.finditer(text) if found[0].strip()]
        if not sentences:
            return self.mark(text[:SNIPPET])
        best = self.best(sentences)
        place = best[0] if best else 0
        joined = "".join(sentences[place:])
        return self.mark(_cut(joined))


def _cut(text: str) -> str:
    return text if len(text) <= SNIPPET else text[: SNIPPET - 1] + "…"
