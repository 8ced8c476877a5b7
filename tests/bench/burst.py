"""Many questions at one moment while a few agents go on asking: who is refused, for how long."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.page_agents import Answer, Browser

REFUSED = 503
CALM = 2.0
"""Seconds in which nobody waits too long any more: then it is over."""


@dataclass(frozen=True)
class Asked:
    """One answer: when it came, in seconds since the burst, and how long it took."""

    at: float
    status: int
    milliseconds: float
    retry_after: str = ""

    @property
    def since(self) -> float:
        """When it was asked for."""
        return self.at - self.milliseconds / 1000


@dataclass
class Burst:
    """What those who asked at once were told, and those who went on asking meanwhile."""

    at_once: list[Asked] = field(default_factory=list)
    meanwhile: list[Asked] = field(default_factory=list)

    @property
    def statuses(self) -> Counter[int]:
        """Answers of those who asked at once, by status."""
        return Counter(each.status for each in self.at_once)

    @property
    def faults(self) -> int:
        """Answers that are neither a success nor a 503 that says when to come again."""
        every = (*self.at_once, *self.meanwhile)
        return sum(not _is_fair(each) for each in every)

    def recovered(self, *, bar: float) -> float | None:
        """Seconds until all that is asked for or waited for in the next ``CALM`` seconds comes
        within ``bar`` milliseconds, but for one in twenty; None if that never was."""
        answers = sorted(self.meanwhile, key=lambda each: each.at)
        starts = [0.0, *(each.at for each in answers)]
        for start in starts:
            span = [each for each in answers if start < each.at and each.since <= start + CALM]
            slow = sum(each.status != 200 or each.milliseconds > bar for each in span)
            if span and answers[-1].at >= start + CALM and slow <= len(span) / 20:
                return start
        return None


def _is_fair(each: Asked) -> bool:
    return each.status == 200 or (each.status == REFUSED and each.retry_after.isdigit())


def burst(
    browsers: Sequence[Browser],
    watchers: Sequence[Browser],
    texts: Sequence[str],
    *,
    seconds: float,
    pause: float,
) -> Burst:
    """All ``browsers`` ask once, at the same moment; ``watchers`` ask every ``pause`` seconds, from
    a second before until ``seconds`` after."""
    found, lock = Burst(), threading.Lock()
    gate = threading.Barrier(len(browsers) + 1)
    began = time.monotonic() + 3600.0  # set when the gate opens

    def ask(browser: Browser, text: str) -> Asked:
        started = time.monotonic()
        answer = browser.send("POST", "/desk/fragment", browser.form({"description": text}))
        ended = time.monotonic()
        return _asked(answer, ended - began, (ended - started) * 1000)

    def ask_at_once(browser: Browser, place: int) -> None:
        gate.wait()
        asked = ask(browser, texts[place % len(texts)])
        with lock:
            found.at_once.append(asked)

    def go_on(browser: Browser, place: int) -> None:
        time.sleep(pause * place / len(watchers))
        while time.monotonic() < began + seconds:
            asked = ask(browser, texts[(place * 31) % len(texts)])
            place += 1
            if asked.at > 0:
                with lock:
                    found.meanwhile.append(asked)
            time.sleep(max(0.0, pause - asked.milliseconds / 1000))

    crowd = _start(ask_at_once, browsers)
    meanwhile = _start(go_on, watchers)
    time.sleep(1.0)
    began = time.monotonic()
    gate.wait()
    for thread in (*crowd, *meanwhile):
        thread.join()
    for browser in (*browsers, *watchers):
        browser.close()
    return found


def _start(
    work: Callable[[Browser, int], None], browsers: Sequence[Browser]
) -> list[threading.Thread]:
    threads = [
        threading.Thread(target=work, args=(browser, place), daemon=True)
        for place, browser in enumerate(browsers)
    ]
    for thread in threads:
        thread.start()
    return threads


def _asked(answer: Answer, at: float, milliseconds: float) -> Asked:
    return Asked(at, answer.status, milliseconds, answer.headers.get("Retry-After", ""))
