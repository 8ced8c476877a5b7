"""Which addresses of an identity provider are asked at all, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kb.errors import ExtraMissing, ProviderUnavailable
from kb.fetching import fetch_json
from kb.oidc import Provider, check_extra
from kb.settings import OidcClient
from tests.conftest import START
from tests.web.oidc_browser import client_at
from tests.web.oidc_provider import FakeProvider, serve_provider
from web.services import Services
from web.wsgi import build_services


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with serve_provider(FakeProvider(START.timestamp)) as provider:
        yield provider


def test_a_provider_that_hangs_holds_nobody_for_five_seconds(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.fetching.SECONDS", 0.2)
    provider.hangs = 0.6
    with pytest.raises(ProviderUnavailable):
        fetch_json(f"{provider.issuer}/keys")


@pytest.mark.parametrize(
    "address",
    ["http://kb.example/keys", "http://169.254.169.254/latest", "http://0x7f.1/", "ftp://127.0.0.1/",
     "file:///etc/passwd", "https://user@kb.example/", "http://127.0.0.1@evil.example/", "",
     "http://[::1", "https://kb.example\r\nX: 1"],
)  # fmt: skip
def test_no_address_is_asked_that_others_could_listen_to(address: str) -> None:
    with pytest.raises(ProviderUnavailable):
        fetch_json(address)


def test_an_issuer_elsewhere_leads_nobody_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    told = FakeProvider(lambda: 0.0, issuer="https://id.example").discovery()
    told |= {"token_endpoint": "http://127.0.0.1:9/token"}
    monkeypatch.setattr("kb.oidc.fetch_json", lambda _address: (200, told))
    ours = Provider(OidcClient("https://id.example", "a", "", "a", "sub"), "http://localhost/x")
    with pytest.raises(ProviderUnavailable, match="token_endpoint"):
        ours._metadata()


def test_no_redirect_is_followed(provider: FakeProvider) -> None:
    query = "response_type=code&client_id=kb-desk&code_challenge_method=S256&state=x"
    with pytest.raises(ProviderUnavailable):
        fetch_json(f"{provider.issuer}/authorize?{query}&redirect_uri={provider.issuer}/keys")
    assert provider.asked == ["/authorize"]


def test_without_the_extra_the_service_says_so_at_its_start(
    services: Services, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_extra()
    monkeypatch.setattr("kb.oidc.find_spec", lambda _name: None)
    with pytest.raises(ExtraMissing, match=r"\[oidc\]"):
        build_services(replace(services.settings, oidc=client_at(provider)))
