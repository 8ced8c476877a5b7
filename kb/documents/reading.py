"""A file from outside as Markdown, converted in a process of its own that cannot harm this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import PurePath

from kb.documents.container import check_docx
from kb.documents.conversion import Converted
from kb.errors import DocumentRefused

MAX_HTML = 2 * 1024 * 1024
MAX_TEXT = 1_000_000
SECONDS = 10.0
"""Of waiting; the converter's own limit of processor time is lower."""


def read_document(data: bytes, name: str) -> Converted:
    """The document as Markdown; raise DocumentRefused, saying why.

    ``name``: as the file was called; one that ends in .html or .htm is HTML, all else a .docx.
    """
    if not data:
        raise DocumentRefused("文件是空的")
    if PurePath(name).suffix.lower() in (".html", ".htm"):
        _check_html(data)
        return _convert("html", data)
    if PurePath(name).suffix.lower() == ".docm":
        raise DocumentRefused("文件带有宏，请另存为不带宏的 .docx")
    check_docx(data)
    return _convert("docx", data)


def read_html(html: str) -> Converted:
    """HTML that was pasted, as Markdown; raise DocumentRefused."""
    data = html.encode("utf-8", "replace")
    _check_html(data)
    return _convert("html", data)


def _check_html(data: bytes) -> None:
    if len(data) > MAX_HTML:
        raise DocumentRefused(f"网页内容超过 {MAX_HTML // 2**20} MB")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise DocumentRefused("文件不是 UTF-8 编码的网页") from None


def _convert(kind: str, data: bytes) -> Converted:
    command = [sys.executable, "-m", "kb.documents.conversion", kind]
    try:
        done = subprocess.run(  # noqa: S603 (our own module, nothing of the document)
            command, input=data, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise DocumentRefused("转换用时太长，请分成几份") from None
    if done.returncode < 0:
        raise DocumentRefused("转换用时或占用内存太多，请分成几份")
    if done.returncode:
        told = "转换占用内存太多，请分成几份"
        if b"MemoryError" not in done.stderr:
            told = "里面有转换器读不懂的内容，请在 Word 里另存一份再试"
        raise DocumentRefused(told)
    values = json.loads(done.stdout)
    found = Converted(**values | {"warnings": tuple(values["warnings"])})
    if len(found.markdown) > MAX_TEXT:
        raise DocumentRefused(f"文字超过 {MAX_TEXT // 10_000} 万字，请分成几份")
    return found
