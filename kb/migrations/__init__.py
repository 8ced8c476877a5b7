"""The schema, step by step, a module each: a migration that has landed is never edited."""

from __future__ import annotations

from sqlite_utils import Migrations

from kb.migrations import (
    m001_handbook,
    m002_tickets,
    m003_suggestions,
    m004_service,
    m005_imports,
    m006_fix_versions,
    m007_outcome_loop,
    m008_learning,
    m009_reports,
    m011_queues,
    m012_editing,
    m013_vocabulary,
    m014_sources,
    m015_practice,
    m016_reading,
)

STEPS = (
    m001_handbook,
    m002_tickets,
    m003_suggestions,
    m004_service,
    m005_imports,
    m006_fix_versions,
    m007_outcome_loop,
    m008_learning,
    m009_reports,
    m011_queues,
    m012_editing,
    m013_vocabulary,
    m014_sources,
    m015_practice,
    m016_reading,
)

migrations = Migrations("kb")
for step in STEPS:
    migrations(name=step.__name__.rsplit(".", 1)[1])(step.apply)
