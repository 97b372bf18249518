"""Project pages: text to :class:`reqpi.core.model.Page` and back, and the representation that a client wants."""

from __future__ import annotations

from reqpi.core.simple.accept import HTML, V1_HTML, V1_JSON, ContentType, choose, weights
from reqpi.core.simple.entries import with_own_provenance
from reqpi.core.simple.html import index_html, page_html
from reqpi.core.simple.json import index_json, page_json
from reqpi.core.simple.listing import Listing, Packed
from reqpi.core.simple.reading import MAX_PAGE, read_listing

__all__ = [
    "HTML",
    "MAX_PAGE",
    "V1_HTML",
    "V1_JSON",
    "ContentType",
    "Listing",
    "Packed",
    "choose",
    "index_html",
    "index_json",
    "page_html",
    "page_json",
    "read_listing",
    "weights",
    "with_own_provenance",
]
