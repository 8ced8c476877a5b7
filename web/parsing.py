"""From a request's bytes to a checked model: every fault named in Chinese, with its field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from flask import g, request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kb.access import ANYBODY, STRANGER, Permission
from kb.errors import InvalidInput, KBError
from kb.texts import clean_text
from web.errors import Fault, InvalidFields, MalformedRequest, UnsupportedMediaType

AGENT_HEADER = "X-Agent"
AGENT_COOKIE = "kb_agent"
MAX_AGENT = 64
NOBODY = "坐席"
MESSAGES: Mapping[str, str] = {
    "missing": "缺这一项",
    "extra_forbidden": "不认识这一项",
    "string_type": "应为文字",
    "string_unicode": "含有不成对的代理字符，不是有效文字",
    "string_too_short": "至少 {min_length} 字",
    "string_too_long": "最多 {max_length} 字",
    "string_pattern_mismatch": "格式不对，应符合 {pattern}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "数值过大",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "literal_error": "应为 {expected} 之一",
    "enum": "应为 {expected} 之一",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "list_type": "应为数组",
    "tuple_type": "应为数组",
    "dict_type": "应为对象",
    "model_type": "应为 JSON 对象",
    "model_attributes_type": "应为 JSON 对象",
    "none_required": "应为空",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "invalid_key": "键应为文字",
    "recursion_loop": "嵌套过深",
}
"""Message of each kind of pydantic error that our models can give."""
OTHERWISE = "取值不符合要求"

M = TypeVar("M", bound=BaseModel)


def read_body(model: type[M]) -> M:
    """The request's JSON body as ``model``."""
    return parse_model(model, read_json())


def read_query(model: type[M]) -> M:
    """The request's query string as ``model``; a key given twice is refused."""
    values: dict[str, str] = {}
    for name, found in request.args.lists():
        if len(found) > 1:
            raise MalformedRequest("同一个参数只能出现一次", field=name)
        values[name] = found[0]
    return parse_model(model, values)


def read_json() -> Any:
    """The request's JSON body; raise MalformedRequest or UnsupportedMediaType."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType
    try:
        text = request.get_data().decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedRequest("请求体不是 UTF-8 编码") from None
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MalformedRequest("请求体不是合法的 JSON") from None


def parse_model(model: type[M], values: object) -> M:
    """Check ``values`` against ``model``; raise InvalidFields naming every fault."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidFields([describe_fault(item) for item in error.errors()]) from None


def describe_fault(item: ErrorDetails) -> Fault:
    """One pydantic error in Chinese, with its place as a JSON pointer."""
    kind = item["type"]
    if kind == "value_error":
        return _describe_own(item)
    template = MESSAGES.get(kind, OTHERWISE)
    detail = template.format_map(item.get("ctx", {}))
    return Fault(_pointer(item["loc"]), kind.replace("_", "-"), detail)


def _describe_own(item: ErrorDetails) -> Fault:
    """A fault found by a check of ours, which raises ValueError with a Chinese message."""
    return Fault(_pointer(item["loc"]), "invalid", str(item.get("ctx", {}).get("error", OTHERWISE)))


def _pointer(place: Sequence[int | str]) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in place)
    return "".join(f"/{part}" for part in parts)


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated key")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def agent_name(typed: str = "") -> str:
    """Who acts: the account's name; without accounts what was ``typed``, the percent-encoded
    ``X-Agent`` header, this browser's name, else 坐席."""
    viewer = g.get("viewer", ANYBODY)
    if viewer == STRANGER:
        return NOBODY
    if not viewer.name:
        return typed or _header_name() or _cookie_name() or NOBODY
    return (viewer.may(Permission.NAME_AGENTS) and _header_name()) or viewer.name


def named_agent() -> str:
    """Who asks, for the pages: "" for somebody who gave no name (or one that cannot be read)."""
    viewer = g.get("viewer", ANYBODY)
    try:
        return agent_name() if viewer.name else _header_name() or _cookie_name()
    except KBError:
        return ""


def _header_name() -> str:
    given = request.headers.get(AGENT_HEADER, "")
    try:
        name = unquote_to_bytes(given.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise MalformedRequest("应为百分号编码的 UTF-8 文字", field=AGENT_HEADER) from None
    return clean_text(name, field=AGENT_HEADER, longest=MAX_AGENT)


def _cookie_name() -> str:
    """The name this browser gave; one that cannot be read is none."""
    try:
        name = unquote_to_bytes(request.cookies.get(AGENT_COOKIE, "")).decode("utf-8")
        return clean_text(name, longest=MAX_AGENT)
    except (UnicodeError, KBError):
        return ""


def read_version() -> int | None:
    """The version named by ``If-Match: "v3"``; None when the header is absent or ``*``."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    number = given.strip('"').removeprefix("v")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise InvalidInput('应为 "v" 加版本号，例如 "v3"', field="If-Match")
    return int(number)
