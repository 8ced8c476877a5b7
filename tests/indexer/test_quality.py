"""Floors under the judged figures: a change that lowers them has to say so.

The sentences were written without sight of the sample tickets. The floors lie a little below what
``kb eval tests/data/labelled_complaints.jsonl tests/data/out_of_trade.jsonl`` prints (README).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from indexer.engine import Engine
from indexer.labelled import judge_labelled, read_labelled, summarise
from indexer.snapshot import Language
from kb.database import open_database
from kb.settings import read_settings
from tests.conftest import START

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def figures(prepared_data: Path, language: Language) -> dict[str, Any]:
    settings = read_settings({"KB_DATA": str(prepared_data)})
    engine = Engine(settings, open_database(settings.database), language)
    files = [DATA / "labelled_complaints.jsonl", DATA / "out_of_trade.jsonl"]
    sentences = [sentence for file in files for sentence in read_labelled(file)]
    return summarise(judge_labelled(engine, sentences, now=START))


def test_the_right_class_comes_first_or_nearly(figures: dict[str, Any]) -> None:
    assert figures["class_top1"] >= 0.80
    assert figures["class_top2"] >= 0.89
    assert figures["class_top3"] >= 0.92


def test_the_right_procedure_is_among_the_first_three(figures: dict[str, Any]) -> None:
    assert figures["procedure_top3"] >= 0.88


def test_a_fitting_past_fix_is_among_the_first_three(figures: dict[str, Any]) -> None:
    assert figures["past_fix_top3"] >= 0.82


def test_high_confidence_is_deserved(figures: dict[str, Any]) -> None:
    assert figures["high_confidence"]["precision"] >= 0.9
    assert figures["high_confidence"]["coverage"] >= 0.6


def test_complaints_are_answered_and_small_talk_is_not(figures: dict[str, Any]) -> None:
    assert figures["abstained"] <= 0.05
    assert figures["others_abstained"] >= 0.82


def test_the_sentences_cover_every_class_and_none_is_a_sample(prepared_data: Path) -> None:
    sentences = read_labelled(DATA / "labelled_complaints.jsonl")
    samples = read_settings({}).handbook / "samples" / "tickets.jsonl"
    said = {json.loads(line)["description"] for line in samples.read_text("utf-8").splitlines()}
    assert len(sentences) >= 200
    assert len({sentence.category for sentence in sentences}) == 93
    assert not said & {sentence.text for sentence in sentences}
