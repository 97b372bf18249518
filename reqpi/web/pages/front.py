"""The front page: what ReqPI is, the form that commits a lock, and the first steps on a command line."""

from __future__ import annotations

from attrs import frozen
from twisted.web.server import Request
from twisted.web.template import Element, Tag, renderer

from reqpi.web.http.login_cookie import form_key
from reqpi.web.pages.commands import install_commands
from reqpi.web.pages.frame import Frame, Shown, command, root_of, send_page, template
from reqpi.web.pages.login import login_line

__all__ = ["CommitForm", "front"]


@frozen
class CommitForm:
    """The form of the front page.

    :param base: the URL of this server.
    :param text: what was pasted, to be changed and sent again.
    :param problem: what is wrong with it; empty before it is sent.
    """

    base: str
    text: str = ""
    problem: Shown = ""


def front(request: Request, form: CommitForm) -> bytes:
    """Answer ``GET /``, or a form that could not be committed."""
    return send_page(request, Frame("ReqPI", root_of(request), _Front(request, form)).rendered())


class _Front(Element):
    def __init__(self, request: Request, form: CommitForm) -> None:
        super().__init__(template("front"))
        self._request = request
        self._form = form

    @renderer
    def fill(self, request: Request | None, tag: Tag) -> Tag:
        """Fill in all slots."""
        base = self._form.base
        return tag.fillSlots(
            root=root_of(self._request),
            key=form_key(self._request),
            text=self._form.text,
            problem=self._form.problem,
            gethash=command("gethash", f"PYPI=$(python -m reqpi gethash --url {base} requirements.txt)"),
            curl=command("curl", f"curl --data-binary @requirements.txt {base}/locks"),
            install=command("install-lines", install_commands("$PYPI", base)),
            login=login_line(self._request),
        )
