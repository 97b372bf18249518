"""A shelf whose upstream has wheels for two Pythons, an sdist and a large wheel of each project."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from reqpi.core.model import Commitment
from reqpi.core.targets import InstallTarget
from reqpi.runtime.on_behalf import on_behalf_of
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.early_files import EarlyFiles
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.fake_upstream.distributions import build_sdist, build_wheel

__all__ = ["EarlyCase", "target"]

HERE = {"platform": "manylinux_2_36_x86_64", "python-version": "3.12", "implementation": "cp", "abi": "cp312"}


def target(**filters: str) -> InstallTarget:
    """Return the target of CPython 3.12 on Linux, or another."""
    return InstallTarget.read({name: [value] for name, value in (HERE | filters).items()})


class EarlyCase(TestCase):
    """A shelf over a store in memory, and its early files."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.shelf = Shelf(self.store, self.upstream, self.clock, "here")
        self.early = EarlyFiles(self.shelf, self.clock)

    def offer(self, *names: str, pad: int = 0) -> None:
        """Offer projects, whose wheels have so many bytes in addition."""
        for name in names:
            contents = {f"{name}-1.0.tar.gz": build_sdist(name, "1.0")}
            for python in ("cp311", "cp312"):
                tag = f"{python}-{python}-manylinux_2_17_x86_64"
                wheel = build_wheel(name, "1.0", tag=tag) + bytes(pad)
                contents[f"{name}-1.0-{tag}.whl"] = wheel
            files = [a_file(filename, data, name, size=len(data)) for filename, data in contents.items()]
            self.upstream.offer(a_page(*files, project=name), *contents.values())

    async def committed(self, *names: str, client: str = "", every: bool = False) -> Commitment:
        """Commit a lock, whose client will request its files soon."""
        with on_behalf_of(client):
            commitment, _ = await self.shelf.commit("".join(f"{name}==1.0\n" for name in names).encode())
            self.early.begin(commitment, target(), every=every)
        return commitment

    def go_on(self, seconds: float = 0) -> None:
        """Let all be done that waits for a turn of the reactor, and for a time."""
        self.clock.advance(seconds)

    async def finished(self) -> None:
        """Wait until nothing is in progress: metadata is read from wheels in threads."""
        self.go_on()
        while self.early.under_way:
            await deferLater(reactor, 0.001)  # type: ignore[arg-type]

    def fetched(self) -> list[str]:
        """Return the names of the files that the upstream was asked for."""
        return sorted(url.rpartition("/")[2] for url in self.upstream.asked if "/" in url)
