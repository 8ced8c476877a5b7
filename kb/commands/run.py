"""What a command works with: the settings, the clock, and the database of the data folder."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import click

from kb.errors import DataFolderMissing
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.auditing import Actor
    from kb.database import Database


@dataclass(frozen=True)
class Run:
    """One run of ``kb``. ``who``: the system's user, as the audit trail names them; ``environ``:
    what processes started by it inherit."""

    settings: Settings
    clock: Callable[[], datetime]
    who: str
    environ: MutableMapping[str, str] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Who changes what the command changes."""
        from kb.auditing import Actor

        action = click.get_current_context().command_path
        return Actor(lambda: self.who, lambda: action, self.clock)

    def open_database(self) -> Database:
        """The database of the data folder; raise DataFolderMissing."""
        from kb.database import open_database

        if not self.settings.database.is_file():
            raise DataFolderMissing(
                f"{self.settings.data} 里没有数据库；带样例请运行 kb init --with-samples",
                field="KB_DATA",
            )
        return open_database(self.settings.database, self.actor)

    def note(self, thing: str) -> None:
        """Write into the audit trail that the command read or sent out ``thing`` (``kind:key``)."""
        from kb.auditing import note

        database = self.open_database()
        with database.transaction() as connection:
            note(connection, thing)
        database.close()


pass_run = click.make_pass_decorator(Run)
