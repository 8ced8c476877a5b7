"""Where to report a weakness (RFC 9116)."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort

from kb.times import format_instant
from web.services import current

blueprint = Blueprint("contact", __name__)
VALID = timedelta(days=180)


@blueprint.get("/.well-known/security.txt")
def show_contact() -> Response:
    """The contact this desk named; 404 when it named none."""
    services = current()
    contact = services.settings.security_contact
    if not contact:
        abort(404)
    expires = format_instant(services.clock() + VALID)
    lines = (f"Contact: {contact}", f"Expires: {expires}", "Preferred-Languages: zh, en")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
