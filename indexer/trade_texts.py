"""Which texts the gate of the trade learns from, and with what weight.

Complaints stand also as pieces of a clause or three, since callers say less than a ticket does, and
every text a second time with wrong characters of the same sound, since recognisers write them.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from indexer.documents import QUESTION_SECTIONS, split_sections
from indexer.trade import read_syllable
from kb.handbook import TalkTables
from kb.store import handbook, indexable
from kb.vocabulary import Vocabulary

MOST_COMPLAINTS = 1_500
MOST_PHRASES = 2_500
MOST_ARTICLES = 500
"""Of a handbook of ten thousand articles an even share teaches; of a usual one all."""
PIECES = 2
SHORTEST_PIECE = 6
LONGEST_PIECE = 3
WRONG_SHARE = 0.15
"""Share of characters replaced in the copy with wrong ones."""
SAME_SOUND = 8
"""The so many commonest characters of a sound stand in for each other."""
PIECE = 0.6
OTHER_PIECE = 0.3
PHRASE, NAMED = 0.4, 0.15
"""Weights beside a whole text's 1: pieces of ours and of other talk, phrases of the handbook, names
of other trades. A piece of other talk may hold nothing but how callers of every trade complain."""
WHOLE, SAYING, ARTICLE, NAME = 1.0, 0.5, 0.7, 2.0
"""How much a text counts when features are counted: a complaint or other sentence, a phrase of the
handbook, an article, a name of another trade."""
CARRIERS = (
    "{}了", "{}怎么办", "{}怎么回事", "我的{}", "我要{}", "我这{}", "{}啊", "老是{}", "又{}了",
)  # fmt: skip
"""What a caller who says little puts around a phrase."""
COPY_SHARE = 0.4
"""Of a text's weight, what goes to its copy with wrong characters."""
FOLDS = 2
NEVER = -1
"""The fold of what is never held out."""
SEED = 20261122
_CLAUSE = re.compile(r"[^，。！？；,!?;\s]+")
_QUOTE = re.compile(r"“([^”]{2,40})”")
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class TradeTexts:
    """What to learn from. ``own``: what callers say shortly, vaguely or with other trades' names;
    ``phrases``: keywords, synonyms and sayings of the handbook; ``articles``: titles and how
    callers put the matter; ``names``: things and people of other trades."""

    complaints: Sequence[str]
    own: Sequence[str]
    phrases: Sequence[str]
    articles: Sequence[str]
    other: Sequence[str]
    names: Sequence[str]


@dataclass(frozen=True)
class Example:
    """A text to learn from. ``counted``: how much it, or the text it comes of, weighs when features
    are counted; learning takes that off again. All that come of one complaint share its ``fold``.
    ``is_measured``: whether the line is drawn by it when it is held out."""

    text: str
    is_trade: bool
    weight: float = 1.0
    counted: float = WHOLE
    fold: int = NEVER
    is_measured: bool = False
    is_phrase: bool = False


def read_trade_texts(
    connection: sqlite3.Connection, vocabulary: Vocabulary, talk: TalkTables
) -> TradeTexts:
    """The desk's own words from its tickets, articles and synonyms, beside the tables of talk."""
    phrases: dict[str, None] = {}
    articles = []
    for article in handbook.read_articles(connection):
        revision = article.revision
        sections = split_sections(revision.body)
        said = "".join(sections.get(name, "") for name in QUESTION_SECTIONS)
        phrases |= dict.fromkeys((*revision.keywords, *_QUOTE.findall(said)))
        articles.append("\n".join((revision.title, *revision.keywords, said)))
    phrases |= dict.fromkeys(word for group in vocabulary.synonyms for word in group)
    return TradeTexts(
        complaints=indexable.sample_descriptions(connection, most=MOST_COMPLAINTS),
        own=talk.own,
        phrases=_even_share(list(phrases), MOST_PHRASES),
        articles=_even_share(articles, MOST_ARTICLES),
        other=talk.other,
        names=list(dict.fromkeys(name for names in talk.trades.values() for name in names)),
    )


