"""Every file of a generation truncated, flipped, emptied and deleted: no crash, right answers or a
stated degradation, and an index that mends itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer import following, opening
from indexer.engine import Engine
from indexer.following import Follower, Healing
from indexer.generation import CURRENT, read_current, writing
from indexer.integrity import find_damage, glance
from indexer.language import Language
from indexer.opening import NewestIndex
from indexer.plain import MODE
from kb.database import Database
from kb.errors import IndexDamaged
from kb.searching import SearchQuery
from kb.settings import Settings
from kb.suggestion import Answer, SuggestionRequest
from tests.conftest import START, Clock

TEXT = "家里网断了,盒子上那个红灯一直亮"
HARMLESS = ("LOCK", "checked.json")
"""Files whose loss costs nothing: locks, and the note on what was checked."""


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def flip(path: Path) -> None:
    """Sixteen bytes of the file's middle, in place."""
    with path.open("rb+") as file:
        file.seek(path.stat().st_size // 2)
        held = file.read(16)
        file.seek(path.stat().st_size // 2)
        file.write(bytes(byte ^ 0x55 for byte in held))


def flip_in_secret(path: Path) -> None:
    """The same, and the file's times as before."""
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


DAMAGES: tuple[Callable[[Path], None], ...] = (truncate, empty, flip, Path.unlink)


def what(answer: Answer) -> list[str]:
    return [item.target_id for item in answer.items]


def important(generation: Path) -> Iterator[Path]:
    files = (path for path in sorted(generation.rglob("*")) if path.is_file())
    return (path for path in files if not path.name.endswith(HARMLESS))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_any_damaged_file_is_found_and_the_index_is_not_searched(
    settings: Settings, database: Database, language: Language, damage: Callable[[Path], None]
) -> None:
    generation, kept = read_current(settings.index), settings.data / "kept"
    assert not find_damage(generation)
    assert glance(generation)
    for path in important(generation):
        shutil.copy2(path, kept)
        damage(path)
        assert find_damage(generation), path
        assert not glance(generation), path
        assert NewestIndex(settings, database, language).trouble, path
        shutil.copy2(kept, path)
    assert not NewestIndex(settings, database, language).trouble


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_file_damaged_while_serving_is_either_not_used_or_given_up(
    settings: Settings,
    database: Database,
    language: Language,
    damage: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "RETRY_SECONDS", 0.0)
    kept = settings.data / "kept"
    newest = NewestIndex(settings, database, language)
    keys = newest.read().snapshot.passages.collection.keys()
    for path in [settings.index / CURRENT, *important(read_current(settings.index))]:
        shutil.copy2(path, kept)
        damage(path)
        try:
            with newest.reading() as opened:
                assert opened.snapshot.passages.collection.keys() == keys, path
        except IndexDamaged:
            assert newest.trouble
        path.unlink(missing_ok=True)
        shutil.copy2(kept, path)
        with newest.reading() as opened:
            assert opened.snapshot.passages.collection.keys() == keys, path


def test_what_is_cut_short_in_the_middle_of_an_answer_is_not_believed(
    engine: Engine, settings: Settings
) -> None:
    segment = next((read_current(settings.index) / "tickets").glob("*.arrays"))

    def read_on() -> None:
        with engine._index.reading() as opened:
            empty(segment)
            arrays = opened.snapshot.tickets.collection.segments[0].data.arrays
            assert not arrays["vectors"].any()  # SIGBUS, but for the trap

    with pytest.raises(IndexDamaged, match="被改动了"):
        read_on()
    assert engine.preview(SuggestionRequest(TEXT), now=START).mode == MODE
    assert engine._index.losses == 1


def test_a_fault_outside_mapped_files_still_ends_the_process() -> None:
    code = (
        "import ctypes, mmap, os, pathlib, tempfile\n"
        "from indexer.mapping import map_file\n"
        "held = tempfile.NamedTemporaryFile(); held.write(b'x' * 9000); held.flush()\n"
        "ours = map_file(pathlib.Path(held.name))\n"
        "theirs = mmap.mmap(held.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "os.truncate(held.name, 0)\n"
        "assert ours[8000] == 0 and ours.is_changed()\n"
        "theirs[8000]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == -7, done.stderr


def test_the_follower_finds_mends_and_the_engine_goes_over_by_itself(
    engine: Engine,
    settings: Settings,
    database: Database,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("GLANCE_SECONDS", 0.0), ("THOROUGH_SECONDS", 1e9)):
        monkeypatch.setattr(following, name, value)
    monkeypatch.setattr(opening, "RETRY_SECONDS", 0.0)
    told: list[Healing] = []
    clock.advance(days=-1)  # put back: the new generation must still be the newest
    before = read_current(settings.index)
    usual = what(engine.preview(SuggestionRequest(TEXT), now=START))
    with writing(settings.index):
        follower = Follower(settings, database, clock=clock, tell=told.append)
        follower.step()
        assert not told
        flip_in_secret(next((before / "tickets").glob("*.arrays")))
        follower.step()
        assert not told  # nothing shows at a glance
        monkeypatch.setattr(following, "THOROUGH_SECONDS", 0.0)
        monkeypatch.setattr(following, "build_generation", _failing)
        with pytest.raises(OSError, match="full"):
            follower.step()
        assert (engine.status().mode, engine.status().ready) == (MODE, True)
        answer = engine.suggest(SuggestionRequest(TEXT), now=START)
        assert (answer.mode, answer.abstained) == (MODE, False)
        assert "P060101" in what(answer)
        assert answer.time_limits
        assert answer.past_fixes
        assert all(item.confidence != "HIGH" for item in answer.procedures)
        hits = engine.search(SearchQuery("断网", START.date()), now=START)
        assert hits.mode == MODE
        assert hits.hits
        monkeypatch.undo()
        monkeypatch.setattr(following, "GLANCE_SECONDS", 0.0)
        follower.step()
    assert [bool(healing.generation) for healing in told] == [False, False, True]
    assert read_current(settings.index).name > before.name
    monkeypatch.setattr(opening, "RETRY_SECONDS", 0.0)
    answer = engine.preview(SuggestionRequest(TEXT), now=START)
    assert (answer.mode, what(answer)) == ("hybrid", usual)


def _failing(*_: object, **__: object) -> None:
    raise OSError(28, "disk full")
