"""Passwords: which are good enough, and how they are kept (argon2id, RFC 9106).

Two sets of rules that contradict each other, so a desk chooses: ``asvs`` (OWASP ASVS 5.0 V6.2:
length and a list of known passwords, no forced change, no classes) or ``dengbao`` (GB/T
22239-2019 8.1.4.1: classes of characters, a change every 90 days, the last five not again).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from kb.account import key_of
from kb.errors import InvalidInput
from kb.times import parse_instant

FIELD = "密码"
SHORTEST, LONGEST = 8, 256
LEAST_DIFFERENT = 4
CONTEXT = (
    "中国移动", "中国联通", "中国电信", "中国广电", "chinamobile", "chinaunicom", "chinatelecom",
    "mobile", "unicom", "telecom", "yidong", "liantong", "dianxin", "guangdian", "kefu", "tousu",
    "zhishiku", "知识库", "投诉", "客服", "10086", "10010", "10000", "10099", "12300", "12381",
    "admin", "password", "mima", "woaini", "qwerty",
)  # fmt: skip
"""Words of this trade and desk: what is left without them must still be long enough."""
_CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")


@dataclass(frozen=True)
class Policy:
    """The rules of a desk. ``days``: after so many a password is changed; ``not_again``: how many
    earlier ones are refused."""

    classes: int = 0
    days: int | None = None
    not_again: int = 0


POLICIES: Mapping[str, Policy] = {
    "asvs": Policy(),
    "dengbao": Policy(classes=3, days=90, not_again=5),
}
_hasher = PasswordHasher()
_turns = BoundedSemaphore(2)
"""A hash takes 64 MiB; more than two at a time would let sign-ins take the memory of the desk."""
NO_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$LVONcRskIbOGBH95sWQFaA"
    "$FXZCq3XNalQvu13siEXURNcb/y7l1aLRYh+hb84qfhE"
)
"""Checked for a name that has no account, so that the answer takes as long."""


def check_password(
    password: str, policy: Policy, *, name: str, earlier: Iterable[str] = ()
) -> None:
    """Raise InvalidInput, saying why, for a password the desk does not take.

    ``earlier``: hashes of the passwords before, the newest first.
    """
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in password):
        raise InvalidInput("不能含控制字符", field=FIELD)
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(f"应为 {SHORTEST} 到 {LONGEST} 个字符", field=FIELD)
    if sum(bool(re.search(each, password)) for each in _CLASSES) < policy.classes:
        told = f"大写、小写、数字、其他字符里至少要有 {policy.classes} 类"
        raise InvalidInput(told, field=FIELD)
    _check_guessable(password, name)
    for old in list(earlier)[: policy.not_again]:
        if matches(old, password):
            raise InvalidInput(f"不能与最近 {policy.not_again} 次用过的相同", field=FIELD)


def _check_guessable(password: str, name: str) -> None:
    folded = key_of(password)
    if folded in _known() or len(set(folded)) < LEAST_DIFFERENT:
        raise InvalidInput("这个密码太常见，容易被猜中", field=FIELD)
    left = folded
    for word in sorted((*CONTEXT, key_of(name)), key=len, reverse=True):
        left = left.replace(word, "")
    if left != folded and len(left) < SHORTEST:
        told = f"除去姓名、公司、号码等容易猜到的字样，剩下的不足 {SHORTEST} 个字符"
        raise InvalidInput(told, field=FIELD)


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """The 30,000 passwords used most, from the lists that zxcvbn keeps."""
    return frozenset(FREQUENCY_LISTS["passwords"])


def hash_password(password: str) -> str:
    """The text kept in place of the password."""
    with _turns:
        return _hasher.hash(_normal(password))


def matches(kept: str, password: str) -> bool:
    """Whether this is the password; as slow for an account that has none."""
    with _turns:
        try:
            found = _hasher.verify(kept or NO_HASH, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return found and bool(kept)


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other settings than today's."""
    return _hasher.check_needs_rehash(kept)


def is_too_old(set_at: str | None, policy: Policy, *, now: datetime) -> bool:
    """Whether the password must be changed before anything else."""
    if policy.days is None or set_at is None:
        return False
    return now - parse_instant(set_at, field="") >= timedelta(days=policy.days)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])
