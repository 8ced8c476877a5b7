"""Who is credited with a closing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.credit import Credit, credit
from kb.ticket import USAGES, Link, Outcome

SOLUTION = Link(
    ticket_no="TS1",
    target_type="procedure",
    target_id="A2",
    target_version="3",
    knowledge_usage="solution",
    impression_id="i1",
    found_by="suggested",
    linked_by="王芳",
    linked_at="2026-11-20T10:00:00+08:00",
    closing=0,
)
REFERENCE = replace(SOLUTION, target_id="A3", knowledge_usage="reference", impression_id="i2")
SOURCE = replace(SOLUTION, target_id="A4", knowledge_usage="source", impression_id="i3")


def outcome(state: str, closing: int = 0) -> Outcome:
    return Outcome("TS1", closing, state, "", None)


@pytest.mark.parametrize(
    ("links", "state", "credited"),
    [
        ([SOLUTION], "stayed_closed", [("A2", 1.0)]),
        ([SOLUTION], "came_back", [("A2", 0.0)]),
        ([SOLUTION], "pending", []),
        ([], "stayed_closed", []),
        ([], "came_back", []),
        ([REFERENCE], "stayed_closed", []),
        ([REFERENCE, replace(REFERENCE, target_id="A5")], "stayed_closed", []),
        ([SOURCE], "came_back", []),
        ([SOURCE, REFERENCE, SOLUTION], "stayed_closed", [("A2", 1.0)]),
        ([SOURCE, REFERENCE, SOLUTION], "came_back", [("A2", 0.0)]),
        ([SOURCE, REFERENCE, SOLUTION], "pending", []),
    ],
)
def test_only_the_solution_of_a_settled_closing_is_credited(
    links: list[Link], state: str, credited: list[tuple[str, float]]
) -> None:
    found = credit(links, outcome(state))
    assert [(each.target_id, each.value) for each in found] == credited


def test_a_closing_is_credited_with_its_own_links_only() -> None:
    second = replace(SOLUTION, target_id="A9", closing=1)
    elsewhere = replace(SOLUTION, target_id="A8", ticket_no="TS2")
    links = [SOLUTION, second, elsewhere]
    assert [each.target_id for each in credit(links, outcome("came_back", 0))] == ["A2"]
    assert [each.target_id for each in credit(links, outcome("stayed_closed", 1))] == ["A9"]


def test_a_credit_says_which_version_and_which_item_shown() -> None:
    found_by_hand = replace(SOLUTION, impression_id=None, found_by="searched")
    (given,) = credit([found_by_hand], outcome("stayed_closed"))
    assert given == Credit("TS1", 0, "procedure", "A2", "3", None, "searched", 1.0)


def test_every_usage_has_a_rule() -> None:
    credited = {
        usage
        for usage in USAGES
        if credit([replace(SOLUTION, knowledge_usage=usage)], outcome("stayed_closed"))
    }
    assert credited == {"solution"}
