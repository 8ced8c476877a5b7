"""The server: everything is opened once and then forked, so that workers share one mapped index.

gunicorn starts, watches and ends the workers. In each of them waitress reads requests and writes
answers, as it waits for slow callers without a thread. Beside them runs one writer of the index.
"""

from __future__ import annotations

import fcntl
import gc
import os
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from kb.settings import Settings
from web.draining import MOST_SECONDS, serve_until_told
from web.events import log_event
from web.metrics import forget_process
from web.recurring import RecurringJob, plan_jobs
from web.services import Services
from web.wsgi import allow_files, build_services, listen, prepare_app

HUNG_SECONDS = 120
"""A worker whose loop has not turned for so long is ended and another one started."""
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"trouble": {"class": "web.wsgi.ServerTrouble", "level": "ERROR"}},
    "root": {},
    "loggers": {"gunicorn.error": {"handlers": ["trouble"], "propagate": False}},
}


class WaitressWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """A process that answers until it is told to stop, and then to the end."""

    def run(self) -> None:
        """Serve over the sockets that all workers share."""
        services: Services = self.wsgi.extensions["services"]
        sockets = [each.sock for each in self.sockets]
        server = listen(self.wsgi, services.settings, sockets)
        serve_until_told(server, self._stopping, each_turn=self._look)

    @property
    def _stopping(self) -> threading.Event:
        found: threading.Event = self.wsgi.extensions["stopping"]
        return found

    def _look(self) -> None:
        """Say that this worker lives, and end with its parent."""
        self.notify()
        if os.getppid() != self.ppid:
            self._stopping.set()

    def handle_exit(self, _number: int, _frame: object) -> None:
        """Finish what is in hand, whichever signal asks for it."""
        self.alive = False
        self._stopping.set()

    handle_quit = handle_exit


class Server(BaseApplication):  # type: ignore[misc]
    """The parent of the workers. ``writer`` starts and stops the process that writes the index."""

    def __init__(self, settings: Settings, writer: Any, announce: Callable[[], object]) -> None:
        """Nothing is opened yet. ``announce`` is called once, when the first worker answers."""
        self._settings = settings
        self._writer = writer
        self._announce = announce
        self._jobs: list[RecurringJob] = []
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn what the settings of the desk ask for."""
        host, port = self._settings.host, self._settings.port
        options = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": self._settings.workers,
            "worker_class": WaitressWorker,
            "preload_app": True,
            "timeout": HUNG_SECONDS,
            "graceful_timeout": int(MOST_SECONDS),
            "control_socket_disable": True,
            "logconfig_dict": LOGGING,
            "when_ready": self._start_writer,
            "post_worker_init": self._begin,
            "worker_exit": self._end_jobs,
            "child_exit": self._forget,
            "on_exit": self._end,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app, made once in the parent of all workers, without a connection across the fork."""
        allow_files()
        services = build_services(self._settings)
        app = prepare_app(services)
        services.database.close()
        gc.collect()
        gc.freeze()  # what was loaded is never looked at for garbage, so its pages stay shared
        return app

    def _start_writer(self, _arbiter: Arbiter) -> None:
        """Only now: two processes starting together start slowly."""
        self._writer.start()
        settings = self._settings
        log_event(
            "service_started",
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            threads=settings.threads,
        )

    def _begin(self, worker: WaitressWorker) -> None:
        """Before a worker's first request; what recurs is done by one worker of all."""
        if worker.age == 1:
            self._announce()
        threading.Thread(target=self._recur, args=(worker,), daemon=True).start()

    def _recur(self, worker: WaitressWorker) -> None:
        """Wait until no other worker does what recurs, then do it until this worker ends."""
        services: Services = worker.wsgi.extensions["services"]
        with (services.settings.data / "recurring.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not worker.alive:
                return  # all end together
            self._jobs.extend(plan_jobs(services))
            for job in self._jobs:
                job.start()
            threading.Event().wait()

    def _end_jobs(self, _arbiter: Arbiter, _worker: WaitressWorker) -> None:
        """Let what recurs finish what is in hand."""
        for job in self._jobs:
            job.stop()

    def _forget(self, _arbiter: Arbiter, worker: WaitressWorker) -> None:
        """Nobody waits any more in a worker that is gone."""
        forget_process(worker.pid)

    def _end(self, _arbiter: Arbiter) -> None:
        """End the writer; it finishes the commit in hand."""
        self._writer.stop()
        log_event("service_stopped")
