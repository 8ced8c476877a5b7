"""A document's bytes as Markdown. Runs in a process of its own, with little time and memory.

``python -m kb.documents.conversion docx|html``: the document on standard input, JSON on standard
output. Whatever the document holds, what leaves here is text without scripts or other schemes.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import sys
from dataclasses import asdict, dataclass
from typing import Any

import mammoth
import nh3
from markdownify import MarkdownConverter

CPU_SECONDS = 5
MOST_COLUMNS = 50
MEMORY = 512 * 1024 * 1024
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
    "ol", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "td": {"colspan"}, "th": {"colspan"}}
SCHEMES = {"http", "https", "mailto", "tel"}
STYLES = "\n".join(
    [
        *(f"p[style-name='标题 {level}'] => h{level}:fresh" for level in range(1, 7)),
        "p[style-name='标题'] => h1:fresh",
        "p[style-name='Title'] => h1:fresh",
        "u => ",
    ]
)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_BAD_LINK = re.compile(
    r"href\s*=\s*[\"']?\s*(?!https?:|mailto:|tel:|#|/)[a-z][\w+.-]*\s*:", re.IGNORECASE
)
_HIDDEN = re.compile(r"<(script|style|iframe|object|embed|form)\b", re.IGNORECASE)
_UNKNOWN_STYLE = re.compile(r"Unrecognised paragraph style: ([^(]*)")
_BLANKS = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Converted:
    """Markdown of a whole document; images were counted and left out; ``warnings`` in Chinese."""

    markdown: str
    images: int
    tables: int
    warnings: tuple[str, ...]


def convert_docx(data: bytes) -> Converted:
    """A Word document that ``kb.documents.container`` let through."""
    result = mammoth.convert_to_html(
        io.BytesIO(data), style_map=STYLES, convert_image=mammoth.images.img_element(_no_image)
    )
    told = [_tell(message.message) for message in result.messages]
    return _convert(result.value, [each for each in told if each])


def _no_image(_image: Any) -> dict[str, str]:
    return {"src": ""}


def _tell(message: str) -> str:
    """A converter's message in Chinese; "" for what no editor can act on."""
    style = _UNKNOWN_STYLE.match(message)
    if style:
        return f"不认识样式「{style[1].strip().strip(chr(39))}」，当作正文"
    if "not found" in message.lower() or "image" in message.lower():
        return "有图片或部件缺失"
    return ""


def convert_html(text: str) -> Converted:
    """HTML as pasted from Word, a mail or a web page."""
    return _convert(text, [])


def _convert(html: str, warnings: list[str]) -> Converted:
    images = len(_IMAGE.findall(html))
    if images:
        warnings.append(f"有 {images} 张图片没有导入，请把图上的内容写成文字")
    dropped = len(_BAD_LINK.findall(html))
    if dropped:
        warnings.append(f"去掉了 {dropped} 个不安全的链接")
    if _HIDDEN.search(html):
        warnings.append("去掉了脚本、样式或表单")
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None)
    if re.search(r"colspan", clean):
        warnings.append("表格里有合并的单元格，合并处留空，请核对")
    writer = _Writer(heading_style="ATX", bullets="-", escape_misc=False, table_infer_header=True)
    markdown = writer.convert(clean)
    lines = (line.rstrip() for line in markdown.replace("\xa0", " ").splitlines())
    text = _BLANKS.sub("\n\n", "\n".join(lines)).strip()
    return Converted(text, images, clean.count("<table"), tuple(dict.fromkeys(warnings)))


class _Writer(MarkdownConverter):
    """Markdown of clean HTML; a cell stays on one line, one that spans columns leaves blanks."""

    def convert_td(self, el: Any, text: str, parent_tags: Any) -> str:
        """A cell and the bars after it."""
        del parent_tags
        given = str(el.get("colspan", "1"))
        columns = min(max(int(given), 1), MOST_COLUMNS) if given.isdecimal() else 1
        return f" {' '.join(text.split()).replace('|', chr(92) + '|')}" + " |" * columns

    convert_th = convert_td


def limit(seconds: int = CPU_SECONDS) -> None:
    """Give this process so much processor time and memory, and let everybody else go first."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.nice(5)


def main() -> None:
    """Convert standard input under limits."""
    limit()
    data = sys.stdin.buffer.read()
    found = convert_docx(data) if sys.argv[1] == "docx" else convert_html(data.decode("utf-8"))
    sys.stdout.write(json.dumps(asdict(found), ensure_ascii=True))


if __name__ == "__main__":
    main()
