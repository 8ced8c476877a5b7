"""Names, roles held together, and what each role may do."""

from __future__ import annotations

import pytest

from kb.access import ANYBODY, GRANTED, PERMISSION_NAMES, STRANGER, Permission, viewer_of
from kb.account import (
    APART,
    ROLE_NAMES,
    Account,
    Role,
    check_chapters,
    check_regions,
    check_roles,
    clean_name,
    key_of,
)
from kb.bounds import Bounds
from kb.errors import InvalidInput


@pytest.mark.parametrize(
    "name", ["", "  ", "坐席", "管理员", "Import", "张\n敏", "张" * 65, "接口·CRM"]
)
def test_a_name_that_is_nobodys_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_name(name)
    assert refused.value.field == "姓名"


def test_names_differ_by_more_than_case_width_and_blanks() -> None:
    assert key_of("Ａlice 张") == key_of("alice张")
    assert key_of("张敏") != key_of("张明")


def test_several_roles_are_held_in_their_order_each_once() -> None:
    assert check_roles(["reviewer", "agent", "agent"]) == ("agent", "reviewer")


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("other", list(Role))
def test_duties_that_must_be_separate_are_never_held_together(role: Role, other: Role) -> None:
    apart = role != other and (other in APART.get(role, ()) or role in APART.get(other, ()))
    assert apart is (
        role != other
        and (
            Role.AUDITOR in (role, other)
            or {role, other} in ({"administrator", "editor"}, {"administrator", "reviewer"})
        )
    )
    if apart:
        with pytest.raises(InvalidInput, match="职责要分开"):
            check_roles([role, other])
    else:
        assert set(check_roles([role, other])) == {role, other}


@pytest.mark.parametrize("roles", [[], ["boss"]])
def test_no_role_and_an_unknown_one_are_refused(roles: list[str]) -> None:
    with pytest.raises(InvalidInput):
        check_roles(roles)


def test_bounds_are_kept_in_order_and_all_is_none() -> None:
    assert check_chapters([3, 1, 3]) == (1, 3)
    assert check_chapters(range(1, 9)) == ()
    assert check_regions(["湖北", "", " 北京 "]) == ("北京", "湖北")
    with pytest.raises(InvalidInput):
        check_chapters([9])


def test_an_administrator_can_neither_read_the_audit_trail_nor_write_the_handbook() -> None:
    everything = {*Role} - APART[Role.ADMINISTRATOR]
    allowed = frozenset().union(*(GRANTED[role] for role in everything))
    assert not allowed & {Permission.READ_AUDIT, Permission.EDIT, Permission.REVIEW}
    assert {role for role in Role if Permission.READ_AUDIT in GRANTED[role]} == {Role.AUDITOR}


def test_no_role_speaks_in_the_name_of_others() -> None:
    assert not any(Permission.NAME_AGENTS in allowed for allowed in GRANTED.values())


def test_every_role_and_permission_has_a_name() -> None:
    assert set(ROLE_NAMES) == set(Role) == set(GRANTED)
    assert set(PERMISSION_NAMES) == set(Permission)


def test_a_viewer_may_what_any_of_the_roles_allows_and_sees_what_the_account_is_bound_to() -> None:
    viewer = viewer_of(Account(1, "张敏", ("agent", "editor"), chapters=(3,), regions=()))
    assert viewer.may("take_calls")
    assert viewer.may("edit")
    assert not viewer.may("review")
    assert (viewer.bounds, viewer.account_id) == (Bounds(frozenset({3})), 1)


def test_a_desk_without_accounts_allows_the_work_and_a_stranger_may_nothing() -> None:
    assert frozenset(Permission) - ANYBODY.permissions == {"manage_accounts", "name_agents"}
    assert not STRANGER.permissions
