"""What a command works with: the settings, the clock, and the database of the data folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from kb.errors import DataFolderMissing
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.database import Database


@dataclass(frozen=True)
class Run:
    """One run of ``kb``."""

    settings: Settings
    clock: Callable[[], datetime]

    def open_database(self) -> Database:
        """The database of the data folder; raise DataFolderMissing."""
        from kb.database import open_database

        if not self.settings.database.is_file():
            raise DataFolderMissing(
                f"{self.settings.data} 里没有数据库；带样例请运行 kb init --with-samples",
                field="KB_DATA",
            )
        return open_database(self.settings.database)


pass_run = click.make_pass_decorator(Run)
