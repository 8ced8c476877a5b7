"""What a request may use: built once by the entry point, handed to the factory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from indexer.engine import Engine
from kb.database import Database
from kb.desk import Desk
from kb.settings import Settings


@dataclass(frozen=True)
class Services:
    """The parts behind the views. ``clock`` gives the instant at Beijing time."""

    settings: Settings
    database: Database
    desk: Desk
    engine: Engine
    clock: Callable[[], datetime]


def current() -> Services:
    """The services of the app that answers this request."""
    services: Services = current_app.extensions["services"]
    return services
