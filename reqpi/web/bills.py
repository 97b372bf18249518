"""Bills of materials over HTTP."""

from __future__ import annotations

from twisted.web.server import Request

from reqpi import sbom
from reqpi.bills import Writer
from reqpi.shelf import Shelf
from reqpi.web import problems
from reqpi.web.answers import send_representation
from reqpi.web.forms import Representation

__all__ = ["cyclonedx", "spdx"]

_LONGEST = 200
"""Characters of a name, and of a version."""


async def cyclonedx(request: Request, shelf: Shelf, address: str) -> bytes:
    """``GET /<address>/sbom.cdx.json``; ``?name=`` and ``?version=`` say of what it is."""
    return await _bill(request, shelf, address, sbom.cyclonedx, "application/vnd.cyclonedx+json; version=1.6")


async def spdx(request: Request, shelf: Shelf, address: str) -> bytes:
    """``GET /<address>/sbom.spdx.json``, with the same."""
    return await _bill(request, shelf, address, sbom.spdx, "application/spdx+json")


async def _bill(request: Request, shelf: Shelf, address: str, write: Writer, content_type: str) -> bytes:
    """A bill. One that is complete never changes, so it is written once and kept for a while."""
    commitment = await shelf.commitments.get(address)
    name, version = _said(request, b"name"), _said(request, b"version")
    if name is None or version is None or (version and not name):
        return problems.send(
            request,
            problems.Problem(
                400,
                "no such component",
                f"?name= and ?version= are one line each, of at most {_LONGEST} characters; no version without a name.",
            ),
        )
    own = sbom.Own(name, version) if name else None
    body = shelf.exports.get(commitment, (content_type, own))
    if body is None:
        written = await shelf.bills.written(commitment, own, write)
        if not written.complete:
            return _for_now(request, written.body, content_type)
        body = written.body
        shelf.exports.put(commitment, (content_type, own), body, len(body))
    return send_representation(request, Representation(body, content_type))


def _said(request: Request, name: bytes) -> str | None:
    """A value of the query; empty where nothing is said, ``None`` where it is no such value."""
    text = request.args.get(name, [b""])[-1].decode("utf-8", "replace").strip()
    return text if text.isprintable() and len(text) <= _LONGEST else None


def _for_now(request: Request, body: bytes, content_type: str) -> bytes:
    """A bill that may say more the next time."""
    request.setHeader("Content-Type", content_type)
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    return body
