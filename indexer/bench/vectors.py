"""The meaning lane against exact search over the same vectors: speed, and what it finds of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from indexer.bench.figures import Figure, absent, alternate, single, spread
from indexer.bench.peers import build_faiss, one_thread
from indexer.bench.step import Bench
from indexer.engine import open_engine
from indexer.meaning import MeaningScorer
from indexer.retrieval import BEST_MEANINGS
from indexer.rotation import join_vectors
from indexer.scoring import top
from kb.database import open_database

TOP = 60
Vector = npt.NDArray[np.float32]
Search = Callable[[int], Sequence[int]]
"""Place of a query → numbers of the nearest documents."""


def measure_vectors(bench: Bench) -> list[Figure]:
    """Our lane, numpy and faiss Flat over the tickets' vectors, in turn, one thread each."""
    database = open_database(bench.settings.database)
    engine = open_engine(bench.settings, database)
    snapshot = engine.opened().snapshot
    if snapshot.encoder is None:
        return [absent("vectors", "向量检索", f"没有编码器：{snapshot.mode_reason}")]
    lane = snapshot.tickets
    asked = list(snapshot.encoder.encode(list(bench.complaints)))
    matrix = np.concatenate(
        [join_vectors(each.data.arrays, slice(None)) for each in lane.collection.segments]
    )
    turned = [turn(vector, lane.collection.rotation) for vector in asked]
    exact_search = _numpy(matrix)
    contenders: dict[str, Search] = {
        "ours": lambda place: search_ours(lane.meaning, asked[place]),
        "numpy": lambda place: exact_search(turned[place]),
    }
    titles = {"ours": "本品语义路", "numpy": "numpy float32 全乘", "faiss": "faiss Flat"}
    missing = []
    try:
        faiss = build_faiss(matrix)
        contenders["faiss"] = lambda place: faiss(turned[place], TOP)
    except ImportError as error:
        missing.append(absent("vectors.faiss", titles["faiss"], f"没有安装（{error.name}）"))
    with one_thread() as threads:
        checked = range(min(bench.amounts.checks, len(asked)))
        found = [contenders["ours"](place) for place in checked]
        exact = [contenders["numpy"](place) for place in checked]
        took = alternate(contenders, range(len(asked)), most_seconds=bench.amounts.most_seconds)
    size = f"{matrix.shape[0]} × {matrix.shape[1]}，{threads}"
    figures = [
        spread(f"vectors.{name}", f"{titles[name]}：前 {TOP}", took[name], note=size)
        for name in contenders
    ]
    recall = single(
        "vectors.recall",
        f"本品前 {TOP} 对精确结果的召回",
        measure_recall(found, exact),
        note=f"{len(found)} 条查询",
    )
    database.close()
    return [*figures, *missing, recall]


def measure_recall(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    """Share of the exact results that were found."""
    wanted = sum(map(len, exact))
    met = sum(len(set(own) & set(best)) for own, best in zip(found, exact, strict=True))
    return round(met / wanted, 4) if wanted else 1.0


def turn(vector: Vector, rotation: Vector | None) -> Vector:
    """The query as the stored vectors lie, so that all contenders compare the same numbers."""
    return vector if rotation is None else vector @ rotation


def search_ours(meaning: MeaningScorer, vector: Vector) -> Sequence[int]:
    """The best of our meaning lane: a scan, then exact cosines of as many as the product takes."""
    cosines = meaning.scan(vector)
    if meaning.is_exact:
        found: list[int] = top(cosines, TOP).tolist()
        return found
    places = np.sort(top(cosines, BEST_MEANINGS))
    best: list[int] = places[top(meaning.exact(vector, places), TOP)].tolist()
    return best


def _numpy(matrix: Vector) -> Callable[[Vector], Sequence[int]]:
    def search(vector: Vector) -> Sequence[int]:
        scores = matrix @ vector
        best = np.argpartition(-scores, min(TOP, len(scores)) - 1)[:TOP]
        places: list[int] = best[np.argsort(-scores[best], kind="stable")].tolist()
        return places

    return search
