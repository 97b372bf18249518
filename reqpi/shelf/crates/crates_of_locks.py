"""Operations on the crates of a lock: get the index of a crate, or the file of one.

:meth:`reqpi.core.crates.admission.AdmittedCrates.admits` decides on every answer. The digest in the Cargo.lock, the one
in the index and the one of the bytes must agree; otherwise the crate is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from reqpi.core.access.logins import EVERY_LOGIN, UsableLogins
from reqpi.core.crates.admission import AdmittedCrates
from reqpi.core.crates.cargo_config import registry_key
from reqpi.core.crates.index import IndexLine
from reqpi.core.crates.model import Crate
from reqpi.core.crates.reading import places_of
from reqpi.core.crates.source import CrateSource, RegistryPlace, file_of
from reqpi.core.denials import Denial
from reqpi.core.errors import DeniedByOperator, NotAdmitted, wanting
from reqpi.core.interfaces import Store
from reqpi.core.model import Commitment, File, Lock
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.offload import LOCK
from reqpi.runtime.on_behalf import work_under
from reqpi.runtime.singleflight import SingleFlight, within
from reqpi.shelf.crates.admitted import AdmittedOfLocks, CratesOfSdists
from reqpi.shelf.crates.crate_commits import CrateCommits
from reqpi.shelf.crates.frozen_lines import FrozenLines, Releases
from reqpi.shelf.crates.promises import CratePromises
from reqpi.shelf.crates.sdist_locks import project_key
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.fetch import LARGEST
from reqpi.shelf.files.file_responses import FileResponse, FileResponses
from reqpi.shelf.shelf import Shelf

__all__ = ["CratesOfLocks"]

_PATIENCE = 25.0
"""Seconds that a client waits before it is asked to try again: cargo gives up after 30 without a byte."""

_NAMED = 3
"""Sdists that an error names."""


class CratesOfLocks:
    """The crates of all locks, over a shelf.

    :param store: the store of the shelf.
    :param source: the registries.
    :param redirect_above: see :meth:`reqpi.shelf.files.file_parts.FileParts.over`.
    :param largest: likewise.
    :param counts: counts downloads and damage.

    :ivar admitted: which crates each lock admits.
    :ivar commits: the commits of git repositories that have crates.
    :ivar source: the registries.
    """

    def __init__(
        self,
        shelf: Shelf,
        store: Store,
        source: CrateSource,
        clock: IReactorTime,
        redirect_above: int | None = None,
        *,
        largest: int = LARGEST,
        counts: ServerCounts | None = None,
    ) -> None:
        self._shelf = shelf
        self._store = store
        self._clock = clock
        self.admitted = AdmittedOfLocks(shelf, clock)
        self.source = source
        self._lines = FrozenLines(store, source)
        self._downloads = Downloads(store, source, clock, largest=largest, counts=counts)
        self._responses = FileResponses(store, self._downloads, redirect_above)
        self.commits = CrateCommits(
            store,
            self.admitted,
            self._responses,
            source,
            clock,
            denials=shelf.denials,
            refusal=self._refusal_of,
            prohibition=self._denied,
        )
        self._promises = CratePromises(self._responses)
        self._looking: SingleFlight[bytes] = SingleFlight()
        self._reading: SingleFlight[CratesOfSdists] = SingleFlight()

    async def of_sdists(self, commitment: Commitment, sdists: Collection[File], patience: float) -> CratesOfSdists:
        """Return the crates that some sdists admit, with the committed ones; the sdists are fetched if needed.

        :param patience: how long to wait, in seconds.
        :raises reqpi.core.errors.UpstreamTrouble: they are not known yet; the work goes on.
        """
        key = (commitment.address, *sorted(map(project_key, sdists)))
        reading = self._reading.do(key, partial(self.admitted.of_sdists, commitment, sdists))
        what = f"the crates of lock {commitment.short} are"
        return await within(min(patience, _PATIENCE), self._clock, reading, what)

    async def upstreams(self, lock: Lock) -> frozenset[str]:
        """Return the names of the registries and repositories from which the Cargo.locks of a lock take crates.

        Those that its sdists bring along are not among them.
        """
        size = sum(len(document.data) for document in lock.documents)
        places = await LOCK.run(size, places_of, lock)
        return frozenset(map(self.source.name, places))

    async def registries(self, commitment: Commitment) -> tuple[str, ...]:
        """Return the registries that the committed Cargo.locks and those of the sdists in the store name, sorted."""
        return (await self.admitted.here(commitment)).crates.registries

    async def place(self, registry: str) -> RegistryPlace:
        """Return where a registry is.

        :raises reqpi.core.errors.UpstreamTrouble: it cannot be asked.
        """
        return await self.source.place(registry)

    async def chosen(self, commitment: Commitment, crates: tuple[Crate, ...]) -> Crate:
        """Return the one of some crates that is served: they are the same release, with the digests of several locks.

        :param crates: admitted ones; at least one.
        :raises reqpi.core.errors.UpstreamTrouble: the line that decides is not frozen yet, and cannot be obtained.
        """
        if len(crates) == 1:
            return crates[0]
        line = (await self._lines.of(commitment.address, {crates[0].version: crates}))[crates[0].version]
        return next(crate for crate in crates if crate.sha256 == line.cksum)

    async def index(self, commitment: Commitment, key: str, path: str, *, logins: UsableLogins = EVERY_LOGIN) -> bytes:
        """Return the lines of the admitted releases of a crate.

        :param key: the :func:`registry_key` of its registry.
        :param path: of the crate in an index: ``se/rd/serde``.
        :param logins: those that may be used for this client.
        :raises reqpi.core.errors.NotAdmitted: no Cargo.lock admits a crate of that name.
        :raises reqpi.core.errors.UpstreamTrouble: its lines are not frozen yet, and cannot be obtained.
        """
        work_under(commitment.address)
        work = partial(self._index, commitment, key, path, logins=logins)
        looking = self._looking.do((commitment.address, key, path, logins), work)
        name = path.rpartition("/")[2]
        with wanting(name):
            return await within(_PATIENCE, self._clock, looking, f"the index of the crate {name} is")

    async def _index(self, commitment: Commitment, key: str, path: str, *, logins: UsableLogins) -> bytes:
        known = await self.admitted.satisfying(commitment, lambda crates: bool(_at(crates, key, path)), listing=True)
        found = _at(known.crates, key, path)
        if not found:
            raise self._refusal(commitment, known, path.rpartition("/")[2])
        name = path.rpartition("/")[2]
        frozen = [await self._lines.of(commitment.address, releases, logins=logins) for releases in found]
        lines = [line for each in frozen for line in each.values()]
        await self._shelf.denials.gate.check_crates(name, [line.vers for line in lines])
        denied = await self._shelf.denials.current()
        denials = {line: denied.of_crate(name, line.vers, line.cksum) for line in lines}
        left = [line for line, denial in denials.items() if denial is None]
        for denial in denials.values():
            if denial is not None and not left:
                raise self._denied(commitment, name, "", denial)
        return "".join(f"{line.text}\n" for line in left).encode()

    async def file(self, commitment: Commitment, wanted: Crate, *, logins: UsableLogins = EVERY_LOGIN) -> FileResponse:
        """Return a crate, from the store or from its download.

        :param wanted: as the client names it; its registry does not matter.
        :param logins: those that may be used for this client.
        :raises reqpi.core.errors.NotAdmitted: no Cargo.lock admits it.
        :raises reqpi.core.errors.UpstreamTrouble: it is not in the store and cannot be obtained.
        """
        work_under(commitment.address)
        with wanting(wanted.filename):
            looking = Deferred.fromCoroutine(self._line(commitment, wanted, logins=logins))
            crate, line = await within(_PATIENCE, self._clock, looking, f"the crate {wanted.filename} is")
            file = file_of(crate)
            download = self._downloads.of(file) if await self._responses.here(file) is None else None
            self._promises.compare_later(crate, line, download)
            return await self._responses.of(file)

    async def hold(self, commitment: Commitment, wanted: Crate, *, logins: UsableLogins = EVERY_LOGIN) -> int:
        """Fetch a crate unless the store has it, however long that takes; return its size in bytes.

        It raises the errors of :meth:`file`.
        """
        work_under(commitment.address)
        crate, line = await self._line(commitment, wanted, logins=logins)
        file = file_of(crate)
        size = await self._responses.here(file)
        if size is None:
            size = await self._downloads.finished(file)
        await self._promises.compare(crate, line)
        return size

    async def held(self, commitment: Commitment, crate: Crate) -> int | None:
        """Return the size in bytes of a crate that is in the store with its line; ``None`` if it is not."""
        denied = (await self._shelf.denials.current()).of_crate(crate.name, crate.version, crate.sha256)
        if denied is not None or await self._lines.known(commitment.address, crate) is None:
            return None
        return await self._store.size(crate.sha256)

    async def broken_promises(self, commitment: Commitment, crate: Crate) -> tuple[str, ...]:
        """Return in words how a crate differs from its frozen line, as far as they have been compared."""
        line = await self._lines.known(commitment.address, crate)
        return () if line is None else self._promises.broken(crate, line)

    async def _line(
        self, commitment: Commitment, wanted: Crate, *, logins: UsableLogins = EVERY_LOGIN
    ) -> tuple[Crate, IndexLine]:
        """Return an admitted crate with its registry, and its frozen line.

        :raises reqpi.core.errors.NotAdmitted: no Cargo.lock admits it.
        """
        name, version, sha256 = wanted.name, wanted.version, wanted.sha256
        known = await self.admitted.satisfying(commitment, lambda crates: crates.admits(name, version, sha256))
        if not known.crates.admits(name, version, sha256):
            raise self._refusal(commitment, known, name, version)
        await self._shelf.denials.gate.check_crates(name, [version])
        denial = (await self._shelf.denials.current()).of_crate(name, version, sha256)
        if denial is not None:
            raise self._denied(commitment, name, version, denial)
        same = known.crates.of(name)[version]
        crate = next(each for each in same if each.sha256 == sha256)
        with wanting(crate.filename):
            releases = _of(same, crate.registry)
            line = (await self._lines.of(commitment.address, releases, logins=logins))[version]
        if line.cksum != sha256:
            raise self._other_bytes(crate, line.cksum)
        return crate, line

    def _denied(self, commitment: Commitment, name: str, version: str, denial: Denial) -> DeniedByOperator:
        what = f"{name[:70]} {version[:30]}".strip()
        self._shelf.note_refusal(commitment.address, name, what, f"denied: {denial.because}")
        return denial.error(f"the crate {what}")

    @staticmethod
    def _other_bytes(crate: Crate, cksum: str) -> NotAdmitted:
        return NotAdmitted(
            f"the crate {crate.name} {crate.version} has other bytes here",
            f"Two Cargo.locks disagree: the registry listed sha256 {cksum}, and {crate.sha256} was requested.",
        )

    def _refusal(self, commitment: Commitment, known: CratesOfSdists, name: str, version: str = "") -> Exception:
        """Return the error for a crate that is not admitted, as far as it can be known."""
        return self._refusal_of(commitment, known, f"{name[:70]} {version[:30]}".strip(), name)

    def _refusal_of(self, commitment: Commitment, known: CratesOfSdists, what: str, name: str = "git") -> Exception:
        """Return the error for a crate or a commit that is not admitted.

        :param name: stands for a project in the list of what was refused.
        """
        passing = next((trouble for trouble in known.troubles if not trouble.final), None)
        if passing is not None:
            return passing.again()
        self._shelf.note_refusal(commitment.address, name, what, "no Cargo.lock admits this crate")
        detail = "Only crates in the Cargo.lock of an sdist of the lock, or in a committed Cargo.lock, are served."
        if known.without:
            names = ", ".join(file.filename for file in known.without[:_NAMED])
            detail = f"These sdists have no Cargo.lock: {names}. Commit one: reqpi gethash requirements.txt Cargo.lock."
        elif known.troubles:
            detail = f"{detail} An sdist cannot be read: {known.troubles[0]}"
        return NotAdmitted(f"the crate {what} is not admitted by lock {commitment.short}", detail)


def _at(crates: AdmittedCrates, key: str, path: str) -> list[Releases]:
    """Return the releases of each crate at a path of an index, in the registry with this key."""
    releases: list[Releases] = []
    for name in crates.names_at(path):
        own = {
            version: of
            for version, all_of in crates.of(name).items()
            if (of := tuple(crate for crate in all_of if registry_key(crate.registry) == key))
        }
        releases += [own] if own else []
    return releases


def _of(same: tuple[Crate, ...], registry: str) -> Mapping[str, tuple[Crate, ...]]:
    """Return the crates of one release that are in one registry."""
    return {same[0].version: tuple(crate for crate in same if crate.registry == registry)}
