"""Documents from outside: what they would become. Drafts are then saved one by one."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from web.incoming import MAX_CONTENT, SPARE, DocumentBody, allow_upload, read_body_document
from web.parsing import read_body

blueprint = Blueprint("api-documents", __name__, url_prefix="/api/v1/documents")


@blueprint.post("/preview")
def preview() -> Response:
    """The articles a document would become; nothing is kept."""
    allow_upload(MAX_CONTENT + SPARE)
    incoming = read_body_document(read_body(DocumentBody))
    return jsonify(
        {
            "name": incoming.name,
            "level": incoming.cut.level,
            "images": incoming.converted.images,
            "tables": incoming.converted.tables,
            "warnings": list(incoming.warnings),
            "parts": [
                {
                    "title": each.part.title,
                    "section": each.section,
                    "slug": slug,
                    "path": list(each.part.path),
                    "body": each.part.body,
                    "resembling": [
                        {"id": near.article.id, "title": near.article.title, "score": near.score}
                        for near in each.resembling
                    ],
                }
                for each, slug in zip(incoming.proposals, incoming.slugs, strict=True)
            ],
        }
    )
