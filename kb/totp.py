"""One-time codes of an app (RFC 6238: SHA-1, six digits, thirty seconds)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
ISSUER = "投诉处理知识库"
_SECRET_BYTES = 20


def new_secret() -> str:
    """A secret as apps take it: base32."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether this may be one of ours."""
    return re.fullmatch(r"[A-Z2-7]{32}", text) is not None


def code_at(secret: str, step: int) -> str:
    """The code of one time step."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    place = digest[-1] & 0xF
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def accepted_step(secret: str, code: str, *, after: int, now: datetime) -> int | None:
    """The time step a code belongs to, if it may still be used: this one or a neighbour, each once.

    ``after``: the step of the code used last.
    """
    given = "".join(code.split())
    current = int(now.timestamp()) // STEP_SECONDS
    for step in (current, current - 1, current + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), given.encode()):
            return step
    return None


def address_of(secret: str, name: str) -> str:
    """What an app reads from a QR code."""
    label = quote(f"{ISSUER}:{name}")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(ISSUER)}"
