"""How well the gate of the trade does on trades it has never heard of: whole trades left out.

In turn a quarter of the trades is taken out of ``other_trades.txt`` and ``other_talk.txt``, the
gate is learnt anew, and the complaints of those trades are asked. Beside them stand the sentences
of ``tests/data``. For each line that could be drawn it tells how many complaints of ours are
refused and how much other talk is. Run ``kb init --with-samples`` first, then
``python -m tests.bench.trade_gate``. Prints JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.collection import Collection
from indexer.generation import PASSAGES, read_current
from indexer.labelled import read_labelled
from indexer.queries import QueryBuilder
from indexer.scoring import WordScorer
from indexer.sources import read_vocabulary
from indexer.trade import TalkReader, TradeGate
from indexer.trade_learning import learn_gate
from indexer.trade_texts import read_trade_texts
from kb.database import open_database
from kb.handbook import OTHER_TALK, TalkTables, read_talk
from kb.settings import read_settings

PARTS = 4
FILES = ("labelled_complaints", "fresh_own_talk", "out_of_trade", "fresh_other_talk")
"""The lines are drawn by the first; in the first two nothing should be refused."""
MISSES = (0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05)
DATA = Path(__file__).parent.parent / "data"

Scores = npt.NDArray[np.float64]


def read_stories(path: Path, trades: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The sentences under each heading that is the name of a trade."""
    stories: dict[str, list[str]] = {}
    heading = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            heading = line.removeprefix("# ")
        elif line and heading in trades:
            stories.setdefault(heading, []).append(line)
    return stories


def leave_out(talk: TalkTables, stories: Mapping[str, Sequence[str]]) -> TalkTables:
    """The tables without these trades."""
    gone = {sentence for sentences in stories.values() for sentence in sentences}
    return replace(
        talk,
        other=tuple(sentence for sentence in talk.other if sentence not in gone),
        trades={name: words for name, words in talk.trades.items() if name not in stories},
    )


class _Trial:
    """The desk's own words, with which a gate is learnt again and again."""

    def __init__(self) -> None:
        self.settings = read_settings(os.environ)
        self._database = open_database(self.settings.database)
        self._vocabulary = read_vocabulary(self._database)
        analyzer = Analyzer(self._vocabulary)
        passages = Collection(read_current(self.settings.index) / PASSAGES)
        self._builder = QueryBuilder(analyzer, self._vocabulary)
        self._reader = TalkReader(WordScorer(passages), len(passages), analyzer)

    def learn(self, talk: TalkTables) -> TradeGate:
        texts = read_trade_texts(self._database.connection, self._vocabulary, talk)
        return learn_gate(texts, self._builder, self._reader)

    def score(self, gate: TradeGate, texts: Sequence[str]) -> Scores:
        return np.array(
            [gate.score(self._reader.read(self._builder.build(text))) for text in texts]
        )


def measure() -> dict[str, Any]:
    """Shares refused by the line that learning drew, then by those that refuse MISSES of ours."""
    trial = _Trial()
    talk = read_talk(trial.settings.handbook)
    gate = trial.learn(talk)
    scores = {
        name: trial.score(gate, [each.text for each in read_labelled(DATA / f"{name}.jsonl")])
        for name in FILES
    }
    scores["unknown_trades"] = np.concatenate(list(_score_left_out(trial, talk)))
    lines = [gate.least, *(float(np.quantile(scores[FILES[0]], miss)) for miss in MISSES)]
    return {
        "sentences": {name: len(found) for name, found in scores.items()},
        "refused": [
            {
                "line": round(line, 3),
                **{name: round(float((found < line).mean()), 4) for name, found in scores.items()},
            }
            for line in lines
        ],
    }


def _score_left_out(trial: _Trial, talk: TalkTables) -> Iterator[Scores]:
    stories = read_stories(trial.settings.handbook / "tables" / OTHER_TALK, talk.trades)
    names = sorted(stories)
    for part in range(PARTS):
        left = {name: stories[name] for name in names[part::PARTS]}
        gate = trial.learn(leave_out(talk, left))
        yield trial.score(gate, [sentence for sentences in left.values() for sentence in sentences])


def main() -> None:
    """Measure on the data folder of ``KB_DATA`` and print what was found."""
    click.echo(json.dumps(measure(), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
