"""Databases and handbooks, made once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.database import Database, create_database, open_database
from kb.desk import Desk
from kb.handbook import Handbook, read_handbook
from kb.publishing import import_handbook
from kb.settings import shipped_handbook
from tests.kb.running import Kb, kb_over
from tests.kb.small import NOW, write_handbook


@pytest.fixture(scope="session")
def shipped() -> Handbook:
    """The handbook that comes with the product."""
    return read_handbook(shipped_handbook())


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small whole handbook; do not change it."""
    return write_handbook(tmp_path_factory.mktemp("handbook"))


@pytest.fixture
def folder(small_folder: Path, tmp_path: Path) -> Path:
    """A small whole handbook of this test's own."""
    copy = tmp_path / "handbook"
    shutil.copytree(small_folder, copy)
    return copy


@pytest.fixture(scope="session")
def _template(small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "kb.db"
    database = create_database(path)
    import_handbook(database, read_handbook(small_folder), author="test", now=NOW)
    database.close()
    return path


@pytest.fixture
def database(_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A database that holds the small handbook."""
    path = tmp_path / "kb.db"
    shutil.copy(_template, path)
    opened = open_database(path)
    yield opened
    opened.close()


@pytest.fixture
def desk(database: Database) -> Desk:
    """The desk over that database; a return counts for 30 days."""
    return Desk(database, repeat_days=30)


@pytest.fixture
def bare(tmp_path: Path) -> Kb:
    """``kb`` over a folder where nothing is yet."""
    return kb_over(tmp_path / "data", KB_HANDBOOK=str(tmp_path / "handbook"))


@pytest.fixture
def kb(database: Database, folder: Path) -> Kb:
    """``kb`` over the small handbook, without an index."""
    return kb_over(database.path.parent, KB_HANDBOOK=str(folder))


@pytest.fixture(scope="module")
def full(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Kb:
    """``kb`` over the shipped handbook with samples and an index; these tests only ask."""
    data = tmp_path_factory.mktemp("full") / "data"
    shutil.copytree(prepared_data, data)
    return kb_over(data)
