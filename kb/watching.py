"""Taking the handbook's files in while serving: what changes in the folder is imported at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from watchfiles import watch

from kb.database import Database
from kb.errors import HandbookInvalid, KBError
from kb.handbook import Handbook, read_handbook
from kb.holding import FREE, Ruling
from kb.publishing import HandbookReport, import_handbook
from kb.store import editing
from kb.store.files import save_import_problem

DEBOUNCE = 300
"""Milliseconds of quiet after which a change is taken in: a git pull writes many files."""
LOOK = 500
"""Milliseconds after which the watcher looks whether it is to end."""
LEAST_LEFT = 0.5
"""A folder with fewer of its articles than this share is being moved, not edited."""
AUTHOR = "手册文件"


class HandbookWatcher:
    """Imports the folder at the start and after every change, in a thread of its own."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        *,
        clock: Callable[[], datetime],
        tell: Callable[[HandbookReport | KBError], None],
        judge: Callable[[Handbook], Ruling] = lambda _: FREE,
    ) -> None:
        """``tell``: gets the report of each import that changed something, or why there is none;
        ``judge``: says what is held back."""
        self._database = database
        self._folder = folder
        self._clock = clock
        self._tell = tell
        self._judge = judge
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="handbook", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; an import in hand is finished first."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        changes = watch(
            self._folder,
            debounce=DEBOUNCE,
            stop_event=self._stopped,
            rust_timeout=LOOK,
            yield_on_timeout=True,
            raise_interrupt=False,
        )
        is_first = True  # only now is the folder watched: what was there before is read then
        for changed in changes:
            if changed or is_first:
                self.take_in()
            is_first = False
        self._database.close()

    def take_in(self) -> None:
        """Import the folder as it is now; a folder that cannot be read changes nothing."""
        now = self._clock()
        try:
            handbook = read_handbook(self._folder)
            _check_whole(self._database, handbook)
            ruling = self._judge(handbook)
            report = import_handbook(
                self._database, handbook, author=AUTHOR, now=now, ruling=ruling
            )
        except KBError as error:
            with self._database.transaction() as connection:
                save_import_problem(connection, str(error), now=now)
            self._tell(error)
            return
        if report.revised or report.limits_changed or report.conflicts or report.held:
            self._tell(report)


def _check_whole(database: Database, handbook: Handbook) -> None:
    """Refuse a folder in the middle of a move: the articles it lacks would all be archived."""
    known = editing.read_file_bases(database.connection).keys()
    left = sum(article.id in known for article in handbook.articles)
    if left < LEAST_LEFT * len(known):
        told = f"手册目录里 {len(known)} 篇条目只剩 {left} 篇，这次不收"
        raise HandbookInvalid(told)
