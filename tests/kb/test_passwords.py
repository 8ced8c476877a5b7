"""Which passwords are taken, under both sets of rules, and codes of an app."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kb.errors import InvalidInput
from kb.passwords import (
    NO_HASH,
    POLICIES,
    check_password,
    hash_password,
    is_outdated,
    is_too_old,
    matches,
)
from kb.times import format_instant
from kb.totp import accepted_step, address_of, code_at, new_secret

ASVS, DENGBAO = POLICIES["asvs"], POLICIES["dengbao"]
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("a1B!xyz", "8 到 256"),
        ("x" * 257, "8 到 256"),
        ("", "8 到 256"),
        ("password1", "太常见"),
        ("QWERTYuiop", "太常见"),
        ("aabbaabbaabb", "太常见"),
        ("10086kefu10086", "不足 8 个字符"),
        ("Yidong2026!", "不足 8 个字符"),
        ("zhangmin-2026", "不足 8 个字符"),
        ("abc\x00defghij", "控制字符"),
        ("abc\ud800defghij", "控制字符"),
    ],
)
def test_what_is_easily_guessed_is_refused(password: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        check_password(password, ASVS, name="Zhangmin")


@pytest.mark.parametrize(
    "password",
    [
        "门前的桂花又开了",
        "correct horse battery",
        "x7Kq-vT2m",
        "yidong-horse-battery",
        "kkkk" + "蓝天白云" * 63,
    ],
)
def test_length_is_enough_without_classes(password: str) -> None:
    check_password(password, ASVS, name="张敏")


def test_dengbao_wants_three_classes_and_none_of_the_last_five() -> None:
    with pytest.raises(InvalidInput, match="3 类"):
        check_password("correct horse battery".replace(" ", ""), DENGBAO, name="张敏")
    check_password("Correct9horse", DENGBAO, name="张敏")
    old = hash_password("Correct9horse")
    with pytest.raises(InvalidInput, match="最近 5 次"):
        check_password("Correct9horse", DENGBAO, name="张敏", earlier=[NO_HASH, old])
    check_password("Correct9horse", DENGBAO, name="张敏", earlier=[""] * 5 + [old])


def test_a_password_grows_old_only_where_the_rules_say_so() -> None:
    set_at = format_instant(NOW - timedelta(days=90))
    assert is_too_old(set_at, DENGBAO, now=NOW)
    assert not is_too_old(set_at, DENGBAO, now=NOW - timedelta(seconds=1))
    assert not is_too_old(set_at, ASVS, now=NOW)
    assert not is_too_old(None, DENGBAO, now=NOW)


def test_a_hash_knows_its_password_however_wide_it_is_typed() -> None:
    kept = hash_password("Ｃorrect horse")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert matches(kept, "Correct horse")
    assert not matches(kept, "correct horse")
    assert not is_outdated(kept)


def test_nothing_is_the_password_of_an_account_without_one() -> None:
    assert not matches("", "a")
    assert not matches("", "")
    assert not matches("no hash", "a")


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")]
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105 - of RFC 6238, appendix B
    assert code_at(secret, seconds // 30) == code


def test_a_code_is_taken_a_step_early_or_late_and_once() -> None:
    secret = new_secret()
    step = int(NOW.timestamp()) // 30
    for near in (step - 1, step, step + 1):
        assert accepted_step(secret, code_at(secret, near), after=0, now=NOW) == near
    assert accepted_step(secret, f" {code_at(secret, step)[:3]} {code_at(secret, step)[3:]}",
                         after=0, now=NOW) == step  # fmt: skip
    assert accepted_step(secret, code_at(secret, step), after=step, now=NOW) is None
    assert accepted_step(secret, code_at(secret, step - 2), after=0, now=NOW) is None
    assert accepted_step(secret, "", after=0, now=NOW) is None
    assert accepted_step(secret, "密码", after=0, now=NOW) is None


def test_an_app_is_told_secret_and_name() -> None:
    address = address_of("ABC", "张 敏")
    assert address.startswith("otpauth://totp/%E6%8A%95")
    assert "%E5%BC%A0%20%E6%95%8F?secret=ABC&" in address
