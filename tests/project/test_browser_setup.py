"""``tests/browser/prepare.sh`` says what to install where it may not install."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "tests" / "browser" / "prepare.sh"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that is the whole search path: only what the script needs, and no root."""
    for name in ("bash", "env"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    write(tmp_path / "id", "echo 1000")
    return tmp_path


def write(path: Path, body: str) -> None:
    path.write_text(f"#!/usr/bin/env bash\n{body}\n", "utf-8")
    path.chmod(0o755)


def run(programs: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "CHROMIUM"}
    return subprocess.run(
        [str(SCRIPT)],
        env={**kept, "PATH": str(programs), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_missing_is_named_with_the_command_that_installs_it(programs: Path) -> None:
    told = run(programs)
    assert told.returncode == 1
    for words in ("缺少 Chromium", "Chromium is missing", "缺少中文字体", "fonts-wqy-zenhei"):
        assert words in told.stderr


def test_only_the_font_is_named_where_a_browser_is(programs: Path) -> None:
    write(programs / "chromium", "")
    told = run(programs)
    assert told.returncode == 1
    assert "缺少 Chromium" not in told.stderr
    assert "缺少中文字体" in told.stderr


def test_nothing_is_said_where_both_are(programs: Path) -> None:
    write(programs / "google-chrome", "")
    write(programs / "fc-list", "echo WenQuanYi")
    told = run(programs)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_a_browser_named_by_hand_must_be_there(programs: Path) -> None:
    write(programs / "fc-list", "echo WenQuanYi")
    assert run(programs, CHROMIUM=str(programs / "none")).returncode == 1
    write(programs / "mine", "")
    assert run(programs, CHROMIUM=str(programs / "mine")).returncode == 0


def test_root_with_apt_installs_both(programs: Path) -> None:
    write(programs / "id", "echo 0")
    write(programs / "program", "echo font")
    write(
        programs / "apt-get",
        f"""[ "$1" = install ] || exit 0
        for name in chromium fc-list; do /bin/ln -s {programs}/program {programs}/$name; done""",
    )
    assert run(programs).returncode == 0
