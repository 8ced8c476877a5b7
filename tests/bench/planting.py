"""Planted personal data: put into every field that takes text, looked for in every byte afterwards.

What is sent is made from the OpenAPI document and the list of forms, so that a new call or form is
tried without being named here.
"""

from __future__ import annotations

import http.cookiejar
import json
import re
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

PREFIX = "/api/v1"
PHONE, IDENTITY, MAIL = "13912345678", "11010519491231002X", "simaqingshan@example.com"
NAME, STREET = "司马青衫", "12号楼3单元502"
SPOKEN = "幺三九幺二三四五六七八"
PERSON = (
    f"客户姓名：{NAME}，电话{PHONE}，又写139-1234-5678、１３９１２３４５６７８、{SPOKEN}、"
    f"+86 139 1234 5678，身份证{IDENTITY}，邮箱{MAIL}，"
    f"住址：北京市朝阳区望京街道花家地北里{STREET}室，家里断网"
)
TEXTS = (PERSON, f"断网，电话{PHONE}", f"姓名：{NAME}", f"断网{SPOKEN}", f"邮箱{MAIL}")
"""The first that fits a field is sent; each is sent first once."""
NEEDLES = (NAME, STREET, SPOKEN, MAIL, IDENTITY)
DIGITS = (PHONE, IDENTITY[:-1])
PLAIN = "写一句"
OF_THE_HANDBOOK = re.compile(
    r"/draft$|/documents/|/vocabulary|^/edit/(P060101(/autosave)?|start|import.*)$"
)
"""What editors write for all to read is kept as it is written: nothing is planted there."""
IN_ORDER = re.compile(
    r"/(submit|withdraw|approve|reject|archive|close|callback|reopen|escalate|unlink|answer|undo|mark"
    r"|rollback|due)$|/vocabulary(/preview)?$|/draft$"
)
"""Calls that need what came before them: made apart, in their order."""
_SEPARATORS = re.compile(r"[\s\-.,，、·()]")
_TOKEN = re.compile(r'name="csrf_token" value="(\w+)"')
Known = Mapping[str, Any]


@dataclass
class Browser:
    """One person's browser, or with ``token`` a program; keeps what was answered, by status."""

    address: str
    token: str = ""
    answers: list[tuple[str, int]] = field(default_factory=list)
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def ask(
        self, method: str, path: str, data: bytes | None = None, kind: str = "", **headers: str
    ) -> tuple[int, str]:
        """Status and text of an answer, redirects followed."""
        asked = urllib.request.Request(self.address + path, data, method=method)  # noqa: S310
        asked.add_header("Accept", "application/json" if PREFIX in path else "text/html")
        if kind:
            asked.add_header("Content-Type", kind)
        if self.token:
            asked.add_header("Authorization", f"Bearer {self.token}")
        for name, value in headers.items():
            asked.add_header(name.replace("_", "-"), value)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        try:
            with opener.open(asked, timeout=60) as answer:
                status, text = answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode("utf-8", "replace")
        self.answers.append((f"{method} {path.split('?', maxsplit=1)[0]}", status))
        return status, text

    def get(self, path: str) -> str:
        """The text of a page."""
        return self.ask("GET", path)[1]

    def send(self, path: str, fields: Mapping[str, Any], *, page: str) -> tuple[int, str]:
        """Send a form with the token of a page."""
        found = _TOKEN.search(self.get(page))
        values = {"csrf_token": found[1] if found else "", **fields}
        body = urlencode(values, doseq=True).encode()
        return self.ask("POST", path, body, "application/x-www-form-urlencoded")

    def post(self, path: str, body: object, method: str = "POST", **headers: str) -> Any:
        """The JSON that a call answers; None where it is refused."""
        data = json.dumps(body).encode()
        status, text = self.ask(method, PREFIX + path, data, "application/json", **headers)
        return json.loads(text) if status < 300 and text else None

    def cookie(self, name: str) -> str:
        """What a cookie holds."""
        return next((each.value or "" for each in self.jar if each.name == name), "")


def make_body(schema: Any, parts: Any, known: Known, text: str, name: str = "") -> Any:
    """A value that fits a schema of the document, with a planted text wherever one may stand."""
    if "$ref" in schema:
        return make_body(parts[schema["$ref"].rsplit("/", 1)[1]], parts, known, text, name)
    if name in known:
        return known[name]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            first = next(each for each in schema[choice] if each.get("type") != "null")
            return make_body(first, parts, known, text, name)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type", "string")
    if kind == "object":
        return {
            key: value
            for key, each in schema.get("properties", {}).items()
            if (value := make_body(each, parts, known, text, key)) is not None
        }
    if kind == "array":
        return [make_body(schema.get("items", {}), parts, known, text, name)]
    if kind == "string":
        return fit(text, schema.get("maxLength", 20_000))
    return {"boolean": False}.get(kind, schema.get("minimum", 1))


def fit(text: str, longest: int) -> str:
    """The text, or the first planted one that is not too long."""
    return next((each for each in (text, *TEXTS) if len(each) <= longest), PHONE[:longest])


def call_everything(browser: Browser, known: Known) -> None:
    """Every operation of the document, with each planted text."""
    document = json.loads(browser.get(f"{PREFIX}/openapi.json"))
    parts = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "get" and IN_ORDER.search(path):
                continue
            for text in TEXTS:
                call(browser, path, method.upper(), operation, parts, known, text)


def call(
    browser: Browser, path: str, method: str, operation: Any, parts: Any, known: Known, text: str
) -> None:
    """One operation with one text in all its places."""
    place = re.sub(r"{(\w+)}", lambda found: str(known.get(found[1], "1")), path)
    if OF_THE_HANDBOOK.search(path):
        text = PLAIN
    asked = [each for each in operation.get("parameters", []) if each["in"] == "query"]
    values = {each["name"]: make_body(each["schema"], parts, known, text, each["name"])
              for each in asked}  # fmt: skip
    query = {name: value for name, value in values.items() if value is not None}
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    place = place.removeprefix(PREFIX)
    if method == "GET":
        browser.ask("GET", f"{PREFIX}{place}?{urlencode(query)}" if query else PREFIX + place)
        return
    body = make_body(content["schema"], parts, known, text) if content else {}
    key = f"{method}-{len(text)}-{len(browser.answers)}"
    browser.post(place, body, method, Idempotency_Key=key)


def fill_forms(browser: Browser, forms: list[str], names: list[str], known: Known) -> None:
    """Every form, with a planted text in each field that any form has, but for those known."""
    for path in forms:
        for text in (PLAIN,) if OF_THE_HANDBOOK.search(path) else TEXTS:
            fields = {name: known.get(name, fit(text, 20_000)) for name in names}
            browser.send(path, {k: v for k, v in fields.items() if v is not None}, page="/account")


def find_plants(data: bytes, more: Mapping[str, str]) -> Iterator[str]:
    """The plants whose bytes stand in a file, digits in any writing; ``more``: secrets by name."""
    for needle in (*NEEDLES, *more.values()):
        if needle.encode() in data or json.dumps(needle)[1:-1].encode() in data:
            yield next((name for name, value in more.items() if value == needle), needle)
    plain = unicodedata.normalize("NFKC", data.decode("utf-8", "ignore"))
    digits = _SEPARATORS.sub("", plain)
    for needle in DIGITS:
        if needle in digits:
            yield needle


def scan(folder: Path, more: Mapping[str, str]) -> dict[str, list[str]]:
    """What stands where in the files under a folder."""
    found = {
        str(path.relative_to(folder)): sorted(set(find_plants(path.read_bytes(), more)))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {path: plants for path, plants in found.items() if plants}
