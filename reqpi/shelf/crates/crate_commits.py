"""The archives of the commits from which Cargo.locks take crates: each is fetched once for a lock, and frozen.

The commit is the pin: git verifies it. The sha256 of the archive is that of its first fetch for the address, and every
later one must have it. An archive has all crates of its commit, so it is denied as soon as one of those that the lock
takes from it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from reqpi.core.access.logins import EVERY_LOGIN, UsableLogins
from reqpi.core.crates.commits import CrateCommit, dump_commit, load_commit
from reqpi.core.crates.model import GitCrate
from reqpi.core.crates.source import CrateSource
from reqpi.core.denials import Denial
from reqpi.core.errors import DamagedRecord, LoginNotUsed, StoreTrouble, wanting
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, File
from reqpi.runtime.singleflight import SingleFlight, within
from reqpi.shelf.crates.admitted import AdmittedOfLocks, CratesOfSdists
from reqpi.shelf.denials import Denials
from reqpi.shelf.files.file_responses import FileResponse, FileResponses
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import crate_commit_record

__all__ = ["CrateCommits"]

_PATIENCE = 25.0
"""Seconds that a client waits before it is asked to try again."""

Refusal = Callable[[Commitment, CratesOfSdists, str], Exception]
"""Returns the error for a lock, what is known of it, and the thing that it does not admit."""

Prohibition = Callable[[Commitment, str, str, Denial], Exception]
"""Returns the error for the name and the version of a crate that the operator denies to the clients of a lock."""


class CrateCommits:
    """The archives of the commits of all locks.

    :param refusal: makes the error for a commit that is not admitted.
    :param prohibition: makes that for a commit that has a denied crate.
    """

    def __init__(
        self,
        records: Records,
        admitted: AdmittedOfLocks,
        responses: FileResponses,
        source: CrateSource,
        clock: IReactorTime,
        *,
        denials: Denials,
        refusal: Refusal,
        prohibition: Prohibition,
    ) -> None:
        self._records = records
        self._admitted = admitted
        self._responses = responses
        self._source = source
        self._clock = clock
        self._denials = denials
        self._refusal = refusal
        self._prohibition = prohibition
        self._freezing: SingleFlight[File] = SingleFlight()

    async def archive(
        self, commitment: Commitment, key: str, commit: str, *, logins: UsableLogins = EVERY_LOGIN
    ) -> File:
        """Return the archive of a commit, with its digest. The repository is asked unless it is frozen.

        :param key: of the repository, as :attr:`reqpi.core.crates.commits.CrateCommit.key`.
        :param logins: those that may be used for this client.
        :raises reqpi.core.errors.NotAdmitted: no Cargo.lock names the commit.
        :raises reqpi.core.errors.DeniedByOperator: the archive is denied, or one of the crates that Cargo.locks take
            from it.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be obtained.
        """
        with wanting(f"the commit {commit[:12]}"):
            looking = Deferred.fromCoroutine(self._of(commitment, key, commit, logins=logins))
            return await within(_PATIENCE, self._clock, looking, f"the commit {commit[:12]} is")

    async def file(
        self, commitment: Commitment, key: str, commit: str, *, logins: UsableLogins = EVERY_LOGIN
    ) -> FileResponse:
        """Return the archive of a commit, from the store or from its download. It raises the errors of `archive`."""
        return await self._responses.of(await self.archive(commitment, key, commit, logins=logins))

    async def hold(self, commitment: Commitment, commit: CrateCommit, *, logins: UsableLogins = EVERY_LOGIN) -> int:
        """Fetch the archive of a commit unless the store has it, however long that takes; return its size in bytes.

        It raises the errors of :meth:`archive`.
        """
        file = await self._of(commitment, commit.key, commit.id, logins=logins)
        size = await self._responses.here(file)
        return (await self._responses.measured(file)).size or 0 if size is None else size

    async def held(self, commitment: Commitment, commit: CrateCommit) -> int | None:
        """Return the size in bytes of an archive that is frozen and in the store; ``None`` if it is not, or denied."""
        file = await self._frozen(commitment.address, commit)
        if file is None:
            return None
        if (await self._denials.current()).denials:
            crates = (await self._admitted.at_hand(commitment)).of_commit(commit)
            if not crates or await self._denied(crates, file) is not None:
                return None
        return await self._responses.here(file)

    async def _of(self, commitment: Commitment, key: str, commit: str, *, logins: UsableLogins = EVERY_LOGIN) -> File:
        known = await self._admitted.satisfying(
            commitment, lambda crates: crates.commit(key, commit) is not None, listing=True
        )
        admitted = known.crates.commit(key, commit)
        if admitted is None:
            raise self._refusal(commitment, known, f"commit {commit[:12]}")
        crates = known.crates.of_commit(admitted)
        await self._check(commitment, crates)
        work = partial(self._frozen_or_fetched, commitment.address, admitted, logins=logins)
        file = await self._freezing.do((logins, commitment.address, admitted), work)
        await self._check(commitment, crates, file)
        return file

    async def _check(self, commitment: Commitment, crates: Iterable[GitCrate], file: File | None = None) -> None:
        """Check that neither an archive nor one of its crates is denied.

        :param file: ``None`` while its digest is not known.
        """
        denied = await self._denied(crates, file)
        if denied is not None:
            crate, denial = denied
            raise self._prohibition(commitment, crate.name, crate.version, denial)

    async def _denied(self, crates: Iterable[GitCrate], file: File | None) -> tuple[GitCrate, Denial] | None:
        denials, digest = await self._denials.current(), "" if file is None else str(file.sha256)
        found = ((crate, denials.of_crate(crate.name, crate.version, digest)) for crate in crates)
        return next(((crate, denial) for crate, denial in found if denial is not None), None)

    async def _frozen_or_fetched(self, address: str, commit: CrateCommit, *, logins: UsableLogins) -> File:
        frozen = await self._frozen(address, commit)
        if frozen is not None:
            return frozen
        name = self._source.name(commit.file.url)
        if not logins.cover(name) and await self._source.has_login(commit.file.url):
            raise _not_frozen(commit, name)
        measured = await self._responses.measured(commit.file)
        record = crate_commit_record(address, commit.url, commit.id)
        return _load(record, await self._records.create(record, dump_commit(commit, measured)), commit)

    async def _frozen(self, address: str, commit: CrateCommit) -> File | None:
        record = crate_commit_record(address, commit.url, commit.id)
        written = await self._records.get(record)
        if written is None:
            return None
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            await self._records.use(record)
        return _load(record, written, commit)


def _not_frozen(commit: CrateCommit, upstream: str) -> LoginNotUsed:
    return LoginNotUsed(
        f"the commit {commit.id[:12]} is not frozen yet",
        "Its repository requires a login, which is not used for every client: send a token with the scope commit, "
        f"without limits or for the upstream {upstream}; or hold the lock with one.",
        final=True,
    )


def _load(record: str, written: bytes, commit: CrateCommit) -> File:
    """Return a stored archive, checked again: a store is trusted no more than an upstream."""
    named, file = read_record(record, written, load_commit)
    if named != commit:
        raise DamagedRecord(record, "it is that of another commit")
    return file
