"""What each ``/problems/<slug>`` named in an answer means."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from web.errors import HTTP_TITLES, STATUS, Problem

blueprint = Blueprint("problems", __name__)


@blueprint.get("/problems/<slug>")
def show_problem(slug: str) -> str:
    """The title and status of one kind of problem."""
    titles = {name: (title, status) for status, (name, title) in HTTP_TITLES.items()}
    titles |= {kind.code: ((kind.__doc__ or "").strip(), int(STATUS[kind])) for kind in STATUS}
    if slug not in titles:
        abort(404)
    title, status = titles[slug]
    return render_template("problem.html", problem=Problem(slug, title, status, title))
