"""Text to unit vectors: our own static encoder, or any sentence-transformers model.

Our own reads the analysis' terms. It is served from the files sentence-transformers saved, mapped
and shared by workers, without importing torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from indexer.analysis import Analyzer
from indexer.bulk import HAN_FIRST, HAN_LAST, pair_code
from indexer.mapping import MappedFile, map_file
from kb.errors import EncoderUnavailable

Vectors = npt.NDArray[np.float32]
"""Shape (texts, dimension), rows of length 1, or 0 for a text without a known term."""

RECIPE = "recipe.json"
TOKENIZER = "tokenizer.json"
TABLE, TABLE_NAME = "model.safetensors", "embedding.weight"
LONGEST_HEADER = 1 << 20
UNKNOWN = "[UNK]"
QUESTION_SECONDS = 0.25
AT_ONCE = 2
TOO_SLOW = f"编码器超过 {QUESTION_SECONDS} 秒没有算完"


class Encoder(Protocol):
    """What the index needs of an encoder."""

    identity: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of ``texts``, float32, shape (len(texts), dimension)."""


class StaticEncoder:
    """The desk's own encoder: mean of trained term vectors, the rows of ``table``."""

    def __init__(self, folder: Path, analyzer: Analyzer) -> None:
        """Load what training saved in ``folder``; raise EncoderUnavailable when it is not whole."""
        try:
            recipe = json.loads((folder / RECIPE).read_text("utf-8"))
            tokenizer = json.loads((folder / TOKENIZER).read_text("utf-8"))
            vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
            self.identity: str = recipe["identity"]
            self.table, self._file = map_table(folder / TABLE)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EncoderUnavailable(f"{folder.name}：{error}") from error
        self.folder = folder
        self._analyzer = analyzer
        self._rows = {term: row for term, row in vocabulary.items() if term != UNKNOWN}
        self.dimension = self.table.shape[1]

    def reading(self, analyzer: Analyzer) -> StaticEncoder:
        """The same encoder over texts cut by another analysis."""
        other = copy(self)
        other._analyzer = analyzer
        return other

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of ``texts``."""
        return self.encode_tokens([self._analyzer.tokens(text) for text in texts])

    def encode_tokens(self, token_lists: Sequence[Sequence[str]]) -> Vectors:
        """Unit vectors of texts that are cut already: the mean over the known terms.

        What sentence-transformers gives, without joining the terms to text and cutting it again.
        """
        rows = self.rows_of(list(chain.from_iterable(token_lists)))
        places = np.repeat(np.arange(len(token_lists)), [len(tokens) for tokens in token_lists])
        is_known = rows >= 0
        bounds = np.searchsorted(places[is_known], np.arange(len(token_lists) + 1))
        ones = np.ones(np.count_nonzero(is_known), np.float32)
        shape = (len(token_lists), len(self.table))
        matrix = csr_array((ones, rows[is_known], bounds), shape=shape)
        return unit_rows(np.asarray(matrix @ self.table, np.float32))

    @property
    def is_changed(self) -> bool:
        """Whether its file was written to, or cut short, since it was opened."""
        return self._file.is_changed()

    def rows_of(self, terms: Sequence[str | None]) -> npt.NDArray[np.int64]:
        """The row of each term in the table, -1 for one without a vector."""
        return np.fromiter((self._rows.get(term or "", -1) for term in terms), np.int64, len(terms))

    @cached_property
    def pair_rows(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Codes (``indexer.bulk``) of the pairs of Chinese characters that have a vector,
        increasing, and the row of each."""
        codes = {code: row for term, row in self._rows.items() if (code := pair_code(term)) >= 0}
        known = np.array(sorted(codes), np.int64)
        return known, np.array([codes[code] for code in known.tolist()], np.int64)

    @cached_property
    def character_rows(self) -> npt.NDArray[np.int64]:
        """The row of each Chinese character, by its place after HAN_FIRST; -1 for none."""
        terms = [chr(point) for point in range(HAN_FIRST, HAN_LAST + 1)]
        return self.rows_of(terms)


def map_table(path: Path) -> tuple[Vectors, MappedFile]:
    """The one table of a safetensors file, mapped; shape (terms, dimension), float32.

    The format: eight bytes with the length of a JSON header (name → dtype, shape, offsets), then
    the bytes. Raise OSError, ValueError or KeyError when the file is not whole or holds no such
    table.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LONGEST_HEADER:
            raise ValueError(f"{path.name}: no safetensors file")
        entry = json.loads(file.read(length))[TABLE_NAME]
    if entry["dtype"] != "F32":
        raise ValueError(f"{path.name}: {entry['dtype']}")
    start = 8 + length + entry["data_offsets"][0]
    rows, width = entry["shape"]
    mapped = map_file(path)
    return np.frombuffer(mapped, np.float32, rows * width, start).reshape(rows, width), mapped


class LibraryEncoder:
    """Any model that sentence-transformers loads, by name or folder.

    Texts to be indexed wait for it as long as it takes; a question does not.
    """

    def __init__(self, name: str) -> None:
        """Load the model; raise EncoderUnavailable with the library's reason."""
        try:
            from sentence_transformers import SentenceTransformer

            self._model = SentenceTransformer(name, device="cpu")
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            raise EncoderUnavailable(f"{name}：{error}") from error
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        files = f"-{digest_of(Path(name))}" if Path(name).is_dir() else ""
        self.identity = f"{name}#{self.dimension}{files}"
        self._pool = ThreadPoolExecutor(AT_ONCE, "encoder")
        self._late: Future[Vectors] | None = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of ``texts``, computed in batches."""
        vectors = self._model.encode(list(texts), batch_size=32, show_progress_bar=False)
        return unit_rows(np.asarray(vectors, np.float32).reshape(len(texts), self.dimension))

    def encode_in_time(self, text: str) -> Vectors:
        """The vector of a question; raise EncoderUnavailable when it takes longer than QUESTION
        seconds, and at once as long as that one is still being worked on."""
        if self._late is not None and not self._late.done():
            raise EncoderUnavailable(TOO_SLOW)
        working = self._pool.submit(self.encode, [text])
        try:
            return np.asarray(working.result(QUESTION_SECONDS)[0])
        except TimeoutError:
            self._late = working
            raise EncoderUnavailable(TOO_SLOW) from None


def encode_question(encoder: Encoder, text: str) -> Vectors:
    """The vector of a question; raise EncoderUnavailable when the encoder fails, whatever it
    raises, or is too slow: then the question is answered by words."""
    try:
        if isinstance(encoder, LibraryEncoder):
            return encoder.encode_in_time(text)
        vector = encoder.encode([text])[0]
    except EncoderUnavailable:
        raise
    except Exception as error:  # another's code
        raise EncoderUnavailable(f"编码器出错（{type(error).__name__}）") from error
    if isinstance(encoder, StaticEncoder) and encoder.is_changed:
        raise EncoderUnavailable("编码器的文件被改动了")
    return np.asarray(vector)


def unit_rows(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; a row of zeros stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 1e-12)
    return scaled


def digest_of(folder: Path) -> str:
    """Short digest of the weights and vocabularies saved in a folder and below."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.name.endswith((".safetensors", "tokenizer.json", "vocab.txt")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
