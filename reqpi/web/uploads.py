"""Uploaded documents: one as the body, or several as ``multipart/form-data`` (:rfc:`7578`)."""

from __future__ import annotations

from io import BytesIO

from multipart import MultipartError, MultipartParser, parse_options_header  # type: ignore[import-untyped]
from twisted.web.server import Request

from reqpi.core.address import DOCUMENTS
from reqpi.core.report import Document
from reqpi.web.http.headers import header
from reqpi.web.http.problems import BAD_BODY, UNSUPPORTED_BODY, Problem, ProblemType

__all__ = ["UnusableBody", "documents_in", "parts_in"]

_ONE = "Send it as the body: curl --data-binary @requirements.txt <this URL>"
_SEVERAL = (
    "Send each as a file, in order, its path as the filename: "
    "curl -F document=@requirements.txt -F 'document=@sub/more.txt;filename=sub/more.txt' <this URL>"
)


class UnusableBody(Exception):
    """A body, or a parameter of the query, cannot be used.

    :ivar problem: the response.
    """

    def __init__(self, kind: ProblemType, title: str, detail: str) -> None:
        super().__init__(title)
        self.problem = Problem(kind, title, detail)


def documents_in(request: Request) -> tuple[Document, ...]:
    """Return the documents in the body of a request; a single one that is the body itself has no path.

    Its content type does not describe it: ``curl --data-binary`` sends that of a form. So any type is accepted that
    does not wrap the document in something else.

    :raises UnusableBody: there are none.
    """
    body: bytes = request.content.read()  # type: ignore[union-attr]  # it exists once a request is complete
    if header(request, "Content-Encoding").lower() not in ("", "identity"):
        detail = "Send the document as it is: its address is that of its bytes."
        raise UnusableBody(UNSUPPORTED_BODY, "a body with a content encoding is not accepted", detail)
    content_type, options = parse_options_header(header(request, "Content-Type"))
    if content_type.startswith("multipart/"):
        if content_type != "multipart/form-data" or not options.get("boundary"):
            raise UnusableBody(UNSUPPORTED_BODY, f"{content_type[:40]} is not accepted", _SEVERAL)
        return _parts(body, options["boundary"])
    # An empty document is a lock without pins. A request without any body does not mean that.
    if not body and not (header(request, "Content-Length") or header(request, "Transfer-Encoding")):
        raise UnusableBody(BAD_BODY, "no document", _ONE)
    return (Document("", body),)


def parts_in(body: bytes, boundary: str, most: int, advice: str) -> list[tuple[str, str, bytes]]:
    """Return the name, the filename and the bytes of each part of a form; a part of no file has no filename.

    :param most: parts, at most.
    :param advice: what to send instead.
    :raises UnusableBody: the body is malformed, or has more parts.
    """
    size = len(body)
    parser = MultipartParser(
        BytesIO(body),
        boundary.encode("utf-8", "replace"),
        content_length=size,
        strict=True,
        part_limit=most,
        memory_limit=size + 1,
        spool_limit=size + 1,
    )
    try:
        return [(part.name or "", part.filename or "", bytes(part.raw)) for part in parser]
    except MultipartError as error:
        raise UnusableBody(BAD_BODY, "malformed multipart body", f"{error}. {advice}") from error


def _parts(body: bytes, boundary: str) -> tuple[Document, ...]:
    parts = [(filename, data) for _, filename, data in parts_in(body, boundary, DOCUMENTS + 1, _SEVERAL)]
    if not parts:
        raise UnusableBody(BAD_BODY, "no document", _SEVERAL)
    # An empty filename would make the first document the only one, with another address.
    if not all(filename for filename, _ in parts):
        raise UnusableBody(BAD_BODY, "a document has no filename", _SEVERAL)
    return tuple(Document(filename, data) for filename, data in parts)
