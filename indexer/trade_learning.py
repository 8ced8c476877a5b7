"""Learning what is talk of the trade: this desk's own words against other talk.

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

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from indexer.documents import QUESTION_SECTIONS, split_sections
from indexer.queries import QueryBuilder
from indexer.trade import (
    FACTS,
    Talk,
    TalkReader,
    TradeGate,
    feature_share,
    read_syllable,
)
from kb.store import handbook, tickets
from kb.vocabulary import Vocabulary

MOST_COMPLAINTS = 1_500
PIECES = 2
SHORTEST_PIECE = 6
LONGEST_PIECE = 3
WRONG_SHARE = 0.15
"""Share of characters replaced in the copy with wrong ones."""
SAME_SOUND = 8
"""The so many commonest characters of a sound stand in for each other."""
PIECE = 0.6
PHRASE = 0.15
"""Weights beside a whole complaint's 1."""
CARRIERS = (
    "{}了", "{}怎么办", "{}怎么回事", "我的{}", "我要{}", "我这{}", "{}啊", "老是{}", "又{}了",
)  # fmt: skip
"""What a caller who says little puts around a phrase."""
SMALLEST = 2
"""Examples a feature must occur in."""
NEGLIGIBLE = 0.01
"""Weights below this are left out."""
STEPS = 60
COPY_SHARE = 0.4
"""Of a text's weight, what goes to its copy with wrong characters."""
RIDGE = 0.3
FACT_RIDGE = 0.01
FOLDS = 3
MISSED = 0.03
"""Share of the desk's own complaints, held out, that may fall below the line."""
SEED = 20261122
_CLAUSE = re.compile(r"[^，。！？；,!?;\s]+")
_QUOTE = re.compile(r"“([^”]{2,40})”")
_HAN = re.compile(r"[\u3400-\u9fff]")

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
NOTHING = Talk(frozenset(), 0.0, 0.0, 0.0)
"""Stands in until a text is read."""


@dataclass(frozen=True)
class TradeTexts:
    """What to learn from. ``phrases``: keywords, synonyms and sayings of the handbook."""

    complaints: Sequence[str]
    phrases: Sequence[str]
    other: Sequence[str]


@dataclass(frozen=True)
class Example:
    """A text to learn from. All that come of one complaint share its ``fold``; -1 is never held
    out. ``is_measured``: whether the line is drawn by it when it is held out."""

    text: str
    is_trade: bool
    weight: float = 1.0
    fold: int = -1
    is_measured: bool = False
    talk: Talk = NOTHING


def read_trade_texts(
    connection: sqlite3.Connection, vocabulary: Vocabulary, other: Sequence[str]
) -> TradeTexts:
    """The desk's own words from its tickets, articles and synonyms."""
    phrases: dict[str, None] = {}
    for article in handbook.read_articles(connection):
        sections = split_sections(article.revision.body)
        said = "".join(sections.get(name, "") for name in QUESTION_SECTIONS)
        phrases |= dict.fromkeys((*article.revision.keywords, *_QUOTE.findall(said)))
    phrases |= dict.fromkeys(word for group in vocabulary.synonyms for word in group)
    return TradeTexts(
        complaints=tickets.sample_descriptions(connection, most=MOST_COMPLAINTS),
        phrases=list(phrases),
        other=other,
    )


def learn_gate(texts: TradeTexts, builder: QueryBuilder, reader: TalkReader) -> TradeGate:
    """Fit the gate; the line is drawn where MISSED of the held-out complaints fall below it."""
    examples = [
        replace(example, talk=reader.read(builder.build(example.text)))
        for example in with_wrong_copies(plan_examples(texts))
    ]
    names, matrix = _design(examples)
    held = [
        matrix[out] @ _fit(matrix[~left], [examples[place] for place in np.flatnonzero(~left)])
        for left, out in _folds(examples)
    ]
    solution = _fit(matrix, examples).tolist()
    edge = len(FACTS) + 1
    return TradeGate(
        features={
            name: weight
            for name, weight in zip(names, solution[edge:], strict=True)
            if abs(weight) >= NEGLIGIBLE
        },
        facts=tuple(solution[1:edge]),
        start=solution[0],
        least=float(np.quantile(np.concatenate(held), MISSED)) if held else 0.0,
    )


def plan_examples(texts: TradeTexts) -> Iterator[Example]:
    """The texts to learn from with their weights; without complaints the phrases stand in."""
    chance = random.Random(SEED)  # noqa: S311 - a fixed choice, not a secret
    phrase = Example("", is_trade=True, weight=PHRASE if texts.complaints else 1.0)
    for place, text in enumerate(texts.complaints):
        fold = place % FOLDS
        yield Example(text, is_trade=True, fold=fold, is_measured=True)
        for piece in cut_pieces(text, chance):
            yield Example(piece, is_trade=True, weight=PIECE, fold=fold)
    for place, text in enumerate(texts.phrases):
        if texts.complaints:
            yield replace(phrase, text=text)
        else:
            yield replace(phrase, text=text, fold=place % FOLDS, is_measured=True)
        yield replace(phrase, text=chance.choice(CARRIERS).format(text))
    for text in texts.other:
        yield Example(text, is_trade=False)


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
        if example.weight == PHRASE:
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


def _design(examples: Sequence[Example]) -> tuple[list[str], csr_matrix]:
    """Names of the features, and a row an example: 1, the facts, then the features."""
    counts = Counter(name for example in examples for name in example.talk.features)
    names = sorted(name for name, count in counts.items() if count >= SMALLEST)
    column = {name: len(FACTS) + 1 + place for place, name in enumerate(names)}
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for example in examples:
        talk = example.talk
        found = sorted(column[name] for name in talk.features if name in column)
        columns += [*range(len(FACTS) + 1), *found]
        values += [1.0, *talk.facts, *([feature_share(talk)] * len(found))]
        ends.append(len(columns))
    shape = (len(examples), len(FACTS) + 1 + len(names))
    return names, csr_matrix((values, columns, ends), shape=shape)


def _folds(examples: Sequence[Example]) -> Iterator[tuple[Mask, Mask]]:
    """For each fold the examples left out, and those of them that are measured."""
    folds = np.array([example.fold for example in examples])
    measured = np.array([example.is_measured for example in examples])
    for fold in range(FOLDS):
        left = folds == fold
        if (left & measured).any():
            yield left, left & measured


def _fit(matrix: csr_matrix, examples: Sequence[Example]) -> Floats:
    """Ridge logistic regression; the facts are hardly held back, the start is free."""
    truth = np.array([example.is_trade for example in examples], np.float64)
    weights = np.array([example.weight for example in examples])
    ridge = np.full(matrix.shape[1], RIDGE)
    ridge[0], ridge[1 : len(FACTS) + 1] = 0.0, FACT_RIDGE
    turned = matrix.T.tocsr()

    def loss(solution: Floats) -> tuple[float, Floats]:
        scores = matrix @ solution
        errors = weights * (1 / (1 + np.exp(-scores)) - truth)
        value = weights @ (np.logaddexp(0, scores) - truth * scores)
        held_back = ridge * solution
        return float(value + solution @ held_back / 2), turned @ errors + held_back

    found = minimize(
        loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    )
    solution: Floats = found.x
    return solution
