"""Is a generation as it was written? At a glance (sizes, times, small files), or every byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from indexer.arrays import is_checked, is_whole, remembering
from indexer.class_words import class_words_file
from indexer.generation import PASSAGES, TICKETS, read_manifest, read_state
from indexer.recipe import ROTATION, read_recipe
from indexer.trade import GATE_FILE
from indexer.words import read_segments, segment_path
from kb.errors import IndexDamaged, IndexMismatch


def find_damage(generation: Path) -> list[str]:
    """Names of the files that are missing or not as they were written: everything is read."""
    with remembering(generation):
        return _look(generation, is_whole)


def glance(generation: Path) -> bool:
    """Whether every file is there, the small ones whole and the large ones those checked before."""
    with remembering(generation):
        return not _look(generation, is_checked)


def _look(generation: Path, is_sound: Callable[[Path], bool]) -> list[str]:
    found: list[str] = []
    files: set[Path] = {generation / GATE_FILE}
    for read in (_words_file, _part_files(PASSAGES), _part_files(TICKETS)):
        try:
            files |= set(read(generation))
        except IndexDamaged as error:
            found.append(error.detail)
    try:
        read_manifest(generation)
    except (IndexDamaged, IndexMismatch) as error:
        found.append(error.detail)
    found += [path.name for path in sorted(files) if not is_sound(path)]
    return found


def _words_file(generation: Path) -> Iterator[Path]:
    yield class_words_file(generation, read_state(generation).class_words)


def _part_files(part: str) -> Callable[[Path], Iterator[Path]]:
    def read(generation: Path) -> Iterator[Path]:
        folder = generation / part
        if read_recipe(folder).is_rotated:
            yield folder / ROTATION
        for segment in read_segments(folder):
            yield segment_path(folder, segment)

    return read
