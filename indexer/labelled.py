"""Measuring the whole suggestion on sentences whose class is known, and on ones of no class."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from indexer.engine import Engine
from indexer.repeat_fitting import LabelledPair, Sample, evaluate
from indexer.repeats import Earlier
from kb.errors import InvalidInput
from kb.repeat import read_model
from kb.suggestion import Answer, SuggestionRequest


@dataclass(frozen=True)
class Labelled:
    """A sentence with its class, or "" when it is no complaint of the trade."""

    text: str
    category: str


def read_labelled(path: Path) -> list[Labelled]:
    """Sentences of a JSONL file: ``text``, and ``category`` unless it is of no class.

    Raise InvalidInput naming the file and line.
    """
    if not path.is_file():
        raise InvalidInput("没有这个文件", field=str(path))
    sentences = []
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            sentences.append(Labelled(str(row["text"]), str(row.get("category", ""))))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InvalidInput(
                "应有 text 和 category", field=f"{path.name} 第 {number} 行"
            ) from None
    return sentences


def evaluate_labelled(
    engine: Engine, sentences: Sequence[Labelled], *, now: datetime
) -> dict[str, Any]:
    """Shares of the sentences whose class is first, among two, among three; whose procedure and
    past fix are shown; and who abstains. Nothing is recorded."""
    ranks: list[int] = []
    procedures = fixes = wrongly = rightly = others = 0
    sure: list[bool] = []
    for sentence in sentences:
        answer = engine.preview(SuggestionRequest(sentence.text), now=now)
        if not sentence.category:
            others += 1
            rightly += answer.abstained
            continue
        codes = [guess.id for guess in answer.categories]
        ranks.append(codes.index(sentence.category) if sentence.category in codes else 99)
        wrongly += answer.abstained
        procedures += _serves(answer, sentence.category)
        fixes += any(
            item.details["category"] == sentence.category for item in answer.past_fixes[:3]
        )
        if answer.categories and answer.categories[0].probability >= 0.75:
            sure.append(ranks[-1] == 0)
    count = max(len(ranks), 1)
    return {
        "sentences": len(ranks),
        **{
            f"class_top{cut}": _share(sum(rank < cut for rank in ranks), count) for cut in (1, 2, 3)
        },
        "procedure_top3": _share(procedures, count),
        "past_fix_top3": _share(fixes, count),
        "high_confidence": {
            "coverage": _share(len(sure), count),
            "precision": _share(sum(sure), len(sure)),
        },
        "abstained": _share(wrongly, count),
        "others": others,
        "others_abstained": _share(rightly, others),
    }


def _serves(answer: Answer, category: str) -> bool:
    for item in answer.procedures[:3]:
        codes = item.details["categories"]
        if isinstance(codes, list) and category in codes:
            return True
    return False


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def is_of_pairs(path: Path) -> bool:
    """Whether a file holds pairs of complaints of one number: its first line names ``earlier``."""
    with path.open(encoding="utf-8") as file:
        return '"earlier"' in file.readline()


def pair_sample(engine: Engine, pair: LabelledPair, *, now: datetime) -> Sample:
    """A labelled pair as the model of repeats sees it; the new text's class is recognised."""
    earlier = Earlier(pair.earlier, pair.earlier_class, pair.days, pair.is_open)
    evidence = engine.compare(pair.later, engine.classify(pair.later, now=now), earlier)
    return Sample(evidence, pair.later, pair.same, fold=pair.fold)


def evaluate_pairs(
    engine: Engine, pairs: Sequence[LabelledPair], *, now: datetime
) -> dict[str, Any]:
    """Figures of the shipped model of repeats, on the pairs held out and on those fitted on."""
    samples = [(pair.is_held_out, pair_sample(engine, pair, now=now)) for pair in pairs]
    parts = {"held_out": True, "training": False}
    return {
        name: evaluate([sample for held, sample in samples if held == wanted], read_model())
        for name, wanted in parts.items()
    } | {"threshold": read_model().threshold}
