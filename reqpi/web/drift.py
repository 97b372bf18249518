"""The drift of a lock over HTTP: what became of the files that it pins.

::

    GET    /<address>/drift     JSON, or SARIF 2.1.0 for a client that accepts application/sarif+json
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from twisted.web.server import Request
from twisted.web.template import Tag

from reqpi.core.access.clients import Client
from reqpi.core.drift.finding import Finding
from reqpi.core.drift.report import DriftReport
from reqpi.core.drift.sarif import SARIF, places_in, sarif
from reqpi.core.model import Commitment, Project
from reqpi.core.simple.accept import weights
from reqpi.runtime.offload import DECIDED_FILES
from reqpi.shelf.drift.known_drift import KnownDrift
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.shelf import Shelf
from reqpi.web.drift_section import section_of
from reqpi.web.http.access import identity_of
from reqpi.web.http.answers import answer_with, send_fresh
from reqpi.web.http.headers import listed
from reqpi.web.permission import may_commit

__all__ = ["DriftResource"]

_JSON = "application/json"


class DriftResource:
    """The drift of each address: a :class:`~reqpi.web.http.feature.Feature`.

    An index for which the server has a login is asked only for a client that may commit the lock. Another one gets what
    is known already, and of that nothing that it could not see on the frozen pages.
    """

    names = frozenset[str]()

    def __init__(self, shelf: Shelf, drift: LockDrift) -> None:
        self._shelf = shelf
        self._drift = drift
        self._reports = KnownDrift(shelf, drift)

    def takes(self, segments: list[str]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`."""
        return len(segments) == 2 and segments[1] == "drift"

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        return answer_with(request, partial(self._send, request, segments[0]))

    async def _send(self, request: Request, address: str) -> None:
        commitment = await self._shelf.commitment(address)
        client = identity_of(request)
        found = await self._drift.soon(commitment, partial(self._may_ask, client, commitment))
        report = found.for_client(partial(self._may_know, client, commitment))
        wanted = weights(listed(request, "Accept"))
        request.setHeader("Vary", "Accept")
        kind = SARIF if wanted.get(SARIF, 0.0) > wanted.get(_JSON, 0.0) else _JSON
        body = await DECIDED_FILES.run(len(report.findings), _written, report, commitment, kind)
        request.write(send_fresh(request, kind, body))

    async def section(self, request: Request, commitment: Commitment, here: str) -> list[Tag]:
        """Return the part of the overview of a lock: what is known already, so that no upstream is asked.

        :param here: the prefix of relative links.
        """
        return section_of(await self._known(request, commitment), f"{here}drift")

    async def known(self, request: Request, commitment: Commitment) -> tuple[Finding, ...]:
        """Return the findings that are known already, so that no upstream is asked, and that the client may have."""
        report = await self._known(request, commitment)
        return () if report is None else report.findings

    async def _known(self, request: Request, commitment: Commitment) -> DriftReport | None:
        found = await self._reports.of(commitment)
        return found and found.for_client(partial(self._may_know, identity_of(request), commitment))

    def _may_ask(self, client: Client, commitment: Commitment, project: Project) -> bool:
        uses = self._shelf.uses(commitment.lock, project)
        return not any(use.with_login for use in uses) or may_commit(client, project, uses)

    def _may_know(self, client: Client, commitment: Commitment, project: str) -> bool:
        """Return whether a client may know what an index lists besides the files that its lock admits."""
        known = Project(project)
        if self._drift.reveals(commitment, known):
            return True
        return client.may_know(known, (use.name for use in self._shelf.uses(commitment.lock, known)))


def _written(report: DriftReport, commitment: Commitment, kind: str) -> bytes:
    if kind == SARIF:
        return sarif(report, commitment.address, places_in(commitment.lock))
    return json.dumps(report.as_json(commitment.address), indent=1).encode() + b"\n"
