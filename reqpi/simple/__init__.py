"""Project pages: text to :class:`reqpi.model.Page` and back, and which form a client wants."""

from __future__ import annotations

from reqpi.simple.accept import HTML, V1_HTML, V1_JSON, ContentType, choose, weights
from reqpi.simple.html import index_html, page_html
from reqpi.simple.json import index_json, page_json
from reqpi.simple.listing import Listing, Packed
from reqpi.simple.reading import MAX_PAGE, read_listing, read_page

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
    "read_page",
    "weights",
]
