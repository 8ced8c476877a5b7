"""For gunicorn: several workers over one mapped index, one writer of the index beside them.

``gunicorn --config python:web.gunicorn``, with the settings of ``kb serve`` and ``WEB_CONCURRENCY``
workers of ``KB_THREADS`` threads each. Everything is opened once and then forked, so that workers
share its pages; nothing of the parent may hold a connection to the database across the fork.
"""

from __future__ import annotations

import fcntl
import gc
import os
import threading
from typing import Any

from flask import Flask

from indexer.generation import drop_trials
from kb.commands.console import note
from kb.commands.serving import Follower, check_database, offer_first_link
from kb.database import open_database
from kb.settings import read_settings
from kb.times import now_beijing
from web.admission import count_waiting
from web.recurring import RecurringJob, plan_jobs
from web.services import Services
from web.wsgi import CONNECTIONS, allow_files, build_services, prepare_app

_settings = read_settings(os.environ)
_writer = Follower()
_jobs: list[RecurringJob] = []

wsgi_app = "web.gunicorn:application()"
bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else (
    f"{_settings.host}:{_settings.port}")  # fmt: skip
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = _settings.threads
worker_class = "gthread"
worker_connections = CONNECTIONS
preload_app = True
timeout = 120
graceful_timeout = 10
keepalive = 75
loglevel = "error"
secure_scheme_headers: dict[str, str] = {}
"""The app looks at what proxies say by itself (``KB_PROXIES``)."""
control_socket_disable = True


def application() -> Flask:
    """The app, made once in the parent of all workers."""
    allow_files()
    services = build_services(_settings)
    app = prepare_app(services)
    services.database.close()
    gc.collect()
    gc.freeze()  # what was loaded is never looked at for garbage, so its pages stay shared
    return app


def on_starting(_server: Any) -> None:
    """Before anything is opened: the same checks as ``kb serve``, and the first link."""
    check_database(_settings)
    drop_trials(_settings.index)
    database = open_database(_settings.database)
    link = offer_first_link(database, _settings, now=now_beijing())
    database.close()
    if link:
        note(f"还没有账号，只在本机可用。建第一个管理员（24 小时内有效）：{link}")


def when_ready(_server: Any) -> None:
    """Start the one writer of the index."""
    _writer.start()


def post_worker_init(worker: Any) -> None:
    """Count who waits in this worker; what recurs is done by one worker of all."""
    count_waiting(worker.wsgi, worker.tpool._work_queue.qsize)
    threading.Thread(target=_recur, args=(worker,), daemon=True).start()


def _recur(worker: Any) -> None:
    """Wait until no other worker does what recurs, then do it until this worker ends."""
    services: Services = worker.wsgi.extensions["services"]
    with (services.settings.data / "recurring.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not worker.alive:
            return  # all end together
        _jobs.extend(plan_jobs(services))
        for job in _jobs:
            job.start()
        threading.Event().wait()


def worker_exit(_server: Any, _worker: Any) -> None:
    """Let what recurs finish what is in hand."""
    for job in _jobs:
        job.stop()


def on_exit(_server: Any) -> None:
    """End the writer; it finishes the commit in hand."""
    _writer.stop()
