"""Who may change something: a page of this very site with its token, or a program, no other site.

Two checks: the browser's own word (``Sec-Fetch-Site``, else ``Origin``) on every unsafe request,
and on forms a token tied to a cookie of this browser and signed with the data folder's secret.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Response, current_app, g, request

from web.errors import CrossSiteRequest, FormExpired, MalformedRequest, UnsupportedMediaType

COOKIE = "kb_form"
FIELD = "csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def init_app(app: Flask, secret: bytes) -> None:
    """Check every request of the app; ``secret`` signs the tokens of its forms."""
    app.extensions["form-secret"] = secret
    app.before_request(check_address)
    app.before_request(check_site)
    app.before_request(check_kind)
    app.after_request(_set_cookie)
    app.jinja_env.globals["csrf_token"] = form_token


def check_address() -> None:
    """Refuse a query string that is not UTF-8 once decoded."""
    try:
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise MalformedRequest("地址中的参数不是 UTF-8 编码") from None


def check_site() -> None:
    """Refuse an unsafe request that a browser sends for another site."""
    if request.method in SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise CrossSiteRequest
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise CrossSiteRequest


def check_kind() -> None:
    """Refuse a body for the API that is not called JSON: a form of another site can send such."""
    if request.method in SAFE or not request.path.startswith("/api/"):
        return
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype != "application/json":
        raise UnsupportedMediaType


def form_token() -> str:
    """The token for the forms of this page; gives the browser its cookie if it has none."""
    nonce = request.cookies.get(COOKIE) or g.get("form_nonce")
    if not nonce:
        nonce = g.form_nonce = secrets.token_urlsafe(16)
    return _sign(nonce)


def check_form() -> None:
    """Refuse a form without the token that belongs to this browser's cookie.

    A program that says who it is by a token of its own (``web.signed``) rides on no browser.
    """
    if g.get("is_program"):
        return
    nonce = request.cookies.get(COOKIE, "")
    given = request.form.get(FIELD, "")
    if not nonce or not hmac.compare_digest(given.encode(), _sign(nonce).encode()):
        raise FormExpired


def _sign(nonce: str) -> str:
    secret: bytes = current_app.extensions["form-secret"]
    return hmac.new(secret, nonce.encode(), hashlib.sha256).hexdigest()


def _set_cookie(response: Response) -> Response:
    if "form_nonce" in g:
        response.set_cookie(
            COOKIE, g.form_nonce, httponly=True, samesite="Lax", secure=request.is_secure
        )
    return response
