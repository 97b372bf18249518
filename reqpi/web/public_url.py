"""The URL of this server as its clients see it, for the few links that must be absolute."""

from __future__ import annotations

import re

from attrs import frozen
from twisted.web.server import Request

from reqpi.web.http.authority import is_host
from reqpi.web.http.headers import header
from reqpi.web.http.representation import DERIVED, IMMUTABLE

__all__ = ["PublicUrl"]

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]{1,255}){0,16}/?")


@frozen
class PublicUrl:
    """The source of the server's own URL.

    :param url: the canonical URL, if the operator specified one; everything else is ignored then.
    :param trust_proxy: believe ``X-Forwarded-Proto``, ``-Host`` and ``-Prefix``: the operator's own proxy sets them.
    """

    url: str | None = None
    trust_proxy: bool = False

    @property
    def caching(self) -> str:
        """The ``Cache-Control`` of a response that has this URL, and otherwise never changes.

        Without a canonical URL the head of a request determines it. A cache in between does not know that, and would
        send it to other clients.
        """
        return DERIVED if self.url is None else IMMUTABLE

    def of(self, request: Request) -> str:
        """Return the server's URL, without a slash at the end."""
        if self.url is not None:
            return self.url.rstrip("/")
        scheme = "https" if request.isSecure() else "http"
        host, prefix = header(request, "Host"), ""
        if self.trust_proxy:
            proto = self._forwarded(request, "Proto")
            scheme = proto if proto in ("http", "https") else scheme
            host = self._forwarded(request, "Host") or host
            prefix = self._forwarded(request, "Prefix")
        if not is_host(host):
            host = _own_host(request)
        return f"{scheme}://{host}{prefix.rstrip('/') if _PREFIX.fullmatch(prefix) else ''}"

    @staticmethod
    def _forwarded(request: Request, what: str) -> str:
        """Return the value that the nearest proxy wrote: the last."""
        return header(request, f"X-Forwarded-{what}").rpartition(",")[2].strip()


def _own_host(request: Request) -> str:
    """Return the host and port that the client connected to; ``localhost`` for a Unix socket, which has none."""
    here = request.getHost()
    host = getattr(here, "host", "localhost")
    port = getattr(here, "port", None)
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port in (None, 80, 443) else f"{bracketed}:{port}"
