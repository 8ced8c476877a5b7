"""Building, syncing and degrading, on the real data folder."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from indexer import collection
from indexer.build import build_index
from indexer.encoder import StaticEncoder
from indexer.engine import Engine, open_engine
from indexer.generation import MANIFEST, read_current, read_manifest, write_manifest, writing
from indexer.language import Language, open_language
from indexer.progress import quiet
from indexer.sources import CURRENT_ENCODER, current_encoder
from indexer.sync import sync_index
from indexer.training import TrainingPlan, TrainingSet, train_encoder
from kb.database import Database
from kb.desk import Closing, Desk
from kb.errors import IndexBusy, IndexMismatch, IndexMissing
from kb.searching import SearchQuery
from kb.settings import Settings
from kb.store import handbook
from kb.suggestion import Answer, SuggestionRequest
from kb.ticket import Ticket
from tests.conftest import START


def found(engine: Engine, text: str, kind: str = "article") -> list[str]:
    result = engine.search(SearchQuery(text, START.date(), kind=kind), now=START)
    return [hit.target_id for hit in result.hits]


def what(answer: Answer) -> list[tuple[str, str, float]]:
    return [(item.target_type, item.target_id, round(item.score, 5)) for item in answer.items]


def close_ticket(database: Database, text: str, resolution: str) -> Ticket:
    desk = Desk(database, repeat_days=30)
    ticket = Ticket("", START.isoformat(), description=text, category="060101")
    ticket = desk.create(ticket, agent="甲", now=START)
    closing = Closing(resolution=resolution, fix="更换入户尾纤", none_fit=True)
    return desk.close(ticket.ticket_no, closing, agent="甲", now=START)


def test_a_closed_ticket_is_found_without_a_rebuild(
    engine: Engine, database: Database, settings: Settings
) -> None:
    generation = engine.status().index_generation.split("+")[0]
    ticket = close_ticket(database, "紫檀木柜子压断了墙角那根线", "重做成端，换紫色尾纤，复测正常")
    assert ticket.ticket_no not in found(engine, "紫檀木柜子", "ticket")
    report = sync_index(settings, database)
    assert report.changed == 1
    assert found(engine, "紫檀木柜子", "ticket")[0] == ticket.ticket_no
    assert engine.status().index_generation.startswith(generation)


def test_a_changed_article_replaces_its_old_text_and_an_archived_one_is_gone(
    engine: Engine, database: Database, settings: Settings
) -> None:
    article = handbook.read_article(database.connection, "P060101")
    changed = replace(article, revision=replace(article.revision, title="榫卯断网怎么办"))
    with database.transaction() as connection:
        handbook.save_article(connection, changed, author="编辑", reason="改名", now=START)
    sync_index(settings, database)
    assert found(engine, "榫卯断网怎么办")[0] == "P060101"
    hits = engine.search(SearchQuery("榫卯", START.date(), kind="article"), now=START).hits
    assert hits[0].target_version == "2"
    gone = replace(changed, revision=replace(changed.revision, status="archived"))
    with database.transaction() as connection:
        handbook.save_article(connection, gone, author="编辑", reason="下架", now=START)
    assert "P060101" not in found(engine, "榫卯断网怎么办")
    sync_index(settings, database)
    assert "P060101" not in found(engine, "榫卯断网怎么办")
    answer = engine.suggest(SuggestionRequest("盒子上那个红灯一直亮,网断了"), now=START)
    assert "P060101" not in [item.target_id for item in answer.procedures]


def test_a_rebuilt_index_gives_the_same_answers(
    engine: Engine, database: Database, settings: Settings, language: Language
) -> None:
    texts = ["家里网断了,盒子上那个红灯一直亮", "孩子拿手机充了两千多游戏", "转网那个码失效了"]
    before = [what(engine.preview(SuggestionRequest(text), now=START)) for text in texts]
    shutil.rmtree(settings.index)
    build_index(settings, database, now=START, progress=quiet)
    rebuilt = Engine(settings, database, language)
    after = [what(rebuilt.preview(SuggestionRequest(text), now=START)) for text in texts]
    assert before == after


def test_without_an_encoder_words_answer_and_say_so(database: Database, settings: Settings) -> None:
    shutil.rmtree(settings.encoders)
    engine = Engine(settings, database, open_language(settings, database))
    answer = engine.suggest(SuggestionRequest("家里网断了,盒子上那个红灯一直亮"), now=START)
    assert answer.mode == "lexical"
    assert "编码器" in answer.mode_reason
    assert "P060101" in [item.target_id for item in answer.procedures[:3]]


def test_another_encoder_than_the_index_was_built_with_is_not_used(
    database: Database, settings: Settings, language: Language
) -> None:
    generation = read_current(settings.index)
    write_manifest(generation, replace(read_manifest(generation), encoder="other-256"))
    answer = Engine(settings, database, language).preview(SuggestionRequest("宽带断了"), now=START)
    assert answer.mode == "lexical"
    assert "kb index --full" in answer.mode_reason


def test_an_index_of_another_analysis_is_not_searched(
    database: Database, settings: Settings, language: Language
) -> None:
    generation = read_current(settings.index)
    write_manifest(generation, replace(read_manifest(generation), analysis_version="0"))
    with pytest.raises(IndexMismatch):
        Engine(settings, database, language).opened()
    old = {"format": "6", "analysis_version": "5"}
    (generation / MANIFEST).write_text(json.dumps(old, indent=1), "utf-8")
    with pytest.raises(IndexMismatch, match="旧格式"):
        Engine(settings, database, language).opened()


def test_without_an_index_the_hint_is_to_build_one(database: Database, settings: Settings) -> None:
    shutil.rmtree(settings.index)
    with pytest.raises(IndexMissing):
        open_engine(settings, database)


def test_one_writer_at_a_time(database: Database, settings: Settings) -> None:
    close_ticket(database, "断网", "换线")
    with writing(settings.index), pytest.raises(IndexBusy):
        sync_index(settings, database)


def test_serving_does_not_import_torch() -> None:
    import subprocess

    code = "import sys, indexer.engine, web.app; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_served_vectors_are_those_of_sentence_transformers(
    settings: Settings, language: Language
) -> None:
    folder = current_encoder(settings)
    assert folder is not None
    served = StaticEncoder(folder, language.analyzer)
    texts = ["宽带断了LOS红灯", "转网授权码过期", "没有一个词认识的🙂"]
    model = SentenceTransformer(str(folder), device="cpu")
    joined = [" ".join(language.analyzer.tokens(text)) for text in texts]
    reference = model.encode(joined, normalize_embeddings=True)
    assert np.allclose(served.encode(texts), reference, atol=1e-5)


def test_many_small_commits_are_gathered_and_nothing_is_lost(
    engine: Engine, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "MOST_SEGMENTS", 3)
    numbers = []
    for place in range(6):
        numbers.append(close_ticket(database, f"断网第{place}回，红灯", "换线").ticket_no)
        sync_index(settings, database)
    snapshot = engine.opened().snapshot
    assert len(snapshot.tickets.collection.segments) <= 4
    assert len(snapshot.tickets.collection) == 744 + len(numbers)
    held = snapshot.tickets.collection
    keys = set(held.keys(np.flatnonzero(held.alive)))
    assert {f"t|{number}|" for number in numbers} <= keys


def test_a_new_encoder_is_taken_up_by_an_open_engine(
    engine: Engine, database: Database, settings: Settings, language: Language
) -> None:
    before = engine.opened().snapshot.manifest.encoder
    close_ticket(database, "紫檀木柜子压断了墙角那根线", "重做成端，换紫色尾纤，复测正常")
    other = settings.encoders / "other"
    other.mkdir()
    texts = [language.analyzer.tokens(text) for text in ("宽带断网红灯亮", "话费扣多了")] * 3
    train_encoder(other, TrainingSet(texts, []), TrainingPlan(dimension=16))
    (settings.encoders / CURRENT_ENCODER).write_text(other.name, "utf-8")
    report = build_index(settings, database, now=START.replace(hour=11), progress=quiet)
    snapshot = engine.opened().snapshot
    assert snapshot.mode == "hybrid"
    assert snapshot.manifest.encoder == report.encoder != before
