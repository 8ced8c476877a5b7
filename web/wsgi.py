"""The entry point of the server: settings in, services built, the app served by waitress."""

from __future__ import annotations

import logging
import sys
import threading

from indexer.engine import open_engine
from indexer.heap import share_arena
from kb.database import open_database
from kb.desk import Desk
from kb.settings import Settings
from kb.times import now_beijing
from web.app import create_app
from web.draining import serve_until_told, told_by_signals
from web.events import log_event
from web.recurring import plan_jobs
from web.services import Services

SPARE_BODY = 32 * 1024 * 1024


def build_services(settings: Settings) -> Services:
    """Open what stands in the data folder; raise DataFolderMissing, IndexMissing, IndexMismatch."""
    database = open_database(settings.database)
    return Services(
        settings=settings,
        database=database,
        desk=Desk(database, repeat_days=settings.repeat_days),
        engine=open_engine(settings, database),
        clock=now_beijing,
    )


def serve(settings: Settings, services: Services) -> None:
    """Serve until told to stop; beside it recurs what the settings ask for."""
    _log_to_stderr()
    share_arena()
    app = create_app(services)
    stopping: threading.Event = app.extensions["stopping"]
    jobs = plan_jobs(services)
    for job in jobs:
        job.start()
    log_event("service_started", host=settings.host, port=settings.port, threads=settings.threads)
    try:
        with told_by_signals(stopping.set):
            serve_until_told(
                app,
                stopping,
                host=settings.host,
                port=settings.port,
                threads=settings.threads,
                ident=None,
                # the app itself refuses a large body, with a problem the reader can understand
                max_request_body_size=settings.max_body + SPARE_BODY,
            )
        log_event("service_stopped")
    finally:
        for job in jobs:
            job.stop()


def _log_to_stderr() -> None:
    """One JSON line an event; waitress itself speaks up only when something is wrong."""
    logger = logging.getLogger("web")
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.propagate = False
    logging.getLogger("waitress").setLevel(logging.WARNING)
