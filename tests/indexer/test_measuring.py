"""Fusion, past fixes and evaluation on cases small enough to check by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from indexer.evaluation import evaluate_folder, hold_out, measure_ranking
from indexer.fitting import PRIOR, fit_alpha, fuse, reciprocal_ranks
from indexer.labelled import read_labelled
from indexer.progress import quiet
from kb.errors import InvalidInput


def test_fusion_scales_each_lane_by_its_best() -> None:
    words = np.array([[4.0, 2.0, 0.0]], np.float32)
    meaning = np.array([[-1.0, 0.5, 0.25]], np.float32)
    assert fuse(words, meaning, 0.5).tolist() == [[0.5, 0.75, 0.25]]
    assert fuse(words, np.zeros_like(words), 0.0).tolist() == [[1.0, 0.5, 0.0]]


def test_meaning_is_trusted_only_where_it_clearly_helps() -> None:
    rng = np.random.default_rng(5)
    relevant = np.eye(200, dtype=bool)
    good = (relevant + 0.2 * rng.random((200, 200))).astype(np.float32)
    noise = rng.random((200, 200)).astype(np.float32)
    assert fit_alpha(good, noise, relevant) == 0.0
    assert fit_alpha(noise, good, relevant) > 0.3
    assert fit_alpha(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32), relevant) == PRIOR


def test_reciprocal_rank_ends_at_ten() -> None:
    scores = np.arange(20, dtype=np.float32)[None, ::-1]
    relevant = np.zeros((1, 20), bool)
    relevant[0, 3] = True
    assert reciprocal_ranks(scores, relevant).tolist() == [0.25]
    assert reciprocal_ranks(scores, np.roll(relevant, 10)).tolist() == [0.0]


def test_measures_follow_their_definitions() -> None:
    measured = measure_ranking(["x", "a", "b"], {"a": 1, "c": 1})
    ideal = 1 + 1 / np.log2(3)
    assert measured.tolist() == pytest.approx([0, 0.5, 0.5, 0.5, (1 / np.log2(3)) / ideal])
    assert measure_ranking([], {}).tolist() == [0] * 5


def test_pairs_of_one_text_are_held_out_together() -> None:
    texts = [f"答案{number % 50}" for number in range(500)]
    held = hold_out(texts)
    assert 0 < len(held) < 200
    assert {texts[number] for number in held}.isdisjoint(
        texts[number] for number in range(500) if number not in held
    )


def test_a_judged_set_is_measured_with_the_products_own_pipeline(tmp_path: Path) -> None:
    topics = [
        "宽带断网红灯",
        "话费多扣退费",
        "携号转网授权码",
        "师傅没来装机",
        "停机复机",
        "国际漫游",
    ]
    corpus = [
        {"id": f"d{number}", "title": "", "text": f"{topic}怎么处理，第{number}条说明"}
        for number, topic in enumerate(topics)
    ]
    queries = [{"id": f"q{number}", "text": topic} for number, topic in enumerate(topics)]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "qrels.tsv").write_text("".join(f"q{n}\td{n}\t1\n" for n in range(6)), "utf-8")
    figures = evaluate_folder(tmp_path, progress=quiet)
    assert figures["lexical"]["ndcg@10"] == 1.0
    assert figures["hybrid"]["recall@1"] == 1.0
    assert (figures["queries"], figures["documents"]) == (6, 6)


@pytest.mark.parametrize("line", ["{", "[]", '{"category": "060101"}', "3"])
def test_a_broken_line_of_labelled_sentences_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "sentences.jsonl"
    path.write_text('{"text": "断网"}\n' + line, "utf-8")
    with pytest.raises(InvalidInput) as raised:
        read_labelled(path)
    assert "第 2 行" in raised.value.field
