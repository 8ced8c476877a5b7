"""Accounts in a database: links, lockout, sign-ins that end, and who may change what."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from kb import people, signing_in
from kb.account import Account
from kb.database import Database, create_database
from kb.errors import (
    AccountConflict,
    AccountLinkSpent,
    InvalidInput,
    SignInLocked,
    SignInRefused,
)
from kb.passwords import POLICIES
from kb.people import Duties, check_duties
from kb.sealing import KeyFile
from kb.signing_in import ABSOLUTE, IDLE, Attempt, Place, find_signed_in, open_sign_in
from kb.store import accounts, sign_ins
from kb.store.audit import AuditFilter, list_rows
from kb.times import BEIJING
from kb.totp import code_at, new_secret

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=BEIJING)
GOOD, BETTER = "门前的桂花又开了", "山后的杜鹃也开了"
ASVS = POLICIES["asvs"]
ADMIN = check_duties(["administrator"])
AGENT = check_duties(["agent"])
HERE, THERE = Place("10.0.0.1", "a"), Place("10.0.0.2", "b")


@pytest.fixture(autouse=True)
def hash_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that takes a millisecond; the real one has tests of its own."""
    monkeypatch.setattr("kb.passwords._hasher", PasswordHasher(1, 8, 1))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = create_database(tmp_path / "kb.db")
    yield database
    database.close()


def make_first(database: Database, name: str = "李管") -> Account:
    token = people.offer_first(database, now=NOW)
    assert token
    return people.make_first(
        database, token, name=name, password=GOOD, roles=[], policy=ASVS, now=NOW
    )


def make_agent(database: Database, name: str = "张敏", *, password: str = GOOD) -> Account:
    account, token = people.invite(database, name, AGENT, by="李管", now=NOW)
    people.set_up(database, token, password=password, policy=ASVS, now=NOW)
    return accounts.read_account(database.connection, account.id)


def attempt(database: Database, password: str, place: Place = HERE, *, now: datetime = NOW,
            name: str = "张敏", code: str = "") -> str:  # fmt: skip
    return signing_in.sign_in(
        database, Attempt(name, password, code, place), KeyFile(database.path.parent / "k"), now=now
    )[1]


# --- links -----------------------------------------------------------------------------------


def test_the_first_link_makes_one_administrator_and_no_second(database: Database) -> None:
    earlier = people.offer_first(database, now=NOW)
    token = people.offer_first(database, now=NOW)
    assert token
    assert earlier
    for spent in (earlier, "", "x" * 43):
        with pytest.raises(AccountLinkSpent):
            people.follow_link(database.connection, spent, now=NOW)
    with pytest.raises(AccountLinkSpent):
        people.follow_link(database.connection, token, now=NOW + timedelta(hours=24))
    first = people.make_first(
        database, token, name="李管", password=GOOD, roles=["agent"], policy=ASVS, now=NOW
    )
    assert first.roles == ("agent", "administrator")
    with pytest.raises(AccountLinkSpent):
        people.make_first(
            database, token, name="王管", password=GOOD, roles=[], policy=ASVS, now=NOW
        )
    assert people.offer_first(database, now=NOW) is None


def test_tokens_and_passwords_are_nowhere_in_the_file(database: Database) -> None:
    first = people.offer_first(database, now=NOW)
    assert first
    make_first(database)
    agent = make_agent(database)
    _, link = people.reset(database, agent.id, by="李管", now=NOW)
    people.enable(database, agent.id)
    opened = attempt(database, GOOD)
    content = database.path.read_bytes()
    for secret in (first, link, opened, GOOD):
        assert secret.encode() not in content


def test_a_link_that_is_looked_at_or_misused_still_works(database: Database) -> None:
    make_first(database)
    account, token = people.invite(database, "张敏", AGENT, by="李管", now=NOW)
    with pytest.raises(InvalidInput):
        people.set_up(database, token, password="short", policy=ASVS, now=NOW)  # noqa: S106
    found = people.follow_link(database.connection, token, now=NOW)
    assert found == account
    people.set_up(database, token, password=GOOD, policy=ASVS, now=NOW)
    with pytest.raises(AccountLinkSpent):
        people.set_up(database, token, password=BETTER, policy=ASVS, now=NOW)


def test_the_first_account_can_manage_others_whatever_makes_it(database: Database) -> None:
    with pytest.raises(InvalidInput, match="管理员"):
        people.invite(database, "张敏", AGENT, by="kb user", now=NOW)
    assert not accounts.has_accounts(database.connection)
    account, _ = people.invite(database, "李管", ADMIN, by="kb user", now=NOW)
    assert not account.password_hash


