"""What forms send for a new password."""

from __future__ import annotations

from flask import request

from kb.errors import InvalidInput


def read_new_password() -> str:
    """The new password, typed twice."""
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise InvalidInput("两次输入的不一样", field="密码")
    return password
