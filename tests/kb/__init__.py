"""Tests of the kb layer, with real parts: SQLite files, small handbooks, real commands."""
