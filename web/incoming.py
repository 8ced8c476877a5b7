"""Documents as requests bring them, read into proposals: what the page and the API share."""

from __future__ import annotations

import base64
import binascii
from pathlib import PurePath
from typing import Annotated

from flask import request
from pydantic import Field

from indexer.readings import short_name
from kb.documents.container import MAX_FILE
from kb.documents.conversion import Converted
from kb.documents.drafting import Proposal, propose
from kb.documents.parts import Cut, cut_document
from kb.documents.reading import MAX_HTML, read_document, read_html
from kb.errors import DocumentRefused, InvalidInput
from web.bodies import Body
from web.fields import Name
from web.services import current

SPARE = 64 * 1024
"""Of a form beside its file."""
MAX_UPLOAD = MAX_FILE + SPARE
MAX_CONTENT = (MAX_FILE + 2) // 3 * 4
UNNAMED = "粘贴的内容"


class DocumentBody(Body):
    """POST /documents/preview: a file as base64, or HTML.

    ``level``: headings to cut at, 0 as usual.
    """

    name: Name = ""
    content: Annotated[str, Field(max_length=MAX_CONTENT)] = ""
    html: Annotated[str, Field(max_length=MAX_HTML)] = ""
    level: Annotated[int, Field(ge=0, le=6)] = 0


class Incoming:
    """A document read and cut, with where each part may go."""

    def __init__(self, name: str, converted: Converted, *, level: int) -> None:
        """Cut what was converted; raise InvalidInput when there are too many parts."""
        self.name = PurePath(name).stem if name else UNNAMED
        self.converted = converted
        self.cut: Cut = cut_document(converted.markdown, name=self.name, level=level)
        self.proposals: list[Proposal] = propose(current().database.connection, self.cut)
        self.slugs = [short_name(each.part.title) for each in self.proposals]
        if not self.proposals:
            raise DocumentRefused("里面没有文字")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the editor should know before confirming."""
        return (*self.converted.warnings, *self.cut.warnings)


def allow_upload(largest: int) -> None:
    """Let this request be as large as a document; raise DocumentRefused for a larger one."""
    if (request.content_length or 0) > largest:
        raise DocumentRefused(f"文件超过 {MAX_FILE // 2**20} MB")
    request.max_content_length = largest
    request.max_form_memory_size = largest


def read_upload(*, level: int) -> Incoming:
    """The form's file, else its pasted HTML."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return Incoming(file.filename, read_document(file.read(), file.filename), level=level)
    html = request.form.get("html", "")
    if not html.strip():
        raise InvalidInput("请选一个文件，或粘贴内容")
    return Incoming("", read_html(html), level=level)


def read_body_document(body: DocumentBody) -> Incoming:
    """The API's file or HTML."""
    if bool(body.content) == bool(body.html.strip()):
        raise InvalidInput("content 和 html 要且只要一个", field="content")
    if body.html:
        return Incoming(body.name, read_html(body.html), level=body.level)
    try:
        data = base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("应为 base64", field="content") from None
    return Incoming(body.name, read_document(data, body.name), level=body.level)
