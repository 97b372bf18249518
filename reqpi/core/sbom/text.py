"""Somebody else's URL, as it may stand in a bill."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["reference_in", "url_in", "words"]


_AS_IT_IS = "!$%&'()*+,/:;=?@~"
_HOST = re.compile(r"[a-z+]+://[^/?#]*")
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def url_in(url: str) -> str:
    """``url`` with everything quoted that is no part of one (:rfc:`3986`), so that validators let it pass."""
    host = _HOST.match(url)
    start = host.end() if host else 0
    quoted = quote(url[:start], safe=f"{_AS_IT_IS}[]") + quote(url[start:], safe=_AS_IT_IS)
    return _NO_ESCAPE.sub("%25", quoted)


def reference_in(url: str) -> str:
    """Return the same with its fragment."""
    return "#".join(map(url_in, url.split("#", 1)))


def words(text: str, most: int) -> str:
    """``text`` in one line: without control characters, its words one space apart, cut to ``most`` characters."""
    shown = "".join(char if char.isprintable() else " " for char in text[: 4 * most])
    line = " ".join(shown.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
