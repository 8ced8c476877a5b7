"""Every setting comes from one table; a bad or unknown variable is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kb.errors import InvalidInput
from kb.settings import SETTINGS, read_settings, shipped_handbook


def test_without_variables_the_defaults_hold() -> None:
    settings = read_settings({})
    assert settings.data == Path("data")
    assert settings.handbook == shipped_handbook()
    assert (settings.host, settings.port, settings.threads) == ("127.0.0.1", 8000, 8)
    assert (settings.encoder, settings.repeat_days, settings.max_body) == ("", 30, 262144)


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("KB_DATA", "/x", "data", Path("/x")),
        ("KB_HANDBOOK", "/h", "handbook", Path("/h")),
        ("KB_HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - a value, nothing listens
        ("KB_PORT", "9000", "port", 9000),
        ("KB_PROXIES", "2", "proxies", 2),
        ("KB_WORKERS", "3", "workers", 3),
        ("KB_THREADS", "2", "threads", 2),
        ("KB_ENCODER", "BAAI/bge-small-zh-v1.5", "encoder", "BAAI/bge-small-zh-v1.5"),
        ("KB_REPEAT_DAYS", "7", "repeat_days", 7),
        ("KB_SETTLE_MINUTES", "5", "settle_minutes", 5),
        ("KB_BACKUPS", "/b", "backups", Path("/b")),
        ("KB_BACKUP_MINUTES", "9", "backup_minutes", 9),
        ("KB_AUDIT_DAYS", "365", "audit_days", 365),
        ("KB_TICKET_DAYS", "180, miit=730", "ticket_days", {"": 180, "miit": 730}),
        ("KB_TEXT_DAYS", "90", "text_days", 90),
        ("KB_MAX_BODY", "1024", "max_body", 1024),
        ("KB_WATCH_HANDBOOK", "/h", "watch_handbook", Path("/h")),
        ("KB_LEARNING", "off", "learning", False),
        ("KB_SWAP_RATE", "0.2", "swap_rate", 0.2),
        ("KB_AUDIT_DAYS", "500", "audit_days", 500),
        ("KB_PASSWORD_POLICY", "dengbao", "password_policy", "dengbao"),
        ("KB_KEY_FILE", "/etc/kb/key", "key_file", Path("/etc/kb/key")),
        ("KB_URL", "https://kb.example/", "url", "https://kb.example"),
        ("KB_SECURITY_CONTACT", "mailto:s@kb.example", "security_contact", "mailto:s@kb.example"),
        ("KB_QUEUE", "1", "queue", 1),
        ("KB_RATE_ASK", "0", "rate_ask", 0),
        ("KB_RATE_IMPORT", "5", "rate_import", 5),
        ("KB_RATE_TRIAL", "9", "rate_trial", 9),
    ],
)
def test_every_setting_is_read(name: str, text: str, field: str, value: object) -> None:
    assert getattr(read_settings({name: text}), field) == value


OIDC = {"KB_OIDC_ISSUER": "https://id.example/desk", "KB_OIDC_CLIENT": "kb"}


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("KB_OIDC_ISSUER", "http://127.0.0.1:9", "issuer", "http://127.0.0.1:9"),
        ("KB_OIDC_CLIENT", "desk", "client_id", "desk"),
        ("KB_OIDC_SECRET", "a b", "secret", "a b"),
        ("KB_OIDC_SECRET_FILE", "{file}", "secret", "of the file"),
        ("KB_OIDC_AUDIENCE", "api", "audience", "api"),
        ("KB_OIDC_CLAIM", "email", "claim", "email"),
    ],
)
def test_every_setting_of_the_identity_provider_is_read(
    tmp_path: Path, name: str, text: str, field: str, value: str
) -> None:
    file = tmp_path / "secret"
    file.write_text("of the file\n", "utf-8")
    found = read_settings({**OIDC, name: text.format(file=file)})
    assert getattr(found.oidc, field) == value
    assert "of the file" not in repr(found)


def test_without_an_issuer_there_is_none_and_its_token_is_for_the_client() -> None:
    assert read_settings({}).oidc is None
    told = read_settings(OIDC).oidc
    assert told is not None
    assert (told.audience, told.claim, told.secret) == ("kb", "sub", "")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"KB_OIDC_ISSUER": "http://id.example"}, "KB_OIDC_ISSUER"),
        ({"KB_OIDC_ISSUER": "https://id.example/?a=b"}, "KB_OIDC_ISSUER"),
        ({"KB_OIDC_ISSUER": ""}, "KB_OIDC_CLIENT"),
        ({"KB_OIDC_CLIENT": ""}, "KB_OIDC_CLIENT"),
        ({"KB_OIDC_CLAIM": "a b"}, "KB_OIDC_CLAIM"),
        ({"KB_OIDC_SECRET_FILE": "/no/such/file"}, "KB_OIDC_SECRET_FILE"),
        ({"KB_OIDC_SECRET": "a", "KB_OIDC_SECRET_FILE": "/b"}, "KB_OIDC_SECRET_FILE"),
    ],
)
def test_half_an_identity_provider_is_refused_by_name(changed: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_settings({**OIDC, **changed})
    assert refused.value.field == field


def test_the_cases_above_are_all_settings() -> None:
    cases: tuple[Any, ...] = (
        test_every_setting_is_read,
        test_every_setting_of_the_identity_provider_is_read,
    )
    marks = [each.pytestmark[0] for each in cases]
    named = {case[0] for mark in marks for case in mark.args[1]}
    assert named == {setting.name for setting in SETTINGS}


def test_an_empty_variable_means_the_default() -> None:
    assert read_settings({"KB_PORT": ""}).port == 8000


@pytest.mark.parametrize(
    "name", ["KB_PORT", "KB_WORKERS", "KB_THREADS", "KB_REPEAT_DAYS", "KB_MAX_BODY"]
)
@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "９", "1e3", "999999999", "9" * 5000])
def test_a_number_out_of_bounds_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_settings({name: text})
    assert refused.value.field == name


@pytest.mark.parametrize(
    ("name", "text"),
    [("KB_LEARNING", text) for text in ("true", "ON", "0")]
    + [("KB_PASSWORD_POLICY", text) for text in ("none", "ASVS")]
    + [("KB_URL", text) for text in ("kb.example", "ftp://kb", "https://kb/a b", "https://u@kb")]
    + [("KB_SWAP_RATE", text) for text in ("0.51", "-0.1", "nan", "1e-3", "５", "0.05 ")],
)
def test_a_switch_or_share_it_cannot_read_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_settings({name: text})
    assert refused.value.field == name


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("localhost", True), ("::1", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("kb.example", False)],  # noqa: S104
)  # fmt: skip
def test_a_server_is_local_only_on_an_address_of_this_machine(host: str, is_local: bool) -> None:
    assert read_settings({"KB_HOST": host}).is_local is is_local


def test_people_open_the_address_set_or_this_machine() -> None:
    assert read_settings({"KB_HOST": "0.0.0.0"}).address == "http://127.0.0.1:8000"  # noqa: S104
    assert read_settings({"KB_HOST": "::1", "KB_PORT": "9000"}).address == "http://[::1]:9000"
    assert read_settings({"KB_URL": "https://kb.example"}).address == "https://kb.example"


@pytest.mark.parametrize("name", ["KB_PROT", "KB_", "KB_DATABASE"])
def test_an_unknown_variable_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_settings({name: "1"})
    assert refused.value.field == name


def test_other_programs_variables_are_none_of_ours() -> None:
    assert read_settings({"PATH": "/bin", "KBD": "us", "kb_port": "1"}).port == 8000


def test_the_data_folder_holds_database_index_and_encoders() -> None:
    settings = read_settings({"KB_DATA": "/x"})
    assert settings.database == Path("/x/kb.db")
    assert settings.index.parent == settings.encoders.parent == Path("/x")


def test_every_setting_is_explained() -> None:
    assert all(setting.help and setting.name.startswith("KB_") for setting in SETTINGS)
