"""One service for the tests of a module: opening the engine takes longer than a request.

Tests of a module share the database, so each makes the tickets it needs and looks at nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.language import Language
from tests.conftest import Clock, open_services
from web.app import create_app
from web.services import Services

COMPLAINT = "家里网断了,盒子上那个红灯一直亮"
TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("web") / "data"
    with open_services(prepared_data, folder, language, Clock()) as services:
        yield services


@pytest.fixture(scope="module")
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def suggested(client: FlaskClient) -> dict[str, Any]:
    answer = client.post("/api/v1/suggestions", json={"text": COMPLAINT}).json
    assert answer is not None
    return dict(answer)


@pytest.fixture
def ticket_no(client: FlaskClient) -> str:
    """A fresh open ticket."""
    body = {"description": COMPLAINT, "category": "060101", "area": "urban"}
    answer = client.post("/api/v1/tickets", json=body).json
    assert answer is not None
    return str(answer["ticket_no"])


@pytest.fixture
def send(client: FlaskClient) -> Callable[..., Any]:
    """Send a page's form as a browser does: with the page's token and this browser's cookie."""

    def send(path: str, fields: dict[str, str] | None = None, *, page: str = "/") -> Any:
        token = TOKEN.search(client.get(page).text)
        assert token
        return client.post(
            path,
            data={"csrf_token": token[1], **(fields or {})},
            content_type="multipart/form-data",
            headers={"Accept": "text/html"},
        )

    return send
