"""Two rankers in one list: who is credited, when harm stops it, what the commands tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kb.database import Database
from kb.desk import Desk
from kb.errors import ExperimentConflict, ExperimentNotFound, RankerVersionNotFound
from kb.experiment import CreditedClosing, Experiment, judge
from kb.ranker import Boost
from kb.store import experiments, ranker
from kb.ticket import Ticket
from kb.times import format_instant
from tests.kb.closings import LATER, Case, close, settle
from tests.kb.running import Kb
from tests.kb.small import NOW, make_ticket

TEAMS = ("treatment", "control", "treatment")


def experiment(name: str = "a", treatment: int = 1, control: int = 0) -> Experiment:
    return Experiment(name, treatment, control, 1.0, format_instant(NOW), None, "")


@pytest.fixture
def version(database: Database) -> int:
    boost = Boost("procedure", "B", "060101", 0.05, 20, 9.0, 4.2, 1.0, 2.0)
    with database.transaction() as connection:
        made = ranker.add_ranker(
            connection,
            [boost],
            is_refused=False,
            settings={"evaluation": {"gain": 0.01, "error": 0.0, "choices": 9}},
            now=NOW,
        )
    return made.version


@pytest.fixture
def running(database: Database, version: int) -> Experiment:
    with database.transaction() as connection:
        experiments.start_experiment(connection, experiment(treatment=version))
    return experiments.read_experiment(database.connection, "a")


def test_a_solution_is_credited_to_the_team_that_picked_it(desk: Desk, running: Experiment) -> None:
    for chosen, stayed in (("A", True), ("A", False), ("B", True), ("C", True)):
        close(desk, Case(chosen=chosen, stayed=stayed, arm="a", teams=TEAMS))
    close(desk, Case(chosen="A", arm="", teams=()))
    close(desk, Case(chosen="A", arm="a", teams=TEAMS, is_training=True))
    settle(desk)
    status = experiments.read_status(desk.database.connection, "a", repeat_days=30)
    assert (status.treatment.solutions, status.treatment.stayed_closed) == (3, 2)
    assert (status.treatment.came_back, status.control.solutions) == (1, 1)
    assert status.sessions == 4
    assert status.verdict == "running"


def test_a_return_learnt_late_counts_by_the_day_it_happened(
    desk: Desk, running: Experiment
) -> None:
    case = Case(chosen="A", arm="a", teams=TEAMS)
    ticket = close(desk, case)
    close(desk, Case(chosen="B", arm="a", teams=TEAMS))
    settle(desk)
    connection = desk.database.connection
    quiet = experiments.read_status(connection, "a", repeat_days=30)
    again = Case(chosen="A").at + timedelta(days=10)
    desk.create(
        _repeat_of(ticket.ticket_no, again.isoformat()), agent="甲", now=LATER + timedelta(days=1)
    )
    known = experiments.read_status(connection, "a", repeat_days=30)
    assert quiet.harm == 1.0
    assert known.treatment.came_back == 1
    assert known.harm > 1.0


def _repeat_of(ticket_no: str, accepted_at: str) -> Ticket:
    return make_ticket(accepted_at=accepted_at, repeat_of=ticket_no)


def _do_harm(desk: Desk) -> None:
    """All that the treatment had picked comes back, nothing of the control's."""
    for number in range(18):
        at = NOW + timedelta(hours=number)
        close(desk, Case(chosen="A", stayed=False, arm="a", teams=TEAMS, at=at))
        close(desk, Case(chosen="B", stayed=True, arm="a", teams=TEAMS, at=at))


def test_harm_stops_the_experiment_by_itself(desk: Desk, running: Experiment) -> None:
    _do_harm(desk)
    with desk.database.transaction() as connection:
        stopped = experiments.stop_harmful(connection, repeat_days=30, now=NOW + timedelta(days=7))
    assert stopped is not None
    assert stopped.experiment.stop_reason == "guard"
    assert stopped.verdict == "harm"
    assert experiments.read_running(desk.database.connection) is None


