"""Training the desk's own encoder: term vectors, first from what occurs together, then from pairs.

Start: a truncated singular value decomposition of the tf-idf matrix (latent semantic analysis,
Deerwester et al. 1990), so that texts without pairs already gain. Then sentence-transformers'
MultipleNegativesRankingLoss over pairs (Henderson et al. 2017): each text's partner must win
against the partners of the others in its batch.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.encoder import RECIPE, UNKNOWN, digest_of
from indexer.progress import Progress, quiet

Tokens = Sequence[str]


@dataclass(frozen=True)
class TrainingPlan:
    """How to train. ``dimension``: of the vectors. ``smallest``: texts a term must occur in."""

    dimension: int = 256
    smallest: int = 2
    largest_vocabulary: int = 120_000
    epochs: int = 4
    batch: int = 128
    rate: float = 0.05
    seed: int = 20261122


@dataclass(frozen=True)
class TrainingSet:
    """What to train on, cut into terms: texts alone, and pairs that mean the same."""

    texts: Sequence[Tokens]
    pairs: Sequence[tuple[Tokens, Tokens]]


def train_encoder(
    folder: Path, training: TrainingSet, plan: TrainingPlan, *, progress: Progress = quiet
) -> str:
    """Train an encoder and save it in ``folder`` for model2vec; return its identity."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    torch.manual_seed(plan.seed)
    vocabulary, idf = choose_vocabulary(training, plan)
    weights = latent_vectors(training.texts, vocabulary, idf, plan)
    module = StaticEmbedding(_tokenizer(vocabulary), embedding_weights=weights)
    model = SentenceTransformer(modules=[module], device="cpu")
    if training.pairs:
        known = [_known(pair, vocabulary) for pair in training.pairs]
        _fit_pairs(model, [pair for pair in known if all(pair)], plan, progress)
    model.save(str(folder), create_model_card=False)
    identity = f"static-{plan.dimension}-{digest_of(folder)}"
    recipe = {"identity": identity, "pairs": len(training.pairs), "terms": len(vocabulary)}
    (folder / RECIPE).write_text(json.dumps(recipe), "utf-8")
    return identity


def choose_vocabulary(
    training: TrainingSet, plan: TrainingPlan
) -> tuple[dict[str, int], npt.NDArray[np.float32]]:
    """Terms worth a vector, most frequent first, with their idf; id 0 is the unknown term."""
    frequency: Counter[str] = Counter()
    for text in training.texts:
        frequency.update(set(text))
    for left, right in training.pairs:
        frequency.update(set(left) | set(right))
    count = len(training.texts) + len(training.pairs)
    kept = [term for term, df in frequency.most_common() if df >= plan.smallest]
    vocabulary = {UNKNOWN: 0}
    for term in kept[: plan.largest_vocabulary]:
        vocabulary[term] = len(vocabulary)
    idf = np.zeros(len(vocabulary), np.float32)
    for term, place in vocabulary.items():
        if place:
            idf[place] = math.log(1 + count / frequency[term])
    return vocabulary, idf


def latent_vectors(
    texts: Sequence[Tokens],
    vocabulary: dict[str, int],
    idf: npt.NDArray[np.float32],
    plan: TrainingPlan,
) -> npt.NDArray[np.float32]:
    """Start vectors, shape (terms, dimension): right singular vectors of tf-idf, times idf."""
    import torch

    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, text in enumerate(texts):
        counts = Counter(place for term in text if (place := vocabulary.get(term)))
        norm = math.sqrt(sum((1 + math.log(n)) ** 2 * idf[p] ** 2 for p, n in counts.items())) or 1
        for place, n in counts.items():
            rows.append(row)
            columns.append(place)
            values.append(float((1 + math.log(n)) * idf[place] / norm))
    size = (max(len(texts), 1), len(vocabulary))
    places = torch.tensor([rows, columns])
    matrix = torch.sparse_coo_tensor(places, torch.tensor(values), size, check_invariants=True)
    rank = min(plan.dimension, *size)
    generator = torch.random.get_rng_state()
    torch.manual_seed(plan.seed)
    _, scale, right = torch.svd_lowrank(matrix.coalesce(), q=rank, niter=4)
    torch.random.set_rng_state(generator)
    spread = (scale / scale.max()).sqrt() if len(scale) else scale
    vectors = np.zeros((len(vocabulary), plan.dimension), np.float32)
    vectors[:, :rank] = (right * spread).numpy() * idf[:, None]
    vectors *= 1.0 / max(float(np.abs(vectors).std()), 1e-6) * 0.1
    return vectors


def _tokenizer(vocabulary: dict[str, int]) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    tokenizer = Tokenizer(WordLevel(vocab=vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return tokenizer


def _known(pair: tuple[Tokens, Tokens], vocabulary: dict[str, int]) -> tuple[str, str]:
    """Both sides without unknown terms: the unknown one stays zero, as model2vec leaves it out."""
    left, right = (" ".join(term for term in side if term in vocabulary) for side in pair)
    return left, right


def _fit_pairs(
    model: Any,
    pairs: Sequence[tuple[str, str]],
    plan: TrainingPlan,
    progress: Progress,
) -> None:
    import torch
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    lefts = [left for left, _ in pairs]
    rights = [right for _, right in pairs]
    loss = MultipleNegativesRankingLoss(model, scale=20.0)
    optimiser = torch.optim.Adam(model.parameters(), lr=plan.rate)
    steps = plan.epochs * math.ceil(len(pairs) / plan.batch)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, total_iters=steps)
    generator = torch.Generator().manual_seed(plan.seed)
    model.train()
    done = 0
    for _ in range(plan.epochs):
        order = torch.randperm(len(pairs), generator=generator).tolist()
        for start in range(0, len(order), plan.batch):
            chosen = order[start : start + plan.batch]
            sides = [model.preprocess([side[i] for i in chosen]) for side in (lefts, rights)]
            optimiser.zero_grad()
            loss(sides, None).backward()
            optimiser.step()
            schedule.step()
            done += 1
            progress("训练编码器", done, steps)
    model.eval()
