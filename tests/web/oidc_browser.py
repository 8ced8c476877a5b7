"""Out to an identity provider and back, as a browser goes."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.settings import OidcClient
from tests.web.oidc_provider import CLIENT, SECRET, FakeProvider

PAGE = {"Accept": "text/html"}
BEGIN = "/sign-in/oidc"


def client_at(provider: FakeProvider, **changed: str) -> OidcClient:
    ours = OidcClient(provider.issuer, CLIENT, SECRET, CLIENT, "sub")
    return replace(ours, **changed)


def out(client: FlaskClient, place: str = "") -> str:
    """Begin, and what the provider answers the browser: the address to come back to."""
    answer = client.get(BEGIN, query_string={"next": place}, headers=PAGE)
    assert answer.status_code == 303, answer.text
    opener = urllib.request.build_opener(_Stop)
    with pytest.raises(urllib.error.HTTPError) as told:
        opener.open(answer.headers["Location"], timeout=5)
    told.value.close()
    return str(told.value.headers["Location"])


class _Stop(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """Follow none."""


def back(client: FlaskClient, address: str) -> TestResponse:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}", headers=PAGE)
