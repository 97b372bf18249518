"""A project page as an address has it: no link on it leaves the address."""

from __future__ import annotations

from typing import Protocol

from reqpi.core import simple
from reqpi.core.model import File, Page
from reqpi.core.variants import variant_files

__all__ = ["PageWriter", "page_here"]


class PageWriter(Protocol):
    """:func:`reqpi.core.simple.page_html` or :func:`reqpi.core.simple.page_json`."""

    def __call__(self, page: Page, *, prefix: str, derived: dict[str, tuple[File, ...]]) -> bytes:
        """Render a page."""


def page_here(write: PageWriter, page: Page, *, prefix: str = "") -> bytes:
    """Render a page with links to its files, to their provenance, and to the files that describe variant wheels.

    :param prefix: text before each link: that of the project, if the URL of the page has no slash at its end.
    """
    return write(simple.with_own_provenance(page, prefix), prefix=prefix, derived=variant_files(page))
