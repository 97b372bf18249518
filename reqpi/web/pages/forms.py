"""The fields of our forms, and the files that a person chose."""

from __future__ import annotations

from urllib.parse import parse_qs

from multipart import parse_options_header  # type: ignore[import-untyped]
from twisted.web.server import Request

from reqpi.core.address import DOCUMENTS
from reqpi.core.report import Document
from reqpi.web.http.headers import header
from reqpi.web.http.problems import BAD_BODY, CROSS_SITE, Problem
from reqpi.web.uploads import UnusableBody, parts_in

__all__ = ["CommitFields", "commit_fields", "not_own_form", "text_field"]

_LONGEST = 1 << 16
"""Bytes of a form without files."""

_FIELDS = 4


class CommitFields:
    """The fields of the form that commits a lock.

    :ivar documents: what a person chose or pasted. One document has no path: its address is that of its bytes.
    :ivar text: what was pasted.
    :ivar is_ambiguous: files were chosen, and a text was pasted: which of them is the lock?
    :ivar key: see :func:`reqpi.web.http.login_cookie.form_key`.
    """

    def __init__(self, files: list[Document], text: str, key: str) -> None:
        self.text = text
        self.key = key
        self.is_ambiguous = bool(files and text.strip())
        pasted = text.encode()
        if len(files) > 1:
            self.documents: tuple[Document, ...] = tuple(files)
        elif files:
            self.documents = (Document("", files[0].data),)
        else:
            self.documents = (Document("", pasted),) if pasted else ()


def commit_fields(request: Request) -> CommitFields:
    """Return the fields of a form that commits a lock.

    :raises UnusableBody: it is not such a form.
    """
    body: bytes = request.content.read()  # type: ignore[union-attr]  # it exists once a request is complete
    kind, options = parse_options_header(header(request, "Content-Type"))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise UnusableBody(BAD_BODY, "not the form of this page", "Load the page again, and choose the files there.")
    files, fields = [], {"text": "", "key": ""}
    for name, filename, data in parts_in(body, options["boundary"], DOCUMENTS + _FIELDS, "Load the page again."):
        if name == "document" and filename:
            files.append(Document(filename, data))
        elif name in fields and not filename:
            fields[name] = data.decode("utf-8", "replace")
    # A browser sends each line of a text with CR and LF. The file that the text was copied from had LF.
    return CommitFields(files, fields["text"].replace("\r\n", "\n"), fields["key"])


def text_field(request: Request, name: str) -> str:
    """Return a field of a short form without files; empty if it is missing. The site does not parse bodies itself."""
    body: bytes = request.content.read(_LONGEST)  # type: ignore[union-attr]
    request.content.seek(0)  # type: ignore[union-attr]
    try:
        values = parse_qs(body.decode("ascii", "replace"), max_num_fields=_FIELDS, encoding="utf-8", errors="replace")
    except ValueError:  # no form of ours has so many fields
        return ""
    return values.get(name, [""])[-1]


def not_own_form() -> Problem:
    """Return the problem of a form without the proof that it is our own."""
    return Problem(CROSS_SITE, "not from this form", "Load the page again, and send its form.")
