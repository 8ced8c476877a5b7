"""What is done again and again beside the server: outcomes settled, backups made."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import asdict

from kb.auditing import note
from kb.backing import back_up, thin_out
from kb.retaining import apply_retention
from kb.reviewing import open_reviews
from kb.store.experiments import stop_harmful
from web.events import log_event
from web.services import Services

STOP_SECONDS = 10.0


class RecurringJob:
    """Does ``work`` at the start and then regularly, in a thread with a connection of its own."""

    def __init__(
        self, services: Services, work: Callable[[Services], None], *, seconds: float
    ) -> None:
        """``seconds``: from one time to the next. The instant is the services' clock's."""
        self._services = services
        self._work = work
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=work.__name__, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is in hand is finished first."""
        self._stopped.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        self._work(self._services)
        while not self._stopped.wait(self._seconds):
            self._work(self._services)
        self._services.database.close()


def plan_jobs(services: Services) -> list[RecurringJob]:
    """The jobs that the settings ask for."""
    settings = services.settings
    jobs = [
        RecurringJob(services, settle, seconds=settings.settle_minutes * 60.0),
        RecurringJob(services, retain, seconds=settings.settle_minutes * 60.0),
    ]
    if settings.backups is not None:
        jobs.append(RecurringJob(services, keep_backup, seconds=settings.backup_minutes * 60.0))
    return jobs


def settle(services: Services) -> None:
    """Settle outcomes whose window has passed and open review tasks; a busy database is told and
    tried again next time."""
    try:
        now = services.clock()
        log_event("outcomes_settled", count=services.desk.settle(now=now))
        log_event("reviews_opened", count=open_reviews(services.database, now=now))
        _guard_experiment(services)
    except sqlite3.OperationalError as error:
        log_event("database_unavailable", error=type(error).__name__)


def retain(services: Services) -> None:
    """Take out what has been kept long enough; a busy database is told and tried again."""
    try:
        done = apply_retention(services.database, services.settings, now=services.clock())
        log_event("retained", **asdict(done))
    except sqlite3.Error as error:
        log_event("database_unavailable", error=type(error).__name__)


def keep_backup(services: Services) -> None:
    """Make a backup and remove those that need not be kept; a failure is told, serving goes on."""
    folder = services.settings.backups
    if folder is None:
        return
    try:
        now = services.clock()
        made = back_up(services.settings, folder, now=now)
        with services.database.transaction() as connection:
            note(connection, f"backup:{made.path.name}")
        log_event("backup_made", bytes=made.size, removed=len(thin_out(folder, now=now)))
    except (OSError, sqlite3.Error, shutil.Error) as error:
        log_event("backup_failed", error=type(error).__name__)


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
