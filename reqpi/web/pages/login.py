"""Logging in with a token, for a person in a browser: see :mod:`reqpi.web.http.login_cookie`."""

from __future__ import annotations

from twisted.web.server import Request
from twisted.web.template import Element, Tag, renderer, tags

from reqpi.web.http.access import Access
from reqpi.web.http.login_cookie import clear_login, form_key, is_own_form, login_token, set_login
from reqpi.web.http.problems import send as send_problem
from reqpi.web.pages.forms import not_own_form, text_field
from reqpi.web.pages.frame import Frame, root_of, send_page, template

__all__ = ["log_in", "log_out", "login_line", "login_page"]


def login_page(request: Request, problem: str = "") -> bytes:
    """Answer ``GET /login``.

    :param problem: why the last attempt failed; empty for the first one.
    """
    return send_page(request, Frame("Log in", root_of(request), _Login(problem)).rendered())


def log_in(request: Request, access: Access | None) -> bytes:
    """Answer ``POST /login``: set the cookie and go to the front page, or say what is wrong.

    A page of another site cannot get here: see :mod:`reqpi.web.http.cross_site`.
    """
    token = text_field(request, "token").strip()
    client = None if access is None or not token else access.client_of(f"Bearer {token}")
    if client is None or not client.name or not set_login(request, token):
        request.setResponseCode(403)
        return login_page(request, "This token is not valid here. It may have been revoked, or have expired.")
    return _go_home(request)


def log_out(request: Request) -> bytes:
    """Answer ``POST /logout``."""
    if not is_own_form(request, text_field(request, "key")):
        return send_problem(request, not_own_form())
    clear_login(request)
    return _go_home(request)


def login_line(request: Request) -> Tag | str:
    """Return who is logged in, with a button to log out; or the link to log in."""
    client = getattr(request, "identity", None)
    root = root_of(request)
    if not login_token(request):
        link = tags.a("Log in with a token", href=f"{root}login")
        return tags.p(link, " if this server requires one.", class_="hint")
    name = client.name if client is not None else ""
    button = tags.button("Log out", type="submit")
    key = tags.input(type="hidden", name="key", value=form_key(request))
    return tags.form(tags.p("Logged in as ", tags.strong(name or "unknown"), ". ", key, button), method="post",
                     action=f"{root}logout")  # fmt: skip


def _go_home(request: Request) -> bytes:
    request.setResponseCode(303)
    request.setHeader("Location", root_of(request))
    request.setHeader("Cache-Control", "no-store")
    request.setHeader("Content-Length", "0")
    return b""


class _Login(Element):
    def __init__(self, problem: str) -> None:
        super().__init__(template("login"))
        self._problem = problem

    @renderer
    def fill(self, request: Request | None, tag: Tag) -> Tag:
        """Fill in all slots."""
        return tag.fillSlots(problem=tags.p(self._problem, class_="note bad", role="alert") if self._problem else "")
