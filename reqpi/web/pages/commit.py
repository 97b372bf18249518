"""The form that commits a lock: to the page of its address, or back to the form, with each defect at its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.web.server import Request
from twisted.web.template import Tag, tags

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.pip.lines import physical_lines
from reqpi.core.report import Defect, Document
from reqpi.runtime.offload import in_thread
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.api import commit_documents, problem_of_commit
from reqpi.web.http.access import Access
from reqpi.web.http.login_cookie import is_own_form
from reqpi.web.http.problems import problem_of
from reqpi.web.http.problems import send as send_problem
from reqpi.web.pages.forms import CommitFields, commit_fields, not_own_form
from reqpi.web.pages.front import CommitForm, front
from reqpi.web.pages.text import counted, inline
from reqpi.web.uploads import UnusableBody

__all__ = ["commit_form"]

_ALERT = {"class_": "note bad", "role": "alert"}

_NEITHER = "Choose a file, or paste a lock."

_BOTH = (
    "Nothing was committed: you chose a file and pasted a text, and only one of them can be the lock. Choose the file "
    "again and empty the text field, or commit the text alone. To commit both together, save the text as a file, and "
    "choose both files."
)

_MOST = 200
"""Defects that are shown. A document with more is not a lock."""

_LONGEST_TEXT = 1 << 20
"""Characters of a pasted text that are sent back, to be changed."""

_AROUND = 2
"""Lines of the document that are shown before and after each line with a defect."""

_WIDEST = 300
"""Characters of a line that are shown."""


async def commit_form(request: Request, services: LockServices, base: str, access: Access | None) -> bytes:
    """Answer ``POST /locks`` from the form of the front page."""
    try:
        fields = commit_fields(request)
    except UnusableBody as unusable:
        return send_problem(request, unusable.problem)
    if not is_own_form(request, fields.key):
        return send_problem(request, not_own_form())
    if fields.is_ambiguous or not fields.documents:
        return _again(request, base, fields, 400, tags.p(_BOTH if fields.is_ambiguous else _NEITHER, **_ALERT))
    problem = problem_of_commit(request, access, fields.documents, hold=False)
    if problem is not None:
        return send_problem(request, problem)
    try:
        commitment, _ = await commit_documents(request, services, fields.documents, None)
    except BrokenLock as broken:
        site: Any = request.site
        site.counts.problem(problem_of(broken).type.name)
        return _again(request, base, fields, 422, await in_thread(_defects, broken.defects, fields.documents))
    request.setResponseCode(303)
    request.setHeader("Location", f"{base}/{commitment.address}/")
    request.setHeader("Content-Length", "0")
    return b""


def _again(request: Request, base: str, fields: CommitFields, status: int, problem: Tag) -> bytes:
    """Show the form again, with what was pasted and what is wrong with it."""
    request.setResponseCode(status)
    text = fields.text if len(fields.text) <= _LONGEST_TEXT else ""
    return front(request, CommitForm(base, text, problem))


def _defects(defects: Sequence[Defect], documents: Sequence[Document]) -> Tag:
    """Return each defect below the line of its document, with what to write instead.

    The documents may be long: this is called in a thread.
    """
    lines = {document.path: _lines_of(document.data) for document in documents}
    more = f" The first {_MOST} are shown." if len(defects) > _MOST else ""
    shown = [_defect(defect, lines.get(defect.document, ())) for defect in defects[:_MOST]]
    title = tags.h3(f"{counted(len(defects), 'defect')}: the lock was not committed.{more}", id="defects")
    return tags.section(title, tags.ol(shown, class_="defects"), **_ALERT, **{"aria-labelledby": "defects"})


def _lines_of(data: bytes) -> Sequence[str]:
    return physical_lines(data.decode("utf-8-sig", "replace"))


def _defect(defect: Defect, lines: Sequence[str]) -> Tag:
    place = f"{defect.document}, " if defect.document else ""
    where = f"{place}line {defect.line}" if defect.line else place or "The whole document"
    code = tags.pre(list(_around(defect, lines))) if defect.line else ""
    advice = tags.p(inline(_sentence(defect.advice))) if defect.advice else ""
    return tags.li(tags.p(tags.strong(where), ": ", defect.problem), code, advice)


def _sentence(text: str) -> str:
    """Return an advice, which may be a part of a sentence in a terminal, as a whole sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _around(defect: Defect, lines: Sequence[str]) -> Iterable[Tag]:
    """Yield the line of a defect, marked, and those around it, each with its number."""
    first = max(defect.line - 1 - _AROUND, 0)
    for number, line in enumerate(lines[first : defect.line + _AROUND], first + 1):
        text = f"{number:>5}  {line.rstrip()[:_WIDEST]}\n"
        yield tags.mark(text) if number == defect.line else tags.span(text)
