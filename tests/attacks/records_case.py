"""A server over a store in which every kind of record exists, and the URLs that read each of them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import TestCase

from reqpi.core.address import address_of
from reqpi.core.crates.commits import CrateCommit
from reqpi.core.interfaces import Store
from reqpi.core.report import Document
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.drift.rounds import DriftRounds
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.learn_sessions import LearnSessions
from reqpi.shelf.maintenance.undoing import Undoing
from reqpi.shelf.maintenance.verify import Verification
from reqpi.shelf.open_index import OpenIndex
from reqpi.shelf.records import (
    KINDS,
    Kind,
    charge_record,
    differing_metadata_record,
    document_record,
    holding_record,
    survey_record,
)
from reqpi.shelf.room.charges import Charge
from reqpi.shelf.room.survey_total import SurveyTotal
from reqpi.shelf.runs import Runs
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.hold_record import RecordedHold
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.storage.memory import MemoryStore
from reqpi.web.crates import CratesResource
from reqpi.web.drift import DriftResource
from reqpi.web.http.feature import Feature
from reqpi.web.http.site import BoundedSite
from reqpi.web.learning import LearnResource
from reqpi.web.operating import OperatorResource
from reqpi.web.public_url import PublicUrl
from reqpi.web.routes import Root
from tests.attested import attested, unsigned
from tests.crates_case import PlainRegistries
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.fake_upstream import build_sdist, build_wheel
from tests.git_crates import git_lock
from tests.rust_sdists import GREET, WORDS, cargo_lock
from tests.web.in_memory import InMemory
from tests.web.wire import Reply

__all__ = ["CHANGES", "JUNK", "READERS", "RecordsCase", "changed"]

LIB = "lib-1.0-py3-none-any.whl"
FAR = "far-1.0-py3-none-any.whl"
CONTENTS = {
    "lib": {LIB: build_wheel("lib", "1.0", ["built>=1"])},
    "built": {"built-1.0.zip": build_sdist("built", "1.0", build_requires=["lib>=1"], form="zip")},
    "far": {FAR: build_wheel("far", "1.0", ["raw>=1"])},
    "raw": {"raw-1.0.zip": build_sdist("raw", "1.0", form="zip")},
}
"""The files of each project. The first two are in the store, of the others it has only what the upstream claims."""

COMMIT = CrateCommit("https://git.example.org/greetings.git", "7" * 40)
"""A commit that has crates."""

LOCK = b"lib==1.0\nbuilt==1.0\n"
TOGETHER = (
    Document("a.txt", b"far==1.0\n"),
    Document("b.txt", b"raw==1.0\n"),
    Document("Cargo.lock", cargo_lock("bare", "1.0.0").encode()),
    Document("rust/Cargo.lock", git_lock(COMMIT.url, COMMIT.id).encode()),
)

JUNK = {
    "nothing": b"",
    "bytes": bytes(range(256)),
    "utf-16": '{"layout": 1}'.encode("utf-16"),
    "a text": b'"text"',
    "a number": b"7",
    "a list of a number": b"[7]",
    "a list of a list": b"[[]]",
    "a list of an object": b"[{}]",
    "an object": b"{}",
    "an object of the layout": b'{"layout":1}',
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"layout":' * 100_000,
    "deep lists to their end": b"[" * 100_000 + b"]" * 100_000,
    "a huge number": b"9" * 10_000,
    "a huge number as its layout": b'{"layout":%s}' % (b"9" * 10_000),
    "an infinite number": b'{"layout":1e999}',
    "no number": b'{"layout":NaN}',
    "a lone surrogate": b'"\\ud800"',
    "a truncated object": b'{"layout":1,"files":[',
}
"""Content that ReqPI writes into no record, by what it is."""

CHANGES: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1e300,
    "",
    "\ud800",
    "a\nb\x1b[2J",
    "../../x",
    [],
    {},
    [[]],
    {"a": 1},
)
"""Values that take the place of each value in a record."""

READERS: Mapping[str, tuple[str, ...]] = {
    "locks": ("/{address}/", "/{address}/lock", "/{address}/simple/", "/{address}/simple/lib/"),
    "documents": ("/{together}/", "/{together}/lock/a.txt", "/{together}/simple/far/"),
    "frozen": (
        *("/{address}/simple/lib/", "/{address}/files.json", f"/{{address}}/simple/lib/{LIB}", "/{address}/held"),
        *("/{address}/requirements.txt", "/{address}/pylock.toml", f"/{{address}}/simple/lib/{LIB}.metadata"),
        *("/{address}/wheelhouse.tar", "/{address}/sbom.cdx.json", "/{address}/build-requirements"),
    ),
    "refused": ("/{address}/refused",),
    "metadata": (f"/{{address}}/simple/lib/{LIB}.metadata", "/{address}/held"),
    "differing": (),
    "told": (f"/{{together}}/simple/far/{FAR}.metadata",),
    "build-systems": ("/{address}/build-requirements",),
    "told-build-systems": ("/{together}/build-requirements",),
    "holding": ("/{address}/held",),
    "lacking": (),
    "bills": ("/{address}/sbom.cdx.json", "/{address}/sbom.spdx.json"),
    "crates": (
        "/{together}/crates/ma/de/made-words",
        f"/{{together}}/crates/dl/made-words/1.0.2/{WORDS.sha256}.crate",
    ),
    "crate-commits": (f"/{{together}}/crates/git/{COMMIT.key}/{COMMIT.id}.json",),
    "provenance": (f"/{{address}}/simple/lib/{LIB}.provenance", "/{address}/held"),
    "learning": ("/learn/{token}/", "/learn/{token}/requirements.txt", "/learn/{token}/simple/lib/"),
    "learned": ("/learn/{token}/", "/learn/{token}/requirements.txt"),
    "runs": ("/runs/{run}/receipt", "/runs/{run}/simple/", "/runs/{run}/simple/lib/"),
    "run-entries": ("/runs/{run}/receipt",),
    "run-counts": ("/runs/{run}/receipt",),
    "charges": (),
    "decisions": (),
    "freezings": ("/{address}/frozen", "/{address}/"),
    "commits": ("/{address}/",),
    "times": (),
    "histories": ("/{address}/drift",),
    "drift": (),
    "surveys": (),
}
"""The paths that read a record of each kind. Nothing is answered from ``lacking``, which only adds advice
to a commit, from ``differing``, of which the name alone counts, from ``times``, of which the time does, from
``drift``, which the metrics show, or from ``charges`` and ``surveys``, which only bound what is stored. Every request
reads ``decisions``."""


@frozen
class Found:
    """A record that the server wrote."""

    name: str
    value: bytes = field(repr=False)


@frozen
class Written:
    """All that a store has.

    :ivar names: the address and the tokens in the names of records.
    """

    names: Mapping[str, str]
    records: Mapping[str, bytes]
    files: Mapping[str, bytes]

    @classmethod
    async def by(cls, store: Store, names: Mapping[str, str]) -> Written:
        """Read all of it."""
        found = [name for kind in KINDS async for name in store.names(kind.below())]
        records = {name: value for name in found if (value := await store.get(name)) is not None}
        files = {digest: b"".join([part async for part in store.read(digest)]) async for digest in store.all()}
        return cls(dict(names), records, files)

    async def into(self, store: Store) -> None:
        """Write it into an empty store."""
        for digest, content in self.files.items():
            incoming = await store.begin()
            await incoming.write(content)
            await incoming.keep(digest)
        for name, value in self.records.items():
            await store.create(name, value)


_WRITTEN: list[Written] = []
"""What the first test has written. Using the server so takes longer than most of the attacks."""


class RecordsCase(TestCase):
    """A server that is started again for each question, so that it reads the store each time."""

    timeout = 240

    def made_store(self) -> Store:
        return MemoryStore(self.clock.seconds)

    async def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000_000)
        self.store = self.made_store()
        self.store.open()
        self.upstream = PlainUpstream()
        self.registries = PlainRegistries()
        self.registries.add(GREET, WORDS)
        self.registries.commits[COMMIT] = b"the archive"
        for project, contents in CONTENTS.items():
            files = [a_file(name, content, project=project, size=len(content)) for name, content in contents.items()]
            self.upstream.offer(a_page(*map(attested, files), project=project), *contents.values())
            self.upstream.files |= {f"{file.url}.provenance": unsigned(file) for file in files}
        self.logged: list[str] = []
        self.count = itertools.count()
        self.restart()
        globalLogPublisher.addObserver(self._log)
        self.addCleanup(globalLogPublisher.removeObserver, self._log)
        self.names: dict[str, str] = {}
        await self._write_everything()

    async def tearDown(self) -> None:
        self.site.stopFactory()
        await self.store.close()

    def _log(self, event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("reqpi"):
            self.logged.append(f"{event['log_level'].name}: {formatEvent(event)}")

    def restart(self) -> None:
        """Start a server that has nothing in memory."""
        files = FileParts.over(self.store, self.upstream, self.clock)
        self.shelf = Shelf(self.store, self.upstream, self.clock, f"this-{next(self.count)}", files)
        self.services = LockServices.over(self.shelf, self.store, self.clock)
        self.sessions = LearnSessions(self.store, self.clock)
        learning = LearnResource(OpenIndex(self.sessions, self.upstream, files, self.clock))
        self.runs = Runs(self.store, self.clock, f"this-{next(self.count)}", patience=0)
        crates = CratesOfLocks(self.shelf, self.store, self.registries, self.clock)
        base = PublicUrl()
        registry = CratesResource(self.shelf, crates, base)
        operating = OperatorResource(Undoing(self.shelf, self.store))
        self.drift = LockDrift(self.shelf, self.store, self.upstream, self.clock)
        features: list[Feature] = [registry, operating, DriftResource(self.shelf, self.drift)]
        root = Root(self.services, base, learning=learning, features=features, runs=self.runs)
        self.site = BoundedSite(root, self.clock, 1 << 16)

    async def ask(self, path: str, method: str = "GET", body: bytes = b"") -> Reply:
        """Ask a server that was just started."""
        self.restart()
        try:
            return await InMemory(self.site).ask(path.format_map(self.names), method, body)
        finally:
            self.site.stopFactory()

    async def _write_everything(self) -> None:
        """Fill the store: the first test of a process by using the server, and the others with what that wrote."""
        if _WRITTEN:
            await _WRITTEN[0].into(self.store)
            self.names = dict(_WRITTEN[0].names)
        else:
            await self._use_everything()
            _WRITTEN.append(await Written.by(self.store, self.names))

    async def _use_everything(self) -> None:
        """Use the server so that it writes a record of each kind."""
        commitment, _ = await self.shelf.commit(LOCK)
        together, _ = await self.shelf.commit_together(TOGETHER)
        session = await self.sessions.begin()
        run = await self.runs.begin(commitment)
        self.names = {"address": commitment.address, "together": together.address}
        self.names |= {"token": session.token, "run": run.token}
        for path in (
            *(*READERS["told"], *READERS["told-build-systems"], *READERS["provenance"]),
            *(*READERS["crates"], *READERS["crate-commits"]),
        ):
            await self.answered(path)
        for project in ("lib", "built"):
            (filename,) = CONTENTS[project]
            await self.shelf.hold(commitment, project, filename)
            await self.answered(f"/learn/{{token}}/simple/{project}/{filename}")
        await self.answered("/runs/{run}/simple/lib/")
        await self.runs.tend()
        await self.answered("/{address}/build-requirements")
        await self.answered("/{address}/sbom.cdx.json")
        await self.ask("/{address}/simple/other/")
        await self.shelf.write_refusals()
        await self.answered("/locks?hold=1", "POST", LOCK)
        while not await self._has_ended(holding_record(commitment.address)):
            await deferLater(reactor, 0)  # type: ignore[arg-type]
        await self.shelf.denials.deny("other", "it is not used here", "operator")
        await self.answered("/{address}/drift")
        rounds = DriftRounds(self.shelf, self.store, self.drift, self.clock, 60.0)
        under_way = Deferred.fromCoroutine(rounds.tend())
        while not under_way.called:
            self.clock.advance(0)
            await deferLater(reactor, 0)  # type: ignore[arg-type]
        await self.store.create(differing_metadata_record("0" * 64), b"1" * 64)
        await self.store.create(charge_record(commitment.address, "one"), Charge("ci", 5).dump())
        await self.store.create(survey_record(), SurveyTotal(5.0, 1000, {"ci": 5}).dump())
        self.assertEqual({kind.folder for kind in KINDS}, {name.partition("/")[0] for name in await self._all()})

    async def _has_ended(self, holds: str) -> bool:
        """Return whether a hold was recorded, and is not in progress."""
        recorded = [await self.store.get(name) async for name in self.store.names(holds)]
        return any(RecordedHold.load(value).at is None for value in recorded if value)

    async def answered(self, path: str, method: str = "GET", body: bytes = b"") -> None:
        reply = await self.ask(path, method, body)
        self.assertLess(reply.status, 300, (path, reply))

    async def _all(self) -> list[str]:
        return [name for kind in KINDS async for name in self.store.names(kind.below())]

    async def of(self, kind: Kind) -> Found:
        """Return the record of this kind that :data:`READERS` reads."""
        names = [name async for name in self.store.names(kind.below())]
        named = [name for name in names if self.names["address"] in name] or names
        chosen = min(named, key=lambda name: ("/lib" not in name, name))
        if kind.folder == "documents":
            chosen = document_record(address_of(TOGETHER[0].data))
        value = await self.store.get(chosen)
        assert value is not None
        return Found(chosen, value)

    async def verified(self, *, repair: bool = False) -> dict[str, bool]:
        """Verify the store: the damaged records by name, and whether each was repaired."""
        verdict = await Verification(self.store, repair=repair).run()
        return {damage.name: damage.repaired for damage in verdict.damages}

    def assert_no_traceback(self, what: object) -> None:
        self.assertEqual(self.flushLoggedErrors(), [], what)


def changed(record: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a JSON document with each of its values replaced by each of :data:`CHANGES`, and with each removed."""
    value = json.loads(record)
    for path in _paths(value):
        for change in CHANGES:
            yield f"{path} = {change!r}", _with(value, path, change)
        if path and isinstance(path[-1], str):
            yield f"{path} removed", _without(value, path)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from _paths(below, (*path, key))


def _with(value: Any, path: tuple[Any, ...], change: Any) -> bytes:
    if not path:
        return json.dumps(change).encode()
    copy = json.loads(json.dumps(value))
    _holder(copy, path)[path[-1]] = change
    return json.dumps(copy).encode()


def _without(value: Any, path: tuple[Any, ...]) -> bytes:
    copy = json.loads(json.dumps(value))
    del _holder(copy, path)[path[-1]]
    return json.dumps(copy).encode()


def _holder(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value