def _even_share(texts: list[str], most: int) -> list[str]:
    return texts[:: -(-len(texts) // most) or 1]


def plan_examples(texts: TradeTexts) -> Iterator[Example]:
    """The texts to learn from with their weights; without complaints the phrases stand in."""
    chance = random.Random(SEED)  # noqa: S311 - a fixed choice, not a secret
    for place, text in enumerate(texts.complaints):
        whole = Example(text, is_trade=True, fold=place % FOLDS, is_measured=True)
        yield whole
        for piece in cut_pieces(text, chance):
            yield replace(whole, text=piece, weight=PIECE, is_measured=False)
    for text in texts.own:
        yield Example(text, is_trade=True)
    for place, text in enumerate(texts.phrases):
        phrase = Example(text, is_trade=True, weight=PHRASE, counted=SAYING, is_phrase=True)
        if not texts.complaints:
            phrase = replace(phrase, weight=1.0, fold=place % FOLDS, is_measured=True)
        yield phrase
        yield _carried(replace(phrase, weight=PHRASE, is_measured=False), chance)
    for text in texts.other:
        whole = Example(text, is_trade=False)
        yield whole
        if len(_CLAUSE.findall(text)) > LONGEST_PIECE:
            for piece in cut_pieces(text, chance):
                yield replace(whole, text=piece, weight=OTHER_PIECE)
    for text in texts.names:
        name = Example(text, is_trade=False, weight=NAMED, counted=NAME, is_phrase=True)
        yield name
        yield _carried(name, chance)


def counted_texts(texts: TradeTexts, *, is_trade: bool) -> Iterator[tuple[str, float]]:
    """The texts of one side in which features are counted, with how much each counts."""
    ours = (
        (texts.complaints, WHOLE),
        (texts.own, WHOLE),
        (texts.phrases, SAYING),
        (texts.articles, ARTICLE),
    )
    groups = ours if is_trade else ((texts.other, WHOLE), (texts.names, NAME))
    return ((text, counts) for group, counts in groups for text in group)


def _carried(example: Example, chance: random.Random) -> Example:
    return replace(example, text=chance.choice(CARRIERS).format(example.text))


def cut_pieces(text: str, chance: random.Random) -> Iterator[str]:
    """Runs of one to three clauses of a complaint: callers often say no more."""
    clauses = _CLAUSE.findall(text)
    for _ in range(PIECES if clauses else 0):
        length = chance.randint(1, min(LONGEST_PIECE, len(clauses)))
        start = chance.randint(0, len(clauses) - length)
        piece = "，".join(clauses[start : start + length])
        if len(piece) >= SHORTEST_PIECE:
            yield piece


def with_wrong_copies(examples: Iterable[Example]) -> Iterator[Example]:
    """Each example, and a copy of it with wrong characters of the same sound; phrases as are."""
    held = list(examples)
    alike = same_sounds(example.text for example in held)
    chance = random.Random(SEED)  # noqa: S311 - a fixed choice, not a secret
    for example in held:
        if example.is_phrase:
            yield example
            continue
        wrong = "".join(
            chance.choice(alike[char]) if char in alike and chance.random() < WRONG_SHARE else char
            for char in example.text
        )
        yield replace(example, weight=example.weight * (1 - COPY_SHARE))
        yield replace(example, text=wrong, weight=example.weight * COPY_SHARE, is_measured=False)


def same_sounds(texts: Iterable[str]) -> dict[str, list[str]]:
    """For each Chinese character of the texts the commonest ones that sound like it."""
    counts = Counter(char for text in texts for char in _HAN.findall(text))
    by_sound: dict[str, list[str]] = defaultdict(list)
    for char, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        by_sound[read_syllable(char)].append(char)
    return {char: by_sound[read_syllable(char)][:SAME_SOUND] for char in counts}
