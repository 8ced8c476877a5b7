"""Unsafe calls that may be sent again: the same key and request get the same answer."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request

from kb.database import NO_WRITES, result_code
from kb.errors import InvalidInput
from kb.store import sessions
from web.parsing import agent_name, read_json
from web.services import current

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Location", "ETag")
QUESTIONS = frozenset({"api-suggestions.create_suggestions"})
"""Endpoints that change nothing but the record of what was asked."""
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let ``view`` be called with an Idempotency-Key.

    The look-up, the work and the record of the answer are one transaction, so two requests with
    one key that arrive together do the work once. A refusal is not kept: it may be tried again.
    A question that a full disk lets nobody record is answered as without a key.
    """

    @wraps(view)
    def answer(**values: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return view(**values)
        if not _KEY.fullmatch(key):
            raise InvalidInput("应为 1 到 255 个可见的 ASCII 字符", field=HEADER)
        wanted = sessions.request_hash(
            [request.method, request.full_path, agent_name(), read_json()]
        )
        try:
            return _answer_once(lambda: view(**values), key, wanted)
        except sqlite3.OperationalError as error:
            if request.endpoint in QUESTIONS and result_code(error) in NO_WRITES:
                return view(**values)
            raise

    return answer


def _answer_once(work: Callable[[], Response], key: str, wanted: str) -> Response:
    with current().database.transaction() as connection:
        answered = sessions.read_answered(connection, key, request=wanted)
        if answered:
            return _replay(*answered)
        response = work()
        sessions.save_answered(
            connection,
            key,
            request=wanted,
            status=response.status_code,
            response=_pack(response),
            now=current().clock(),
        )
    return response


def _pack(response: Response) -> str:
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return json.dumps({"headers": kept, "body": response.get_data(as_text=True)})


def _replay(status: int, packed: str) -> Response:
    answer = json.loads(packed)
    response = Response(answer["body"], status, answer["headers"], mimetype="application/json")
    response.headers[REPLAYED] = "true"
    return response
