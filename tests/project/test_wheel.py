"""What the wheel carries: everything the service needs, nothing that only the tree needs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        return set(wheel.namelist())


def test_handbook_samples_templates_and_static_files_are_inside(names: set[str]) -> None:
    for folder in ("handbook", "web/templates", "web/static"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert str(path.relative_to(ROOT)) in names


def test_tests_and_tools_stay_outside(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {
        "kb",
        "indexer",
        "web",
        "handbook",
    }
