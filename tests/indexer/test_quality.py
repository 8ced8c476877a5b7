"""Floors under the judged figures: a change that lowers them has to say so.

The sentences were written without sight of the sample tickets, the held-back ones by another hand
than what the engine learns from. The floors lie a little below what ``kb eval`` prints (README).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.calibration import Reliability
from indexer.engine import Engine
from indexer.labelled import Judged, calibrate, judge_labelled, read_labelled, summarise
from indexer.language import Language
from kb.database import open_database
from kb.settings import read_settings, shipped_handbook
from tests.conftest import START

DATA = Path(__file__).parent.parent / "data"
Ask = Callable[[str], list[Judged]]


@pytest.fixture(scope="module")
def ask(prepared_data: Path, language: Language) -> Ask:
    settings = read_settings({"KB_DATA": str(prepared_data)})
    engine = Engine(settings, open_database(settings.database), language)
    held: dict[str, list[Judged]] = {}

    def judged(name: str) -> list[Judged]:
        if name not in held:
            sentences = read_labelled(DATA / f"{name}.jsonl")
            held[name] = judge_labelled(engine, sentences, now=START)
        return held[name]

    return judged


COMPLAINTS = ("labelled_complaints", "held_back_complaints")


@pytest.mark.parametrize("name", COMPLAINTS)
def test_the_right_class_comes_first_or_nearly(ask: Ask, name: str) -> None:
    figures = summarise(ask(name))
    assert figures["class_top1"] >= 0.85
    assert figures["class_top2"] >= 0.92
    assert figures["class_top3"] >= 0.945
    assert figures["class_level1"] >= 0.88


@pytest.mark.parametrize("name", COMPLAINTS)
def test_the_right_procedure_and_a_fitting_fix_are_among_three(ask: Ask, name: str) -> None:
    figures = summarise(ask(name))
    assert figures["procedure_top3"] >= 0.91
    assert figures["past_fix_top3"] >= 0.87


@pytest.mark.parametrize("name", COMPLAINTS)
@pytest.mark.parametrize("kind", ["classes", "procedures", "past_fixes"])
def test_probabilities_come_true_and_high_is_deserved(ask: Ask, name: str, kind: str) -> None:
    reliability: Reliability = calibrate(ask(name))[kind]
    assert reliability.error <= 0.05
    assert reliability.high_precision is not None
    assert reliability.high_precision >= 0.93


@pytest.mark.parametrize("name", COMPLAINTS)
def test_high_is_said_of_most_first_classes(ask: Ask, name: str) -> None:
    assert calibrate(ask(name))["classes"].high_share >= 0.7


@pytest.mark.parametrize(
    ("name", "most"),
    [("labelled_complaints", 0.02), ("held_back_complaints", 0.025), ("fresh_own_talk", 0.17)],
)
def test_complaints_are_answered(ask: Ask, name: str, most: float) -> None:
    assert share_refused(ask(name)) <= most


@pytest.mark.parametrize(
    ("name", "least"),
    [("out_of_trade", 0.98), ("held_back_other_talk", 0.925), ("fresh_other_talk", 0.86)],
)
def test_other_talk_gets_no_suggestion(ask: Ask, name: str, least: float) -> None:
    assert share_refused(ask(name)) >= least


def share_refused(judged: list[Judged]) -> float:
    return sum(each.answer.abstained for each in judged) / len(judged)


def test_the_sentences_cover_every_class_and_none_is_learnt_from() -> None:
    samples = shipped_handbook() / "samples" / "tickets.jsonl"
    known = {json.loads(line)["description"] for line in samples.read_text("utf-8").splitlines()}
    for name in COMPLAINTS:
        sentences = read_labelled(DATA / f"{name}.jsonl")
        assert len({sentence.category for sentence in sentences}) == 93
        assert not known & {sentence.text for sentence in sentences}
