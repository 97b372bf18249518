"""SBOMs over HTTP."""

from __future__ import annotations

from twisted.web.server import Request

from reqpi.core import sbom
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.sboms import Sboms, Writer
from reqpi.web.http import problems
from reqpi.web.http.answers import send_representation
from reqpi.web.http.representation import Representation, prepared

__all__ = ["SbomResource"]

_LONGEST = 200
"""Characters of a name, and of a version."""

_LONGEST_URL = 2000


class SbomResource:
    """The SBOMs of an address.

    :param exports: those that were written before, each by its address and kind.
    """

    def __init__(self, shelf: Shelf, sboms: Sboms, exports: DerivedCache[Representation]) -> None:
        self._shelf = shelf
        self._sboms = sboms
        self._exports = exports

    async def cyclonedx(self, request: Request, address: str) -> bytes:
        """Answer ``GET /<address>/sbom.cdx.json``; ``?name=`` and ``?version=`` specify the main component.

        ``?index=`` is the URL of the default index, if purls are to name it.
        """
        return await self._sbom(request, address, sbom.cyclonedx, "application/vnd.cyclonedx+json; version=1.6")

    async def spdx(self, request: Request, address: str) -> bytes:
        """Answer ``GET /<address>/sbom.spdx.json``, with the same parameters."""
        return await self._sbom(request, address, sbom.spdx, "application/spdx+json")

    async def _sbom(self, request: Request, address: str, write: Writer, content_type: str) -> bytes:
        """Return an SBOM. A complete one never changes, so it is written at the first request and cached."""
        commitment = await self._shelf.commitment(address)
        name, version = _parameter(request, b"name"), _parameter(request, b"version")
        index = _parameter(request, b"index", _LONGEST_URL)
        if name is None or version is None or (version and not name):
            return problems.send(
                request,
                problems.Problem(
                    problems.BAD_PARAMETER,
                    "no such component",
                    f"?name= and ?version= are one line each, of at most {_LONGEST} characters;"
                    " no version without a name.",
                ),
            )
        if index is None or (index and not index.startswith(("https://", "http://"))):
            advice = f"?index= is an http or https URL of at most {_LONGEST_URL} characters."
            return problems.send(request, problems.Problem(problems.BAD_PARAMETER, "no such index", advice))
        own = sbom.MainComponent(name, version) if name else None
        key = (commitment.address, content_type, own, index)
        shown = self._exports.get(commitment, key)
        if shown is None:
            written = await self._sboms.written(commitment, own, write, index)
            if not written.complete:
                return _incomplete(request, written.body, content_type)
            shown = await in_thread(prepared, lambda: written.body, content_type)
            self._exports.put(commitment, key, shown, shown.weight)
        return send_representation(request, shown)


def _parameter(request: Request, name: bytes, longest: int = _LONGEST) -> str | None:
    """Return a value of the query; empty if there is none, ``None`` if it is too long or cannot be printed."""
    text = request.args.get(name, [b""])[-1].decode("utf-8", "replace").strip()
    return text if text.isprintable() and len(text) <= longest else None


def _incomplete(request: Request, body: bytes, content_type: str) -> bytes:
    """Set the head of a response with an SBOM that may have more data the next time, and return its body."""
    request.setHeader("Content-Type", content_type)
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    return body
