"""A parent and two workers that serve one desk, for a test: ``python -m tests.web.serving_apart
DATA FOLDER`` prints the metrics before and after one worker was killed, as a JSON list."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask import Flask

from kb.counting import counts, share_counts
from kb.settings import read_settings
from web.admission import count_waiting
from web.app import create_app
from web.metrics import forget_process
from web.wsgi import build_services

ASKED = (2, 3)
WAITING = 5


def main(data: str, folder: str) -> None:
    """Share counts, fork, let each worker answer, and ask the parent."""
    share_counts(Path(folder), os.environ)
    services = build_services(read_settings({"KB_DATA": data}))
    app = create_app(services)
    services.database.close()
    workers = [_fork(partial(_work, app, times)) for times in ASKED]
    told = [app.test_client().get("/metrics").text]
    os.kill(workers[0], signal.SIGKILL)
    os.waitpid(workers[0], 0)
    forget_process(workers[0])
    told.append(app.test_client().get("/metrics").text)
    os.kill(workers[1], signal.SIGKILL)
    os.waitpid(workers[1], 0)
    sys.stdout.write(json.dumps(told))


def _fork(work: Callable[[], None]) -> int:
    """A child that did its work and lives on."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(writing, b"done")
            while True:
                signal.pause()
        finally:
            os._exit(1)
    os.close(writing)
    assert os.read(reading, 4) == b"done"
    os.close(reading)
    return pid


def _work(app: Flask, times: int) -> None:
    client = app.test_client()
    count_waiting(app, lambda: WAITING)
    for _ in range(times):
        answer = client.post("/api/v1/suggestions", json={"text": "家里网断了，红灯一直亮"})
        assert answer.status_code == 200, answer.text
    counts().losses.inc()


if __name__ == "__main__":
    main(*sys.argv[1:])
