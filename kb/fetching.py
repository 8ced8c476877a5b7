"""The only door to another machine: one JSON document of one address, and nothing it leads to.

No redirect is followed, no proxy of the environment is asked, nothing is read past a size and a
time. Which addresses may be asked is decided by who asks (``kb/oidc.py``).
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from typing import IO, Any
from urllib.parse import urlencode

from kb.errors import ProviderUnavailable
from kb.settings import is_safe_address

SECONDS = 4.0
"""For one answer as a whole; nobody at the desk is to hang for five seconds."""
LARGEST = 256 * 1024
AT_ONCE = 2
"""Threads that may wait for others' answers: a server that hangs must not take all of ours."""
_turns = threading.BoundedSemaphore(AT_ONCE)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """Follow none: the answer is the redirect itself, which is no 200."""


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def fetch_json(
    address: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and object of an answer; ``form`` is posted. Raise ProviderUnavailable for none."""
    if not is_safe_address(address):
        raise ProviderUnavailable("认证中心给出的地址不是 https")
    body = urlencode(form).encode() if form is not None else None
    asked = urllib.request.Request(  # noqa: S310 - checked above
        address, body, {"Accept": "application/json", **(headers or {})}
    )
    if not _turns.acquire(timeout=SECONDS / 4):
        raise ProviderUnavailable
    try:
        return _ask(asked)
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        raise ProviderUnavailable from None
    finally:
        _turns.release()


def _ask(asked: urllib.request.Request) -> tuple[int, dict[str, Any]]:
    until = time.monotonic() + SECONDS
    try:
        answer = _opener.open(asked, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    with closing(answer):
        found = json.loads(_read(answer, until))
    if not isinstance(found, dict):
        raise json.JSONDecodeError("not an object", "", 0)
    return int(answer.status), found


def _read(answer: IO[bytes], until: float) -> bytes:
    data = b""
    while piece := answer.read1(8192):  # type: ignore[attr-defined]
        data += piece
        if len(data) > LARGEST or time.monotonic() > until:
            raise ValueError("too much, or too slow")
    return data
