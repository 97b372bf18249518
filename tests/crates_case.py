"""A server over a store in memory, an upstream with sdists that need Rust, and registries in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from attrs import define, field
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import TestCase

from reqpi.core.crates.commits import CrateCommit, commit_at
from reqpi.core.crates.index import DownloadTemplate, IndexLine, read_index
from reqpi.core.crates.source import RegistryPlace, crate_at
from reqpi.core.errors import NotFound, UpstreamTrouble
from reqpi.core.interfaces import Store
from reqpi.core.report import Document
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.crates.held_crates import HeldCrates
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.maintenance.undoing import Undoing
from reqpi.shelf.runs import Runs
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.storage.memory import MemoryStore
from reqpi.upstream.allowed.urls import host_of
from reqpi.web.crates import CratesResource
from reqpi.web.drift import DriftResource
from reqpi.web.http.access import Access
from reqpi.web.http.feature import Feature
from reqpi.web.http.site import BoundedSite
from reqpi.web.operating import OperatorResource
from reqpi.web.permission import FrozenPages
from reqpi.web.public_url import PublicUrl
from reqpi.web.routes import Root
from reqpi.web.run_crates import RunCrates
from tests.crates_registry import MadeCrate, index_path
from tests.distributions import a_file, a_page
from tests.fake_index import Hook, PlainTransfer, PlainUpstream
from tests.fake_upstream import Distribution
from tests.rust_sdists import GREET, WORDS, maturin_sdist
from tests.web.in_memory import InMemory
from tests.web.wire import Reply

__all__ = ["CratesCase", "PlainRegistries"]


@define
class PlainRegistries:
    """A :class:`reqpi.core.crates.source.CrateSource` over dictionaries.

    :ivar indexes: the index file of each crate, by registry and name.
    :ivar contents: the bytes of each crate, by registry, name and version.
    :ivar commits: the archives of commits of git repositories.
    :ivar asked: the index files and crates that it was asked for, in order.
    :ivar places: the URL of each registry's index, and its template for files.
    :ivar with_login: the registries that the server has a login for.
    :ivar names: the names of registries in a token; that of the default one is known.
    :ivar before: what to await before an index file or a crate is sent, by its name or filename; it may raise.
    """

    indexes: dict[tuple[str, str], bytes] = field(factory=dict)
    contents: dict[tuple[str, str, str], bytes] = field(factory=dict)
    commits: dict[CrateCommit, bytes] = field(factory=dict)
    asked: list[str] = field(factory=list)
    places: dict[str, tuple[str, str]] = field(factory=dict)
    with_login: set[str] = field(factory=set)
    names: dict[str, str] = field(factory=lambda: {"": "crates:default"})
    before: dict[str, Hook] = field(factory=dict)

    def add(self, *crates: MadeCrate, registry: str = "") -> None:
        """List crates and serve them."""
        for crate in crates:
            key = registry, crate.name
            self.indexes[key] = self.indexes.get(key, b"") + crate.line + b"\n"
            self.contents[registry, crate.name, crate.version] = crate.content

    async def lines(self, name: str, registry: str, versions: Collection[str]) -> Mapping[str, IndexLine]:
        await self._asked(name)
        if (registry, name) not in self.indexes:
            raise NotFound(f"no {name}")
        return read_index(self.indexes[registry, name], name)

    async def whole(self, name: str, registry: str) -> bytes:
        await self._asked(name)
        if (registry, name) not in self.indexes:
            raise NotFound(f"no {name}")
        return self.indexes[registry, name]

    async def place(self, registry: str) -> RegistryPlace:
        await self._asked("config.json")
        if registry not in self.places:
            raise UpstreamTrouble("crates.example.org cannot be reached")
        index, template = self.places[registry]
        return RegistryPlace(index, DownloadTemplate(template))

    async def page(self, *args: Any, **options: Any) -> NoReturn:
        raise NotFound("no page")

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> PlainTransfer:
        commit = commit_at(url)
        named = commit or crate_at(url, index)
        await self._asked(named.filename)
        if isinstance(named, CrateCommit):
            content = self.commits.get(named)
        else:
            content = self.contents.get((index, named.name, named.version))
        if content is None:
            raise NotFound(f"no {named.filename}")
        return PlainTransfer(len(content), start, content[start:stop])

    def reveals(self, registry: str) -> bool:
        return registry not in self.with_login

    def name(self, registry: str) -> str:
        commit = commit_at(registry)
        return self.names.get(registry, registry) if commit is None else host_of(commit.url)

    async def has_login(self, registry: str) -> bool:
        return registry in self.with_login

    async def _asked(self, what: str) -> None:
        self.asked.append(what)
        if what in self.before:
            await self.before[what]()


class CratesCase(TestCase):
    """The lock at ``self.address`` pins one sdist, whose Cargo.lock names two crates."""

    timeout = 300
    sdist: Distribution = maturin_sdist()
    crates: tuple[MadeCrate, ...] = (GREET, WORDS)

    async def setUp(self) -> None:
        self.clock = self.made_clock()
        self.store: Store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.registries = PlainRegistries()
        self.registries.add(*self.crates)
        self.offer("shout", self.sdist)
        self.logged: list[str] = []
        globalLogPublisher.addObserver(self._log)
        self.addCleanup(globalLogPublisher.removeObserver, self._log)
        self.restart()
        self.address = await self.committed("shout==1.0")

    def tearDown(self) -> None:
        self.site.stopFactory()

    def made_clock(self) -> Any:
        clock = Clock()
        clock.advance(1_000_000_000)
        return clock

    def pass_time(self) -> None:
        """Let a second pass before a request, so that nothing counts as just looked up."""
        self.clock.advance(1)

    def _log(self, event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("reqpi"):
            self.logged.append(formatEvent(event))

    def offer(self, project: str, *sdists: Distribution) -> None:
        """Have the upstream list these files of a project."""
        files = [a_file(each.filename, each.content, project=project, size=len(each.content)) for each in sdists]
        self.upstream.offer(a_page(*files, project=project), *(each.content for each in sdists))

    def restart(self, source: Any = None) -> None:
        """Start a server that has nothing in memory.

        :param source: of crates, in place of the registries.
        """
        self.shelf = Shelf(self.store, self.upstream, self.clock, "tests")
        crates = CratesOfLocks(self.shelf, self.store, source or self.registries, self.clock)
        further = HeldCrates(self.shelf, self.store, crates)
        self.services = LockServices.over(self.shelf, self.store, self.clock, further)
        base = PublicUrl()
        registry = CratesResource(self.shelf, crates, base)
        self.runs = Runs(self.store, self.clock, "tests")
        features: list[Feature] = [registry, RunCrates(self.shelf, registry, FrozenPages(self.shelf), self.runs)]
        features.append(OperatorResource(Undoing(self.shelf, self.store)))
        features.append(DriftResource(self.shelf, LockDrift(self.shelf, self.store, self.upstream, self.clock)))
        access = self.access()
        root = Root(self.services, base, features=features, access=access, runs=self.runs)
        self.site = BoundedSite(root, self.clock, 1 << 20, clients=access)

    def access(self) -> Access | None:
        """The clients of the server; none has to log in, unless a test says otherwise."""
        return None

    async def committed(self, *lines: str) -> str:
        """Commit a lock of these lines; its address."""
        commitment, _ = await self.shelf.commit("".join(f"{line}\n" for line in lines).encode())
        return commitment.address

    async def committed_together(self, lines: str, cargo_lock: str) -> str:
        """Commit a requirements file with a Cargo.lock; its address."""
        documents = Document("requirements.txt", lines.encode()), Document("Cargo.lock", cargo_lock.encode())
        commitment, _ = await self.shelf.commit_together(documents)
        return commitment.address

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """Ask for a path below the address."""
        self.pass_time()
        return await InMemory(self.site).ask(f"/{self.address}/{path}", method, **headers)

    async def index_of(self, name: str) -> Reply:
        """Ask for the index of a crate."""
        return await self.ask(f"crates/{index_path(name)}")

    async def take(self, crate: MadeCrate, sha256: str = "") -> Reply:
        """Ask for a crate."""
        return await self.ask(f"crates/dl/{crate.name}/{crate.version}/{sha256 or crate.sha256}.crate")
