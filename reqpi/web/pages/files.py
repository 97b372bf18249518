"""The facts about a file, as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from twisted.web.template import Tag, tags

from reqpi.core.model import File
from reqpi.core.sbom.text import words
from reqpi.core.shown_urls import as_shown
from reqpi.web.pages.text import shown_size

__all__ = ["came_from", "file_facts", "sha256_of", "yanked_text"]

_LONGEST = 300
"""Characters of a text that an upstream chose."""


def file_facts(file: File) -> str:
    """Return the facts about a file on one line, without its digest."""
    return " · ".join(_facts(file))


def _facts(file: File) -> Iterator[str]:
    if file.size is not None:
        yield shown_size(file.size)
    if file.upload_time:
        yield f"uploaded {words(file.upload_time, 40)}"
    if file.requires_python:
        yield f"for Python {words(file.requires_python, 100)}"
    yield f"from {came_from(file)}"
    if file.provenance:
        yield "has provenance"
    if file.yanked is not None:
        yield yanked_text(file)


def yanked_text(file: File) -> str:
    """Return that a file is yanked, with the reason that was given."""
    return f"yanked: {words(file.yanked, _LONGEST)}" if isinstance(file.yanked, str) and file.yanked else "yanked"


def came_from(file: File) -> str:
    """Return the host that a file comes from, or the source that the lock names."""
    if file.source is not None:
        return words(as_shown(file.source.place), _LONGEST)
    try:
        host = urlsplit(file.url).hostname
    except ValueError:
        host = None
    return words(host or "an unknown host", _LONGEST)


def sha256_of(file: File, name: str) -> list[Tag | str]:
    """Return the sha256 of a file with a button that copies it.

    :param name: the id of the digits, of which a page has one.
    """
    label = f"Copy the sha256 of {file.filename}"
    button = tags.button("Copy", type="button", class_="script", **{"data-copy": name, "aria-label": label})
    return [tags.code(str(file.sha256), id=name), " ", button]
