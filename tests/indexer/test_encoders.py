"""Encoders: the desk's own, any model of sentence-transformers, and what training brings."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from indexer.analysis import Analyzer
from indexer.build import build_index
from indexer.encoder import LibraryEncoder, StaticEncoder
from indexer.engine import Engine
from indexer.language import open_language
from indexer.learning import read_pairs, train
from indexer.progress import quiet
from indexer.training import TrainingPlan, TrainingSet, train_encoder
from kb.database import Database, create_database, open_database
from kb.desk import Closing, Desk
from kb.errors import EncoderUnavailable
from kb.handbook import read_handbook
from kb.linking import Target
from kb.publishing import import_handbook
from kb.searching import SearchQuery
from kb.settings import Settings, read_settings
from kb.store import handbook, tickets
from kb.suggestion import Answer, SuggestionRequest
from kb.ticket import Ticket
from kb.vocabulary import Vocabulary
from tests.conftest import START, counted
from tests.tiny_model import make_tiny_model

COMPLAINT = "家里网断了,盒子上那个红灯一直亮"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(Vocabulary())


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model of sentence-transformers that reads single characters, 16 dimensions."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


def test_any_model_of_the_library_gives_unit_vectors(tiny_model: Path) -> None:
    encoder = LibraryEncoder(str(tiny_model))
    vectors = encoder.encode(["宽带断了", "话费"])
    assert vectors.shape == (2, encoder.dimension) == (2, 16)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_model_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="nothing-here"):
        LibraryEncoder(str(tmp_path / "nothing-here"))


@pytest.fixture(scope="module")
def other(
    prepared_data: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """A desk whose index is built with the tiny model; these tests only ask."""
    data = tmp_path_factory.mktemp("other") / "data"
    shutil.copytree(prepared_data, data)
    settings = read_settings({"KB_DATA": str(data), "KB_ENCODER": str(tiny_model)})
    with closing(open_database(settings.database)) as database:
        report = build_index(settings, database, now=START, progress=quiet)
    assert "#16" in report.encoder
    return settings


@pytest.fixture
def other_database(other: Settings) -> Iterator[Database]:
    with closing(open_database(other.database)) as database:
        yield database


def test_the_desk_runs_on_another_model(other: Settings, other_database: Database) -> None:
    engine = Engine(other, other_database, open_language(other, other_database))
    answer = engine.preview(SuggestionRequest("家里网断了,盒子上那个红灯一直亮"), now=START)
    assert answer.mode == "hybrid"
    assert "P060101" in [item.target_id for item in answer.procedures[:3]]


def test_a_broken_encoder_folder_leaves_words(tmp_path: Path, analyzer: Analyzer) -> None:
    (tmp_path / "recipe.json").write_text("{", "utf-8")
    with pytest.raises(EncoderUnavailable):
        StaticEncoder(tmp_path, analyzer)


def test_training_brings_what_means_the_same_together(tmp_path: Path, analyzer: Analyzer) -> None:
    pairs = [("断网", "LOS红灯"), ("多扣钱", "计费差错"), ("转网", "携号"), ("爽约", "师傅没来")]
    tokens = [(analyzer.tokens(left), analyzer.tokens(right)) for left, right in pairs * 20]
    texts = [side for pair in tokens for side in pair]
    plan = TrainingPlan(dimension=16, batch=8, epochs=8)
    train_encoder(tmp_path, TrainingSet(texts, tokens), plan)
    encoder = StaticEncoder(tmp_path, analyzer)
    scores = (
        encoder.encode([left for left, _ in pairs])
        @ encoder.encode([right for _, right in pairs]).T
    )
    assert scores.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_an_equal_text_is_no_rival_of_its_own_pair(tmp_path: Path, analyzer: Analyzer) -> None:
    answer = "师傅上门换线"
    pairs = [(question, answer) for question in ("断网", "掉线", "红灯", "没信号")]
    others = ["话费退费", "停机复机", "国际漫游", "携号转网"]
    tokens = [(analyzer.tokens(left), analyzer.tokens(right)) for left, right in pairs * 10]
    texts = [analyzer.tokens(text) for text in (answer, *others) * 4]
    train_encoder(tmp_path, TrainingSet(texts, tokens), TrainingPlan(dimension=16, epochs=20))
    encoder = StaticEncoder(tmp_path, analyzer)
    scores = encoder.encode([left for left, _ in pairs]) @ encoder.encode([answer, *others]).T
    assert scores.argmax(axis=1).tolist() == [0] * 4


def test_a_word_never_seen_is_read_by_its_characters(tmp_path: Path, analyzer: Analyzer) -> None:
    tokens = [analyzer.tokens(text) for text in ("光猫坏了", "猫亮光", "光亮")] * 3
    train_encoder(tmp_path, TrainingSet(tokens, []), TrainingPlan(dimension=4))
    encoder = StaticEncoder(tmp_path, analyzer)
    assert np.linalg.norm(encoder.encode(["亮坏"])[0]) == pytest.approx(1)


def test_a_text_without_a_known_term_has_a_zero_vector(tmp_path: Path, analyzer: Analyzer) -> None:
    tokens = [analyzer.tokens("宽带断网")] * 3
    train_encoder(tmp_path, TrainingSet(tokens, []), TrainingPlan(dimension=8))
    vectors = StaticEncoder(tmp_path, analyzer).encode(["🙂", "宽带"])
    assert np.linalg.norm(vectors, axis=1).round(3).tolist() == [0.0, 1.0]


def test_training_again_keeps_the_better_encoder(tmp_path: Path) -> None:
    settings = read_settings({"KB_DATA": str(tmp_path / "data")})
    shipped = read_handbook(settings.handbook)
    part = tuple(article for article in shipped.articles if article.id.startswith("P06"))
    database = create_database(settings.database)
    import_handbook(database, replace(shipped, articles=part), author="test", now=START)
    first = train(settings, database, now=START, progress=quiet)
    assert (first.held_out_before, first.kept) == (None, "new")
    report = train(settings, database, now=START + timedelta(hours=1), progress=quiet)
    database.close()
    assert report.held_out_before is not None
    kept = max(report.held_out_before, report.held_out_after)
    named = report.held_out_after if report.kept == "new" else report.held_out_before
    assert named == pytest.approx(kept)
    assert (settings.encoders / report.encoder).is_dir()


def test_what_settled_a_complaint_for_good_is_learned_from(database: Database) -> None:
    desk = Desk(database, repeat_days=30)
    said = ["紫檀木柜子压断了墙角那根线", "樟木箱子压断了门口那根线"]
    for text in said:
        ticket = desk.create(
            Ticket("", START.isoformat(), description=text, category="060101"),
            agent="甲",
            now=START,
        )
        closing = Closing(
            resolution="重做成端", solution=Target(target_type="procedure", target_id="P060101")
        )
        desk.close(ticket.ticket_no, closing, agent="甲", now=START)
    desk.reopen(ticket.ticket_no, agent="甲", now=START + timedelta(days=5), reason="又断了")
    desk.settle(now=START + timedelta(days=31))
    title = handbook.read_article(database.connection, "P060101").title
    pairs, _ = read_pairs(database, Vocabulary())
    settled = [left for left, right in pairs if right.startswith(f"{title}\n")]
    assert said[0] in settled
    outcomes = [left for left, _ in tickets.read_proven_articles(database.connection)]
    assert said[0] in outcomes
    assert said[1] not in outcomes


def test_an_encoder_whose_file_is_cut_short_while_serving_leaves_words(
    settings: Settings, database: Database
) -> None:
    engine = Engine(settings, database, open_language(settings, database))
    asked = SuggestionRequest(COMPLAINT)
    assert engine.preview(asked, now=START).mode == "hybrid"
    failures = counted("kb_encoder_failures_total")
    table = next(settings.encoders.glob("*/model.safetensors"))
    os.truncate(table, 4096)
    answer = engine.preview(asked, now=START)
    assert (answer.mode, "编码器" in answer.mode_reason) == ("lexical", True)
    assert "P060101" in [item.target_id for item in answer.procedures]
    assert engine.search(SearchQuery("断网", START.date()), now=START).hits
    assert counted("kb_encoder_failures_total") >= failures + 2


def test_a_slow_encoder_is_not_waited_for(other: Settings, other_database: Database) -> None:
    language = open_language(other, other_database)
    engine = Engine(other, other_database, language)
    encoder = language.encoder
    assert isinstance(encoder, LibraryEncoder)
    encoder._model.append(Slow())  # a real module of the real model, which works until it is told
    failures = counted("kb_encoder_failures_total")
    try:
        answers = [engine.preview(SuggestionRequest(COMPLAINT), now=START) for _ in range(3)]
        assert not Slow.released.is_set()
    finally:
        Slow.fails = True
        Slow.released.set()
    assert {answer.mode for answer in answers} == {"lexical"}
    assert all("P060101" in [item.target_id for item in each.procedures] for each in answers)
    assert "秒没有算完" in answers[0].mode_reason
    assert counted("kb_encoder_failures_total") == failures + 3
    until(lambda: "RuntimeError" in asked(engine).mode_reason)
    assert asked(engine).mode == "lexical"
    encoder._model.pop(len(encoder._model) - 1)
    until(lambda: asked(engine).mode == "hybrid")


def asked(engine: Engine) -> Answer:
    return engine.preview(SuggestionRequest(COMPLAINT), now=START)


def until(came: Callable[[], bool]) -> None:
    """Wait while the encoder is still busy with an earlier question."""
    end = time.monotonic() + 60
    while not came():
        assert time.monotonic() < end
        time.sleep(0.05)


class Slow(torch.nn.Module):
    """Passes everything on, once it is released."""

    released = threading.Event()
    fails = False

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        if Slow.fails:
            raise RuntimeError
        assert Slow.released.wait(120)
        return features
