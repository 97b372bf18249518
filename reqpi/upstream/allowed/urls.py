"""URLs, as they are sent, as they are shown, and where they lead."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from reqpi.upstream.allowed.hosts import host_and_port

__all__ = ["as_sent", "as_shown", "host_of", "index_key", "origin_of", "source_flaw"]

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
    """``url`` as it may be shown: a query can be a signature, and userinfo a password, which let in who has them."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "what is no URL"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


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


def index_key(url: str) -> str:
    """One spelling for each index: an upstream and a lock may write its URL in several ways."""
    try:
        parts = urlsplit(url)
        host, port = host_and_port(url)
    except ValueError:
        return url
    return urlunsplit((parts.scheme, f"{host}:{port}", parts.path.rstrip("/"), parts.query, ""))


_PLAIN = re.compile(r"[!#$%&'()*+,./0-9:;=?@A-Z_a-z~\[\]-]{1,8000}")


def source_flaw(url: str) -> str | None:
    """Why nothing is taken from ``url``, which a lock names as the place of an archive or a repository.

    A reader of locks has refused most of this already; what is sent is decided here.
    """
    # Before it is taken apart: urlsplit drops line ends without a word.
    if not _PLAIN.fullmatch(url):
        return "there are characters in it that no URL has"
    try:
        parts = urlsplit(url)
        host_and_port(url)
    except ValueError as error:
        return str(error)
    if parts.scheme != "https":
        return "it is not https"
    if "@" in parts.netloc:
        return "there is a user or a password in it, which belong in the file of --netrc"
    if any(part in (".", "..") for part in unquote(parts.path).split("/")):
        return "its path leads upwards"
    return None
