"""The schema, step by step, a module each in order: one that has landed is never edited."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from sqlite_utils import Migrations

STEPS = tuple(sorted(each.name for each in iter_modules(__path__)))

migrations = Migrations("kb")
for name in STEPS:
    migrations(name=name)(import_module(f"{__name__}.{name}").apply)
