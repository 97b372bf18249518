"""The index of an address and its project pages in a static tree, in both forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reqpi.core import simple
from reqpi.core.address_page import page_here
from reqpi.core.gzipped import gzipped
from reqpi.core.model import Page, Project
from reqpi.core.static_tree.resource import StaticResource

__all__ = ["HTML_PAGE", "JSON_PAGE", "page_resources"]

HTML_PAGE = "index.html"
JSON_PAGE = "index.json"
"""The names of a page in its folder. No project has such a name, and no file of a release."""


def page_resources(pages: Mapping[Project, Page]) -> Iterator[StaticResource]:
    """Yield the index and the page of each project, with copies in gzip for web servers that send these.

    :param pages: the page of every project that the lock pins.
    """
    yield from _forms("simple/", simple.index_html(pages), simple.index_json(pages))
    for project, page in sorted(pages.items()):
        yield from _forms(f"simple/{project}/", page_here(simple.page_html, page), page_here(simple.page_json, page))


def _forms(url: str, html: bytes, json: bytes) -> Iterator[StaticResource]:
    """Yield a page in both forms.

    A client that does not ask for JSON gets HTML from the server, so that is what has the URL.
    """
    yield from _compressible(StaticResource(f"{url}{HTML_PAGE}", url, "text/html; charset=utf-8", html))
    yield from _compressible(StaticResource(f"{url}{JSON_PAGE}", f"{url}{JSON_PAGE}", simple.V1_JSON, json))


def _compressible(page: StaticResource) -> Iterator[StaticResource]:
    yield page
    packed = gzipped(page.body or b"")
    if packed is not None:
        yield StaticResource(f"{page.place}.gz", "", page.content_type, packed)
