"""A whole project page, as tests compare it; a server evaluates only the entries that a lock pins."""

from __future__ import annotations

from reqpi.core.model import Page, Project
from reqpi.core.simple import read_listing

__all__ = ["read_page"]


def read_page(body: bytes, content_type: str, base: str, project: Project) -> Page:
    """Every entry of a page; see :func:`reqpi.core.simple.read_listing`."""
    return read_listing(body, content_type, base, project).page()
