"""An index over HTTP that yanks, removes, replaces, adds and quarantines, and what is reported of it."""

from __future__ import annotations

import json

from attrs import evolve
from packaging.utils import canonicalize_name

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.reading import AdvisoryReader
from reqpi.core.drift.finding import Finding
from reqpi.core.model import Commitment
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from tests.fake_upstream import Distribution
from tests.upstream.case import UpstreamCase

NAMES = ("bad", "held", "lost", "other", "yank")

MALWARE = {
    "id": "MAL-2026-1",
    "modified": "2026-11-01T00:00:00Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "bad"}, "versions": ["1.0"]}],
}


class DriftOverHttpTests(UpstreamCase):
    """Five projects with a wheel and an sdist each, and a lock with all digests, whose pages are frozen."""

    async def setUp(self) -> None:  # type: ignore[override]  # trial awaits it
        super().setUp()
        self.there = self.upstream()
        self.wheels = {name: self.there.wheel(name, "1.0") for name in NAMES}
        self.sdists = {name: self.there.sdist(name, "1.0") for name in NAMES}
        store, upstream = MemoryStore(self.clock.seconds), self.index(self.there.url)
        self.shelf = Shelf(store, upstream, self.clock, "tests")
        self.advisories = AdvisoryIndex.of([AdvisoryReader().read(json.dumps(MALWARE).encode())])
        self.drift = LockDrift(self.shelf, store, upstream, self.clock, lambda: self.advisories)
        self.commitment = await self.frozen("".join(map(self.line, NAMES)).encode())
        self.there.forget()

    def line(self, name: str) -> str:
        files: tuple[Distribution, ...] = (self.wheels[name], self.sdists[name])
        return f"{name}==1.0 {' '.join(f'--hash=sha256:{file.sha256}' for file in files)}\n"

    async def frozen(self, lock: bytes) -> Commitment:
        commitment, _ = await self.shelf.commit(lock)
        for name in NAMES:
            await self.shelf.page(commitment, name)
        return commitment

    async def found(self) -> list[tuple[str, str, str | None]]:
        """The findings after an hour, without those about malware."""
        self.clock.advance(3600)
        report = await self.drift.of(self.commitment)
        self.assertEqual(report.unknown, ())
        return [(one.project, one.kind, one.filename) for one in report.findings if one.kind != "malware"]

    async def test_everything_that_it_does_is_reported(self) -> None:
        self.assertEqual(await self.found(), [])
        self.there.add(evolve(self.wheels["yank"], yanked="broken"))
        self.there.remove(self.sdists["lost"])
        self.there.add(evolve(self.sdists["other"], content=b"other bytes"))
        self.there.statuses["held"] = ("quarantined", "under review")
        self.there.wheel("held", "1.0", tag="py2-none-any")
        for distribution in (self.wheels["bad"], self.sdists["bad"]):
            self.there.remove(distribution)
        self.assertEqual(
            await self.found(),
            [
                ("bad", "gone", None),
                ("held", "added", "held-1.0-py2-none-any.whl"),
                ("held", "status", None),
                ("lost", "gone", "lost-1.0.tar.gz"),
                ("other", "digest", "other-1.0.tar.gz"),
                ("yank", "yanked", "yank-1.0-py3-none-any.whl"),
            ],
        )

    async def test_malware_is_reported_with_the_id_of_the_advisory(self) -> None:
        report = await self.drift.of(self.commitment)
        [malware] = report.findings
        expected = ("malware", "bad", "1.0", None, "MAL-2026-1", "MAL-2026-1.json")
        said = (malware.kind, malware.project, malware.version, malware.filename, malware.text, malware.source)
        self.assertEqual(said, expected)

    async def test_a_page_that_has_not_changed_is_not_sent_again(self) -> None:
        await self.found()
        self.there.forget()
        await self.found()
        asked = self.there.asked()
        self.assertEqual(len(asked), len(NAMES))
        self.assertTrue(all(request.headers.get("if-none-match") for request in asked), asked)

    async def test_what_is_frozen_stays_as_it_was(self) -> None:
        project = canonicalize_name("yank")
        before = await self.shelf.page(self.commitment, project)
        self.there.add(evolve(self.wheels["yank"], yanked="broken"))
        found: list[Finding] = [*(await self.drift.of(self.commitment)).findings]
        self.assertTrue(found)
        self.assertEqual(await self.shelf.page(self.commitment, project), before)
