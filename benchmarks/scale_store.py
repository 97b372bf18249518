"""A store of many locks, written by the server's own code, in pieces: a run goes on where the last one ended.

A frozen page depends on the releases that a lock pins of the project, and not on the lock. So the pages of releases
that another lock pins are copied from it, and only others are frozen. No file is synced to disk.

Run ``python -m benchmarks.scale_store FOLDER --locks 1000 --pins 100 --seconds 100``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from packaging.version import Version
from twisted.internet import task
from twisted.internet.defer import Deferred

from benchmarks.scale_catalogue import Catalogue, Release, files, installed, lock
from reqpi.core.address import address_of
from reqpi.core.interfaces import Store
from reqpi.core.model import Digest, Page, Project
from reqpi.shelf.records import lock_record, page_record
from reqpi.shelf.shelf import Shelf
from reqpi.storage.directory.store import DirectoryStore
from tests.fake_index import PlainTransfer, PlainUpstream
from tests.storage.inline import inline

__all__ = ["Filling", "fill"]


@frozen
class Filling:
    """A store that is being filled.

    :param folder: contains the store, and how many locks it has.
    :param pins: of each lock.
    """

    folder: Path
    pins: int
    catalogue: Catalogue = field(factory=Catalogue)

    @property
    def store(self) -> Path:
        """The folder of the store."""
        return self.folder / "store"

    @property
    def locks(self) -> int:
        """How many locks the store has."""
        noted = self._noted
        return int(noted.read_text()) if noted.exists() else 0

    def note(self, locks: int) -> None:
        """Note how many locks the store has."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._noted.write_text(str(locks))

    def lock(self, number: int) -> bytes:
        """Return a lock."""
        return lock(self.catalogue.releases(number, self.pins))

    @property
    def _noted(self) -> Path:
        return self.folder / f"locks-of-{self.pins}"


@define
class _Upstream(PlainUpstream):
    """The index of the catalogue; it makes each page when it is asked for it."""

    releases: dict[str, list[Release]] = field(factory=dict)

    def list(self, releases: Collection[Release]) -> None:
        """List these releases and no others."""
        self.releases = {}
        for each in releases:
            self.releases.setdefault(each.name, []).append(each)

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> Page:
        return Page(project, tuple(file for release in self.releases[project] for file in files(release)))

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> PlainTransfer:
        [content] = [
            installed(release)
            for listed in self.releases.values()
            for release in listed
            if files(release)[0].url == url
        ]
        return PlainTransfer(len(content), start, content[start:stop])


async def fill(filling: Filling, store: Store, clock: Any, locks: int, seconds: float) -> int:
    """Add locks to a store until it has ``locks``, or the time is over; return how many it has.

    The file of each release that clients take is stored, too.
    """
    filling.note(filling.locks)
    store.open()
    upstream = _Upstream()
    adding = _Adding(store, Shelf(store, upstream, clock, "scale"), upstream)
    end, done = time.monotonic() + seconds, filling.locks
    while done < locks and time.monotonic() < end:
        releases = filling.catalogue.releases(done, filling.pins)
        await adding.add(releases)
        done += 1
        if not done % 50:
            filling.note(done)
    filling.note(done)
    await store.close()
    return done


@define
class _Adding:
    """Adds locks to a store.

    :ivar known: the stored pages of the releases that other locks pin.
    """

    store: Store
    shelf: Shelf
    upstream: _Upstream
    known: dict[Release, bytes] = field(factory=dict)

    async def add(self, releases: Sequence[Release]) -> None:
        """Store a lock and its pages: those that are known as they are, and freeze the others."""
        document = lock(releases)
        address = address_of(document)
        new = [release for release in releases if release not in self.known]
        if new:
            await self._frozen(document, address, new)
        else:
            await self.store.create(lock_record(address), document)
        for release in releases:
            await self.store.create(page_record(address, release.name), self.known[release])

    async def _frozen(self, document: bytes, address: str, releases: Sequence[Release]) -> None:
        """Commit a lock, freeze the pages of these releases, and take the file of each that clients take."""
        self.upstream.list(releases)
        commitment, _ = await self.shelf.commit(document)
        for release in releases:
            page = await self.shelf.page(commitment, release.name)
            await self.shelf.hold(commitment, release.name, page.files[0].filename)
            self.known[release] = await self.store.get(page_record(address, release.name)) or b""


def main() -> None:
    """Fill a store for some seconds, and print how many locks it has."""
    parser = argparse.ArgumentParser("python -m benchmarks.scale_store", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--locks", type=int, default=1000)
    parser.add_argument("--pins", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=100)
    given = parser.parse_args()
    os.fsync = lambda _: None  # the store need not outlast a loss of power
    filling = Filling(given.folder.resolve(), given.pins)

    def started(reactor: Any) -> Deferred[Any]:
        began, before = time.process_time(), filling.locks
        store = DirectoryStore(filling.store, in_thread=inline)
        filled = Deferred.fromCoroutine(fill(filling, store, reactor, given.locks, given.seconds))

        def say(done: int) -> None:
            print(f"{done:,} locks; {(time.process_time() - began) / max(done - before, 1) * 1e3:.1f} ms of CPU each")

        return filled.addCallback(say)

    task.react(started)


if __name__ == "__main__":
    sys.exit(main())
