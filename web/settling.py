"""The job beside the server: settles outcomes whose window has passed, opens review tasks."""

from __future__ import annotations

import sqlite3
import threading

from kb.reviewing import open_reviews
from kb.store.experiments import stop_harmful
from web.events import log_event
from web.services import Services

STOP_SECONDS = 10.0


class SettleJob:
    """Settles at the start and then regularly, in a thread with a connection of its own."""

    def __init__(self, services: Services, *, seconds: float) -> None:
        """``seconds``: from one look to the next. The instant is the services' clock's."""
        self._services = services
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settle", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a settling in hand is finished first."""
        self._stopped.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        self._settle()
        while not self._stopped.wait(self._seconds):
            self._settle()
        self._services.database.close()

    def _settle(self) -> None:
        """Settle once; a busy database is told and tried again next time."""
        services = self._services
        try:
            now = services.clock()
            log_event("outcomes_settled", count=services.desk.settle(now=now))
            log_event("reviews_opened", count=open_reviews(services.database, now=now))
            _guard_experiment(services)
        except sqlite3.OperationalError as error:
            log_event("database_unavailable", error=type(error).__name__)


def _guard_experiment(services: Services) -> None:
    """Stop the running experiment when its treatment comes back more often."""
    with services.database.transaction() as connection:
        stopped = stop_harmful(
            connection, repeat_days=services.settings.repeat_days, now=services.clock()
        )
    if stopped is not None:
        log_event(
            "experiment_stopped",
            experiment=stopped.experiment.name,
            harm=round(stopped.harm, 2),
        )
