"""How the tests themselves are run."""

from __future__ import annotations

from tests.conftest import LONGEST, ROOT


def test_the_files_that_come_first_are_there() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
