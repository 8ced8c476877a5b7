"""Taking records out row by row: one asks, another agrees, the first fetches a zip once."""

from __future__ import annotations

import io
import tempfile
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb import taking_out
from kb.errors import InvalidInput, KBError
from kb.outcome_files import Export, export_outcomes
from kb.store.export_requests import ExportRequest, read_requests
from kb.times import BEIJING, format_instant, parse_instant
from web.auditing import note_read
from web.errors import describe
from web.forms import short_field
from web.guard import check_form
from web.parsing import agent_name
from web.services import current

blueprint = Blueprint("exports", __name__, url_prefix="/exports")
SHOWN = 50
Answered = str | tuple[str, int] | Redirect


@blueprint.get("")
def show_exports() -> str:
    """The newest requests, and the form for a new one."""
    return _page()


def _page(**values: Any) -> str:
    page: str = render_template(
        "exports.html",
        requests=read_requests(current().database.connection, most=SHOWN),
        states=taking_out.STATES,
        good_for=taking_out.GOOD_FOR.days,
        me=agent_name(),
        **{"typed": request.form, **values},
    )
    return page


def _refused(error: KBError) -> tuple[str, int]:
    problem = describe(error)
    return _page(problem=problem), problem.status


@blueprint.post("")
def ask() -> Answered:
    """Ask to take records out."""
    check_form()
    try:
        taking_out.ask(
            current().database,
            _midnight("since", "从"),
            _midnight("until", "到") + timedelta(days=1),
            agents=request.form.get("agents") == "1",
            why=request.form.get("why", ""),
            by=agent_name(),
            now=current().clock(),
        )
    except KBError as error:
        return _refused(error)
    return redirect(url_for("exports.show_exports"), 303)


def _midnight(name: str, label: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(short_field(name)), time(), BEIJING)
    except ValueError:
        raise InvalidInput("应为日期，例如 2026-03-01", field=label) from None


@blueprint.post("/<export_id>/decide")
def decide(export_id: str) -> Answered:
    """Agree to somebody else's request, or not."""
    check_form()
    agrees = request.form.get("verdict") == "approve"
    try:
        taking_out.decide(
            current().database, export_id, agrees=agrees, by=agent_name(), now=current().clock()
        )
    except KBError as error:
        return _refused(error)
    return redirect(url_for("exports.show_exports"), 303)


@blueprint.post("/<export_id>/file")
def fetch(export_id: str) -> Answered | Response:
    """The records of an approved request, once, as a zip of CSV files."""
    check_form()
    services = current()
    now = services.clock()
    try:
        taken = taking_out.fetch(services.database, export_id, by=agent_name(), now=now)
    except KBError as error:
        return _refused(error)
    note_read("export:outcomes")
    response = Response(_pack(taken, now), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="outcomes-{taken.id}.zip"'
    return response


def _pack(taken: ExportRequest, now: datetime) -> bytes:
    """The files as ``kb export outcomes`` writes them, within the bounds of who fetches them."""
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = Export(
            folder,
            "csv",
            parse_instant(taken.since, field="since"),
            parse_instant(taken.until, field="until"),
            agents=taken.agents,
            who=taken.requested_by,
            at=format_instant(now),
            why=f"{taken.why}（{taken.decided_by}批准）",
        )
        export_outcomes(current().database, wanted)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name)
    return packed.getvalue()
