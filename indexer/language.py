"""What turns text into terms and vectors, for one version of the vocabulary.

An index is cut by the words of one version; queries for it are cut by the same. While tickets are
being cut anew by the next, queries ask for both cuts of them. Synonyms and recognition confusions
act on queries only, so they are always those in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from indexer.analysis import Analyzer, domain_words
from indexer.dictionary import rounded_total
from indexer.encoder import Encoder, StaticEncoder
from indexer.queries import QueryBuilder
from indexer.sources import open_encoder
from kb.database import Database
from kb.errors import EncoderUnavailable
from kb.settings import Settings
from kb.store import vocabulary
from kb.vocabulary import Vocabulary, parse_vocabulary


@dataclass(frozen=True)
class Language:
    """Analysis, query vocabulary and encoder; shared by all snapshots cut by the same words.

    ``version``: of the vocabulary whose synonyms and confusions it knows; ``cut``: the version
    whose ``words`` it cuts by; ``base``: the version by which some tickets may still be cut, and
    ``older`` the analysis of that, None when it is ``cut`` itself. ``encoder`` is None when there
    is none, and ``encoder_reason`` says why.
    """

    analyzer: Analyzer
    builder: QueryBuilder
    encoder: Encoder | None
    encoder_reason: str
    version: int
    cut: int
    base: int
    words: frozenset[str]
    older: Analyzer | None = None

    def fits(self, *, version: int, cut: int, base: int) -> bool:
        """Whether it is the language of these versions."""
        return (self.version, self.cut, self.base) == (version, cut, base)


def open_language(settings: Settings, database: Database, *, cut: int | None = None) -> Language:
    """The language in force, cutting by the words of version ``cut`` (None: those in force).

    A broken encoder is left out.
    """
    version = vocabulary.newest_number(database.connection)
    cut = version if cut is None else cut
    held = _read(database, cut)
    analyzer = Analyzer(held)
    builder = QueryBuilder(analyzer, held if cut == version else _read(database, version))
    words = frozenset(domain_words(held))
    try:
        encoder = open_encoder(settings, analyzer)
    except EncoderUnavailable as error:
        return Language(analyzer, builder, None, str(error), version, cut, cut, words)
    return Language(analyzer, builder, encoder, "", version, cut, cut, words)


def renew_language(
    language: Language, database: Database, *, version: int, cut: int, base: int | None = None
) -> Language:
    """The language of other versions, with the same encoder; what is equal is taken over.

    ``base``: None for ``cut``.
    """
    base = cut if base is None else base
    if language.fits(version=version, cut=cut, base=base):
        return language
    older = None if base == cut else _older_analyzer(language, database, base)
    words = words_of(database, cut)
    analyzer, encoder = language.analyzer, language.encoder
    if words != language.words:
        analyzer = Analyzer(_read(database, cut))
        encoder = encoder.reading(analyzer) if isinstance(encoder, StaticEncoder) else encoder
    return replace(
        language,
        analyzer=analyzer,
        builder=QueryBuilder(analyzer, _read(database, version), older=older),
        encoder=encoder,
        version=version,
        cut=cut,
        base=base,
        words=words,
        older=older,
    )


def _older_analyzer(language: Language, database: Database, base: int) -> Analyzer:
    """The analysis by the words of ``base``; the language has it if it served a moment ago."""
    if language.older is not None and language.base == base:
        return language.older
    held = _read(database, base)
    return language.analyzer if domain_words(held) == language.words else Analyzer(held)


def words_of(database: Database, version: int) -> frozenset[str]:
    """The words that a version of the vocabulary adds to the dictionary, in normal form."""
    return frozenset(domain_words(_read(database, version)))


@dataclass(frozen=True)
class CutChange:
    """How one version cuts otherwise than another: texts that hold none of ``words`` are cut alike
    by both, unless ``is_whole``."""

    words: AbstractSet[str]
    is_whole: bool

    def __bool__(self) -> bool:
        """Whether any text may be cut otherwise."""
        return self.is_whole or bool(self.words)


def compare_cuts(database: Database, old: int, new: int) -> CutChange:
    """How version ``new`` cuts otherwise than ``old``."""
    if old == new:
        return CutChange(frozenset(), is_whole=False)
    before, after = words_of(database, old), words_of(database, new)
    return CutChange(before ^ after, rounded_total(before) != rounded_total(after))


def compare_all(database: Database, old: Iterable[int], new: int) -> CutChange:
    """How version ``new`` cuts otherwise than any of ``old``."""
    changes = [compare_cuts(database, each, new) for each in old]
    words = frozenset[str]().union(*(change.words for change in changes))
    return CutChange(words, any(change.is_whole for change in changes))


def _read(database: Database, version: int) -> Vocabulary:
    return parse_vocabulary(vocabulary.read_tables(database.connection, version))
