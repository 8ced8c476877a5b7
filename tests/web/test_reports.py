"""Reports over the API and as pages: figures, filters, CSV, gaps, review tasks."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.engine import Engine
from indexer.snapshot import Language
from kb.database import open_database
from kb.desk import Desk
from kb.reviewing import open_reviews
from kb.settings import read_settings
from tests.conftest import Clock
from tests.history import make_bad_article, make_history
from web.app import create_app
from web.services import Services

PAGES = ("", "/search", "/articles", "/gaps", "/tasks")
TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """A service with a history: the samples that came with it never count."""
    folder = tmp_path_factory.mktemp("reports") / "data"
    shutil.copytree(prepared_data, folder)
    settings = read_settings({"KB_DATA": str(folder)})
    database = open_database(settings.database)
    make_history(database.connection, tickets=400)
    make_bad_article(database.connection)
    clock = Clock()
    open_reviews(database, now=clock.now)
    yield Services(
        settings=settings,
        database=database,
        desk=Desk(database, repeat_days=settings.repeat_days),
        engine=Engine(settings, database, language),
        clock=clock,
    )
    database.close()


@pytest.fixture(scope="module")
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def read(client: FlaskClient, path: str, status: int = 200) -> Any:
    answer = client.get(f"/api/v1/reports{path}")
    assert answer.status_code == status, answer.text
    return answer.json


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_without_scripts_and_styles_in_it(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/reports{path}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert " style=" not in answer.text
    assert not re.search(r"<script(?![^>]*src=)", answer.text)
    assert 'aria-current="page">报表' in answer.text
