"""The command as its users run it: real processes, real training, a real server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.database import open_database
from kb.store import queue
from tests.kb.running import kb_over
from tests.kb.small import NOW, write_article, write_handbook

ROOT = Path(__file__).resolve().parents[2]
KB = (sys.executable, "-m", "kb")
LONG = 300
"""Seconds after which a process that should have ended counts as hung."""
SLOW_LIBRARIES = {"numpy", "flask", "whoosh", "torch", "jieba", "sqlite_utils", "pydantic"}
SAMPLES = [
    {
        "id": f"{code}-{place}",
        "category": code,
        "accepted_at": f"2026-0{1 + place}-05T09:00",
        "description": said,
        "root_cause": "线路",
        "fix": fix,
        "resolution": done,
        "hours": 5,
        "outcome": "stayed_closed",
    }
    for code, fix, done, told in (
        (
            "060101",
            "更换尾纤",
            "上门更换入户尾纤，光功率恢复正常。",
            ("家里断网红灯亮", "光猫红灯一直闪，上不了网", "宽带全断，LOS 红灯"),
        ),
        (
            "010101",
            "减免流量费",
            "核实未提醒，减免超出套餐的流量费。",
            ("流量费扣多了", "套餐外流量收了我六十块", "没提醒我就超流量扣钱"),
        ),
    )
    for place, said in enumerate(told)
]


def environment(data: Path, handbook: Path | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    kept |= {"KB_DATA": str(data), "PYTHONPATH": str(ROOT)}
    return kept | ({"KB_HANDBOOK": str(handbook)} if handbook else {})


def run(
    *arguments: str | bytes, env: dict[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*KB, *arguments], env=env, input=given, capture_output=True, timeout=LONG, check=False
    )


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A data folder made by ``kb init --with-samples`` from a small handbook."""
    folder = write_handbook(tmp_path_factory.mktemp("handbook"))
    (folder / "samples").mkdir()
    lines = (json.dumps(sample, ensure_ascii=False) for sample in SAMPLES)
    (folder / "samples" / "tickets.jsonl").write_text("\n".join(lines), "utf-8")
    found = environment(tmp_path_factory.mktemp("data") / "kb", folder)
    made = run("init", "--with-samples", "--json", env=found)
    assert made.returncode == 0, made.stderr.decode()
    told = json.loads(made.stdout)
    assert told["changed"]
    assert told["tickets"]["added"] == len(SAMPLES)
    assert told["index"]["action"] == "built"
    return found


def test_samples_that_come_later_are_learnt_too(env: dict[str, str], tmp_path: Path) -> None:
    kb = kb_over(tmp_path / "kb", KB_HANDBOOK=env["KB_HANDBOOK"])  # here: a start takes seconds
    assert kb("init").code == 0
    told = kb("init", "--with-samples", "--json").data
    assert (told["tickets"]["added"], told["index"]["tickets"]) == (len(SAMPLES), len(SAMPLES))


def test_init_again_changes_nothing_and_says_so(env: dict[str, str]) -> None:
    again = run("init", "--with-samples", env=env)
    assert again.returncode == 0
    assert "没有改动" in again.stdout.decode()
    assert not json.loads(run("init", "--json", env=env).stdout)["changed"]


def test_a_changed_vocabulary_is_taken_in_without_a_new_index(env: dict[str, str]) -> None:
    path = Path(env["KB_HANDBOOK"]) / "tables" / "synonyms.txt"
    before = path.read_text("utf-8")
    path.write_text(before + "路由器,路由\n", "utf-8")
    told = json.loads(run("init", "--json", env=env).stdout)
    path.write_text(before, "utf-8")
    assert told["changed"]
    assert told["index"]["action"] == "synced"
    imported = json.loads(run("import", "handbook", "--json", env=env).stdout)
    assert imported["index"]["action"] == "synced"
    assert not json.loads(run("init", "--json", env=env).stdout)["changed"]


def test_suggesting_answers_through_a_process(env: dict[str, str]) -> None:
    answer = run("suggest", "-", "--json", env=env, given="光猫红灯一直亮".encode())
    assert answer.returncode == 0, answer.stderr.decode()
    assert json.loads(answer.stdout)["procedures"][0]["target_id"] == "P060101"
    assert answer.stderr == b""


