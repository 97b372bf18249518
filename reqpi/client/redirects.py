"""Redirects of a download, to wherever a server has the file: an object store, for example.

The server chooses the host, so that host gets no login: neither the one in the user's URL nor one of netrc.
"""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urljoin, urlsplit

from reqpi.client.errors import BadUsage, ServerTrouble, final_trouble
from reqpi.client.target import ServerTarget, target_of

__all__ = ["redirected"]

_IN_A_TARGET = "/%:@!$&'()*+,;=~-._?"
"""Characters of a path with a query that are not escaped (RFC 3986, sections 3.3 and 3.4)."""


def redirected(target: ServerTarget, path: str, location: str) -> tuple[ServerTarget, str]:
    """Return the target and the path that a response redirects to.

    :param target: the server that sent the response.
    :param path: the path that was requested there, with the query.
    :param location: as in the response.
    :raises ServerTrouble: it is not the URL of a file on http or https, has a login, or leads from https to http.
    """
    try:
        parts = urlsplit(urljoin(target.url + path, location))
        found = target_of(f"{parts.scheme}://{parts.netloc}")
    except (ValueError, BadUsage) as error:
        raise _unusable(target, "something that is not an http or https URL", str(error)) from None
    if "@" in parts.netloc:
        raise _unusable(target, "a URL with a login")
    if target.scheme == "https" and found.scheme == "http":
        raise _unusable(target, f"{found.url}, from https to http", "A file that was requested over TLS stays there.")
    return _logged_in(target, found), _path_of(parts)


def _logged_in(target: ServerTarget, found: ServerTarget) -> ServerTarget:
    """Return ``found`` with the login of ``target`` if it is the same server, and as a stranger otherwise."""
    if target.is_same_server_as(found):
        return found._replace(credentials=target.credentials, anonymous=target.anonymous)
    return found._replace(anonymous=True)


def _path_of(parts: SplitResult) -> str:
    path = parts._replace(scheme="", netloc="", fragment="").geturl()
    return quote(path if path.startswith("/") else f"/{path}", safe=_IN_A_TARGET)


def _unusable(target: ServerTarget, where: str, detail: str = "") -> ServerTrouble:
    return final_trouble(f"{target.url} redirects to {where}", detail)
