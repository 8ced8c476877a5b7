"""Measuring: retrieval on judged sets, and classes, procedures and abstention on labelled ones."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import Document
from indexer.encoder import Encoder
from indexer.meaning import MeaningScorer
from indexer.postings import Scores
from indexer.progress import Progress
from indexer.queries import QueryBuilder
from indexer.scoring import WordScorer
from indexer.tuning import Tuned, tune
from kb.errors import InvalidInput
from kb.vocabulary import Vocabulary

CUTS = (1, 5, 20)
DEPTH = 20
LANES = ("lexical", "semantic", "hybrid")
MEASURES = (*(f"recall@{cut}" for cut in CUTS), "mrr@10", "ndcg@10")
RESAMPLES = 2_000
SEED = 20261122


@dataclass(frozen=True)
class JudgedSet:
    """A corpus with queries and their relevant documents; pairs to train on where there are any."""

    documents: Sequence[Document]
    queries: Sequence[tuple[str, str]]
    relevant: Mapping[str, Mapping[str, int]]
    pairs: Sequence[tuple[str, str]]


def read_judged_set(folder: Path) -> JudgedSet:
    """Read corpus.jsonl, queries.jsonl, qrels.tsv and, if present, train_pairs.jsonl.

    Raise InvalidInput naming the file that is missing or wrong.
    """
    corpus = _read_jsonl(folder / "corpus.jsonl", ("id", "title", "text"))
    queries = _read_jsonl(folder / "queries.jsonl", ("id", "text"))
    relevant: dict[str, dict[str, int]] = {}
    path = folder / "qrels.tsv"
    if not path.is_file():
        raise InvalidInput("没有这个文件", field=str(path))
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        cells = line.split()
        if len(cells) != 3 or not cells[2].lstrip("-").isdigit():
            raise InvalidInput("应为 查询 文档 相关度 三列", field=f"{path.name} 第 {number} 行")
        relevant.setdefault(cells[0], {})[cells[1]] = int(cells[2])
    pairs: list[dict[str, Any]] = []
    if (folder / "train_pairs.jsonl").is_file():
        pairs = _read_jsonl(folder / "train_pairs.jsonl", ("query", "positive"))
    return JudgedSet(
        documents=[Document(row["id"], row["title"], row["text"]) for row in corpus],
        queries=[(row["id"], row["text"]) for row in queries],
        relevant=relevant,
        pairs=[(row["query"], row["positive"]) for row in pairs],
    )


def evaluate_folder(folder: Path, *, progress: Progress) -> dict[str, Any]:
    """Index a judged set with the product's own pipeline and measure each lane and their fusion.

    ``chosen`` tells what was learned from the set's pairs, ``difference`` what the fusion adds.
    """
    judged = read_judged_set(folder)
    analyzer = Analyzer(Vocabulary())
    with tempfile.TemporaryDirectory() as scratch:
        started = time.monotonic()
        tuned = tune(
            judged.documents, judged.pairs, analyzer, Path(scratch) / "tuning", progress=progress
        )
        index = Path(scratch) / "index"
        create_collection(index, tuned.words)
        commit_documents(
            index,
            judged.documents,
            drop=(),
            analyzer=analyzer,
            encoder=tuned.encoder,
            progress=progress,
        )
        seconds = time.monotonic() - started
        result = _measure(judged, Collection(index), analyzer, tuned)
    chosen = {
        "held_out_pairs": tuned.held_out,
        "floor": tuned.words.floor,
        "weighed_terms": len(tuned.terms.factors),
        "fusion": tuned.fusion.as_json(),
    }
    return {**result, "chosen": chosen, "index_seconds": round(seconds, 2)}


def _measure(
    judged: JudgedSet, collection: Collection, analyzer: Analyzer, tuned: Tuned
) -> dict[str, Any]:
    lanes = _Lanes(
        QueryBuilder(analyzer, Vocabulary(), tuned.terms),
        WordScorer(collection),
        MeaningScorer(collection),
        tuned.encoder,
    )
    keys = collection.keys()
    places = {key: place for place, key in enumerate(keys)}
    rows: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in LANES}
    took: list[float] = []
    alphas: list[float] = []
    for query_id, text in judged.queries:
        relevant = judged.relevant.get(query_id, {})
        started = time.perf_counter()
        words, meaning = lanes.score(text)
        took.append((time.perf_counter() - started) * 1000)
        own = places.get(query_id)
        if own is not None and query_id not in relevant:
            words[own] = meaning[own] = -1
        alphas.append(float(tuned.fusion.alpha(words, meaning)))
        fused = tuned.fusion.fuse(words, meaning)
        for name, scores in zip(LANES, (words, meaning, fused), strict=True):
            ranked = [keys[place] for place in _best(scores)]
            rows[name].append(measure_ranking(ranked, relevant))
    tables = {name: np.array(measured) for name, measured in rows.items()}
    means = {
        name: dict(zip(MEASURES, table.mean(axis=0).round(4).tolist(), strict=True))
        for name, table in tables.items()
    }
    p50, p95, p99 = np.percentile(took, (50, 95, 99)).round(3).tolist()
    return {
        **means,
        "difference": compare_lanes(tables["hybrid"][:, -1], tables["lexical"][:, -1]),
        "queries": len(judged.queries),
        "documents": len(judged.documents),
        "query_ms": {"p50": p50, "p95": p95, "p99": p99},
        "alpha": dict(
            zip(("p10", "p50", "p90"), np.percentile(alphas, (10, 50, 90)).round(3), strict=True)
        ),
    }


def compare_lanes(
    after: npt.NDArray[np.float64], before: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """The mean gain in nDCG@10 with the interval that holds 95 % of its bootstrap resamples."""
    rng = np.random.default_rng(SEED)
    gains = after - before
    means = [rng.choice(gains, len(gains)).mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5)).round(4).tolist()
    return {"ndcg@10": round(float(gains.mean()), 4), "interval": [low, high]}


@dataclass(frozen=True)
class _Lanes:
    """Both lanes over one collection."""

    builder: QueryBuilder
    words: WordScorer
    meaning: MeaningScorer
    encoder: Encoder

    def score(self, text: str) -> tuple[Scores, Scores]:
        """Word scores and exact cosines of all documents."""
        query = self.builder.build(text)
        vector = self.encoder.encode([query.text])[0]
        words = self.words.score(query.terms)
        if self.meaning.is_exact:
            return words, self.meaning.scan(vector)
        return words, self.meaning.exact(vector, np.arange(len(words)))


def _best(scores: Scores) -> list[int]:
    depth = min(DEPTH, len(scores))
    chosen = np.argpartition(-scores, depth - 1)[:depth]
    ordered = chosen[np.lexsort((chosen, -scores[chosen]))]
    return [int(place) for place in ordered if scores[place] > 0]


def measure_ranking(ranked: Sequence[str], relevant: Mapping[str, int]) -> npt.NDArray[np.float64]:
    """Recall at each of CUTS, MRR@10 and nDCG@10 (Järvelin & Kekäläinen 2002, linear gain)."""
    wanted = {key for key, grade in relevant.items() if grade > 0}
    recalls = [
        len(wanted.intersection(ranked[:cut])) / len(wanted) if wanted else 0.0 for cut in CUTS
    ]
    first = next((place for place, key in enumerate(ranked[:10], 1) if key in wanted), 0)
    gain = sum(
        relevant.get(key, 0) / math.log2(place + 1) for place, key in enumerate(ranked[:10], 1)
    )
    grades = sorted((grade for grade in relevant.values() if grade > 0), reverse=True)[:10]
    ideal = sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, 1))
    return np.array([*recalls, 1 / first if first else 0.0, gain / ideal if ideal else 0.0])


def _read_jsonl(path: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    if not path.is_file():
        raise InvalidInput("没有这个文件", field=str(path))
    rows = []
    number = 0
    try:
        for line in path.read_text("utf-8").split("\n"):
            number += 1
            if line.strip():
                row = json.loads(line)
                rows.append({name: str(row[name]) for name in names})
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(f"第 {number} 行应有 {'、'.join(names)}", field=path.name) from None
    return rows
