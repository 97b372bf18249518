"""Text and URLs from other sources, in a form that an SBOM may contain."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["reference_in", "url_in", "words"]


_AS_IT_IS = "!$%&'()*+,/:;=?@~"
_HOST = re.compile(r"[a-z+]+://[^/?#]*")
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def url_in(url: str) -> str:
    """Return ``url`` with all characters quoted that a URL cannot have (:rfc:`3986`), so that validators accept it."""
    host = _HOST.match(url)
    start = host.end() if host else 0
    quoted = quote(url[:start], safe=f"{_AS_IT_IS}[]") + quote(url[start:], safe=_AS_IT_IS)
    return _NO_ESCAPE.sub("%25", quoted)


def reference_in(url: str) -> str:
    """Return ``url`` quoted like :func:`url_in`, and with its fragment."""
    return "#".join(map(url_in, url.split("#", 1)))


def words(text: str, most: int) -> str:
    """Return ``text`` on one line.

    Control characters are removed and words are separated by one space.

    :param most: the maximum length in characters; a longer text is cut.
    """
    shown = "".join(char if char.isprintable() else " " for char in text[: 4 * most])
    line = " ".join(shown.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
