"""Agents who work on the pages as a browser does: they type, look, read, note, search and close.

Each has an account and is signed in. What is typed is asked for piece by piece, as the desk's
script asks; what it painted is told; one item is opened and used, and the complaint is closed.
"""

from __future__ import annotations

import html
import http.client
import json
import random
import re
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from indexer.bench.children import HOST
from kb.masking import plain_key
from tests.bench.ledger import Ledger
from web.guard import COOKIE as FORM_COOKIE
from web.signed import COOKIE as SIGN_IN_COOKIE

LONGEST = 60.0
PIECE = 12
"""Characters typed between two questions, about."""
MOST_PIECES = 6
SEARCHES = 0.3
"""Share of complaints in which the agent also searches by words."""
JSON = "application/json"
_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')
_SESSION = re.compile(r'data-session="([^"]+)"')
_GUESSED = re.compile(r'name="guessed_category" value="([^"]*)"')
_IMPRESSION = re.compile(r'data-impression="([^"]+)"')
_READING = re.compile(r'data-impression="([^"]+)"[^>]* data-read="([^"]+)"')


class RefusedError(Exception):
    """An answer that is no success."""


@dataclass
class Answer:
    """One answer as the browser got it. ``status`` 0: none came."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


class Watch:
    """How long answers of each kind took, and what went wrong; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.took: dict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()

    def note(self, kind: str, answer: Answer, milliseconds: float, *, wanted: int) -> None:
        """One call: its time when it was answered as wanted, else what was answered."""
        with self._lock:
            if answer.status == wanted:
                self.took[kind].append(milliseconds)
            else:
                self.errors[f"{kind} {answer.status}"] += 1


