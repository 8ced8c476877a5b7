"""Serving until told to stop, and then to the end: no new caller, but nobody's answer is dropped.

Waitress itself cancels what waits for a thread when it is interrupted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, MultiSocketServer

MOST_SECONDS = 10.0
"""How long answers in hand may take after the signal."""
POLL_SECONDS = 0.25
DRAIN_POLL_SECONDS = 0.05
THREAD_SECONDS = 1.0
"""How long idle threads may take to end."""
SETTLE_SECONDS = 0.5
"""How long requests are still read that were on their way."""


def serve_until_told(
    server: Any, stopping: threading.Event, *, each_turn: Callable[[], object] = lambda: None
) -> None:
    """Run a waitress server until ``stopping`` is set, and finish what was asked until then.

    ``each_turn`` is called again and again meanwhile, at least every POLL_SECONDS.
    """
    sockets: dict[int, Any] = server.map if isinstance(server, MultiSocketServer) else server._map
    while not stopping.is_set():
        each_turn()
        _turn(sockets, POLL_SECONDS)
    _drain(sockets)
    server.task_dispatcher.shutdown(timeout=THREAD_SECONDS)
    wasyncore.close_all(sockets)


def _turn(sockets: dict[int, Any], seconds: float) -> None:
    """Wait for something to happen, and deal with it."""
    wasyncore.loop(timeout=seconds, use_poll=True, map=sockets, count=1)


def _drain(sockets: dict[int, Any]) -> None:
    for listening in [each for each in sockets.values() if isinstance(each, BaseWSGIServer)]:
        wasyncore.dispatcher.close(listening)
    began = time.monotonic()
    while time.monotonic() - began < MOST_SECONDS:
        _turn(sockets, DRAIN_POLL_SECONDS)
        channels = [each for each in sockets.values() if isinstance(each, HTTPChannel)]
        if not channels:
            return
        if time.monotonic() - began > SETTLE_SECONDS:
            for idle in filter(_is_idle, channels):
                idle.handle_close()


def _is_idle(channel: HTTPChannel) -> bool:
    """Whether nothing was asked that is not answered to the last byte."""
    return not (channel.requests or channel.request or channel.total_outbufs_len)
