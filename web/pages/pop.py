"""Screen pop: the desk opened on a call, with the caller's tickets and what was said so far."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb.calls import follow_link, take_call
from kb.errors import InvalidInput
from kb.store import calls
from kb.store.calls import Call
from kb.suggestion import MAX_TEXT
from kb.texts import clean_text
from web.auditing import note_read
from web.bodies import CallBody
from web.errors import MalformedRequest
from web.forms import DeskForm
from web.pages.desk import ask
from web.pages.view import describe_desk, seen_at_once
from web.parsing import agent_name, parse_model, read_body
from web.services import current
from web.suggesting import note_seen

blueprint = Blueprint("pop", __name__, url_prefix="/pop")
KNOWN = frozenset({"call_id", "t", "q", "queue"})


@blueprint.post("")
def create_call() -> Redirect:
    """Keep a call told of by a form or as JSON, and open the desk on it."""
    body = read_body(CallBody) if request.is_json else parse_model(CallBody, dict(request.form))
    services = current()
    call = take_call(
        services.database,
        body.call_id,
        number=body.service_number,
        queue=body.queue,
        text=body.text,
        now=services.clock(),
    )
    return redirect(url_for("pop.show_call", call_id=call.call_id), 303)


@blueprint.get("")
def show_call() -> str | Redirect:
    """The desk on a call: by its id, or by a link that works once."""
    for name in request.args:
        if name not in KNOWN:
            raise MalformedRequest("地址里只能有 call_id、queue、q；号码要用 POST 提交", field=name)
    services = current()
    if "t" in request.args:
        call_id = follow_link(services.database, request.args["t"], now=services.clock())
        return redirect(url_for("pop.show_call", call_id=call_id), 303)
    if not request.args.get("call_id"):
        raise InvalidInput("要给出来电编号", field="call_id")
    call = calls.read_call(services.database.connection, request.args["call_id"])
    note_read(f"call:{call.call_id}")
    said = clean_text(request.args.get("q", ""), field="q", longest=MAX_TEXT)
    return _show_desk(replace(call, text=said or call.text))


def _show_desk(call: Call) -> str:
    """The desk with the caller's strip; what was said is asked for at once."""
    form = DeskForm(text=call.text, call_id=call.call_id)
    answer = ask(form) if call.text else None
    if answer:
        note_seen(answer, seen_at_once(answer), agent=agent_name())
    return render_template("desk.html", **describe_desk(form, answer))
