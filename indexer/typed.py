"""From what an agent typed into the search box to the query: nothing typed is lost.

On top of what ``indexer.queries`` does for every text: pinyin, initials and typing errors are put
right, and a character alone finds every word it stands in.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.analysis import normal_form
from indexer.language import Language
from indexer.lexicon import Lexicon, build_lexicon
from indexer.queries import Query
from indexer.readings import syllables_of
from indexer.snapshot import Lane, Snapshot
from indexer.spelling import Correction, Speller

TYPED_WEIGHT = 0.3
"""Weight of what was typed where something else was meant."""
MAYBE_WEIGHT = 0.6
"""Weight of what may have been meant, beside what was typed."""
MOST_PAIRS = 300
"""Pairs searched for a character alone: the commonest."""
GROWTH = 1.02
"""Tickets by which the index grows before its words are counted anew."""

LEAST_INITIALS, MOST_INITIALS = 3, 4
"""Initials that are read where a complaint is nothing but letters; the most in any."""
LONGEST_SPELT_OUT = 40
"""Characters up to which a complaint may have been typed in pinyin: longer ones are told."""

_LETTERS = re.compile(r"[a-z]{2}")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True)
class _Held:
    """A lexicon with what it was counted for: the folder, the handbook's segments, the tickets."""

    folder: Path
    vocabulary: int
    passages: tuple[str, ...]
    tickets: int
    lexicon: Lexicon

    def fits(self, language: Language, snapshot: Snapshot) -> bool:
        """Whether the counts still serve: they only decide between words."""
        return (
            self.folder == snapshot.folder
            and self.vocabulary == language.version
            and self.passages == _segment_names(snapshot)
            and self.tickets <= snapshot.tickets.collection.size <= GROWTH * self.tickets
        )


class TypedQueries:
    """Builds the queries of explicit search; safe to use from many threads."""

    def __init__(self) -> None:
        """Nothing is counted before the first search."""
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def build(self, text: str, language: Language, snapshot: Snapshot) -> Query:
        """The query for ``text`` (masked already) as the words of this index explain it."""
        lexicon = self._hold(language, snapshot)
        speller = _speller(lexicon, language, snapshot)
        base = language.builder.build(text)
        found = speller.correct(base.text)
        if not found and base.text not in language.builder.doubtful:
            found = speller.correct_alone(base.text)
        query = _corrected(text, base, found, language) if found else base
        return _with_characters(query, lexicon)

    def spell_out(
        self, text: str, language: Language, snapshot: Snapshot
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """A short complaint with its pinyin and initials as Chinese, and what was put right.

        Nobody speaks in initials: an agent typed them, and nothing else. Among Chinese words,
        which stay as they were said, only the desk's own words are read: other letters
        are nonsense or another trade's.
        """
        plain = normal_form(text)
        if len(plain) > LONGEST_SPELT_OUT or not _LETTERS.search(plain):
            return text, ()
        lexicon = self._hold(language, snapshot)
        speller = _speller(lexicon, language, snapshot)
        found = [
            each
            for each in speller.correct_letters(plain)
            if each.is_sure and _is_meant(each, plain, lexicon)
        ]
        if not found:
            return text, ()
        return _replaced(plain, found), tuple(
            (plain[each.start : each.end], each.meant) for each in found
        )

    def build_as_typed(self, text: str, language: Language, snapshot: Snapshot) -> Query:
        """The query for exactly these words: nothing is put right."""
        return _with_characters(language.builder.build(text), self._hold(language, snapshot))

    def _hold(self, language: Language, snapshot: Snapshot) -> Lexicon:
        """The lexicon of this state; the one before it while another thread counts anew."""
        held = self._held
        if held is not None and held.fits(language, snapshot):
            return held.lexicon
        if held is not None and held.folder == snapshot.folder and self._lock.locked():
            return held.lexicon
        with self._lock:
            held = self._held
            if held is None or not held.fits(language, snapshot):
                held = self._held = _count(language, snapshot)
            return held.lexicon


def _is_meant(found: Correction, text: str, lexicon: Lexicon) -> bool:
    """Whether letters of a complaint were surely typed for what they can be read as."""
    letters = re.sub("[ ']", "", text[found.start : found.end])
    if _HAN_RUN.search(letters):
        return True
    if len(found.meant) == 1 or len(set(letters)) == 1:
        return False
    is_pinyin = "".join(syllables_of(found.meant) or ()) == letters
    is_short = len(letters) == len(found.meant) <= MOST_INITIALS
    if _HAN_RUN.search(text):
        return (is_pinyin or is_short) and lexicon.is_own(found.meant)
    return is_pinyin or (is_short and len(letters) >= LEAST_INITIALS)


def _count(language: Language, snapshot: Snapshot) -> _Held:
    tickets = snapshot.tickets.collection
    lexicon = build_lexicon(
        snapshot.passages.collection,
        tickets,
        language.builder.known,
        hidden=(snapshot.passages.hidden, snapshot.tickets.hidden),
    )
    return _Held(snapshot.folder, language.version, _segment_names(snapshot), tickets.size, lexicon)


def _segment_names(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(segment.name for segment in snapshot.passages.collection.segments)


def _documents(lanes: Sequence[Lane], pair: str) -> int:
    return sum(lane.words.document_counts([pair], is_word=False)[0] for lane in lanes)


def _corrected(text: str, base: Query, found: Sequence[Correction], language: Language) -> Query:
    """The query for what was surely meant, with what was typed, other readings, and what may have
    been meant at lower weights."""
    built = language.builder.build(_replaced(base.text, [each for each in found if each.is_sure]))
    others = [choice for each in found for choice in each.choices[1:]]
    others += [(each.meant, MAYBE_WEIGHT) for each in found if not each.is_sure]
    terms = dict(built.terms)
    for other, weight in [*others, (text, TYPED_WEIGHT), (base.text, TYPED_WEIGHT)]:
        for term in language.analyzer.terms(other):
            terms.setdefault((term.text, term.is_word), weight)
    written = [(base.text[each.start : each.end], each.meant) for each in found]
    corrections = dict.fromkeys([*base.corrections, *written])
    return replace(built, terms=terms, corrections=tuple(corrections))


def _speller(lexicon: Lexicon, language: Language, snapshot: Snapshot) -> Speller:
    lanes = (snapshot.passages, snapshot.tickets)
    return Speller(lexicon, language.analyzer.words, lambda pair: _documents(lanes, pair))


def _replaced(text: str, found: Sequence[Correction]) -> str:
    for each in reversed(found):
        text = text[: each.start] + each.meant + text[each.end :]
    return text


def _with_characters(query: Query, lexicon: Lexicon) -> Query:
    """A Chinese character that stands alone also finds the pairs it is part of: common pairs
    first, because a rare one says less about what was meant."""
    alone = [run for run in _HAN_RUN.findall(normal_form(query.text)) if len(run) == 1]
    if not alone:
        return query
    terms = dict(query.terms)
    for char in alone:
        pairs = lexicon.pairs.holding(char, MOST_PAIRS)
        for pair, count in pairs:
            terms.setdefault((pair, False), count / pairs[0][1])
    return replace(query, terms=terms)
