"""The answers of a healthy index: a request and the contents of the index -> an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Literal

from attrs import field, frozen
from packaging.utils import canonicalize_name

from tests.fake_upstream.exchange import Answer, Request
from tests.fake_upstream.pages import JSON, Distribution, Style, page, root

__all__ = ["Index", "Kind", "answer", "conditional", "kind", "partial"]

Kind = Literal["root", "page", "file", "metadata", "other"]

_NOTHING = Answer(404, {"Content-Type": "text/plain"}, b"not found\n")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@frozen
class Index:
    """The contents of an index.

    :param listed: the files of each project that its page lists.
    :param files: every file that is served, by filename.
    :param statuses: of projects (:pep:`792`).
    :param here: scheme, host and port; ``elsewhere`` the same of the other port.
    """

    style: Style
    here: str
    elsewhere: str
    listed: Mapping[str, Mapping[str, Distribution]] = field(factory=dict)
    files: Mapping[str, Distribution] = field(factory=dict)
    statuses: Mapping[str, Sequence[str]] = field(factory=dict)


def kind(path: str) -> Kind:
    """Return what a path leads to."""
    if path.startswith("/files/"):
        return "metadata" if path.endswith(".metadata") else "file"
    if path == "/simple/":
        return "root"
    return "page" if path.startswith("/simple/") else "other"


def answer(index: Index, request: Request) -> Answer:
    """Return the answer of a healthy index."""
    match kind(request.path):
        case "root" | "page":
            return conditional(index.style, request, _page(index, request))
        case "file" | "metadata":
            return partial(index.style, request, conditional(index.style, request, _file(index, request.path)))
        case _:
            return _NOTHING


def _page(index: Index, request: Request) -> Answer:
    json_wanted = _json_wanted(index.style, request.headers.get("accept", ""))
    name = request.path.removeprefix("/simple/")
    if not name:
        return _ok(*root(index.style, json_wanted, list(index.listed)))
    project = canonicalize_name(name.rstrip("/"))
    if project not in index.listed:
        return _NOTHING
    if name != f"{project}/":
        return Answer(301, {"Location": f"/simple/{project}/"})
    files, status = list(index.listed[project].values()), index.statuses.get(project, ())
    return _ok(*page(index.style, json_wanted, project, files, prefix=_prefix(index), status=status))


def _file(index: Index, path: str) -> Answer:
    filename = path.removeprefix("/files/")
    if filename in index.files:
        return _ok("application/octet-stream", index.files[filename].content)
    wheel = index.files.get(filename.removesuffix(".metadata"))
    if wheel and wheel.metadata is not None and index.style.core_metadata:
        return _ok("application/octet-stream", wheel.metadata)
    return _NOTHING


def _ok(content_type: str, body: bytes) -> Answer:
    return Answer(200, {"Content-Type": content_type, "Vary": "Accept"}, body)


def _json_wanted(style: Style, accept: str) -> bool:
    return style.forms == "json" or (style.forms == "both" and JSON in accept)


def _prefix(index: Index) -> str:
    if index.style.prefix is not None:
        return index.style.prefix
    match index.style.links:
        case "relative":
            return "../../files/"
        case "absolute":
            return f"{index.here}/files/"
        case "elsewhere":
            return f"{index.elsewhere}/files/"


def conditional(style: Style, request: Request, whole: Answer) -> Answer:
    """Return 304 instead of the ``whole`` answer, if the client has it."""
    if whole.status != 200 or not style.etags:
        return whole
    etag = _etag(whole.body)
    headers = {**whole.headers, "ETag": etag}
    known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    return Answer(304, headers) if etag in known else Answer(200, headers, whole.body)


def partial(style: Style, request: Request, whole: Answer) -> Answer:
    """Return the requested part of the ``whole`` answer."""
    if whole.status != 200 or not style.ranges:
        return whole
    headers = {**whole.headers, "Accept-Ranges": "bytes"}
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if not asked or request.headers.get("if-range") not in (None, headers.get("ETag")):
        return Answer(200, headers, whole.body)
    size = len(whole.body)
    start, stop = _span(asked[1], asked[2], size)
    if start >= stop:
        return Answer(416, {**headers, "Content-Range": f"bytes */{size}"})
    return Answer(206, {**headers, "Content-Range": f"bytes {start}-{stop - 1}/{size}"}, whole.body[start:stop])


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    if first:
        return int(first), min(int(last) + 1 if last else size, size)
    return (max(size - int(last), 0), size) if last else (size, size)


def _etag(body: bytes) -> str:
    return f'"{sha256(body).hexdigest()[:32]}"'
