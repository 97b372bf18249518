"""Who we are to an upstream, and to nobody else."""

from __future__ import annotations

import base64
from urllib.parse import unquote, urlsplit, urlunsplit

from attrs import frozen

from reqpi.origins.urls import origin_of

__all__ = ["Credentials", "split_credentials"]


@frozen
class Credentials:
    """Who we are to one upstream, and where that may be said: to this scheme, host and port alone."""

    origin: tuple[str, str, int | None]
    header: str

    def for_url(self, url: str) -> str | None:
        """The ``Authorization`` for ``url``, or ``None`` where it is none of its business."""
        return self.header if origin_of(urlsplit(url)) == self.origin else None


def split_credentials(url: str) -> tuple[str, Credentials | None]:
    """``url`` without its userinfo, and what that said (:rfc:`7617`)."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url, None
    token = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, Credentials(origin_of(parts), f"Basic {base64.b64encode(token).decode('ascii')}")
