"""An error as a page, for a browser: the content of the problem+json, and what to do next."""

from __future__ import annotations

from twisted.web.server import Request
from twisted.web.template import tags

from reqpi.web.http.problems import Problem
from reqpi.web.pages.frame import Frame, root_of, send_page

__all__ = ["problem_page"]


def problem_page(request: Request, problem: Problem) -> bytes:
    """Return the body of the page about a problem, and set its headers.

    :param problem: its texts may be those of a stranger, such as a path or the title of another server.
    """
    title = problem.title[:1].upper() + problem.title[1:]
    body = [
        tags.p(problem.detail) if problem.detail else "",
        tags.p(tags.a("The front page", href=root_of(request)), " says how to commit a lock.", class_="faint"),
    ]
    return send_page(request, Frame(title, root_of(request), body).rendered())
