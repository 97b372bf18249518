"""URLs, as they are sent, as they are shown, and where they lead."""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

__all__ = ["as_sent", "as_shown", "host_of", "origin_of"]

_VERBATIM = "!#$%&'()*+,/:;=?@[]~"
"""What a URL may have beside letters, digits and ``_.-`` (:rfc:`3986`), and ``%``."""


def as_sent(url: str) -> bytes:
    """``url`` as it goes over the wire.

    Only what is no character of a URL is encoded. A presigned URL has to arrive as it was signed.

    :raises ValueError: it is none.
    """
    parts = urlsplit(url)
    origin_of(parts)
    if not parts.netloc.isascii():
        port = "" if parts.port is None else f":{parts.port}"
        parts = parts._replace(netloc=f"{(parts.hostname or '').encode('idna').decode('ascii')}{port}")
    return quote(urlunsplit(parts._replace(fragment="")), safe=_VERBATIM).encode("ascii")


def as_shown(url: str) -> str:
    """``url`` as it may be shown: a query can be a signature, which lets in who has it."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))


def host_of(url: str) -> str:
    """Host and port, for people."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "the upstream"
    except ValueError:
        return "the upstream"


def origin_of(parts: SplitResult) -> tuple[str, str, int | None]:
    """Scheme, host and port, which together are who is asked (:rfc:`6454`).

    :raises ValueError: the port is none.
    """
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or default
