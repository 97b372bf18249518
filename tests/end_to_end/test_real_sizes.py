"""Every command on stores of real size: two large locks, and two thousand small ones."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import evolve

from reqpi.core.frozen_pages import dump
from reqpi.shelf.commitments import lock_record
from reqpi.shelf.freezing import page_record
from reqpi.storage.directory.layout import Layout
from reqpi.storage.directory.paths import record_parts
from tests.distributions import a_file, a_page
from tests.end_to_end.every_command import EveryCommand
from tests.end_to_end.restocked import requirements_on, uv_lock_on
from tests.fake_upstream import Distribution, Upstream
from tests.sourcehost import SourceHost

pytestmark = pytest.mark.processes

TESTS = Path(__file__).parents[1]


class RealSizeCase(EveryCommand):
    """A folder, and an upstream."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.store = self.folder / "store"
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.upstream.wheel("other", "1.0")
        self.options = ("--upstream", self.upstream.url)


class LargeLocksTests(RealSizeCase):
    """A requirements file of 61 projects with all their wheels, and a uv.lock of 1 MB."""

    def test_every_command_on_a_store_of_both(self) -> None:
        second, host = Upstream(), SourceHost()
        self.addCleanup(second.close)
        self.addCleanup(host.close)
        self.options += ("--upstream", f"second={second.url}", "--allow-host", host.name, "--ca", str(host.authority))
        text = requirements_on(self.upstream, (TESTS / "live" / "sixty.txt").read_text())
        (self.folder / "requirements.txt").write_text(text)
        self.every_command("requirements.txt", pins=61, project="attrs", files=65)
        text = (TESTS / "data" / "locks" / "projects" / "paperless.uv.lock").read_text()
        (self.folder / "uv.lock").write_text(uv_lock_on(self.upstream, second, host, text))
        sources = ("microsoft-python-type-stubs", "psycopg-c")
        # A mirror has all 2,000 files, of all platforms: it would take as long as all other commands together.
        self.every_command("uv.lock", pins=270, project="aiohttp", files=271, sources=sources, without="mirror")
        self.every_command_without_a_lock()


class ManyLocksTests(RealSizeCase):
    """Two thousand locks, the older half of which no one has used for two years."""

    LOCKS, PROJECTS = 2000, 60

    def setUp(self) -> None:
        super().setUp()
        self.layout = Layout(self.store)
        self.layout.prepare()
        self.made = [self.kept(f"p{number}") for number in range(self.PROJECTS)]
        self.locks = [self.committed(number) for number in range(self.LOCKS)]

    def kept(self, name: str) -> Distribution:
        """A wheel that the upstream and the store have."""
        made = self.upstream.wheel(name, "1.0")
        for content in (made.content, made.metadata or b""):
            digest = sha256(content).hexdigest()
            path = self.layout.blobs / digest[:2] / digest
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return made

    def committed(self, number: int) -> Path:
        """Write a lock of three projects, and its frozen pages, as a server does; old and new have none in common."""
        half = self.PROJECTS // 2
        chosen = [self.made[half * (number % 2) + (number // 2 + step) % half] for step in (0, 7, 11)]
        pins = "".join(f"{made.filename.split('-')[0]}==1.0\n" for made in chosen)
        document = f"{pins}# {number}\n".encode()
        address = sha256(document).hexdigest()
        for made in chosen:
            project = made.filename.split("-")[0]
            file = evolve(a_file(made.filename, made.content, project), url=self.upstream.file_url(made))
            digest = a_file("a-1.tar.gz", made.metadata, "a").digests
            page = a_page(evolve(file, core_metadata=next(iter(digest))), project=project)
            self.written(page_record(address, project), dump(page))
        path = self.written(lock_record(address), document)
        (self.folder / "lock.txt").write_bytes(document)
        self.pinned = chosen[0].filename.split("-")[0]
        return path

    def written(self, name: str, value: bytes) -> Path:
        path = self.layout.records.joinpath(*record_parts(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value)
        return path

    def grow_old(self) -> None:
        """Two years pass for everything but the locks of the newer half."""
        then = time.time() - 2 * 365 * 86400
        newer = set(self.locks[1::2])
        for path in self.store.rglob("*"):
            if path.is_file() and path not in newer:
                os.utime(path, (then, then))

    def command_verify(self) -> None:
        said = self.reqpi("verify", "--store", str(self.store))
        self.assertIn(" 2000 locks, ", said)
        super().command_verify()

    def command_sweep(self) -> None:
        """The older half goes with what only it needed; the newer is whole."""
        super().command_sweep()
        self.grow_old()
        gone = "1000 locks and 60 files"
        sweep = ("sweep", "--store", str(self.store), "--max-age", str(365 * 86400))
        self.assertIn(f"would remove {gone}", self.reqpi(*sweep, "--dry-run"))
        self.assertIn(f"removed {gone}", self.reqpi(*sweep))
        self.assertEqual([path for path in self.locks if path.exists()], self.locks[1::2])
        self.assertIn(" 1000 locks, ", self.reqpi("verify", "--store", str(self.store)))

    def test_every_command_on_a_store_of_2000_locks(self) -> None:
        self.every_command("lock.txt", pins=3, project=self.pinned, files=3)
        self.every_command_without_a_lock()