def test_a_name_is_taken_once_whatever_its_case_and_width(database: Database) -> None:
    make_first(database, "Li Guan")
    with pytest.raises(AccountConflict):
        people.invite(database, "ｌｉguan", AGENT, by="x", now=NOW)


# --- duties ----------------------------------------------------------------------------------


def test_the_last_administrator_stays_one(database: Database) -> None:
    first = make_first(database)
    with pytest.raises(AccountConflict, match="最后一个"):
        people.give_duties(database, first.id, AGENT, by="kb user")
    with pytest.raises(AccountConflict, match="最后一个"):
        people.disable(database, first.id, now=NOW)
    second, _ = people.invite(database, "王管", ADMIN, by="李管", now=NOW)
    people.disable(database, first.id, now=NOW)
    with pytest.raises(AccountConflict, match="最后一个"):
        people.disable(database, second.id, now=NOW)


def test_nobody_gives_roles_to_themselves(database: Database) -> None:
    first = make_first(database)
    more = check_duties(["administrator", "supervisor"])
    with pytest.raises(AccountConflict, match="自己"):
        people.give_duties(database, first.id, more, by="李管")
    assert people.give_duties(database, first.id, more, by="kb user").roles == more.roles


def test_taking_a_role_away_ends_the_sign_ins_that_had_it(database: Database) -> None:
    make_first(database)
    agent = make_agent(database)
    token = attempt(database, GOOD)
    people.give_duties(database, agent.id, Duties(("agent", "learner"), (3,)), by="李管")
    found = find_signed_in(database.connection, token, now=NOW)
    assert found
    assert found[1].chapters == (3,)
    people.give_duties(database, agent.id, Duties(("learner",)), by="李管")
    assert find_signed_in(database.connection, token, now=NOW) is None


# --- signing in ------------------------------------------------------------------------------


def test_the_trail_tells_of_sign_ins_and_of_those_refused_and_holds_no_typed_name(
    database: Database,
) -> None:
    make_first(database)
    signing_in.sign_out(database, attempt(database, GOOD, name="李管"))
    for name in ("李管", "我的密码是这个"):
        with pytest.raises(SignInRefused):
            attempt(database, "wrong", name=name)
    rows = list_rows(database.connection, AuditFilter(), limit=50)
    told = [(row.who, row.action) for row in reversed(rows) if row.object.startswith("sign_in:")]
    assert told == [
        ("李管", "sign_in.opened"),
        ("李管", "sign_in.ended"),
        ("李管", "sign_in.refused"),
        ("unknown", "sign_in.refused"),
    ]


def test_five_failures_lock_a_name_from_an_address_for_fifteen_minutes(database: Database) -> None:
    make_first(database)
    make_agent(database)
    for minute in range(5):
        with pytest.raises(SignInRefused):
            attempt(database, "wrong", now=NOW + timedelta(minutes=minute))
    fifth = NOW + timedelta(minutes=4)
    with pytest.raises(SignInLocked):
        attempt(database, GOOD, now=fifth + timedelta(minutes=15, seconds=-1))
    assert attempt(database, GOOD, THERE, now=fifth)
    assert attempt(database, GOOD, now=fifth + timedelta(minutes=15))


def test_a_name_without_an_account_is_locked_just_the_same(database: Database) -> None:
    make_first(database)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            attempt(database, GOOD, name="没有的人")
    with pytest.raises(SignInLocked):
        attempt(database, GOOD, name="没有的人")


def test_the_right_password_forgets_the_failures_before_it(database: Database) -> None:
    make_first(database)
    make_agent(database)
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(SignInRefused):
                attempt(database, "wrong")
        assert attempt(database, GOOD)


def test_attempts_at_once_do_not_pass_the_limit_nor_do_other_processes(database: Database) -> None:
    make_first(database)
    told: list[type[Exception]] = []

    def run() -> None:
        other = Database(database.path)  # a worker or a restart: nothing is kept in memory
        try:
            attempt(other, "wrong", name="李管")
        except (SignInRefused, SignInLocked) as error:
            told.append(type(error))
        finally:
            other.close()

    threads = [threading.Thread(target=run) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told.count(SignInRefused), told.count(SignInLocked)) == (5, 4)


def test_many_addresses_do_not_help_against_one_name_nor_many_names_from_one_address(
    database: Database,
) -> None:
    make_first(database)
    with database.transaction() as connection:
        name = signing_in.hash_name(connection, "李管")
        for number in range(50):
            sign_ins.add_attempt(connection, name, f"10.1.0.{number}", now=NOW)
        for number in range(100):
            sign_ins.add_attempt(connection, f"name{number}", "10.2.0.1", now=NOW)
    with pytest.raises(SignInLocked):
        attempt(database, GOOD, name="李管")
    with pytest.raises(SignInLocked):
        attempt(database, GOOD, Place("10.2.0.1"), name="王管")


