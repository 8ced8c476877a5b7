"""A real model of sentence-transformers that is made in a moment, and one that takes its time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split


def make_tiny_model(folder: Path) -> Path:
    """It reads single characters, 16 dimensions."""
    chars = sorted(set("家里网断了盒子上那个红灯一直亮宽带光猫话费扣转码失效手机停孩子充游戏"))
    vocabulary = {"[UNK]": 0, **{char: place for place, char in enumerate(chars, 1)}}
    tokenizer = Tokenizer(WordLevel(vocab=vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.pre_tokenizer = Split("", "isolated")
    weights = np.random.default_rng(1).normal(size=(len(vocabulary), 16)).astype(np.float32)
    module = StaticEmbedding(tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder))
    return folder


class Slow(torch.nn.Module):
    """Passes everything on, after a while."""

    seconds = 6.0

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        time.sleep(self.seconds)
        return features
