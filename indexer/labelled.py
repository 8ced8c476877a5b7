"""Measuring the whole suggestion on sentences whose class is known, and on ones of no class."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from indexer.calibration import Judgement, Reliability, judge, measure_reliability
from indexer.classification import ClassEvidence, sum_levels
from indexer.confidence import HIGH
from indexer.engine import Engine
from kb.errors import InvalidInput
from kb.suggestion import Answer, Suggestion, SuggestionRequest

UNNAMED = 99


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


@dataclass(frozen=True)
class Judged:
    """What the engine answered to one sentence."""

    sentence: Labelled
    answer: Answer

    @property
    def rank(self) -> int:
        """Place of the right class among those named, from 0; UNNAMED when it is not."""
        codes = [guess.id for guess in self.answer.categories]
        category = self.sentence.category
        return codes.index(category) if category in codes else UNNAMED


def judge_labelled(engine: Engine, sentences: Sequence[Labelled], *, now: datetime) -> list[Judged]:
    """Ask for every sentence; nothing is recorded."""
    return [
        Judged(sentence, engine.preview(SuggestionRequest(sentence.text), now=now))
        for sentence in sentences
    ]


def summarise(judged: Sequence[Judged]) -> dict[str, Any]:
    """Shares of the sentences whose class is first, among two, among three; whose procedure and
    past fix are shown; and who abstains."""
    own = [each for each in judged if each.sentence.category]
    others = [each for each in judged if not each.sentence.category]
    sure = [each.rank == 0 for each in own if _is_sure(each.answer)]
    return {
        "sentences": len(own),
        **{f"class_top{cut}": _share([each.rank < cut for each in own]) for cut in (1, 2, 3)},
        "class_level1": _share([_is_first(each, digits=2) for each in own]),
        "class_level2": _share([_is_first(each, digits=4) for each in own]),
        "procedure_top3": _share([_serves(each) for each in own]),
        "past_fix_top3": _share([_is_fixed(each) for each in own]),
        "high_confidence": {
            "coverage": _share([_is_sure(each.answer) for each in own]),
            "precision": _share(sure),
        },
        "abstained": _share([each.answer.abstained for each in own]),
        "others": len(others),
        "others_abstained": _share([each.answer.abstained for each in others]),
    }


def calibrate(judged: Sequence[Judged]) -> dict[str, Reliability]:
    """Reliability of the first class named, of all procedures and of all past fixes shown.

    Sentences of no class are left out, and those the engine abstained from. A procedure without
    classes cannot be judged by class and is left out too.
    """
    own = [each for each in judged if each.sentence.category and not each.answer.abstained]
    return {
        "classes": measure_reliability(
            [
                judge(each.answer.categories[0].probability, is_right=each.rank == 0)
                for each in own
                if each.answer.categories
            ]
        ),
        "procedures": measure_reliability(
            [
                _judge_item(item, is_right=_is_of(item, each.sentence.category))
                for each in own
                for item in each.answer.procedures
                if item.details["categories"]
            ]
        ),
        "past_fixes": measure_reliability(
            [
                _judge_item(item, is_right=item.details["category"] == each.sentence.category)
                for each in own
                for item in each.answer.past_fixes
            ]
        ),
    }


def _judge_item(item: Suggestion, *, is_right: bool) -> Judgement:
    return judge(item.probability, is_right=is_right, confidence=item.confidence)


def _is_sure(answer: Answer) -> bool:
    return bool(answer.categories) and answer.categories[0].probability >= HIGH


def _is_first(judged: Judged, *, digits: int) -> bool:
    """Whether the class a level or two up is the most probable one, by the classes named."""
    named = [ClassEvidence(guess.id, guess.probability) for guess in judged.answer.categories]
    sums = sum_levels(named, digits=digits)
    return next(iter(sums), "") == judged.sentence.category[:digits]


def _serves(judged: Judged) -> bool:
    return any(_is_of(item, judged.sentence.category) for item in judged.answer.procedures[:3])


def _is_of(item: Suggestion, category: str) -> bool:
    codes = item.details["categories"]
    return isinstance(codes, list) and category.startswith(tuple(codes))


def _is_fixed(judged: Judged) -> bool:
    fixes = judged.answer.past_fixes[:3]
    return any(item.details["category"] == judged.sentence.category for item in fixes)


def _share(found: Sequence[bool]) -> float:
    return round(sum(found) / len(found), 4) if found else 0.0
