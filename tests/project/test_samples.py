"""The sample tickets: invented, marked, varied, and enough of each class."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from kb.handbook import read_handbook
from kb.masking import find_personal_data
from kb.settings import shipped_handbook


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    path: Path = shipped_handbook() / "samples" / "tickets.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_there_are_at_least_700_and_each_is_marked_as_a_sample(rows: list[dict[str, Any]]) -> None:
    assert len(rows) >= 700
    assert all(row["sample"] is True for row in rows)


def test_every_class_has_six_with_several_fixes_and_some_came_back(
    rows: list[dict[str, Any]],
) -> None:
    classes = {each.id for each in read_handbook(shipped_handbook()).categories if each.level == 3}
    counts = Counter(row["category"] for row in rows)
    fixes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        fixes[row["category"]].add(row["fix"])
    assert set(counts) == classes
    assert min(counts.values()) >= 6
    assert all(len(found) >= 3 for found in fixes.values())
    assert {row["category"] for row in rows if row["outcome"] == "came_back"} == classes


def test_no_two_descriptions_are_alike_but_for_a_name(rows: list[dict[str, Any]]) -> None:
    grams = [
        {text[place : place + 4] for place in range(len(text) - 3)}
        for text in (row["description"] for row in rows)
    ]
    best = [
        max(
            len(own & other) / len(own | other)
            for place, other in enumerate(grams)
            if place != number
        )
        for number, own in enumerate(grams)
    ]
    assert statistics.median(best) <= 0.25
    assert max(best) <= 0.5


def test_a_repeat_names_an_earlier_ticket_of_its_class(rows: list[dict[str, Any]]) -> None:
    seen: dict[str, dict[str, Any]] = {row["id"]: row for row in rows}
    repeats = [row for row in rows if row["repeat_of"]]
    assert len(repeats) >= 30
    for row in repeats:
        earlier = seen[row["repeat_of"]]
        assert earlier["category"] == row["category"]
        assert earlier["accepted_at"] < row["accepted_at"]
        assert earlier["outcome"] == "came_back"


def test_no_sample_holds_personal_data(rows: list[dict[str, Any]]) -> None:
    never = read_handbook(shipped_handbook()).never_mask
    for row in rows:
        for name in ("description", "customer_demand", "root_cause", "resolution"):
            found = find_personal_data(row[name], never=never)
            assert [mask.kind for mask in found if mask.kind not in ("ADDRESS", "NAME")] == []