@pytest.mark.parametrize("code", ["", "000000", "abcdef"])
def test_with_an_app_the_password_alone_opens_nothing(database: Database, code: str) -> None:
    make_first(database)
    agent = make_agent(database)
    secret = new_secret()
    step = int(NOW.timestamp()) // 30
    with database.transaction() as connection:
        accounts.save_account(connection, replace(agent, totp_secret=secret))
    with pytest.raises(SignInRefused):
        attempt(database, GOOD, code=code)
    right = code_at(secret, step)
    assert attempt(database, GOOD, code=right)
    with pytest.raises(SignInRefused):
        attempt(database, GOOD, code=right)  # seen over a shoulder: it works once


def test_a_sign_in_ends_when_idle_and_after_twelve_hours(database: Database) -> None:
    make_first(database)
    make_agent(database)
    token = attempt(database, GOOD)
    now = NOW
    while now - NOW < ABSOLUTE - timedelta(minutes=20):
        now += timedelta(minutes=20)
        found = find_signed_in(database.connection, token, now=now)
        assert found
        signing_in.note_use(database, found[0], now=now)
    assert find_signed_in(database.connection, token, now=NOW + ABSOLUTE) is None
    idle = attempt(database, GOOD)
    last = NOW + IDLE - timedelta(seconds=1)
    assert find_signed_in(database.connection, idle, now=last)
    assert find_signed_in(database.connection, idle, now=NOW + IDLE) is None


def test_use_is_noted_once_a_minute_so_that_reading_seldom_writes(database: Database) -> None:
    make_first(database)
    make_agent(database)
    token = attempt(database, GOOD)
    found = find_signed_in(database.connection, token, now=NOW)
    assert found
    before = database.connection.total_changes
    signing_in.note_use(database, found[0], now=NOW + timedelta(seconds=59))
    assert database.connection.total_changes == before
    signing_in.note_use(database, found[0], now=NOW + timedelta(seconds=60))
    assert database.connection.total_changes == before + 1


def test_disabling_and_a_changed_password_end_what_is_open(database: Database) -> None:
    make_first(database)
    agent = make_agent(database)
    kept, other = attempt(database, GOOD), attempt(database, GOOD, THERE)
    found = find_signed_in(database.connection, kept, now=NOW)
    assert found
    people.change_password(
        database, agent, old=GOOD, new=BETTER, policy=ASVS, keep=found[0].id, now=NOW
    )
    assert find_signed_in(database.connection, kept, now=NOW)
    assert find_signed_in(database.connection, other, now=NOW) is None
    with pytest.raises(SignInRefused):
        attempt(database, GOOD)
    people.disable(database, agent.id, now=NOW)
    assert find_signed_in(database.connection, kept, now=NOW) is None
    with pytest.raises(SignInRefused):
        attempt(database, BETTER)
    people.enable(database, agent.id)
    assert attempt(database, BETTER)


def test_a_reset_ends_sign_ins_and_its_link_also_the_app_and_the_lock(database: Database) -> None:
    make_first(database)
    agent = make_agent(database)
    with database.transaction() as connection:
        accounts.save_account(connection, replace(agent, totp_secret=new_secret()))
        token = open_sign_in(connection, agent, HERE, now=NOW)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            attempt(database, "wrong")
    _, link = people.reset(database, agent.id, by="李管", now=NOW)
    assert find_signed_in(database.connection, token, now=NOW) is None
    people.set_up(database, link, password=BETTER, policy=ASVS, now=NOW)
    assert attempt(database, BETTER)


def test_old_passwords_are_kept_as_far_as_they_are_asked_for(database: Database) -> None:
    dengbao = POLICIES["dengbao"]
    make_first(database)
    account, token = people.invite(database, "张敏", AGENT, by="李管", now=NOW)
    words = [f"Kw{number}-tausend-und-{number}" for number in range(6)]
    people.set_up(database, token, password=words[0], policy=dengbao, now=NOW)
    for old, new in pairwise(words):
        account = accounts.read_account(database.connection, account.id)
        with pytest.raises(InvalidInput, match="最近 5 次"):
            people.change_password(
                database, account, old=old, new=old, policy=dengbao, keep="", now=NOW
            )
        people.change_password(
            database, account, old=old, new=new, policy=dengbao, keep="", now=NOW
        )
    assert len(accounts.read_old_passwords(database.connection, account.id)) == 5
    account = accounts.read_account(database.connection, account.id)
    people.change_password(
        database, account, old=words[5], new=words[0], policy=dengbao, keep="", now=NOW
    )
