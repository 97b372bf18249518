"""Reading of an upstream's project page, in either representation."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from attrs import evolve

from reqpi.core.errors import WrongPage
from reqpi.core.model import File, Project
from reqpi.core.simple.html import list_html
from reqpi.core.simple.json import list_json
from reqpi.core.simple.listing import Entry, Listing

__all__ = ["MAX_PAGE", "read_listing"]

MAX_PAGE = 64 * 1024 * 1024
"""Bytes of the largest page that is read. 40,000 files make 30 MB."""

_CONTENT_TYPE = re.compile(r"application/vnd\.pypi\.simple\.(v(?P<major>[0-9]{1,9})|latest)\+(?P<form>html|json)")


def read_listing(body: bytes, content_type: str, base: str, project: Project) -> Listing:
    """Read a project page (:pep:`503`, :pep:`691` and everything that extends them in version 1).

    Files that are neither a wheel nor an sdist of the project are left out, and so are unusable entries.
    See :mod:`reqpi.core.simple.entries` for the treatment of invalid fields.

    This is a pure function. On a slow core 12,000 files take 0.2 s in JSON and 0.7 s in HTML, most of that in
    html.parser, so read a large page in a thread.

    :param content_type: the value of the header.
    :param base: the URL of the page after redirects, from which relative links start.
    :raises reqpi.core.errors.WrongPage: it is not a project page, or not of version 1.
    """
    if len(body) > MAX_PAGE:
        raise WrongPage(f"the page of {project} is too large", f"It has {len(body)} bytes; the limit is {MAX_PAGE}.")
    media = content_type.partition(";")[0].strip().lower()
    matched = _CONTENT_TYPE.fullmatch(media)
    if matched is None and media != "text/html":
        # pip and uv reject the same: a login page in JSON or a download must not pass for an empty project.
        raise WrongPage(
            f"the page of {project} is not a project page",
            f"Upstream sent {media[:100]!r}, where HTML (PEP 503) or JSON (PEP 691) was expected.",
        )
    if matched and matched["major"] not in {None, "1"}:
        raise WrongPage(
            f"the page of {project} has version {matched['major']}",
            "Only versions 1.x of the simple API are supported.",
        )
    read = list_json if matched and matched["form"] == "json" else list_html
    listing = read(body, base, project)
    return evolve(listing, judge=partial(_marked, listing.judge)) if base.startswith("https://") else listing


def _marked(judge: Callable[[Entry], File | None], entry: Entry) -> File | None:
    """Return the file that an entry of a page from https describes, marked if its link is plain http."""
    file = judge(entry)
    return evolve(file, downgraded=True) if file is not None and file.url.startswith("http://") else file
