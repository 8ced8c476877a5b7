"""Other processes of a measurement: the server, the follower of changes, a bare engine."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import kb
from kb.settings import Settings

READY_SECONDS = 120.0
STOP_SECONDS = 20.0
HOST = "127.0.0.1"
ROOT = Path(kb.__file__).resolve().parent.parent


class ChildError(RuntimeError):
    """A process that is part of the measurement ended or did not become ready."""


@dataclass(frozen=True)
class Server:
    """A running ``kb serve``. ``ready_ms``: from its start to the first answer of /readyz."""

    process: int
    port: int
    ready_ms: float


@dataclass(frozen=True)
class EngineTimes:
    """What a process with an engine measured of itself. ``ready_at``: seconds since the epoch."""

    opened_ms: float
    answers_ms: list[float]
    ready_at: float


@contextmanager
def _running(
    settings: Settings, command: Sequence[str], *, log: Path, talking: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A child with the data folder and encoder of ``settings``; ended at the end."""
    variables = [
        f"KB_DATA={settings.data.resolve()}",
        f"KB_ENCODER={settings.encoder}",
        f"PYTHONPATH={ROOT}",
    ]
    pipe = subprocess.PIPE if talking else subprocess.DEVNULL
    with log.open("a", encoding="utf-8") as errors:
        child = subprocess.Popen(  # noqa: S603 - this very program
            ["env", *variables, sys.executable, *command],  # noqa: S607 - found on any system
            stdin=pipe,
            stdout=pipe,
            stderr=errors,
            text=True,
        )
        try:
            yield child
        finally:
            _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextmanager
def serving(settings: Settings, *, log: Path) -> Iterator[Server]:
    """``kb serve`` on a free port, ready; raise ChildError."""
    port = free_port()
    started = time.perf_counter()
    command = ("-m", "kb", "serve", "--host", HOST, "--port", str(port))
    with _running(settings, command, log=log) as child:
        while not is_ready(port):
            waited = time.perf_counter() - started
            if child.poll() is not None or waited > READY_SECONDS:
                raise ChildError(f"kb serve: {log.read_text('utf-8')[-500:]}")
            time.sleep(0.01)
        yield Server(child.pid, port, (time.perf_counter() - started) * 1000)


@contextmanager
def following(settings: Settings, *, log: Path) -> Iterator[int]:
    """``kb index --follow``; its process number."""
    command = ("-m", "kb", "index", "--follow", "--parent", str(os.getpid()))
    with _running(settings, command, log=log) as child:
        yield child.pid


@contextmanager
def opened_engine(
    settings: Settings, complaints: Sequence[str], *, log: Path
) -> Iterator[tuple[int, EngineTimes]]:
    """A process that holds an engine and has answered ``complaints``; its number and times."""
    code = f"from indexer.bench.worker import work; work({str(settings.data.resolve())!r})"
    with _running(settings, ("-c", code), log=log, talking=True) as child:
        asking, answers = _streams(child)
        asking.write(json.dumps({"encoder": settings.encoder, "complaints": list(complaints)}))
        asking.write("\n")
        asking.flush()
        line = answers.readline()
        if not line:
            raise ChildError(f"engine: {log.read_text('utf-8')[-500:]}")
        yield child.pid, EngineTimes(**json.loads(line))


def _streams(child: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if child.stdin is None or child.stdout is None:
        raise ChildError("no pipe")
    return child.stdin, child.stdout


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_ready(port: int) -> bool:
    """Whether /readyz answers 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
