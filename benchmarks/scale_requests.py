"""The requests that a server sends to an object store for each of its operations, counted in front of SeaweedFS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from attrs import define, field, frozen

from benchmarks.asking import get
from benchmarks.counted_requests import CountedRequests, Requests
from benchmarks.load import ACCEPT
from benchmarks.processes import run
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, Stage, say
from benchmarks.upstream import Made, pin, tags, wheel
from tests.seaweed import SeaweedFS

__all__ = ["Costs", "Counted", "costs", "object_store", "options_of"]

_PINS = 20
_MANY_FILES = 11
_IDLE = 10.0
_QUIET = 1.5  # seconds without a request, after which background work has ended


@frozen
class Counted:
    """Requests to the store for one thing.

    :param writes: PUT, POST and LIST.
    :param reads: GET and HEAD.
    :param deletes: DELETE.
    """

    writes: float
    reads: float
    deletes: float = 0.0

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.writes + other.writes, self.reads + other.reads, self.deletes + other.deletes)

    def __sub__(self, other: Counted) -> Counted:
        return self + other * -1

    def __mul__(self, times: float) -> Counted:
        return Counted(self.writes * times, self.reads * times, self.deletes * times)

    @property
    def all(self) -> float:
        """All requests."""
        return self.writes + self.reads + self.deletes


Costs = Mapping[str, Counted]
"""What each operation costs, by name."""

_Projects = Mapping[str, Sequence[Made]]


@define
class _Meter:
    """Counts the requests of one piece of work after the other, without those that an idle server sends."""

    passing: CountedRequests
    idle: set[tuple[str, str]] = field(factory=set)

    def of(self, work: Callable[[], object]) -> Counted:
        """Do something, wait until the store gets no more requests, and return how many it got."""
        before = self.passing.read()
        work()
        self._settle()
        return self._without_idle(self.passing.read() - before)

    def learn_idle(self, seconds: float) -> Counted:
        """Wait, and return the requests of each second; the same kinds of requests do not count from then on."""
        self._settle()
        before = self.passing.read()
        time.sleep(seconds)
        sent = self.passing.read() - before
        self.idle |= set(sent.counted)
        return _counted(sent) * (1 / seconds)

    def _settle(self) -> None:
        last, since = -1, time.monotonic()
        while time.monotonic() - since < _QUIET:
            now = round(self._without_idle(self.passing.read()).all)
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.05)

    def _without_idle(self, requests: Requests) -> Counted:
        return _counted(Requests({key: count for key, count in requests.counted.items() if key not in self.idle}))


def _counted(requests: Requests) -> Counted:
    return Counted(requests.writes, requests.reads, requests.all - requests.writes - requests.reads)


@contextmanager
def object_store() -> Iterator[SeaweedFS]:
    """Start SeaweedFS, in a folder with a short path, because there will be sockets in it."""
    with TemporaryDirectory(prefix="scale-") as folder:
        store = SeaweedFS(Path(folder))
        store.start()
        try:
            yield store
        finally:
            store.stop()


def options_of(store: SeaweedFS, endpoint: str = "") -> tuple[str, ...]:
    """Return the options of a server on the object store.

    :param endpoint: instead of the store's own.
    """
    given = {**store.options, **({"endpoint": endpoint} if endpoint else {})}
    words = [word for name, value in given.items() for word in ("--store-option", f"{name}={value}")]
    return ("--store", store.url, *words)


def costs(bench: Bench) -> Costs:
    """Count the requests of each operation."""
    with ExitStack() as stack:
        stage = stack.enter_context(Stage(bench, "scale-requests"))
        store = stack.enter_context(object_store())
        port = urlsplit(store.options["endpoint"]).port
        assert port is not None
        passing = stack.enter_context(CountedRequests(port))
        options = (*options_of(store, passing.url), "--cache", str(stage.folder / "cache"))
        return _Experiment(bench, stage, _Meter(passing), options).run()


@define
class _Experiment:
    bench: Bench
    stage: Stage
    meter: _Meter
    options: tuple[str, ...]
    found: dict[str, Counted] = field(factory=dict)

    def run(self) -> Costs:
        """Count everything, in two servers after each other on the same store."""
        small, large, wide, held, other = (
            self._projects(*each) for each in (("a", 1), ("b", 1), ("c", _MANY_FILES), ("d", 1), ("f", 1))
        )
        large |= self._projects("e", 1)
        with self._server("first") as server:
            self._first(server, small, large, wide)
            self.found["a file that is held"] = self._hold(server, held)
            self._frozen(server, other)
        self._walk("sweep", "--max-age", "1000000")
        self._walk("verify")
        with self._server("second") as server:
            self.meter.of(lambda: None)
            one, many = (self._asked(server, projects, "page") for projects in (other, wide))
            self.found["a page that another process has frozen"] = one
            self.found["each further file on that"] = (many - one) * (1 / (_MANY_FILES - 1))
            self.found["its file and metadata, if they are stored"] = self._asked(server, small, "page") - one
            self.found["a file that another process has stored"] = self._asked(server, small, "file")
        return self.found

    def _first(self, server: ReqPI, small: _Projects, large: _Projects, wide: _Projects) -> None:
        self.found["an idle process, for each second"] = self.meter.learn_idle(_IDLE)
        one, two, three = (self._frozen(server, each) for each in (small, large, wide))
        page = (two - one) * (1 / _PINS)
        self.found["a commit"] = one - page * _PINS
        self.found["a page that is frozen"] = page
        self.found["each further file on it"] = (three - one) * (1 / _PINS / (_MANY_FILES - 1))
        self.found["a warm page"] = self._asked(server, small, "page")
        self.found["metadata, first asked for"] = self._asked(server, large, "metadata")
        self.found["a file, first asked for"] = self._asked(server, small, "file")
        self.found["its metadata, then"] = self._asked(server, small, "metadata")
        self.found["a warm file"] = self._asked(server, small, "file")
        time.sleep(10)
        self.found["a lock, every ten seconds of use"] = self.meter.of(lambda: self._get(server, small, "page"))

    def _server(self, name: str) -> ReqPI:
        say(f"starting a server on the object store: {name}")
        return ReqPI(self.bench.python, self.stage.folder / name, self.stage.upstream, options=self.options)

    def _projects(self, name: str, files: int) -> dict[str, list[Made]]:
        """Return projects of the upstream with so many files each, of which the first can be downloaded."""
        tree, projects = self.bench.upstream, {}
        for number in range(_PINS):
            project = f"scale-{name}-{number}"
            made = tree.made(project)
            if len(made) != files:
                made = tree.add(
                    project, [wheel(project, size=5000, tag=tag) for tag in ["py3-none-any", *tags(files - 1)]]
                )
            projects[project] = made
        return projects

    def _frozen(self, server: ReqPI, projects: _Projects, comment: str = "") -> Counted:
        """Commit a lock, and get all its pages."""

        def work() -> None:
            server.commit(_lock(projects, comment), hold=False)
            self._get(server, projects, "page", comment)

        return self.meter.of(work)

    def _asked(self, server: ReqPI, projects: _Projects, what: str) -> Counted:
        """Get the page, the file or the metadata of each project; return the requests for each."""
        return self.meter.of(lambda: self._get(server, projects, what)) * (1 / len(projects))

    @staticmethod
    def _get(server: ReqPI, projects: _Projects, what: str, comment: str = "") -> None:
        index = server.index_of(_lock(projects, comment))
        for project, files in projects.items():
            filename = files[0].filename
            name = {"page": "", "file": filename, "metadata": f"{filename}.metadata"}[what]
            answer = get(f"{index}{project}/{name}", {"Accept": ACCEPT if what == "page" else "*/*"})
            if answer.status != 200:
                raise SystemExit(f"{project}/{name}: {answer.status} {answer.body[:300]!r}")

    def _hold(self, server: ReqPI, projects: _Projects) -> Counted:
        """Return the requests for each file of a hold, with those for its page, but without the lock's."""
        sent = self.meter.of(lambda: server.commit(_lock(projects)))
        pages = self.found["a page that is frozen"] * _PINS
        return (sent - self.found["a commit"] - pages) * (1 / _PINS)

    def _walk(self, command: str, *options: str) -> None:
        """Count what a command costs that looks at the whole store."""
        words = [self.bench.python, "-m", "reqpi", command, *self.options[:-2], *options]
        self.found[f"reqpi {command}, here"] = self.meter.of(lambda: run(words, self.stage.folder))


def _lock(projects: _Projects, comment: str = "") -> str:
    return "".join(pin(files) for files in projects.values()) + comment
