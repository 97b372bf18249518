"""The representation of a page that a client wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["HTML", "V1_HTML", "V1_JSON", "ContentType", "choose", "weights"]

ContentType = Literal["text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+json"]

HTML: Literal["text/html"] = "text/html"
V1_HTML: Literal["application/vnd.pypi.simple.v1+html"] = "application/vnd.pypi.simple.v1+html"
V1_JSON: Literal["application/vnd.pypi.simple.v1+json"] = "application/vnd.pypi.simple.v1+json"

LIMIT = 4096
"""Characters of the longest header that is read; clients send a hundred."""


def choose(accept: str | None) -> ContentType:
    """Choose by the ``Accept`` header (:pep:`691`, :rfc:`9110`, section 12.5.1). Nothing in it is an error.

    A content type of :pep:`691` is only for clients that name it and prefer no other. Wildcards alone get
    ``text/html``, because pip 20 and the pip in pex refuse any other content type. Clients send:

    - pip up to 22.1, pex: ``text/html``
    - pip from 22.2 on: the JSON type, ``v1+html; q=0.1``, ``text/html; q=0.01``
    - uv: the JSON type, ``v1+html;q=0.2``, ``text/html;q=0.01``
    - browsers: ``text/html``, ``application/xhtml+xml``, then ``*/*;q=0.8``; curl: ``*/*``

    :param accept: the value of the header; ``None`` if there is none.
    """
    wanted = weights(accept or "")
    html = _weight(wanted, HTML)
    json, v1_html = (
        # PEP 691: a request for "latest" is answered with the content type of the actual version.
        max(wanted.get(name, 0.0), wanted.get(name.replace(".v1+", ".latest+"), 0.0))
        for name in (V1_JSON, V1_HTML)
    )
    if json and json >= max(html, v1_html):
        return V1_JSON
    if v1_html and v1_html >= html:
        return V1_HTML
    return HTML


def weights(accepted: str) -> Mapping[str, float]:
    """Return the weight of each media range or coding, from 0 to 1, of ``Accept`` or ``Accept-Encoding``.

    An element that cannot be parsed is ignored, and so is a header of more than :data:`LIMIT` characters.
    """
    wanted: dict[str, float] = {}
    for element in accepted.lower().split(",") if len(accepted) <= LIMIT else ():
        name, *parameters = (part.strip() for part in element.split(";"))
        weight = _quality(parameters)
        if weight is not None:
            wanted[name] = max(weight, wanted.get(name, 0.0))
    return wanted


def _quality(parameters: list[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            value = value.strip()
            # float() also accepts "nan", "1e9" and "1_0".
            well_formed = value.isascii() and value.replace(".", "", 1).isdigit() and len(value) <= 5
            return float(value) if well_formed and float(value) <= 1 else None
    return 1.0


def _weight(wanted: Mapping[str, float], media: str) -> float:
    """Return the weight of the most specific range that matches ``media``; 0 if none does."""
    ranges = (media, media.partition("/")[0] + "/*", "*/*")
    return next((wanted[name] for name in ranges if name in wanted), 0.0)
