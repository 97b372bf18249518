"""All servers of one part, with the same upstream: ReqPI with a held lock, nginx with its responses, and the peers."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from typing import Self

from attrs import evolve, frozen

from benchmarks.figures import Spread
from benchmarks.load import Load, Sample, measure
from benchmarks.machine import LOAD_CORE, quiet
from benchmarks.nginx import Nginx, certificate, mirror
from benchmarks.peers import PEERS, peer
from benchmarks.reqpi_server import ReqPI
from benchmarks.sites import Site
from benchmarks.upstream import Made, Tree, pin

__all__ = ["Bench", "Samples", "Stage", "say"]


@frozen
class Bench:
    """The settings of a run.

    :param python: the interpreter of the environment that has ReqPI.
    :param work: a folder for environments, fixtures and stores.
    :param quick: only check that everything runs; the figures are not meaningful.
    :param peers: the names of the peers to compare with.
    :param soak: the length of the soak, in seconds.
    """

    python: str
    work: Path
    quick: bool = False
    peers: Sequence[str] = PEERS
    soak: float = 600.0

    @property
    def rounds(self) -> int:
        """How often each case is measured."""
        return 1 if self.quick else 3

    @property
    def seconds(self) -> float:
        """The length of each load, in seconds."""
        return 1 if self.quick else 4

    @property
    def upstream(self) -> Tree:
        """The projects that the upstream serves."""
        return Tree(self.work / "upstream")


class Samples:
    """The samples of each site and each case, one for each round."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], list[Sample]] = {}

    def add(self, site: str, case: str, sample: Sample) -> None:
        """Add the sample of one round."""
        self._kept.setdefault((site, case), []).append(sample)

    def has(self, site: str, case: str) -> bool:
        """Return whether the case was measured on the site."""
        return (site, case) in self._kept

    def of(self, site: str, case: str, what: Callable[[Sample], float]) -> Spread:
        """Return the spread of one figure of a case on a site."""
        return Spread.of(what(sample) for sample in self._kept[site, case])

    @property
    def errors(self) -> dict[str, int]:
        """The number of errors by site and case; cases without errors are omitted."""
        counted = {f"{site}, {case}": sum(each.errors for each in kept) for (site, case), kept in self._kept.items()}
        return {name: count for name, count in counted.items() if count}

    @property
    def noise(self) -> float:
        """The cores that other processes used during the load in which they used most."""
        return max((each.noise for kept in self._kept.values() for each in kept), default=0.0)


class Stage:
    """A context manager that stops its servers on exit. All of them serve the same projects from the same upstream.

    :ivar folder: for the files that the servers write; empty at first.
    :ivar sites: the servers that were started, by name.
    :ivar upstream: the URL of the index of the upstream, with a slash at the end.
    """

    def __init__(self, bench: Bench, name: str) -> None:
        self._bench = bench
        self.folder = bench.work / "stages" / name
        rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._running = ExitStack()
        self.sites: dict[str, Site] = {}

    def __enter__(self) -> Self:
        nginx = self._running.enter_context(Nginx(self.folder / "upstream", self._bench.upstream.root, core=None))
        self.upstream = f"{nginx.url}/simple/"
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def add(self, site: Site) -> Site:
        """Add a server, which is stopped with the others."""
        self._running.enter_context(site.process)
        self.sites[site.name] = site
        return site

    def reqpi(
        self,
        projects: Mapping[str, Sequence[Made]],
        name: str = "ReqPI",
        *,
        workers: int = 1,
        log: bool = True,
        tls: bool = False,
        options: tuple[str, ...] = (),
        closed: bool = False,
    ) -> Site:
        """Start ReqPI, and commit and hold a lock of these projects.

        :param log: write each access into the server's own log.
        :param tls: add a second site with TLS on the same process.
        :param options: further options of ``reqpi server``.
        :param closed: require a token for everything.
        """
        say(f"starting {name}")
        keys = certificate(self._bench.work) if tls else None
        folder = self._folder_of(name)
        options += () if log else ("--access-log", "off")
        server = ReqPI(
            self._bench.python, folder, self.upstream, workers=workers, tls=keys, options=options, closed=closed
        )
        self._running.enter_context(server)
        index = server.commit("".join(pin(files) for files in projects.values()))
        if tls:
            self.sites[f"{name}, TLS"] = Site(f"{name}, TLS", server.secure(index), server)
        self.sites[name] = Site(name, index, server, workers == 1, server.login)
        return self.sites[name]

    def nginx(
        self,
        projects: Mapping[str, Sequence[Made]],
        like: Site,
        name: str = "nginx",
        *,
        log: bool = True,
        tls: bool = False,
    ) -> Site:
        """Start nginx with the responses of another site, ``like``, as files under the same paths."""
        files = self._bench.upstream.root / "files"
        paths = [f"{project}/{made.filename}" for project, listed in projects.items() for made in listed]
        tree = self.folder / "tree"
        headers = mirror(tree, like.index, projects, {path: files / path for path in paths})
        keys = certificate(self._bench.work) if tls else None
        server = self._running.enter_context(Nginx(self._folder_of(name), tree, log=log, headers=headers, tls=keys))
        path = like.index.split("/", 3)[3]
        if tls:
            self.sites[f"{name}, TLS"] = Site(f"{name}, TLS", f"{server.tls_url}/{path}", server)
        self.sites[name] = Site(name, f"{server.url}/{path}", server)
        return self.sites[name]

    def peers(self) -> list[Site]:
        """Start the peers that can be installed."""
        found = []
        self._bench.upstream.index()
        for name in self._bench.peers:
            say(f"starting {name}")
            site = peer(name, self._bench.work, self.folder / name, self.upstream)
            if site is not None:
                found.append(self.add(site))
        return found

    def _folder_of(self, name: str) -> Path:
        return self.folder / re.sub(r"[^A-Za-z0-9]+", "-", name)

    def load(self, site: Site, load: Load, at_once: bool = False) -> Sample:
        """Run a load against a site, once the machine is quiet; with ``at_once`` or ``--quick``, without waiting."""
        if not self._bench.quick and not at_once:
            quiet()
        return measure(
            evolve(load, headers={**load.headers, **site.login}),
            site.process,
            self.folder,
            LOAD_CORE if site.alone else None,
        )


def say(what: str) -> None:
    """Report progress on stderr."""
    print(what, file=sys.stderr, flush=True)
