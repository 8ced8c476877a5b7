"""Which changed files are held back: pure rules, with measurements made up."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from kb.foresight import Foreseen
from kb.holding import MOST_ALONE, Measure, rule

BAD = Foreseen(judged=93, up=0, down=6, mrr_before=0.9, mrr_after=0.8, chance=0.01)
GOOD = Foreseen(judged=93, up=1, down=0, mrr_before=0.9, mrr_after=0.91, chance=0.9)


def worse_with(*bad: str, together: int = 1) -> Measure:
    """A desk that answers worse once so many of ``bad`` are published."""

    def measure(names: AbstractSet[str]) -> Foreseen:
        return BAD if len(names & set(bad)) >= together else GOOD

    return measure


def test_only_what_makes_answers_worse_is_held() -> None:
    ruling = rule(["a", "b", "c"], {}, worse_with("b"))
    assert dict(ruling.held) == {"b": BAD.fall}
    assert "0.900 → 0.800" in ruling.held["b"]
    assert not rule(["a", "c"], {}, worse_with("b")).held


def test_what_only_together_makes_answers_worse_is_held_together() -> None:
    assert set(rule(["a", "b", "c"], {}, worse_with("a", "b", together=2)).held) == {"a", "b", "c"}
    assert set(rule(["a", "b", "c", "d"], {}, worse_with("a", "b", "c", together=1)).held) == {
        "a", "b", "c",
    }  # fmt: skip


def test_many_files_are_not_tried_one_by_one() -> None:
    asked: list[AbstractSet[str]] = []

    def measure(names: AbstractSet[str]) -> Foreseen:
        asked.append(names)
        return BAD

    names = [f"a{number}" for number in range(MOST_ALONE + 1)]
    assert set(rule(names, {}, measure).held) == set(names)
    assert len(asked) == 1


def test_a_reason_lets_a_file_through_and_only_that() -> None:
    ruling = rule(["a", "b"], {"b": "旧条目并入别处"}, worse_with("b"))
    assert not ruling.held
    assert ruling.reason_for("b") == "旧条目并入别处"
    assert rule(["a", "b"], {"a": "试"}, worse_with("b")).held.keys() == {"b"}
    assert not rule(["a"], {"a": "多余的理由"}, worse_with("b")).reason_for("a")
