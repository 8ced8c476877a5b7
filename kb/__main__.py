"""The ``kb`` command: reads the environment, hands each command its settings and clock."""

from __future__ import annotations

import getpass
import os

import click

from kb.commands.asking import due_command, search_command, suggest_command
from kb.commands.auditing import audit_group
from kb.commands.backing import backup_command, restore_command
from kb.commands.bench import bench_command
from kb.commands.checking import repair_command, verify_command
from kb.commands.console import USAGE, Group
from kb.commands.data import import_group, init_command, settle_command
from kb.commands.doctor import doctor_command
from kb.commands.experiments import experiment_group
from kb.commands.exporting import export_group
from kb.commands.indexing import eval_command, index_command, train_command
from kb.commands.learning import learn_command
from kb.commands.personal import pii_group
from kb.commands.replaying import replay_command
from kb.commands.retaining import retain_command
from kb.commands.reviews import tasks_command
from kb.commands.run import Run
from kb.commands.serving import serve_command
from kb.commands.tickets import ticket_group
from kb.commands.tokens import token_group
from kb.commands.users import user_group
from kb.failpoints import arm
from kb.settings import read_settings
from kb.times import now_beijing

COMMANDS = (
    init_command,
    import_group,
    export_group,
    index_command,
    search_command,
    suggest_command,
    due_command,
    serve_command,
    train_command,
    learn_command,
    experiment_group,
    eval_command,
    bench_command,
    verify_command,
    repair_command,
    doctor_command,
    settle_command,
    replay_command,
    tasks_command,
    ticket_group,
    backup_command,
    restore_command,
    audit_group,
    pii_group,
    retain_command,
    user_group,
    token_group,
)


@click.group("kb", cls=Group, invoke_without_command=True)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """电信投诉知识库。设置用 KB_ 开头的环境变量，见 README 的设置表。"""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(USAGE)
    arm(os.environ.get("KB_FAILPOINT", ""))
    ctx.obj = Run(read_settings(os.environ), now_beijing, _user(), os.environ)


for command in COMMANDS:
    cli.add_command(command)


def _user() -> str:
    """The system's user; its number where it has no name."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        return f"cli:{os.getuid()}"


def main() -> None:
    """Run ``kb``."""
    cli.main()


if __name__ == "__main__":
    main()