def test_settling_stops_a_harmful_experiment(kb: Kb, desk: Desk, running: Experiment) -> None:
    _do_harm(desk)
    assert kb("settle", "--json").data["stopped_experiment"] == "a"
    assert kb("settle", "--json").data["stopped_experiment"] is None
    told = kb("experiment", "status", "a")
    assert "已自动停止" in told.out


def test_without_harm_it_goes_on(desk: Desk, running: Experiment) -> None:
    close(desk, Case(chosen="A", stayed=False, arm="a", teams=TEAMS))
    with desk.database.transaction() as connection:
        assert experiments.stop_harmful(connection, repeat_days=30, now=LATER) is None
    assert experiments.read_running(desk.database.connection) == running


@pytest.mark.parametrize(("team", "verdict"), [("treatment", "treatment"), ("control", "control")])
def test_a_clear_winner_is_called(team: str, verdict: str) -> None:
    closings = [CreditedClosing(team, "stayed_closed", day, None) for day in range(40)]
    status = judge(experiment(), closings, sessions=40, repeat_days=30)
    assert status.verdict == verdict
    assert status.p_value <= 0.05


def test_only_what_stayed_closed_is_a_win() -> None:
    pending = [CreditedClosing("treatment", "pending", day, None) for day in range(40)]
    status = judge(experiment(), pending, sessions=40, repeat_days=30)
    assert (status.p_value, status.verdict) == (1.0, "running")


def test_one_experiment_at_a_time_and_each_name_once(
    database: Database, running: Experiment
) -> None:
    with database.transaction() as connection:
        for name in ("a", "b"):
            with pytest.raises(ExperimentConflict):
                experiments.start_experiment(connection, experiment(name))
        experiments.stop_experiment(connection, "a", reason="asked", now=LATER)
        with pytest.raises(ExperimentConflict):
            experiments.stop_experiment(connection, "a", reason="asked", now=LATER)
        experiments.start_experiment(connection, experiment("b"))
    assert [each.name for each in experiments.read_experiments(database.connection)] == ["a", "b"]


def test_versions_must_be_there_and_differ(database: Database) -> None:
    with database.transaction() as connection:
        with pytest.raises(RankerVersionNotFound):
            experiments.start_experiment(connection, experiment(treatment=9))
        with pytest.raises(ExperimentConflict):
            experiments.start_experiment(connection, experiment(treatment=0))
        with pytest.raises(ExperimentNotFound):
            experiments.read_experiment(connection, "none")


def test_the_commands_start_show_and_stop(kb: Kb, version: int) -> None:
    started = kb("experiment", "start", "x", "--treatment", "base", "--share", "0.5", "--json")
    assert started.code == 0
    assert started.data["rankers"] == {
        "treatment": "base-1",
        "control": f"base-1+learned-{version}",
    }
    assert started.data["share"] == 0.5
    assert kb("experiment", "status", "--json").data["verdict"] == "running"
    assert "进行中" in kb("experiment", "status", "x").out
    assert kb("experiment", "stop", "x", "--json").data["stop_reason"] == "asked"
    assert kb("experiment", "stop", "x", "--json").error["error"] == "experiment-conflict"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("start", "trial", "--treatment", "1"), "NAME"),
        (("start", "有空格 的", "--treatment", "1"), "NAME"),
        (("start", "x", "--treatment", "latest"), "--treatment"),
        (("start", "x", "--treatment", "1", "--share", "0"), "--share"),
        (("start", "x", "--treatment", "1", "--share", "nan"), "--share"),
        (("start", "x"), "--treatment"),
    ],
)
def test_a_slip_of_the_pen_is_named(kb: Kb, arguments: tuple[str, ...], field: str) -> None:
    refused = kb("experiment", *arguments, "--json")
    assert refused.code == 2
    assert refused.error["field"] == field


def test_without_any_experiment_status_says_so(kb: Kb) -> None:
    assert kb("experiment", "status", "--json").data == {"experiments": []}
    assert kb("experiment", "status", "none").code == 1
