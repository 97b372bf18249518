"""The login of a person: a cookie, which a browser sends where a program sends ``Authorization``.

The cookie has the token itself, so that the server keeps no sessions, and a revoked token ends them. The browser shows
it to no script, sends it to this host over TLS only, and for no page of another site (``HttpOnly``, ``Secure``,
``SameSite=Strict``). A request that changes something counts only if a page of this server makes it, which browsers
say in ``Sec-Fetch-Site`` or ``Origin``; a form has a further proof, which only its own page can know.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from hashlib import sha256

from twisted.web.server import Request

from reqpi.web.http.headers import all_of, header
from reqpi.web.http.token_access import token_in

__all__ = ["authorization_of", "clear_login", "form_key", "is_from_here", "is_own_form", "login_token", "set_login"]

_NAME = "__Host-reqpi-login"
"""The prefix makes browsers insist on ``Secure``, and on this host alone."""

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,4000}")
_COOKIE = re.compile(rf"(?:^|; *){_NAME}=([A-Za-z0-9._~-]{{1,4000}})(?:;|$)")

_AGE = 12 * 3600
"""Seconds that a browser keeps a login: a day of work."""

_READING = (b"GET", b"HEAD")


def authorization_of(request: Request, method: bytes | None = None) -> str:
    """Return the ``Authorization`` of a request, or the one that its login cookie stands for; empty if it has neither.

    :param method: of a request that is not complete.
    """
    stated = header(request, "Authorization")
    token = "" if stated else login_token(request)
    if not token or ((method or request.method) not in _READING and not is_from_here(request)):
        return stated
    return "Basic " + b64encode(f"__token__:{token}".encode()).decode()


def login_token(request: Request) -> str:
    """Return the token in the login cookie; empty if there is none."""
    match = next((found for each in all_of(request, "Cookie") if (found := _COOKIE.search(each[:16384]))), None)
    return match[1] if match else ""


def set_login(request: Request, token: str) -> bool:
    """Log a browser in. Return whether the text can be a token at all."""
    if not _TOKEN.fullmatch(token):
        return False
    _set(request, token, _AGE)
    return True


def clear_login(request: Request) -> None:
    """Log a browser out."""
    _set(request, "", 0)


def form_key(request: Request) -> str:
    """Return the proof that a form is our own; empty if the request has no login."""
    token = login_token(request) or token_in(header(request, "Authorization"))
    return sha256(b"reqpi form " + token.encode("utf-8", "replace")).hexdigest()[:32] if token else ""


def is_own_form(request: Request, key: str) -> bool:
    """Return whether a form has the proof of :func:`form_key`. Only a login by cookie needs one."""
    return not login_token(request) or hmac.compare_digest(key.encode(), form_key(request).encode())


def is_from_here(request: Request) -> bool:
    """Return whether a browser says that a page of this server makes the request."""
    site = all_of(request, "Sec-Fetch-Site")
    if site:
        return site == ["same-origin"]
    host = header(request, "Host")
    return bool(host) and all_of(request, "Origin") in ([f"https://{host}"], [f"http://{host}"])


def _set(request: Request, value: str, age: int) -> None:
    cookie = f"{_NAME}={value}; Path=/; Max-Age={age}; HttpOnly; Secure; SameSite=Strict"
    request.responseHeaders.addRawHeader(b"Set-Cookie", cookie.encode("ascii"))
