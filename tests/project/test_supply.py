"""No secret is handed out: the wheel and the source package, every file of them."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

import pytest

from kb.passwords import hash_password
from kb.signing_in import new_token
from tests.bench.supply import build, find_secrets, looks_random, read_members, scan

NAMES = (
    "test_a_trail_cut_back_or_rewritten_since_a_backup_is_found",
    "TS20261120000001TS20261120000002",
    "tests/data/held_back_complaints",
    "0" * 64,
)


def test_neither_wheel_nor_source_package_holds_a_secret(tmp_path: Path) -> None:
    packages = build(tmp_path)
    assert {each.suffix for each in packages} == {".whl", ".gz"}
    for package in packages:
        assert scan(package) == []
        names = {name for name, _ in read_members(package)}
        assert {"kb/settings.py", "web/app.py"} <= names
        assert not any(name.endswith((".db", ".key", ".pem", ".env")) for name in names)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "a1" * 18,
        "xoxb-" + "1234567890-abc",
        "https://user:" + "geheim@host/",
        f"token = 'kb_{new_token()}'",
        f'"{hash_password("geheim")}"',
        f'key = "{base64.b64encode(bytes(range(100, 148))).decode()}"',
    ],
    ids=("key file", "cloud", "forge", "chat", "address", "token", "password", "random"),
)
def test_what_is_a_secret_is_found(text: str) -> None:
    [found] = {each.file for each in find_secrets("x.py", f"a\n{text}\n".encode())}
    assert found == "x.py"


def test_random_texts_are_told_from_names() -> None:
    seen = [looks_random(secrets.token_urlsafe(48)) for _ in range(200)]
    assert sum(seen) > 195
    for name in NAMES:
        assert not looks_random(name)
