"""Others on the network who ask for advisories, many at a time, or without being allowed to."""

from __future__ import annotations

import json
from threading import Event
from typing import cast

from twisted.internet.defer import Deferred, gatherResults

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.model import Advisory
from reqpi.core.advisories.queries import LARGEST_QUERY
from reqpi.core.advisories.reading import AdvisoryReader
from reqpi.runtime.offload import in_thread
from reqpi.web.osv import OsvResource
from reqpi.web.routes import Root
from tests.advisories import a_document, a_package, a_range, dumped
from tests.attacks.tokens_case import TokensCase
from tests.web.case import LARGEST
from tests.web.test_osv import Known, OsvCase

QUERY = json.dumps({"package": {"name": "six", "ecosystem": "PyPI"}, "version": "1.0"}).encode()


class QueriesTests(OsvCase):
    async def test_junk_is_an_error_and_no_fault(self) -> None:
        """They send what no client sends."""
        deep = b'{"queries":' * 5000 + b"1" + b"}" * 5000
        bodies = (deep, b"\xff", b'{"version": "\\ud800"}', b'{"version": 1e999}', b"{" * 100, b"9" * 20_000)
        for body in (*bodies, b'{"queries": [[]]}', b'{"queries": null}', b'{"queries": [{"package": null}]}'):
            for path in ("query", "querybatch"):
                self.assertEqual((await self.post(path, body)).status, 400, body[:40])
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_a_large_body_is_not_read(self) -> None:
        """They send more than a thousand queries take."""
        self.assertGreater(LARGEST_QUERY, LARGEST)
        self.assertEqual((await self.post("query", b" " * (LARGEST + 1))).status, 413)

    async def test_names_and_versions_are_not_expanded(self) -> None:
        """They ask about versions that take long to read."""
        package = {"name": "alpha", "ecosystem": "PyPI"}
        for version in ("1" * 500, "1." * 250, "1" + "a1" * 200, "+" * 400, "1-" * 200, "9" * 400 + "!1"):
            reply = await self.post("query", {"package": package, "version": version})
            self.assertEqual((reply.status, reply.body), (200, b"{}"), version)


class SlowIndex:
    """Advisories of which those about ``slow`` are found when ``slow`` is set."""

    def __init__(self, index: AdvisoryIndex) -> None:
        self._index = index
        self.slow = Event()
        self.begun = Event()
        self.given_up = False

    def affecting(self, ecosystem: str, name: str, version: str) -> tuple[Advisory, ...]:
        if name == "slow":
            self.begun.set()
            self.given_up |= not self.slow.wait(60)
        return self._index.affecting(ecosystem, name, version)


class TokenTests(TokensCase):
    """A server whose locks are read with a token."""

    def made_root(self) -> Root:
        root = super().made_root()
        document = a_document("X-1", a_package("six", a_range(("introduced", "0"))))
        self.index = SlowIndex(AdvisoryIndex.of([AdvisoryReader().read(dumped(document))]))
        self.addCleanup(self.index.slow.set)
        return Root(
            self.services(),
            self.base,
            self.ready_answers,
            access=root._access,
            features=[OsvResource(self.shelf, Known(cast(AdvisoryIndex, self.index)))],
        )

    async def test_a_query_needs_the_right_to_read_and_no_other(self) -> None:
        """They ask without a token, or with one for something else."""
        for path in ("query", "querybatch"):
            body = QUERY if path == "query" else b'{"queries": [%s]}' % QUERY
            place = f"/{self.address}/osv/v1/{path}"
            self.assertEqual((await self.ask(place, "POST", body)).status, 401)
            self.assertEqual((await self.as_client("nothing", place, "POST", body)).status, 403)
            reply = await self.as_client("reader", place, "POST", body)
            self.assertEqual((reply.status, b"X-1" in reply.body), (200, True))

    async def test_reading_advisories_gives_no_right_to_write(self) -> None:
        """They have a token that reads, and send something to a path that looks like a query."""
        for path in ("locks", f"{self.address}/runs", f"{self.address}/simple/osv", f"{self.address}/osv/v1/vulns"):
            self.assertEqual((await self.as_client("reader", f"/{path}", "POST", b"six==1.0\n")).status, 403, path)

    async def test_a_client_with_many_queries_leaves_threads_for_others(self) -> None:
        """They have more batches worked on than there are threads: one client has one turn at a time."""
        place = f"/{self.address}/osv/v1/query"
        slow = QUERY.replace(b"six", b"slow")
        asked = [Deferred.fromCoroutine(self.as_client("reader", place, "POST", slow)) for _ in range(24)]
        await in_thread(self.index.begun.wait, 60)
        reply = await self.as_client("committer", place, "POST", QUERY)
        self.assertEqual((reply.status, self.index.given_up), (200, False))
        self.index.slow.set()
        self.assertEqual({reply.status for reply in await gatherResults(asked)}, {200})
