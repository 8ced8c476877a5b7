"""The drill of load in small: what it counts is right; how fast this machine is does not matter."""

from __future__ import annotations

import pytest

from kb.settings import Settings
from tests.bench.burst import Asked, Burst
from tests.bench.gauges import Look, by_minute, growth
from tests.bench.load import Plan, describe, percentiles, run_load
from tests.bench.page_agents import MOST_PIECES, Answer, Watch, pieces


def test_agents_work_on_the_pages_and_of_many_at_once_some_are_told_to_come_again(
    settings: Settings,
) -> None:
    plan = Plan(agents=3, minutes=0.05, pause=0.02, at_once=40, watching=3.0, every=0.5)
    report = run_load(settings.data, plan, KB_WORKERS="1", KB_THREADS="2", KB_QUEUE="2")
    assert report.is_right, report
    assert report.closed > 0
    assert [each.acknowledged for each in report.counts] == [each.kept for each in report.counts]
    assert set(report.took) >= {"page", "typing", "displayed", "reading", "event", "close"}
    assert report.burst.statuses[200] + report.burst.statuses[503] == 40
    assert report.burst.statuses[503] > 0
    assert [gauges.name for gauges in report.gauges] == ["进程 1", "索引更新"]
    assert all(look.rss > 0 and look.files > 0 and look.threads > 0
               for gauges in report.gauges for look in gauges.looks)  # fmt: skip
    found = describe(report)
    assert found["bars"]["没有出错、没有丢失"]
    assert found["milliseconds"]["全部"]["n"] == sum(map(len, report.took.values()))


def test_an_error_and_a_refusal_without_a_time_are_seen() -> None:
    watch = Watch()
    watch.note("typing", Answer(200), 10.0, wanted=200)
    watch.note("typing", Answer(500), 10.0, wanted=200)
    watch.note("close", Answer(0), 10.0, wanted=303)
    assert (watch.took, watch.errors) == ({"typing": [10.0]}, {"typing 500": 1, "close 0": 1})
    answers = [Asked(1, 200, 5), Asked(1, 503, 5, "2"), Asked(1, 503, 5), Asked(1, 502, 5)]
    assert Burst(answers).faults == 2
    assert Burst(meanwhile=answers).faults == 2


@pytest.mark.parametrize(
    ("slow_until", "found"), [(0.0, 0.0), (1.0, 1.0), (2.5, 2.5), (4.0, 4.0), (9.5, None)]
)
def test_it_is_over_when_nobody_waits_too_long_any_more(
    slow_until: float, found: float | None
) -> None:
    times = [number / 2 for number in range(1, 20)]
    answers = [Asked(at, 200, 900 if at <= slow_until else 20) for at in times]
    assert Burst(meanwhile=answers).recovered(bar=400) == found


def test_it_is_not_over_while_nobody_is_answered() -> None:
    answers = [Asked(0.1, 200, 20), Asked(6.0, 200, 5900), *(
        Asked(at / 2, 200, 20) for at in range(13, 20))]  # fmt: skip
    assert Burst(meanwhile=answers).recovered(bar=400) == 6.0
    assert Burst().recovered(bar=400) is None


def test_growth_is_counted_from_a_warm_server_on() -> None:
    def looks(values: list[float]) -> list[Look]:
        return [Look(10.0 * place, each, each, 9, 3) for place, each in enumerate(values)]

    flat = looks([10, 50, *([100] * 12)])
    assert growth(flat, "rss", warm=20).share == 0
    assert growth(flat, "rss", warm=0).share > 0.5
    leak = growth(looks([100 + each for each in range(60)]), "rss", warm=100)
    assert 0.3 < leak.share < 0.5
    assert growth(leaking := looks([1] * 5), "files", warm=999).share == 0
    assert [look.at for look in by_minute(leaking)] == [40]
    assert [look.at for look in by_minute(looks([1] * 14))] == [50, 110, 130]


def test_a_text_is_typed_in_a_few_pieces_and_ends_whole() -> None:
    assert pieces("网断了") == ["网断了"]
    assert [len(each) for each in pieces("网" * 30)] == [12, 24, 30]
    assert len(pieces("网" * 300)) <= MOST_PIECES
    assert percentiles([7.0]) == (7.0, 7.0, 7.0)
    assert percentiles([float(each) for each in range(101)]) == (50.0, 95.0, 99.0)
