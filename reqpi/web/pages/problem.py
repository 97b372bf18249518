"""An error as a page, for a browser: the content of the problem+json, and what to do next."""

from __future__ import annotations

import re

from twisted.web.server import Request
from twisted.web.template import Tag, tags

from reqpi.web.http.problems import LOGIN_REQUIRED, Problem
from reqpi.web.pages.frame import Frame, root_of, send_page
from reqpi.web.pages.text import inline

__all__ = ["problem_page"]

_ADDRESS = re.compile(rb"[0-9a-f]{64}")


def problem_page(request: Request, problem: Problem) -> bytes:
    """Return the body of the page about a problem, and set its headers.

    :param problem: its texts may be those of a stranger, such as a path or the title of another server.
    """
    title = problem.title[:1].upper() + problem.title[1:]
    root = root_of(request)
    facts = [("Status", str(problem.status)), ("Type", problem.type.urn), ("Request", problem.members["request_id"])]
    body = [
        tags.p(inline(problem.detail)) if problem.detail else "",
        _what_next(request, problem, root),
        tags.dl([(tags.dt(name), tags.dd(tags.code(str(text)))) for name, text in facts]),
    ]
    return send_page(request, Frame(title, root, body).rendered())


def _what_next(request: Request, problem: Problem, root: str) -> list[Tag]:
    """Return what a person can do next."""
    if problem.type is LOGIN_REQUIRED:
        # The browser would ask for a user and a password by itself, and keep them until it is closed.
        request.responseHeaders.removeHeader("WWW-Authenticate")
        return [tags.p(tags.a("Log in with a token", href=f"{root}login"), ".")]
    address = next((each for each in request.postpath or () if _ADDRESS.fullmatch(each)), b"").decode("ascii")
    if address and problem.type.name != "unknown-address":
        link = tags.a("the page of the lock", href=f"{root}{address}/#refused")
        return [tags.p("See ", link, ": it says what the lock pins, and what was refused.")]
    return [tags.p(tags.a("The front page", href=root), " says how to commit a lock.")]