class Browser:
    """One connection with its cookies."""

    def __init__(self, port: int, sign_in: str, watch: Watch) -> None:
        """``sign_in``: the token of somebody who is signed in."""
        self._connection = http.client.HTTPConnection(HOST, port, timeout=LONGEST)
        self._cookies = {SIGN_IN_COOKIE: sign_in}
        self._watch = watch
        self.token = ""

    def open_desk(self) -> None:
        """The desk's page, with the token of its forms."""
        page = self.call("page", "GET", "/")
        found = _TOKEN.search(page.text)
        self.token = found[1] if found else ""

    def share_form(self, other: Browser) -> None:
        """Use the token of another one's page, as a second connection of one browser does."""
        self.token = other.token
        self._cookies[FORM_COOKIE] = other._cookies[FORM_COOKIE]

    def call(
        self,
        kind: str,
        method: str,
        path: str,
        body: tuple[bytes, str] | None = None,
        *,
        wanted: int = 200,
    ) -> Answer:
        """Send and note one request; raise RefusedError for another answer than ``wanted``."""
        started = time.perf_counter()
        answer = self.send(method, path, body)
        self._watch.note(kind, answer, (time.perf_counter() - started) * 1000, wanted=wanted)
        if answer.status != wanted:
            raise RefusedError(f"{kind} {path[:60]}: {answer.status} {answer.text[:200]}")
        return answer

    def send(self, method: str, path: str, body: tuple[bytes, str] | None = None) -> Answer:
        """One request and its answer, unnoted."""
        cookies = "; ".join(f"{name}={text}" for name, text in self._cookies.items())
        headers = {"Cookie": cookies, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        data = None
        if body is not None:
            data, headers["Content-Type"] = body
        try:
            self._connection.request(method, path, data, headers)
            response = self._connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Answer(0, text=repr(error))
        self._keep_cookie(response.headers.get("Set-Cookie", ""))
        return Answer(response.status, dict(response.headers), text)

    def _keep_cookie(self, text: str) -> None:
        name, _, rest = text.partition("=")
        if name == FORM_COOKIE:
            self._cookies[name] = rest.split(";", 1)[0]

    def form(self, fields: Mapping[str, str]) -> tuple[bytes, str]:
        """Fields and the page's token as the desk's script sends them."""
        border = uuid.uuid4().hex
        parts = [
            f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
            for name, text in {"csrf_token": self.token, **fields}.items()
        ]
        data = ("".join(parts) + f"--{border}--\r\n").encode()
        return data, f"multipart/form-data; boundary={border}"

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def as_json(value: Any) -> tuple[bytes, str]:
    """A body of the API."""
    return json.dumps(value, ensure_ascii=False).encode(), JSON


def pieces(text: str) -> list[str]:
    """What stands in the box each time the script asks while ``text`` is typed."""
    step = max(PIECE, -(-len(text) // MOST_PIECES))
    return [text[:end] for end in range(step, len(text), step)] + [text]


class PageAgent(threading.Thread):
    """One agent; works until told to stop, and then closes the complaint in hand."""

    def __init__(
        self,
        browser: Browser,
        ledger: Ledger,
        texts: Sequence[str],
        *,
        number: int,
        pause: float,
    ) -> None:
        """``pause``: about how many seconds lie between two acts."""
        super().__init__(daemon=True)
        self.closed = 0
        self.refused: list[str] = []
        self._browser, self._ledger, self._texts, self._pause = browser, ledger, texts, pause
        self._rng = random.Random(number)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let the complaint in hand be the last."""
        self._stopped.set()

    def run(self) -> None:
        """Take one complaint after the other."""
        time.sleep(self._pause * self._rng.random())
        while not self._stopped.is_set():
            try:
                self._work(self._rng.choice(self._texts))
            except RefusedError as error:
                self.refused.append(str(error))
                self._rest()
        self._browser.close()

    def _rest(self) -> None:
        time.sleep(self._pause * (0.5 + self._rng.random()))

    def _work(self, text: str) -> None:
        self._browser.open_desk()
        fragment = ""
        for typed in pieces(text):
            fragment = self._ask(typed)
        if self._rng.random() < SEARCHES:
            self._search(text)
        solution = self._read(fragment)
        self._close(text, fragment, solution)
        self.closed += 1

    def _ask(self, typed: str) -> str:
        self._rest()
        body = self._browser.form({"description": typed, "channel": "hotline"})
        fragment = self._browser.call("typing", "POST", "/desk/fragment", body).text
        session, shown = _SESSION.search(fragment), list(set(_IMPRESSION.findall(fragment)))
        if session and shown:
            path = f"/api/v1/suggestions/{session[1]}/displayed"
            self._browser.call("displayed", "POST", path, as_json({"impression_ids": shown}))
        return fragment

    def _search(self, text: str) -> None:
        start = self._rng.randrange(max(1, len(text) - 4))
        words = text[start : start + 4]
        for end in range(2, len(words) + 1):
            self._rest()
            path = "/search/quick?" + urlencode({"q": words[:end]})
            self._browser.call("quick search", "GET", path)
        self._rest()
        self._browser.call("search", "GET", "/search?" + urlencode({"q": words}))

    def _read(self, fragment: str) -> str:
        """Open and use the first procedure; its impression, "" where none was shown."""
        first = _READING.search(fragment)
        if first is None:
            return ""
        impression, path = first[1], html.unescape(first[2])
        self._rest()
        self._browser.call("reading", "GET", path)
        for action in ("clicked", "answer_copied"):
            key = f"{impression}-{action}"
            body = as_json({"action": action, "event_key": key})
            path = f"/api/v1/impressions/{quote(impression)}/events"
            self._browser.call("event", "POST", path, body, wanted=201)
            self._ledger.add("event", [plain_key(key)])
        return impression

    def _close(self, text: str, fragment: str, solution: str) -> None:
        self._rest()
        session, guessed = _SESSION.search(fragment), _GUESSED.search(fragment)
        fields = {
            "description": text,
            "channel": "hotline",
            "session_id": session[1] if session else "",
            "guessed_category": guessed[1] if guessed else "",
            "solution": solution or "none",
            "resolution": "按规程处理，回访用户认可",
            "fix": "按规程处理",
        }
        body = self._browser.form(fields)
        answer = self._browser.call("close", "POST", "/desk/close", body, wanted=303)
        place = answer.headers["Location"]
        ticket = place.rsplit("/", 1)[1]
        self._ledger.add("closing", [ticket])
        self._browser.call("ticket", "GET", place)
