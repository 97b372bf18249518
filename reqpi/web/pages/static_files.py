"""The style sheet, the script and the icon of pages for people, with their digests in their names.

A browser keeps such a file for as long as it wants, because another version has another name. They hold nothing of any
lock, so any client gets them, without a login.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from twisted.web.server import Request

from reqpi.web.http import problems
from reqpi.web.http.answers import send_representation
from reqpi.web.http.representation import IMMUTABLE, Representation

__all__ = ["FAVICON", "SCRIPT", "STYLE", "StaticFiles"]

_FOLDER = Path(__file__).parent / "static"

_STATIC = "static"

_ROBOTS = b"User-agent: *\nDisallow: /\n"
"""An index of packages has nothing that a search engine should list."""


def _named(filename: str) -> tuple[str, bytes]:
    """Return the path of a file, with its digest in its name, and its bytes."""
    data = (_FOLDER / filename).read_bytes()
    stem, _, ending = filename.partition(".")
    return f"{_STATIC}/{stem}-{sha256(data).hexdigest()[:16]}.{ending}", data


STYLE, _STYLE = _named("style.css")
SCRIPT, _SCRIPT = _named("script.js")
FAVICON, _FAVICON = _named("icon.svg")
"""The paths of the files below the root of the server."""

_FILES = {
    STYLE: (_STYLE, "text/css; charset=utf-8", IMMUTABLE),
    SCRIPT: (_SCRIPT, "text/javascript; charset=utf-8", IMMUTABLE),
    FAVICON: (_FAVICON, "image/svg+xml", IMMUTABLE),
    "favicon.ico": (_FAVICON, "image/svg+xml", "public, max-age=86400"),
    "robots.txt": (_ROBOTS, "text/plain; charset=utf-8", "public, max-age=86400"),
}


class StaticFiles:
    """A :class:`~reqpi.web.http.feature.Feature`: the files that pages need."""

    names = frozenset({_STATIC, "favicon.ico", "robots.txt"})

    def takes(self, segments: Sequence[bytes]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`. The segments are of an unchecked path."""
        return segments[0].decode("latin-1") == _STATIC or _path(segments) in _FILES

    def answer(self, request: Request, segments: Sequence[bytes]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        if request.method not in (b"GET", b"HEAD"):
            return problems.send(request, problems.not_allowed("GET, HEAD"))
        found = _FILES.get(_path(segments))
        if found is None:
            title = "no such file"
            return problems.send(request, problems.Problem(problems.NO_SUCH_PATH, title, "Load the page again."))
        data, content_type, caching = found
        return send_representation(request, Representation(data, content_type, caching=caching))


def _path(segments: Sequence[bytes]) -> str:
    return b"/".join(segments).decode("latin-1")
