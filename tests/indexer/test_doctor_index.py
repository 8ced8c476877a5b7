"""``kb doctor``, ``kb verify`` and ``kb serve`` on desks whose index, encoder, port or database is
really broken."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from indexer.cutting import Cutter
from indexer.documents import Document
from indexer.engine import Engine
from indexer.generation import TICKETS, read_current, writing
from indexer.language import Language
from indexer.segments import write_segment
from indexer.words import writing_words
from kb.__main__ import cli
from kb.database import damage_mark
from kb.settings import Settings
from web.app import create_app
from web.services import Services

Told = tuple[int, dict[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def _environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_DATA", str(settings.data))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("KB_PORT", str(free.getsockname()[1]))


def examine() -> Told:
    """The exit code of ``kb doctor`` and its findings by name."""
    done = CliRunner().invoke(cli, ["doctor", "--json"])
    told = json.loads(done.stdout)
    assert {"fine": 0, "warning": 1, "broken": 2}[told["level"]] == done.exit_code
    return done.exit_code, {each["name"]: each for each in told["findings"]}


def test_a_desk_as_it_was_made_lacks_backups_only() -> None:
    code, found = examine()
    assert [name for name, each in found.items() if each["level"] != "fine"] == ["备份"]
    assert code == 1
    assert {"索引", "编码器", "索引与数据库", "服务"} <= set(found)
    plain = CliRunner().invoke(cli, ["doctor"])
    assert plain.exit_code == 1
    assert "提醒 备份：没有设置自动备份" in plain.stdout
    assert plain.stdout.rstrip().endswith("总的来说：提醒")


def test_an_unknown_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_PROT", "8000")
    done = CliRunner().invoke(cli, ["doctor"])
    assert (done.exit_code, "KB_PROT" in done.output) == (2, True)


def test_an_index_that_is_gone_or_damaged_is_broken(settings: Settings) -> None:
    state = read_current(settings.index) / "state.json"
    state.write_bytes(state.read_bytes()[:10])
    code, found = examine()
    assert (code, found["索引"]["level"]) == (2, "broken")
    assert "kb index --full" in found["索引"]["advice"]
    shutil.rmtree(settings.index)
    code, found = examine()
    assert (code, found["索引"]["told"]) == (2, "还没有建")


def test_an_index_that_is_not_the_databases_is_told(settings: Settings, language: Language) -> None:
    folder = read_current(settings.index) / TICKETS
    cutter = Cutter(language.analyzer, language.encoder)
    with writing_words(folder) as writer:
        stranger = [Document("t|TS-nowhere|", "无此工单")]
        writer.add(write_segment(folder, [cutter.cut(stranger)], cutter.terms_of))
    found = examine()[1]["索引与数据库"]
    assert (found["level"], "TS-nowhere" in found["told"]) == ("warning", True)
    assert "kb repair" in found["advice"]


def test_an_encoder_that_is_gone_is_told(settings: Settings) -> None:
    shutil.rmtree(settings.encoders)
    found = examine()[1]["编码器"]
    assert (found["level"], "kb train" in found["advice"]) == ("warning", True)


def test_a_port_that_another_program_holds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("KB_PORT", str(other.getsockname()[1]))
        monkeypatch.setattr("kb.commands.doctor.WAIT_SECONDS", 0.2)
        found = examine()[1]["端口"]
    assert (found["level"], bool(found["advice"])) == ("warning", True)


@pytest.fixture
def served(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The service, listening; nobody keeps its index up."""
    server = make_server("127.0.0.1", 0, create_app(services), threaded=True)
    monkeypatch.setenv("KB_PORT", str(server.port))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("served")
def test_whether_it_runs_and_its_index_is_kept_up_is_told(settings: Settings) -> None:
    found = examine()[1]
    assert (found["服务"]["level"], found["索引更新进程"]["level"]) == ("fine", "warning")
    with writing(settings.index):
        assert examine()[1]["索引更新进程"]["level"] == "fine"
    damage_mark(settings.database).write_text("表 ticket 坏了", "utf-8")
    found = examine()[1]
    assert (found["服务"]["level"], found["数据库"]["level"]) == ("warning", "broken")
    assert "damaged" in found["服务"]["told"]


@pytest.mark.parametrize("command", ["verify", "serve", "doctor"])
def test_a_damaged_database_is_refused_with_the_way_back(settings: Settings, command: str) -> None:
    with settings.database.open("rb+") as file:
        for place in range(4096 * 2, settings.database.stat().st_size, 4096 * 2):
            file.seek(place)
            file.write(b"\xa5" * 4096)
    done = CliRunner().invoke(cli, [command])
    assert done.exit_code in (1, 2)
    assert "kb restore" in done.output
    assert "Traceback" not in done.output


def test_a_mark_is_taken_away_by_a_check_that_finds_nothing(
    settings: Settings, engine: Engine
) -> None:
    damage_mark(settings.database).write_text("表 ticket 坏了", "utf-8")
    refused = CliRunner().invoke(cli, ["serve"])
    assert (refused.exit_code, "表 ticket 坏了" in refused.output) == (1, True)
    assert CliRunner().invoke(cli, ["verify"]).exit_code == 0
    assert not engine.database.damage
