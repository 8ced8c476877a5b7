"""``kb serve``: the agent's page, with the one writer of the index beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import MutableMapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from kb.commands.console import Command, json_option, note
from kb.commands.params import Text, Whole
from kb.commands.run import Run, pass_run
from kb.commands.users import welcome_link
from kb.errors import AccountsMissing, DatabaseDamaged, IndexMissing, InvalidInput, PortInUse
from kb.settings import ANY_ADDRESS, Settings

if TYPE_CHECKING:
    from datetime import datetime

    from kb.database import Database

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
STOP_SECONDS = 10.0
PAUSES = (1.0, 5.0, 30.0, 60.0)
"""Seconds before a follower that ended by itself is started again; the last is repeated."""


@click.command("serve", cls=Command)
@click.option("--host", type=Text(), help="监听地址（默认 KB_HOST）")
@click.option("--port", type=Whole(1, 65535), help="监听端口（默认 KB_PORT）")
@json_option
@pass_run
def serve_command(run: Run, host: str | None, port: int | None, as_json: bool) -> None:
    """启动坐席页面和接口。"""
    settings = replace(run.settings, host=host or run.settings.host, port=port or run.settings.port)
    check_database(settings)
    database = run.open_database()
    first_link = offer_first_link(database, settings, now=run.clock())
    database.close()
    if not settings.index.is_dir():
        raise IndexMissing("请运行 kb init --with-samples 或 kb index", field="KB_DATA")
    if settings.watch_handbook and not settings.watch_handbook.is_dir():
        raise InvalidInput(f"没有这个文件夹：{settings.watch_handbook}", field="KB_WATCH_HANDBOOK")
    check_port(settings)
    signal.signal(signal.SIGTERM, _interrupt)
    parent = os.getpid()
    try:
        _serve(settings, first_link, run.environ, as_json=as_json)
    except KeyboardInterrupt:
        pass
    except SystemExit as ended:
        if ended.code or os.getpid() != parent:
            raise
    if not as_json:
        note("已停止")


def check_database(settings: Settings) -> None:
    """Raise DatabaseDamaged before anybody is served from a file that is; a large one is checked
    right afterwards, beside the server, unless it was found damaged before."""
    from kb.database import damage_mark
    from kb.soundness import QUICK_BYTES

    path = settings.database
    is_suspect = damage_mark(path).exists()
    if path.is_file() and (is_suspect or path.stat().st_size <= QUICK_BYTES):
        found = _glance(path) or (damage_mark(path).read_text("utf-8") if is_suspect else "")
        if found:
            raise DatabaseDamaged(found, field="KB_DATA")


def _glance(path: Path) -> str:
    """What is broken; a database that is busy is not."""
    import sqlite3

    from kb.soundness import glance

    try:
        return glance(path)
    except sqlite3.OperationalError:
        return ""


def offer_first_link(database: Database, settings: Settings, *, now: datetime) -> str:
    """The link that makes the first administrator, "" where there are accounts.

    Raise AccountsMissing where a desk without accounts would be open to other machines.
    """
    from kb.people import offer_first

    offered: list[str | None] = []
    if settings.is_local:
        database.record(lambda _: offered.append(offer_first(database, now=now)))
    token = offered[0] if offered else None
    if not settings.is_local and not has_accounts(database):
        raise AccountsMissing(
            "先运行 kb user add 姓名 --role administrator，再对其他机器开放", field="KB_HOST"
        )
    return welcome_link(settings.address, token) if token else ""


def has_accounts(database: Database) -> bool:
    """Whether everybody signs in here."""
    from kb.store import accounts

    return accounts.has_accounts(database.connection)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _serve(
    settings: Settings, first_link: str, environ: MutableMapping[str, str], *, as_json: bool
) -> None:
    from indexer.generation import drop_trials
    from kb.counting import share_counts
    from web.prefork import Server

    drop_trials(settings.index)  # before anybody is served: a trial of this server is not left over
    told = partial(announce, settings, first_link, as_json=as_json)
    in_memory = str(MEMORY) if MEMORY.is_dir() else None  # a mapped file on a full disk would kill
    folder = tempfile.mkdtemp(prefix="kb-counts-", dir=in_memory)
    share_counts(Path(folder), environ)
    parent = os.getpid()
    try:
        Server(settings, Follower(), told).run()
    finally:
        if os.getpid() == parent:  # a worker ends here too
            shutil.rmtree(folder, ignore_errors=True)


def check_port(settings: Settings) -> None:
    """Raise PortInUse when the address cannot be listened on."""
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError:
        raise PortInUse(f"没有 {settings.host} 这个地址", field="KB_HOST") from None
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            detail = (
                f"{settings.host}:{settings.port} 不能监听（{error.strerror}），可用 --port 换一个"
            )
            raise PortInUse(detail, field="KB_PORT") from None


def announce(settings: Settings, first_link: str = "", *, as_json: bool) -> None:
    """Say that the page is there, and how the first account is made."""
    host = ANY_ADDRESS.get(settings.host, settings.host)
    url = f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
    if as_json:
        told = {"first_administrator": first_link} if first_link else {}
        click.echo(json.dumps({"ready": True, "url": url, **told}))
    else:
        click.echo(f"坐席页面已就绪：{url} （按 Ctrl+C 停止）")
        if first_link:
            click.echo(f"还没有账号，只在本机可用。建第一个管理员（24 小时内有效）：{first_link}")
    sys.stdout.flush()


class Follower:
    """The child process that writes the index; started again if it ends by itself."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Start the child and a thread that watches it."""
        self._child = _start_child()
        self._watcher.start()

    def _watch(self) -> None:
        started = 0
        while self._child is not None:
            self._child.wait()
            if self._stopping.is_set():
                return
            note("索引更新进程退出了，稍后重新启动；改动暂时不会进入索引")
            if self._stopping.wait(PAUSES[min(started, len(PAUSES) - 1)]):
                return
            started += 1
            self._child = _start_child()

    def stop(self) -> None:
        """End the child, if it was started; it finishes the commit in hand."""
        self._stopping.set()
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()


def _start_child() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kb", "index", "--follow", "--parent", str(os.getpid())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603
