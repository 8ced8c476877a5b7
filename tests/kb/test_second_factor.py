"""Secrets of apps are sealed with a key outside the database, recovery codes open once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from kb.account import Account
from kb.backing import back_up, restore
from kb.database import Database, create_database, open_database
from kb.errors import InvalidInput, KeyLost, SignInRefused
from kb.passwords import hash_password
from kb.sealing import KeyFile, is_sealed, seal, unseal
from kb.second_factor import (
    check_code,
    find_unreadable,
    renew_codes,
    seal_plain,
    turn_off,
    turn_on,
)
from kb.settings import read_settings
from kb.store import accounts, recovery
from kb.times import BEIJING, format_instant
from kb.totp import code_at, new_secret

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=BEIJING)
STEP = int(NOW.timestamp()) // 30
PASSWORD = "门前的桂花又开了"  # noqa: S105 - of no real account


@pytest.fixture(autouse=True)
def hash_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.passwords._hasher", PasswordHasher(1, 8, 1))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = create_database(tmp_path / "data" / "kb.db")
    yield opened
    opened.close()


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "data" / "kb.key")


def add(database: Database, name: str = "张敏", secret: str = "") -> Account:
    account = Account(
        id=0,
        name=name,
        roles=("agent",),
        password_hash=hash_password(PASSWORD),
        totp_secret=secret,
        created_at=format_instant(NOW),
        created_by="test",
    )
    with database.transaction() as connection:
        return accounts.add_account(connection, account)


def switch_on(database: Database, account: Account, keys: KeyFile) -> tuple[str, list[str]]:
    secret = new_secret()
    codes = turn_on(
        database, account, keys,
        secret=secret, code=code_at(secret, STEP), password=PASSWORD, now=NOW,
    )  # fmt: skip
    return secret, codes


def checked(database: Database, account: Account, keys: KeyFile, code: str) -> bool:
    with database.transaction() as connection:
        fresh = accounts.read_account(connection, account.id)
        try:
            check_code(connection, fresh, keys, code, now=NOW)
        except SignInRefused:
            return False
    return True


def test_a_sealed_text_opens_with_its_key_for_its_owner_alone(
    keys: KeyFile, tmp_path: Path
) -> None:
    key, other = keys.read_or_make(), KeyFile(tmp_path / "other").read_or_make()
    sealed = seal("geheim", key, owner="a")
    assert is_sealed(sealed)
    assert not is_sealed(new_secret())
    assert seal("geheim", key, owner="a") != sealed
    assert unseal(sealed, key, owner="a") == "geheim"
    for wrong, owner in ((other, "a"), (key, "b")):
        with pytest.raises(KeyLost):
            unseal(sealed, wrong, owner=owner)
    place = len(sealed) - 3
    changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
    with pytest.raises(KeyLost, match="改动"):
        unseal(changed, key, owner="a")


def test_a_key_is_made_once_and_for_its_owner_alone(keys: KeyFile) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(keys.read_or_make())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (8, 1)
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in keys.path.parent.iterdir()] == [keys.path.name]


@pytest.mark.parametrize("text", ["", "kurz", "AAAA", "x" * 44, "é"])
def test_a_file_that_holds_no_key_is_told(keys: KeyFile, text: str) -> None:
    keys.path.parent.mkdir(parents=True, exist_ok=True)
    keys.path.write_text(text, "utf-8")
    with pytest.raises(KeyLost):
        keys.read_or_make()


def test_neither_secret_nor_codes_stand_in_the_database(database: Database, keys: KeyFile) -> None:
    account = add(database)
    secret, codes = switch_on(database, account, keys)
    data = database.path.read_bytes()
    for told in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert told.encode() not in data
    assert keys.path.read_bytes().strip() not in data
    assert checked(database, account, keys, code_at(secret, STEP + 1))


def test_a_recovery_code_opens_once_for_its_account_alone(
    database: Database, keys: KeyFile
) -> None:
    one, two = add(database), add(database, "王新")
    (_, codes), (_, others) = switch_on(database, one, keys), switch_on(database, two, keys)
    assert not checked(database, one, keys, others[0])
    assert checked(database, one, keys, codes[0])
    assert not checked(database, one, keys, codes[0])
    assert recovery.count_left(database.connection, one.id) == 9
    fresh = renew_codes(database, one, password=PASSWORD, now=NOW)
    assert not checked(database, one, keys, codes[1])
    assert checked(database, one, keys, f" {fresh[3].lower()} ")
    turn_off(database, one, password=PASSWORD)
    assert recovery.count_left(database.connection, one.id) == 0
    with pytest.raises(InvalidInput, match="先开启"):
        renew_codes(database, one, password=PASSWORD, now=NOW)
    assert recovery.count_left(database.connection, two.id) == 10


def test_secrets_of_an_earlier_version_are_sealed_and_go_on_working(
    database: Database, keys: KeyFile
) -> None:
    secret = new_secret()
    account = add(database, secret=secret)
    assert checked(database, account, keys, code_at(secret, STEP))
    assert seal_plain(database, keys) == 1
    assert seal_plain(database, keys) == 0
    database.close()
    assert secret.encode() not in database.path.read_bytes()
    assert checked(database, account, keys, code_at(secret, STEP + 1))


def test_without_its_key_an_app_opens_nothing_and_no_new_key_takes_its_place(
    database: Database, keys: KeyFile
) -> None:
    account, other = add(database), add(database, "王新")
    secret, codes = switch_on(database, account, keys)
    kept = keys.path.read_bytes()
    keys.path.unlink()
    with pytest.raises(KeyLost):
        checked(database, account, keys, code_at(secret, STEP + 1))
    with pytest.raises(KeyLost):
        switch_on(database, other, keys)
    assert not keys.path.exists()
    plain = add(database, "旧人", secret=new_secret())
    assert seal_plain(database, keys) == 0
    assert find_unreadable(database.connection, keys) == ["张敏"]
    assert checked(database, account, keys, codes[0])
    turn_off(database, account, password=PASSWORD)
    assert seal_plain(database, keys) == 1
    assert keys.path.read_bytes() != kept
    with database.transaction() as connection:
        fresh = accounts.read_account(connection, plain.id)
        moved = replace(accounts.read_account(connection, other.id), totp_secret=fresh.totp_secret)
        accounts.save_account(connection, moved)
    assert find_unreadable(database.connection, keys) == ["王新"]


def test_a_backup_holds_no_key_and_works_again_beside_it(
    database: Database, keys: KeyFile, tmp_path: Path
) -> None:
    settings = read_settings({"KB_DATA": str(tmp_path / "data")})
    assert settings.key_file == keys.path
    account = add(database)
    secret, _ = switch_on(database, account, keys)
    made = back_up(settings, tmp_path / "kept", now=NOW)
    data = made.path.read_bytes()
    assert keys.path.read_bytes().strip() not in data
    assert secret.encode() not in data
    restore(made.path, tmp_path / "new")
    restored = open_database(tmp_path / "new" / "kb.db")
    away = KeyFile(tmp_path / "new" / "kb.key")
    assert find_unreadable(restored.connection, away) == ["张敏"]
    away.path.write_bytes(keys.path.read_bytes())
    assert find_unreadable(restored.connection, away) == []
    assert checked(restored, account, away, code_at(secret, STEP + 1))
    restored.close()
