"""One data folder with the shipped handbook is built a session; each test works on a copy.

While writing code, KB_TEST_PREPARED=FOLDER keeps that folder from one run to the next; remove it
when the schema, the handbook or the index changes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.build import build_index
from indexer.engine import Engine
from indexer.language import Language, open_language
from indexer.progress import quiet
from kb.counting import counts
from kb.database import Database, create_database, open_database
from kb.desk import Desk
from kb.handbook import read_handbook
from kb.importing import import_tickets
from kb.publishing import import_handbook
from kb.rows import read_rows
from kb.settings import Settings, read_settings
from kb.times import BEIJING
from web.app import create_app
from web.services import Services

KEPT = os.environ.pop("KB_TEST_PREPARED", "")
"""Taken out of the environment: the service refuses KB_ variables it does not know."""
START = datetime(2026, 11, 20, 10, 0, tzinfo=BEIJING)

# The same examples each time, however busy the machine. To look for new ones by chance:
# pytest --hypothesis-profile=thorough
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile("suite")


@dataclass
class Clock:
    """The only thing that is not real in these tests."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        """Move on by days, hours, minutes …"""
        self.now += timedelta(**span)
        return self.now


ROOT = Path(__file__).parent
LONGEST = (
    *("indexer/test_bench_run.py", "kb/test_cli_process.py", "web/test_planted.py"),
    *("bench/test_kills.py", "web/test_bounds_crawl.py", "bench/test_drills.py", "kb/test_cli.py"),
    *("browser/test_learning.py", "browser/test_limits.py", "browser/test_editing.py"),
    *("web/test_holding.py", "web/test_vocabulary.py", "web/test_locked.py", "bench/test_load.py"),
)
"""Files that take longest come first: none is left at the end while the other processes are idle.
The first makes the prepared folder, the second needs none."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the rest stay in their order."""
    places = {ROOT / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as ``kb init --with-samples`` makes it. Never write to it: copy it.

    Of several test processes the first makes it and the others wait.
    """
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder
    data = Path(KEPT) if KEPT else shared / "prepared"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.exists():
            _prepare(data)
    return data


def _prepare(data: Path) -> None:
    settings = read_settings({"KB_DATA": str(data)})
    database = create_database(settings.database)
    import_handbook(database, read_handbook(settings.handbook), author="import", now=START)
    samples = settings.handbook / "samples" / "tickets.jsonl"
    import_tickets(
        database,
        read_rows(samples),
        source="sample",
        now=START,
        repeat_days=settings.repeat_days,
    )
    build_index(settings, database, now=START, progress=quiet)
    database.close()


@pytest.fixture(scope="session")
def language(prepared_data: Path) -> Language:
    """Dictionary, vocabulary and encoder: loaded once, they do not change."""
    settings = read_settings({"KB_DATA": str(prepared_data)})
    return open_language(settings, open_database(settings.database))


@pytest.fixture
def clock() -> Clock:
    """A clock the test moves."""
    return Clock()


@pytest.fixture
def settings(prepared_data: Path, tmp_path: Path) -> Settings:
    """Settings of a fresh copy of the prepared folder."""
    data = tmp_path / "data"
    shutil.copytree(prepared_data, data)
    return read_settings({"KB_DATA": str(data), "KB_SWAP_RATE": "0"})


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The copy's database."""
    opened = open_database(settings.database)
    yield opened
    opened.close()


@pytest.fixture
def engine(settings: Settings, database: Database, language: Language) -> Engine:
    """An engine over the copy."""
    return Engine(settings, database, language)


@pytest.fixture
def services(settings: Settings, database: Database, engine: Engine, clock: Clock) -> Services:
    """Everything the web layer needs, over the copy."""
    desk = Desk(database, repeat_days=settings.repeat_days)
    return Services(settings=settings, database=database, desk=desk, engine=engine, clock=clock)


@pytest.fixture
def app(services: Services) -> Flask:
    """The service."""
    return create_app(services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the service."""
    return app.test_client()


@contextmanager
def open_services(
    prepared: Path, folder: Path, language: Language, clock: Callable[[], datetime]
) -> Iterator[Services]:
    """Services over a copy of the prepared folder, for the tests of a module or a session."""
    shutil.copytree(prepared, folder)
    settings = read_settings({"KB_DATA": str(folder), "KB_SWAP_RATE": "0"})
    database = open_database(settings.database)
    desk = Desk(database, repeat_days=settings.repeat_days)
    engine = Engine(settings, database, language)
    yield Services(settings=settings, database=database, desk=desk, engine=engine, clock=clock)
    database.close()


def counted(name: str, **labels: str) -> float:
    """What this process counted so far."""
    return counts().registry.get_sample_value(name, labels) or 0.0
