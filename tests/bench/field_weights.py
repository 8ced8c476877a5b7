"""How much each field of a document should weigh in the word lane: learned, leave one out.

A ticket's description is the question; the article of its class, and the other tickets of its
class, are what it must find. One field after the other takes the weight that finds them best
(coordinate ascent), on half of the classes; the other half tells what that is worth.
``indexer.build.WEIGHTS`` holds what was learned on the samples. Run ``kb init --with-samples``
first, then ``python -m tests.bench.field_weights``. Prints JSON.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.build import WEIGHTS
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import Document
from indexer.generation import PASSAGES, TICKETS
from indexer.postings import WordWeights
from indexer.queries import QueryBuilder
from indexer.scoring import WordScorer
from indexer.sources import read_documents, read_vocabulary
from kb.database import Database, open_database
from kb.settings import read_settings

STEPS = (0.2, 0.4, 0.7, 1.0, 1.5, 2.0)
FREE = {
    PASSAGES: ("title", "keywords", "steps", "resolution"),
    TICKETS: ("title", "resolution"),
}
"""Fields whose weight is looked for; ``complaint`` stays 1, the scale of the others."""
ROUNDS = 2
DEPTH = 10
MOST_QUESTIONS = 400


@dataclass(frozen=True)
class _Trial:
    """Documents to be found, and questions (own key, class, terms) that must find their class."""

    documents: Sequence[Document]
    questions: Sequence[tuple[str, str, dict[tuple[str, bool], float]]]
    analyzer: Analyzer

    def ranks(self, weights: WordWeights) -> npt.NDArray[np.float64]:
        """1 / rank of the first document of the class for each question, 0 past DEPTH."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            create_collection(folder, weights)
            commit_documents(folder, self.documents, drop=(), analyzer=self.analyzer, encoder=None)
            collection = Collection(folder)
            scorer = WordScorer(collection)
            keys = np.array(collection.keys())
            labels = np.array([document.label for document in self.documents])
            return np.array(
                [
                    _reciprocal(scorer.score(terms), keys == key, labels == label)
                    for key, label, terms in self.questions
                ]
            )


def _reciprocal(
    scores: npt.NDArray[np.float32],
    own: npt.NDArray[np.bool_],
    relevant: npt.NDArray[np.bool_],
) -> float:
    usable = np.where(own, -1.0, scores)
    wanted = usable[relevant & ~own]
    if not len(wanted) or wanted.max() <= 0:
        return 0.0
    rank = 1 + int((usable > wanted.max()).sum())
    return 1 / rank if rank <= DEPTH else 0.0


def learn_field_weights(
    database: Database, start: dict[str, WordWeights]
) -> dict[str, dict[str, Any]]:
    """For each collection the weights found on all classes, and MRR@10 before and after on classes
    the weights were not chosen on."""
    vocabulary = read_vocabulary(database)
    analyzer = Analyzer(vocabulary)
    builder = QueryBuilder(analyzer, vocabulary)
    cases = [each for each in read_documents(database, TICKETS)[0] if each.label]
    asked = cases[:: max(1, len(cases) // MOST_QUESTIONS)]
    questions = [
        (each.key, each.label, dict(builder.build(each.complaint).terms)) for each in asked
    ]
    found = {}
    for part, weights in start.items():
        documents = list(read_documents(database, part)[0])
        trial = _Trial(documents, questions, analyzer)
        found[part] = _report(trial, weights, FREE[part])
    return found


def _report(trial: _Trial, start: WordWeights, free: Sequence[str]) -> dict[str, Any]:
    classes = sorted({label for _, label, _ in trial.questions})
    halves = (set(classes[::2]), set(classes[1::2]))
    before, after = [], []
    for chosen, held in (halves, halves[::-1]):
        learned = _ascend(_only(trial, chosen), start, free)
        judged = _only(trial, held)
        before.append(judged.ranks(start))
        after.append(judged.ranks(learned))
    weights = _ascend(trial, start, free)
    gains = np.concatenate(after) - np.concatenate(before)
    return {
        "weights": {name: getattr(weights, name) for name in ("complaint", *free)},
        "held_out_before": round(float(np.concatenate(before).mean()), 4),
        "held_out_after": round(float(np.concatenate(after).mean()), 4),
        "standard_error": round(float(gains.std() / np.sqrt(len(gains))), 4),
    }


def _only(trial: _Trial, classes: set[str]) -> _Trial:
    return replace(trial, questions=[each for each in trial.questions if each[1] in classes])


def _ascend(trial: _Trial, start: WordWeights, free: Sequence[str]) -> WordWeights:
    """The weights that find best, a field at a time; of equal ones those nearest to the start."""
    best, value = start, float(trial.ranks(start).mean())
    for _ in range(ROUNDS):
        for name in free:
            for step in STEPS:
                tried = replace(best, **{name: step})
                mean = float(trial.ranks(tried).mean())
                if mean > value + 1e-9:
                    best, value = tried, mean
    return best


def main() -> None:
    """Learn on the data folder of ``KB_DATA`` and print what was found."""
    database = open_database(read_settings(os.environ).database)
    found = learn_field_weights(database, WEIGHTS)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
