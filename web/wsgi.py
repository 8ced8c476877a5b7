"""What the server is made of: settings in, services built, the app in a waitress server."""

from __future__ import annotations

import logging
import resource
import socket
import sys
from collections.abc import Sequence
from typing import Any

from flask import Flask
from waitress.server import create_server

from indexer.engine import open_engine
from indexer.heap import share_arena
from kb.database import open_database
from kb.desk import Desk
from kb.oidc import check_extra
from kb.sealing import KeyFile
from kb.second_factor import seal_plain
from kb.settings import Settings
from kb.times import now_beijing
from web.admission import count_waiting
from web.app import create_app
from web.events import log_event
from web.services import Services

SPARE_BODY = 32 * 1024 * 1024
CONNECTIONS = 1000
"""Open at once: a browser keeps up to six. Those beyond would wait for others to be closed."""
FILES = 4096
FIRST_PAGES = ("base.html", "desk.html", "ticket.html", "problem.html")


def build_services(settings: Settings) -> Services:
    """Open what stands in the data folder; raise DataFolderMissing, IndexMissing,
    IndexMismatch, ExtraMissing."""
    if settings.oidc:
        check_extra()
    database = open_database(settings.database)
    seal_plain(database, KeyFile(settings.key_file))
    return Services(
        settings=settings,
        database=database,
        desk=Desk(database, repeat_days=settings.repeat_days),
        engine=open_engine(settings, database),
        clock=now_beijing,
    )


def prepare_app(services: Services) -> Flask:
    """The app with all that the first request would wait for, and its log on stderr."""
    _log_to_stderr()
    share_arena()
    app = create_app(services)
    read_templates(app)
    return app


def listen(app: Flask, settings: Settings, sockets: Sequence[socket.socket] = ()) -> Any:
    """A waitress server, not running yet: over these sockets, else at the settings' address."""
    place: dict[str, Any] = {"host": settings.host, "port": settings.port}
    server = create_server(
        app,
        **({"sockets": list(sockets)} if sockets else place),
        threads=settings.threads,
        ident=None,
        connection_limit=min(CONNECTIONS, allow_files() // 2),
        asyncore_use_poll=True,
        # the app looks at these headers itself: that a proxy was there must not be hidden from it
        clear_untrusted_proxy_headers=False,
        # the app itself refuses a large body, with a problem the reader can understand
        max_request_body_size=settings.max_body + SPARE_BODY,
    )
    count_waiting(app, lambda: len(server.task_dispatcher.queue))
    return server


def read_templates(app: Flask) -> None:
    """Read what the desk is made of: the first requests would all do so at once, and slowly."""
    for name in app.jinja_env.list_templates():
        if name.startswith("_") or name in FIRST_PAGES:
            app.jinja_env.get_template(name)


def allow_files() -> int:
    """How many files and connections this process may hold open, after asking for enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return FILES if soft == resource.RLIM_INFINITY else soft


class ServerTrouble(logging.Handler):
    """What the server itself has to say, as an event: its words and numbers, without what
    they quote."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write it down."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        arguments = record.args if isinstance(record.args, tuple) else (record.args,)
        is_told = bool(arguments) and all(isinstance(each, int | float) for each in arguments)
        words = record.getMessage() if is_told else str(record.msg)
        log_event("server_trouble", error=error, place=words[:100])


def _log_to_stderr() -> None:
    """One JSON line an event; waitress itself speaks up only when something is wrong."""
    logger = logging.getLogger("web")
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.propagate = False
    server = logging.getLogger("waitress")
    server.setLevel(logging.WARNING)
    server.propagate = False
    if not server.handlers:
        server.addHandler(ServerTrouble())
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # how many wait is a metric
