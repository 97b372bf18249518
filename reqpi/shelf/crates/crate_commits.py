"""The archives of the commits from which Cargo.locks take crates: each is fetched once for a lock, and frozen.

The commit is the pin: git verifies it. The sha256 of the archive is that of its first fetch for the address, and every
later one must have it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from reqpi.core.access.logins import EVERY_LOGIN, UsableLogins
from reqpi.core.crates.commits import CrateCommit, dump_commit, load_commit
from reqpi.core.crates.source import CrateSource
from reqpi.core.errors import DamagedRecord, LoginNotUsed, StoreTrouble, wanting
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, File
from reqpi.runtime.singleflight import SingleFlight, within
from reqpi.shelf.crates.admitted import AdmittedOfLocks, CratesOfSdists
from reqpi.shelf.files.file_responses import FileResponse, FileResponses
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import crate_commit_record

__all__ = ["CrateCommits"]

_PATIENCE = 25.0
"""Seconds that a client waits before it is asked to try again."""

Refusal = Callable[[Commitment, CratesOfSdists, str], Exception]
"""Returns the error for a lock, what is known of it, and the thing that it does not admit."""


class CrateCommits:
    """The archives of the commits of all locks.

    :param refusal: makes the error for a commit that is not admitted.
    """

    def __init__(
        self,
        records: Records,
        admitted: AdmittedOfLocks,
        responses: FileResponses,
        source: CrateSource,
        clock: IReactorTime,
        *,
        refusal: Refusal,
    ) -> None:
        self._records = records
        self._admitted = admitted
        self._responses = responses
        self._source = source
        self._clock = clock
        self._refusal = refusal
        self._freezing: SingleFlight[File] = SingleFlight()

    async def archive(
        self, commitment: Commitment, key: str, commit: str, *, logins: UsableLogins = EVERY_LOGIN
    ) -> File:
        """Return the archive of a commit, with its digest. The repository is asked unless it is frozen.

        :param key: of the repository, as :attr:`reqpi.core.crates.commits.CrateCommit.key`.
        :param logins: those that may be used for this client.
        :raises reqpi.core.errors.NotAdmitted: no Cargo.lock names the commit.
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
        """Return the size in bytes of an archive that is frozen and in the store; ``None`` if it is not."""
        file = await self._frozen(commitment.address, commit)
        return None if file is None else await self._responses.here(file)

    async def _of(self, commitment: Commitment, key: str, commit: str, *, logins: UsableLogins = EVERY_LOGIN) -> File:
        known = await self._admitted.satisfying(commitment, lambda crates: crates.commit(key, commit) is not None)
        admitted = known.crates.commit(key, commit)
        if admitted is None:
            raise self._refusal(commitment, known, f"commit {commit[:12]}")
        work = partial(self._frozen_or_fetched, commitment.address, admitted, logins=logins)
        return await self._freezing.do((logins, commitment.address, admitted), work)

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
