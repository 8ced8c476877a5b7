"""From what was typed to the terms asked for: recognition errors put right, synonyms added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from indexer.analysis import Analyzer, normalise
from indexer.relevance import TermWeights
from kb.vocabulary import Vocabulary

SYNONYM_WEIGHT = 0.3
AMBIGUOUS_WEIGHT = 0.1
MOST_SYNONYMS = 8
KEPT_SYNONYMS = 10_000
"""Words of the vocabulary whose terms are kept."""
CONTEXT_REACH = 12
"""Characters on each side within which a telecom word lets a doubtful confusion be put right."""

Terms = Mapping[tuple[str, bool], float]
"""(text, is_word) → weight."""


@dataclass(frozen=True)
class Query:
    """A query ready for both lanes.

    ``terms``: weighted terms for the word lane. ``older``: what else tickets are asked for that are
    still cut by the words of before. ``text``: the corrected text the encoder reads. ``words``: its
    different words. ``written``: terms as written, for explanations and highlights. ``synonyms``:
    (written, added). ``corrections``: (written, meant).
    """

    terms: Terms
    text: str
    words: tuple[str, ...]
    written: frozenset[str]
    synonyms: tuple[tuple[str, str], ...]
    corrections: tuple[tuple[str, str], ...]
    older: Terms = field(default_factory=dict)


class QueryBuilder:
    """Builds queries with one desk's vocabulary."""

    def __init__(
        self,
        analyzer: Analyzer,
        vocabulary: Vocabulary,
        weights: TermWeights | None = None,
        *,
        older: Analyzer | None = None,
    ) -> None:
        """Put the vocabulary into normal form once; ``weights``: learned from pairs, if any;
        ``older``: the analysis by which some tickets are still cut."""
        self._analyzer = analyzer
        self._older = older
        self._weights = weights or TermWeights()
        self._groups: dict[str, tuple[str, ...]] = {}
        for group in vocabulary.synonyms:
            words = tuple(normalise(word).text for word in group)
            self._groups.update(dict.fromkeys(words, words))
        self._ambiguous = {normalise(word).text for word in vocabulary.ambiguous}
        self._confusions = {
            normalise(item.wrong).text: (normalise(item.correct).text, item.is_safe)
            for item in vocabulary.confusions
        }
        self._synonym_terms = lru_cache(maxsize=KEPT_SYNONYMS)(analyzer.terms)
        self._longest = _longest_by_start(self._groups)
        self._longest_wrong = _longest_by_start(self._confusions)

    @property
    def known(self) -> frozenset[str]:
        """Every right word of the vocabulary in normal form."""
        return frozenset(self._groups) | {right for right, _ in self._confusions.values()}

    @property
    def doubtful(self) -> frozenset[str]:
        """Words that are put right only beside a telecom word: 款待 may be meant."""
        return frozenset(wrong for wrong, (_, is_safe) in self._confusions.items() if not is_safe)

    def build(self, text: str, *, without: Sequence[str] = ()) -> Query:
        """The query for ``text`` (masked already); terms in ``without`` are left out."""
        normal = normalise(text).text
        meant, corrections = self._correct(normal)
        for left_out in without:
            normal, meant = normal.replace(left_out, " "), meant.replace(left_out, " ")
        terms = _terms_of(self._analyzer, meant)
        written = frozenset(term for term, _ in terms)
        words = tuple(term for term, is_word in terms if is_word)
        if corrections:
            for term in self._analyzer.terms(normal):
                terms.setdefault((term.text, term.is_word), 0.3)
        synonyms = self._add_synonyms(meant, terms)
        weigh = self._weights.weigh
        older = _terms_of(self._older, meant) if self._older else {}
        return Query(weigh(terms), meant, words, written, synonyms, corrections, weigh(older))

    def correct(self, text: str) -> str:
        """The text of ``build``'s query, which is all that is done."""
        return self._correct(normalise(text).text)[0]

    def _correct(self, text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Put recognition errors right: safe ones anywhere, others beside a telecom word."""
        parts: list[str] = []
        corrections: list[tuple[str, str]] = []
        kept = 0
        for place, char in enumerate(text):
            if place < kept or char not in self._longest_wrong:
                continue
            wrong = _longest_at(text, place, self._confusions, self._longest_wrong)
            right, is_safe = self._confusions.get(wrong, ("", False))
            if wrong and (is_safe or self._in_context(text, place, len(wrong))):
                parts += text[kept:place], right
                corrections.append((wrong, right))
                kept = place + len(wrong)
        return "".join((*parts, text[kept:])), tuple(corrections)

    def _in_context(self, text: str, place: int, length: int) -> bool:
        before = text[max(0, place - CONTEXT_REACH) : place]
        after = text[place + length : place + length + CONTEXT_REACH]
        return any(
            len(_longest_at(side, start, self._groups, self._longest)) > 1
            for side in (before, after)
            for start in range(len(side))
        )

    def _add_synonyms(
        self, text: str, terms: dict[tuple[str, bool], float]
    ) -> tuple[tuple[str, str], ...]:
        used: list[tuple[str, str]] = []
        place = 0
        while place < len(text):
            word = _longest_at(text, place, self._groups, self._longest)
            if not word:
                place += 1
                continue
            place += len(word)
            weight = AMBIGUOUS_WEIGHT if word in self._ambiguous else SYNONYM_WEIGHT
            others = [other for other in self._groups[word] if other not in text]
            for other in others[:MOST_SYNONYMS]:
                used.append((word, other))
                for term in self._synonym_terms(other):
                    terms.setdefault((term.text, term.is_word), weight)
        return tuple(used)


def _terms_of(analyzer: Analyzer, text: str) -> dict[tuple[str, bool], float]:
    terms: dict[tuple[str, bool], float] = {}
    for term in analyzer.terms(text):
        terms[term.text, term.is_word] = 1.0
        if term.is_word and len(term.text) == 2:
            terms[term.text, False] = 1.0
    return terms


def _longest_at(
    text: str, place: int, words: Mapping[str, object], longest: Mapping[str, int]
) -> str:
    """The longest of ``words`` that stands at a place, else ""."""
    for end in range(min(len(text), place + longest.get(text[place], 0)), place, -1):
        if text[place:end] in words:
            return text[place:end]
    return ""


def _longest_by_start(words: Iterable[str]) -> dict[str, int]:
    """Length of the longest word that starts with each character."""
    longest: dict[str, int] = {}
    for word in words:
        longest[word[:1]] = max(len(word), longest.get(word[:1], 0))
    return longest
