"""Bills of materials over HTTP."""

from __future__ import annotations

from twisted.web.server import Request

from reqpi.core import sbom
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.sboms import Writer
from reqpi.web.http import problems
from reqpi.web.http.answers import send_representation
from reqpi.web.http.representation import Representation

__all__ = ["cyclonedx", "spdx"]

_LONGEST = 200
"""Characters of a name, and of a version."""

_LONGEST_URL = 2000


async def cyclonedx(request: Request, shelf: Shelf, address: str) -> bytes:
    """``GET /<address>/sbom.cdx.json``; ``?name=`` and ``?version=`` say of what it is.

    ``?index=`` is the default index, if it is one that purls are to name.
    """
    return await _bill(request, shelf, address, sbom.cyclonedx, "application/vnd.cyclonedx+json; version=1.6")


async def spdx(request: Request, shelf: Shelf, address: str) -> bytes:
    """``GET /<address>/sbom.spdx.json``, with the same."""
    return await _bill(request, shelf, address, sbom.spdx, "application/spdx+json")


async def _bill(request: Request, shelf: Shelf, address: str, write: Writer, content_type: str) -> bytes:
    """A bill. One that is complete never changes, so it is written once and kept for a while."""
    commitment = await shelf.commitments.get(address)
    name, version = _said(request, b"name"), _said(request, b"version")
    index = _said(request, b"index", _LONGEST_URL)
    if name is None or version is None or (version and not name):
        return problems.send(
            request,
            problems.Problem(
                problems.BAD_PARAMETER,
                "no such component",
                f"?name= and ?version= are one line each, of at most {_LONGEST} characters; no version without a name.",
            ),
        )
    if index is None or (index and not index.startswith(("https://", "http://"))):
        advice = f"?index= is an http or https URL of at most {_LONGEST_URL} characters."
        return problems.send(request, problems.Problem(problems.BAD_PARAMETER, "no such index", advice))
    own = sbom.MainComponent(name, version) if name else None
    kind = (content_type, own, index)
    body = shelf.exports.get(commitment, kind)
    if body is None:
        written = await shelf.sboms.written(commitment, own, write, index)
        if not written.complete:
            return _for_now(request, written.body, content_type)
        body = written.body
        shelf.exports.put(commitment, kind, body, len(body))
    return send_representation(request, Representation(body, content_type))


def _said(request: Request, name: bytes, longest: int = _LONGEST) -> str | None:
    """A value of the query; empty where nothing is said, ``None`` where it is no such value."""
    text = request.args.get(name, [b""])[-1].decode("utf-8", "replace").strip()
    return text if text.isprintable() and len(text) <= longest else None


def _for_now(request: Request, body: bytes, content_type: str) -> bytes:
    """A bill that may say more the next time."""
    request.setHeader("Content-Type", content_type)
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    return body
