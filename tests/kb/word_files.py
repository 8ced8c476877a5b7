"""Word files made by hand: a .docx is a zip with a few XML parts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from kb.article import CHAPTERS, SECTIONS

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="png" ContentType="image/png"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}'
    "</Relationships>"
)
ROOT = RELATIONS.format(
    f'<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="word/document.xml"/>'
)
STYLES = (
    f'<?xml version="1.0" encoding="UTF-8"?><w:styles xmlns:w="{WORD}">'
    + "".join(
        f'<w:style w:type="paragraph" w:styleId="{level}"><w:name w:val="heading {level}"/>'
        "</w:style>"
        for level in (1, 2, 3)
    )
    + "</w:styles>"
)
IMAGE = (
    '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
    'wordprocessingDrawing"><wp:docPr id="1" name="图"/><a:graphic xmlns:a="http://schemas.'
    'openxmlformats.org/drawingml/2006/main"><a:graphicData><pic:pic xmlns:pic="http://schemas.'
    'openxmlformats.org/drawingml/2006/picture"><pic:blipFill><a:blip r:embed="rImage"/>'
    "</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
)


def paragraph(words: str, *, heading: int = 0) -> str:
    """One paragraph, perhaps a heading."""
    style = f'<w:pPr><w:pStyle w:val="{heading}"/></w:pPr>' if heading else ""
    return f"<w:p>{style}<w:r><w:t>{escape(words)}</w:t></w:r></w:p>"


def link(words: str, relation: str) -> str:
    """A paragraph that is a link."""
    return (
        f'<w:p><w:hyperlink r:id="{relation}"><w:r><w:t>{escape(words)}</w:t></w:r>'
        "</w:hyperlink></w:p>"
    )


def table(rows: Iterable[Iterable[str]]) -> str:
    """A table, a paragraph a cell."""
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def pack(parts: dict[str, str | bytes]) -> bytes:
    """A zip of these parts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return packed.getvalue()


def word_file(
    body: str,
    *,
    links: Mapping[str, str] | None = None,
    more: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """A .docx with this body; ``links``: targets by relation; ``more``: further parts."""
    targets = "".join(
        f'<Relationship Id="{name}" Type="{LINKS}/hyperlink" Target={quoteattr(target)}'
        ' TargetMode="External"/>'
        for name, target in (links or {}).items()
    )
    targets += f'<Relationship Id="rImage" Type="{LINKS}/image" Target="media/one.png"/>'
    targets += f'<Relationship Id="rStyles" Type="{LINKS}/styles" Target="styles.xml"/>'
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{WORD}" xmlns:r="{LINKS}">'
        f"<w:body>{body}</w:body></w:document>"
    )
    return pack(
        {
            "[Content_Types].xml": TYPES,
            "_rels/.rels": ROOT,
            "word/document.xml": document,
            "word/styles.xml": STYLES,
            "word/_rels/document.xml.rels": RELATIONS.format(targets),
            "word/media/one.png": b"\x89PNG",
            **(more or {}),
        }
    )


def handbook_file() -> bytes:
    """A handbook of eight chapters and 31 sections, with a table, a picture and two links."""
    body = []
    for number, chapter in enumerate(CHAPTERS, 1):
        body.append(paragraph(f"第{'一二三四五六七八'[number - 1]}章 {chapter}", heading=1))
        for key, name in SECTIONS.items():
            if key.startswith(f"{number}."):
                body += [
                    paragraph(f"{key} {name}", heading=2),
                    paragraph(f"这一节写{name}的做法。"),
                ]
                body += [paragraph("要点", heading=3), paragraph(f"{name}要有记录。")]
    body += [table([["现象", "处理"], ["红灯", "重插|一次"]]), IMAGE]
    body += [link("点这里", "rBad"), link("官网", "rGood")]
    targets = {"rBad": "javascript:alert(1)", "rGood": "https://www.example.com/"}
    return word_file("".join(body), links=targets)


def bomb() -> bytes:
    """400,000 empty paragraphs in some 40 KB."""
    return word_file("<w:p/>" * 400_000)
