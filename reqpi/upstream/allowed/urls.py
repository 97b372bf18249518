"""URLs: how they are sent, and which host they name."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from reqpi.upstream.allowed.hosts import host_and_port, normalized

__all__ = ["as_sent", "host_of", "index_key", "origin_of", "source_flaw"]

_VERBATIM = "!#$%&'()*+,/:;=?@[]~"
"""The characters of a URL besides letters, digits and ``_.-`` (:rfc:`3986`), including ``%``."""


def as_sent(url: str) -> bytes:
    """Return ``url`` as it is sent.

    Only characters that a URL cannot contain are encoded. A presigned URL has to arrive as it was signed.

    :raises ValueError: it is not a valid URL.
    """
    parts = urlsplit(url)
    origin_of(parts)
    if not parts.netloc.isascii():
        port = "" if parts.port is None else f":{parts.port}"
        parts = parts._replace(netloc=f"{(parts.hostname or '').encode('idna').decode('ascii')}{port}")
    return quote(urlunsplit(parts._replace(fragment="")), safe=_VERBATIM).encode("ascii")


def host_of(url: str) -> str:
    """Return the host and the port of a URL for a message."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "the upstream"
    except ValueError:
        return "the upstream"


def origin_of(parts: SplitResult) -> tuple[str, str, int | None]:
    """Return the scheme, host and port of a URL, which together are its origin (:rfc:`6454`).

    The host is in its one spelling: an index may write it in Unicode, and the links on its pages do not.

    :raises ValueError: the port is not valid.
    """
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, normalized(parts.hostname or ""), parts.port or default


def index_key(url: str) -> str:
    """Return the one spelling of an index: an upstream and a lock may write its URL in several ways."""
    try:
        parts = urlsplit(url)
        host, port = host_and_port(url)
    except ValueError:
        return url
    return urlunsplit((parts.scheme, f"{host}:{port}", parts.path.rstrip("/"), parts.query, ""))


_PLAIN = re.compile(r"[!#$%&'()*+,./0-9:;=?@A-Z_a-z~\[\]-]{1,8000}")


def source_flaw(url: str) -> str | None:
    """Return why an archive or a repository is not taken from ``url``; ``None`` if it may be.

    The reader of a lock has rejected most such URLs already, but this is the check before anything is sent.
    """
    # Before the URL is split: urlsplit silently removes line ends.
    if not _PLAIN.fullmatch(url):
        return "it contains characters that are not allowed in a URL"
    try:
        parts = urlsplit(url)
        host_and_port(url)
    except ValueError as error:
        return str(error)
    if parts.scheme != "https":
        return "it is not https"
    if "@" in parts.netloc:
        return "it contains a user or a password, which belong in the file of --netrc"
    if any(part in (".", "..") for part in unquote(parts.path).split("/")):
        return "its path contains . or .."
    return None
