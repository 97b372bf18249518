"""A project page of an upstream, in whichever form it came."""

from __future__ import annotations

import re

from reqpi.core.errors import WrongPage
from reqpi.core.model import Page, Project
from reqpi.core.simple.html import list_html
from reqpi.core.simple.json import list_json
from reqpi.core.simple.listing import Listing

__all__ = ["MAX_PAGE", "read_listing", "read_page"]

MAX_PAGE = 64 * 1024 * 1024
"""Bytes of a page that is read at all. 40,000 files make 30 MB."""

_CONTENT_TYPE = re.compile(r"application/vnd\.pypi\.simple\.(v(?P<major>[0-9]{1,9})|latest)\+(?P<form>html|json)")


def read_page(body: bytes, content_type: str, base: str, project: Project) -> Page:
    """Read a project page, and judge all of it; see :func:`read_listing`.

    Files that are no wheel and no sdist of the project are left out, and so is an entry that cannot be used;
    see :mod:`reqpi.core.simple.entries` for what is made of fields that are nonsense.

    :returns: the files in the order of the page.
    """
    return read_listing(body, content_type, base, project).page()


def read_listing(body: bytes, content_type: str, base: str, project: Project) -> Listing:
    """Read a project page (:pep:`503`, :pep:`691` and all that extends them in version 1).

    It is a pure function. On a slow core 12,000 files take 0.2 s in JSON and 0.7 s in HTML, most of that in
    html.parser: a large page is for a thread.

    :param content_type: the header's value.
    :param base: the URL of the page after redirects: relative links begin there.
    :raises reqpi.core.errors.WrongPage: it is no project page, or not of version 1.
    """
    if len(body) > MAX_PAGE:
        raise WrongPage(f"the page of {project} is too large", f"It has {len(body)} bytes; {MAX_PAGE} are read.")
    media = content_type.partition(";")[0].strip().lower()
    matched = _CONTENT_TYPE.fullmatch(media)
    if matched is None and media != "text/html":
        # pip and uv refuse the same: a login page in JSON or a download must not pass for an empty project.
        raise WrongPage(
            f"the page of {project} is no project page",
            f"Upstream sent {media[:100]!r}, where HTML (PEP 503) or JSON (PEP 691) was expected.",
        )
    if matched and matched["major"] not in {None, "1"}:
        raise WrongPage(
            f"the page of {project} has version {matched['major']}", "Versions 1.x of the simple API are read."
        )
    read = list_json if matched and matched["form"] == "json" else list_html
    return read(body, base, project)