def test_an_argument_that_is_not_utf8_is_refused_without_trace(env: dict[str, str]) -> None:
    refused = run("suggest", b"\xff\xfe", env=env)
    assert refused.returncode == 2
    assert "不是合法的 UTF-8" in refused.stderr.decode()
    assert b"Traceback" not in refused.stderr


def test_a_reader_that_goes_away_is_no_failure_worth_a_trace(env: dict[str, str]) -> None:
    with subprocess.Popen(
        [*KB, "suggest", "--help"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_help_loads_no_slow_library() -> None:
    code = "import sys, kb.__main__; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not SLOW_LIBRARIES & set(loaded.stdout.split())


# --- the server ------------------------------------------------------------------------------


def until(check: Callable[[], Any]) -> Any:
    """Wait until ``check`` gives something."""
    for _ in range(10 * LONG):
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it never came")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def server(env: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A running ``kb serve`` and its address, taken from the line it prints."""
    with subprocess.Popen(
        [*KB, "serve", "--port", str(free_port())],
        env=env | {"KB_WATCH_HANDBOOK": env["KB_HANDBOOK"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        line = process.stdout.readline().decode()
        assert line.startswith("坐席页面已就绪：http://127.0.0.1:"), line
        assert line.endswith("（按 Ctrl+C 停止）\n")
        yield process, line.split("：", 1)[1].split()[0]
        if process.poll() is None:
            process.kill()


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - our own server
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=LONG) as response:  # noqa: S310 - our own server
        told: dict[str, Any] = json.load(response)
        return told


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    mine = path.read_text("utf-8").split() if path.exists() else []
    return [int(number) for number in mine]


def test_the_server_answers_takes_in_imports_and_stops_cleanly(
    server: tuple[subprocess.Popen[bytes], str], env: dict[str, str], tmp_path: Path
) -> None:
    process, address = server
    answer = post(f"{address}/api/v1/suggestions", {"text": "光猫红灯一直亮"})
    assert answer["procedures"][0]["target_id"] == "P060101"

    file = tmp_path / "new.jsonl"
    row = SAMPLES[0] | {"id": "new", "description": "紫色分光箱被水泡了", "fix": "更换分光箱"}
    file.write_text(json.dumps(row, ensure_ascii=False), "utf-8")
    imported = run("import", "tickets", str(file), "--json", env=env)
    assert json.loads(imported.stdout)["index"]["action"] in ("busy", "synced")
    search = {"q": "紫色分光箱", "type": "ticket"}
    until(lambda: post(f"{address}/api/v1/search", search)["hits"])

    write_article(Path(env["KB_HANDBOOK"]), "S42", title="橙色井盖的检查")  # as a git pull does
    search = {"q": "橙色井盖", "type": "article"}
    until(lambda: post(f"{address}/api/v1/search", search)["hits"])

    followers = children_of(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(LONG) == 0
    places = [Path(f"/proc/{number}") for number in followers]
    until(lambda: not any(place.exists() for place in places))


def test_a_folder_to_watch_that_is_not_there_is_told(env: dict[str, str]) -> None:
    refused = run("serve", "--json", env=env | {"KB_WATCH_HANDBOOK": "/nowhere"})
    assert refused.returncode == 2
    assert json.loads(refused.stderr)["field"] == "KB_WATCH_HANDBOOK"


def test_a_port_in_use_is_told(
    server: tuple[subprocess.Popen[bytes], str], env: dict[str, str]
) -> None:
    port = server[1].rsplit(":", 1)[1]
    refused = run("serve", "--port", port, "--json", env=env)
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["error"] == "port-in-use"


def test_a_follower_takes_in_changes_and_ends_when_it_is_asked_to(env: dict[str, str]) -> None:
    database = open_database(Path(env["KB_DATA"]) / "kb.db")
    with database.transaction() as connection:
        queue.enqueue(connection, "article", "S42", now=NOW)
    with subprocess.Popen(
        [*KB, "index", "--follow"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        until(lambda: not queue.read_queue(database.connection) or process.poll() is not None)
        process.terminate()
        assert process.wait(LONG) == 0
        assert process.stderr
        assert process.stderr.read() == b""
    database.close()


def test_a_follower_ends_with_its_parent(env: dict[str, str]) -> None:
    orphan = run("index", "--follow", "--parent", "1", env=env)
    assert orphan.returncode == 0, orphan.stderr.decode()
