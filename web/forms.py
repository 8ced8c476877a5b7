"""What the pages' forms send, read into frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from werkzeug.datastructures import MultiDict

from kb.errors import InvalidInput
from kb.suggestion import MAX_TEXT
from kb.texts import clean_required, clean_text
from kb.ticket import AREAS

MAX_SHORT = 200
MOST_VALUES = 50
RECORD_FIELDS = ("description", "customer_demand", "root_cause", "resolution")
SHORT_FIELDS = ("region", "area", "category", "fix")


@dataclass(frozen=True)
class DeskForm:
    """The complaint box of the desk, with the facts beside it."""

    text: str = ""
    region: str = ""
    area: str = ""
    category: str = ""
    guessed: str = ""
    channel: str = "hotline"
    number: str = ""
    session_id: str = ""
    ticket_no: str = ""
    without: tuple[str, ...] = ()
    call_id: str = ""


def read_desk_form() -> DeskForm:
    """The desk's form; the class asked for by a button goes before the one in the list."""
    form = request.form
    area = short_field("area")
    if area and area not in AREAS:
        raise InvalidInput(f"应为 {'、'.join(AREAS)}", field="area")
    return DeskForm(
        text=clean_text(form.get("description", ""), field="投诉内容"),
        region=short_field("region"),
        area=area,
        category=short_field("use_category") or short_field("category"),
        guessed=short_field("guessed_category"),
        channel=short_field("channel") or "hotline",
        number=short_field("number"),
        session_id=short_field("session_id"),
        ticket_no=short_field("ticket_no"),
        without=read_without(),
        call_id=short_field("call_id"),
    )


def read_without() -> tuple[str, ...]:
    """Key terms taken out of the question, but for the one that is put back."""
    back = short_field("put_back")
    terms = (clean_text(term, field="without", longest=MAX_SHORT) for term in given("without"))
    return tuple(dict.fromkeys(term for term in terms if term and term != back))


def given(name: str) -> list[str]:
    """The values of a field that may come several times; raise InvalidInput for too many."""
    values = request.form.getlist(name)
    if len(values) > MOST_VALUES:
        raise InvalidInput(f"最多 {MOST_VALUES} 项", field=name)
    return values


def typed_desk_form() -> DeskForm:
    """The desk's form as it was typed, unchecked, to be shown again."""
    form = request.form
    return DeskForm(
        text=form.get("description", ""),
        region=form.get("region", ""),
        area=form.get("area", ""),
        category=form.get("category", ""),
        channel=form.get("channel", "hotline"),
        number=form.get("number", ""),
        call_id=form.get("call_id", ""),
    )


def short_field(name: str) -> str:
    """One short text of the form."""
    return clean_text(request.form.get(name, ""), field=name, longest=MAX_SHORT)


def long_field(name: str, *, label: str) -> str:
    """One long text of the form that must not be empty."""
    return clean_required(request.form.get(name, ""), field=label, longest=MAX_TEXT)


def read_record(form: MultiDict[str, str]) -> dict[str, object]:
    """The fields of a ticket that the form holds."""
    found: dict[str, object] = {
        name: clean_text(form[name], field=name) for name in RECORD_FIELDS if name in form
    }
    for name in SHORT_FIELDS:
        if name in form:
            found[name] = short_field(name)
    if form.get("use_category"):
        found["category"] = short_field("use_category")
    return found


def read_mark(text: str) -> tuple[str, str]:
    """What a button beside an item says: the usage and the impression."""
    usage, _, impression_id = text.partition(":")
    if not impression_id:
        raise InvalidInput("没有指明是哪一条", field="mark")
    return usage, impression_id


def read_score() -> int | None:
    """The satisfaction chosen, or None when none was."""
    text = short_field("satisfaction")
    if not text:
        return None
    if text not in map(str, range(1, 11)):
        raise InvalidInput("应为 1 到 10 的整数", field="satisfaction")
    return int(text)


def read_form_version() -> int | None:
    """The version of the ticket the form was made from."""
    text = short_field("version")
    return int(text) if text.isascii() and text.isdigit() else None
