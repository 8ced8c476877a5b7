"""Repeats found by what is said: figures on labelled pairs; the search among a number's tickets."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.classification import ClassEvidence
from indexer.engine import Engine
from indexer.repeat_fitting import Sample, choose_threshold, evaluate, fit_model
from indexer.repeat_pairs import LabelledPair, evaluate_pairs, is_pairs, pair_sample, read_pairs
from indexer.repeats import class_gap
from kb.database import Database
from kb.desk import Closing, Desk
from kb.errors import InvalidInput
from kb.intake import hash_caller
from kb.repeat import MOST_EARLIER, Repeat, RepeatQuestion, read_model, same_matter
from kb.store import tickets
from kb.suggestion import SuggestionRequest
from kb.ticket import Ticket
from tests.conftest import START

PAIRS = Path(__file__).parent.parent / "data" / "repeat_pairs.jsonl"
NUMBER = "13812345678"
OUTAGE = "家里宽带断了，光猫上面红灯一直闪"
FEE = "账单上有个代收信息费三十块，我不知道是什么"


@pytest.fixture(scope="module")
def pairs() -> list[LabelledPair]:
    return read_pairs(PAIRS)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database, repeat_days=30)


def take_in(desk: Desk, text: str = OUTAGE, *, days: float = 0.0, **changes: Any) -> Ticket:
    at = START + timedelta(days=days)
    given = {"category": "060101", "description": text, "accepted_at": at.isoformat()} | changes
    ticket = Ticket(ticket_no="", **given)
    return desk.create(ticket, number=NUMBER, agent="甲", now=at)


def close(desk: Desk, ticket: Ticket, *, days: float, resolution: str = "换了尾纤") -> None:
    closing = Closing(resolution=resolution, none_fit=True)
    desk.close(ticket.ticket_no, closing, agent="甲", now=START + timedelta(days=days))


def ask(
    engine: Engine, database: Database, text: str, *, days: float, number: str = NUMBER
) -> Repeat | None:
    at = START + timedelta(days=days)
    with database.transaction() as connection:
        number_hash = hash_caller(connection, number)
    return engine.find_repeat(RepeatQuestion(text, number_hash, at), now=at)


# --- the labelled pairs ----------------------------------------------------------------------


def test_the_labelled_pairs_are_many_mixed_and_kept_apart(pairs: list[LabelledPair]) -> None:
    held_out = [pair for pair in pairs if pair.is_held_out]
    training = {pair.earlier for pair in pairs if not pair.is_held_out}
    assert len(pairs) >= 1000
    assert len(held_out) >= 400
    assert 0.4 <= np.mean([pair.same for pair in pairs]) <= 0.5
    assert 0.4 <= np.mean([pair.same for pair in held_out]) <= 0.5
    assert not training & {pair.earlier for pair in held_out}
    assert len({(pair.earlier, pair.later) for pair in pairs}) == len(pairs)


def test_repeats_are_flagged_with_precision_and_recall(
    engine: Engine, pairs: list[LabelledPair]
) -> None:
    held_out = [pair for pair in pairs if pair.is_held_out]
    figures = evaluate_pairs(engine, held_out, now=START)["held_out"]
    assert figures["precision"] >= 0.9
    assert figures["recall"] >= 0.95


def test_of_two_matters_of_a_number_the_right_one_is_the_more_probable(
    engine: Engine, pairs: list[LabelledPair]
) -> None:
    held_out = [pair for pair in pairs if pair.is_held_out]
    others = sorted({(pair.earlier, pair.earlier_class) for pair in held_out})
    right = []
    for place, pair in enumerate(pair for pair in held_out if pair.same):
        earlier, code = next(
            other
            for other in others[place % len(others) :] + others
            if other[1][:2] != pair.earlier_class[:2]
        )
        wrong = LabelledPair(earlier, code, pair.later, pair.days, pair.is_open, same=False)
        chances = [
            same_matter(sample.evidence, sample.text, read_model())
            for sample in (pair_sample(engine, each, now=START) for each in (pair, wrong))
        ]
        right.append(chances[0] > chances[1])
    assert np.mean(right) >= 0.85


def test_fitting_learns_what_tells_repeats_apart(engine: Engine, pairs: list[LabelledPair]) -> None:
    some = [pair for pair in pairs if not pair.is_held_out][::6]
    samples = [pair_sample(engine, pair, now=START) for pair in some]
    model = fit_model(samples[::2])
    figures = evaluate(samples[1::2], model)
    assert figures["pairs"] == len(samples[1::2])
    assert figures["precision"] >= 0.7
    assert figures["recall"] >= 0.7
    turned = [Sample(each.evidence, each.text, not each.same, each.fold) for each in samples]
    assert evaluate(turned, model)["precision"] < 0.4


def test_the_threshold_balances_both_bars() -> None:
    probabilities = np.array([0.2, 0.4, 0.6, 0.9])
    assert 0.4 < choose_threshold(probabilities, np.array([False, False, True, True])) <= 0.6


def test_a_file_of_pairs_is_known_and_its_faults_are_named(tmp_path: Path) -> None:
    assert is_pairs(PAIRS)
    broken = tmp_path / "pairs.jsonl"
    broken.write_text('{"earlier": "网断了"}\n', "utf-8")
    assert is_pairs(broken)
    with pytest.raises(InvalidInput) as refused:
        read_pairs(broken)
    assert refused.value.field == "pairs.jsonl 第 1 行"
    broken.write_text('{"text": "网断了"}\n', "utf-8")
    assert not is_pairs(broken)


def test_the_gap_of_a_class_is_measured_by_its_group() -> None:
    classes = [ClassEvidence("060101", 0.7), ClassEvidence("010101", 0.1)]
    assert class_gap(classes, "0601") == 0.0
    assert -1.0 < class_gap(classes, "0101") < 0.0
    assert class_gap(classes, "9999") == -1.0
    assert class_gap([], "0601") == class_gap(classes, "") == 0.0


# --- finding among the tickets of a number ----------------------------------------------------


def test_the_same_matter_of_the_same_number_is_found_with_its_promise(
    engine: Engine, desk: Desk, database: Database
) -> None:
    ticket = take_in(desk)
    close(desk, ticket, days=1, resolution="远程重启光猫，承诺24小时内上门")
    found = ask(engine, database, "光猫还是红灯，说好上门的师傅到现在没来", days=8)
    assert found is not None
    assert found.ticket.ticket_no == ticket.ticket_no
    assert found.promise is not None
    assert found.promise.due_at == START + timedelta(days=2)
    assert found.overdue
    assert found.count_in_window == 1


def test_another_number_another_matter_and_thanks_are_not(
    engine: Engine, desk: Desk, database: Database
) -> None:
    take_in(desk)
    text = "光猫还是红灯，你们的人到现在没来"
    assert ask(engine, database, text, days=3) is not None
    assert ask(engine, database, text, days=3, number="13987654321") is None
    assert ask(engine, database, "网修好了，谢谢师傅", days=3) is None
    assert ask(engine, database, "我想问一下去泰国漫游怎么开通", days=3) is None


def test_the_window_runs_from_the_closing(engine: Engine, desk: Desk, database: Database) -> None:
    close(desk, take_in(desk), days=20)
    text = "光猫又红灯了，你们修了等于没修"
    assert ask(engine, database, text, days=49) is not None
    assert ask(engine, database, text, days=51) is None


def test_of_two_matters_the_one_spoken_of_is_found(
    engine: Engine, desk: Desk, database: Database
) -> None:
    outage = take_in(desk)
    fee = take_in(desk, FEE, days=1, category="010201")
    found = ask(engine, database, "那个三十块的信息费还没退给我，你们说核实核实到哪了", days=5)
    assert found is not None
    assert found.ticket.ticket_no == fee.ticket_no
    assert found.count_in_window == 2
    found = ask(engine, database, "光猫还是红灯，宽带到现在没修好", days=5)
    assert found is not None
    assert found.ticket.ticket_no == outage.ticket_no


def test_a_later_ticket_is_not_repeated_by_an_earlier_one(
    engine: Engine, desk: Desk, database: Database
) -> None:
    take_in(desk, days=5)
    assert ask(engine, database, "光猫还是红灯，到现在没修好", days=1) is None


def test_the_lookup_is_one_indexed_select_of_few_tickets(desk: Desk, database: Database) -> None:
    for day in range(MOST_EARLIER + 3):
        last = take_in(desk, days=day / 10)
    seen: list[str] = []
    database.connection.set_trace_callback(seen.append)
    found, count = tickets.recent_of_number(
        database.connection,
        last.number_hash,
        since="2026-01-01",
        until="2027-01-01",
        limit=MOST_EARLIER,
    )
    database.connection.set_trace_callback(None)
    assert len(seen) == 1
    assert (len(found), count) == (MOST_EARLIER, MOST_EARLIER + 3)
    assert found[0].ticket_no == last.ticket_no
    plan = database.connection.execute(f"EXPLAIN QUERY PLAN {seen[0]}").fetchall()
    assert any("ticket_number" in row["detail"] for row in plan)


def test_a_suggestion_tells_the_repeat_of_its_ticket_and_of_a_bare_number(
    engine: Engine, desk: Desk, database: Database
) -> None:
    first = take_in(desk)
    text = "光猫还是红灯，到现在没人来修"
    second = take_in(desk, text, days=2)
    at = START + timedelta(days=2, hours=1)
    of_ticket = engine.suggest(SuggestionRequest(text, ticket_no=second.ticket_no), now=at)
    assert of_ticket.repeat is not None
    assert of_ticket.repeat.ticket.ticket_no == first.ticket_no
    request = SuggestionRequest(text, number_hash=first.number_hash)
    of_number = engine.suggest(request, now=at)
    assert of_number.repeat is not None
    assert of_number.repeat.count_in_window == 2
    assert engine.suggest(SuggestionRequest(text), now=at).repeat is None


def test_what_a_ticket_was_tied_to_stays_what_it_repeats(engine: Engine, desk: Desk) -> None:
    first = take_in(desk)
    second = take_in(desk, FEE, days=1, category="010201", repeat_of=first.ticket_no)
    found = engine.ticket_repeat(second, now=datetime.fromisoformat(second.accepted_at))
    assert found is not None
    assert found.ticket.ticket_no == first.ticket_no
