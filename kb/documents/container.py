"""Whether a file is a Word document that can be read safely; nothing of it is parsed here.

A .docx is a zip of XML parts. A 39 KB one with 400,000 paragraphs keeps a converter busy for 40
seconds, so that sizes, ratios and paragraphs are counted first, part by part, up to their limit.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from kb.errors import DocumentRefused

MAX_FILE = 20 * 1024 * 1024
MAX_MEMBERS = 2_000
MAX_PART = 20 * 1024 * 1024
MAX_TOTAL = 50 * 1024 * 1024
MAX_RATIO = 100
RATIO_FROM = 1024 * 1024
"""Parts below this size may be packed as tightly as they like."""
MAX_PARAGRAPHS = 10_000
DOCUMENT = "word/document.xml"
CONTENT_TYPES = "[Content_Types].xml"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_PARAGRAPH = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?p(?=[\s/>])")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']")
_LONGEST_TAG = 64
_CHUNK = 256 * 1024
_OTHERS = {
    b"%PDF": "这是 PDF 文件，请先在 Word 里另存为 .docx",
    b"{\\rtf": "这是 RTF 文件，请先在 Word 里另存为 .docx",
    b"\x89PNG": "这是图片",
    b"\xff\xd8\xff": "这是图片",
}


def check_docx(data: bytes) -> None:
    """Raise DocumentRefused, saying why, unless a converter may read the file."""
    if len(data) > MAX_FILE:
        raise DocumentRefused(f"文件超过 {_size(MAX_FILE)}")
    if data.startswith(_OLE):
        raise DocumentRefused(_ole(data))
    for start, told in _OTHERS.items():
        if data.startswith(start):
            raise DocumentRefused(told)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            _check_members(packed)
            _check_parts(packed)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError):
        raise DocumentRefused("文件不是 .docx，或已损坏") from None
    except RuntimeError:
        raise DocumentRefused("文件加了密码，请先取消密码再导入") from None


def _ole(data: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "文件加了密码，请先取消密码再导入"
    return "这是旧格式 .doc 文件（或改了扩展名），请先在 Word 里另存为 .docx"


def _check_members(packed: zipfile.ZipFile) -> None:
    members = packed.infolist()
    if len(members) > MAX_MEMBERS:
        raise DocumentRefused(f"文件有 {len(members)} 个部件，最多 {MAX_MEMBERS} 个")
    names = {member.filename for member in members}
    if len(names) != len(members):
        raise DocumentRefused("文件里有重名的部件")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise DocumentRefused("文件带有宏，请另存为不带宏的 .docx")
    if not {DOCUMENT, CONTENT_TYPES} <= names:
        raise DocumentRefused(_mislabelled(names))
    for member in members:
        if member.flag_bits & 0x1:
            raise DocumentRefused("文件加了密码，请先取消密码再导入")
        _check_sizes(member)
    if sum(member.file_size for member in members) > MAX_TOTAL:
        raise DocumentRefused(f"解开后超过 {_size(MAX_TOTAL)}")


def _mislabelled(names: set[str]) -> str:
    for folder, told in (("xl/", "Excel 表格"), ("ppt/", "PowerPoint 演示文稿")):
        if any(name.startswith(folder) for name in names):
            return f"这是{told}，不是 Word 文档"
    return "这是压缩包，不是 Word 文档"


def _check_sizes(member: zipfile.ZipInfo) -> None:
    if member.file_size > MAX_PART:
        raise DocumentRefused(f"其中一个部件解开后超过 {_size(MAX_PART)}")
    ratio = member.file_size / max(member.compress_size, 1)
    if member.file_size > RATIO_FROM and ratio > MAX_RATIO:
        raise DocumentRefused(f"其中一个部件压缩了 {ratio:.0f} 倍，像是压缩炸弹")


def _check_parts(packed: zipfile.ZipFile) -> None:
    """Count the paragraphs of all text parts; sizes that the zip tells are what it gives."""
    paragraphs = 0
    for member in packed.infolist():
        if not member.filename.endswith((".xml", ".rels")):
            continue
        for start, piece in _pieces(packed, member):
            if start and not _is_utf8(piece):
                raise DocumentRefused("文件里的文字不是 UTF-8 编码")
            if b"<!DOCTYPE" in piece:
                raise DocumentRefused("文件里有实体定义，不是 Word 写的")
            paragraphs += len(_PARAGRAPH.findall(piece))
            if paragraphs > MAX_PARAGRAPHS:
                raise DocumentRefused(f"段落多于 {MAX_PARAGRAPHS} 段，请分成几份")


def _pieces(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[tuple[bool, bytes]]:
    """The part piece by piece, whether it is the first, cut between two tags."""
    kept, start = b"", True
    with packed.open(member) as part:
        while read := part.read(_CHUNK):
            whole = kept + read
            cut = whole.rfind(b"<", len(whole) - _LONGEST_TAG) if len(whole) > _CHUNK // 2 else -1
            cut = cut if cut > 0 else len(whole)
            yield start, whole[:cut]
            kept, start = whole[cut:], False
    if kept:
        yield start, kept


def _is_utf8(piece: bytes) -> bool:
    """Whether a part begins as UTF-8 does: other encodings would hide its tags from counting."""
    found = _ENCODING.match(piece.removeprefix(b"\xef\xbb\xbf"))
    named = found[1].decode("ascii", "replace").lower() if found else "utf-8"
    return named in ("utf-8", "us-ascii") and b"\0" not in piece[:_LONGEST_TAG]


def _size(amount: int) -> str:
    return f"{amount // (1024 * 1024)} MB"
