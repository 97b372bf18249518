"""The frozen lines of crates: each release is looked up once for a lock, stored, and the same forever after.

The line of a release never changes for an address, so a release that the registry yanks later still builds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import partial

from twisted.logger import Logger

from reqpi.core.access.logins import EVERY_LOGIN, UsableLogins
from reqpi.core.crates.frozen_line import dump_line, load_line
from reqpi.core.crates.index import IndexLine
from reqpi.core.crates.model import Crate
from reqpi.core.crates.source import CrateSource
from reqpi.core.errors import DamagedRecord, LoginNotUsed, NotFound, NothingUpstream, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import Records
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import crate_record

__all__ = ["FrozenLines", "Releases"]

Releases = Mapping[str, tuple[Crate, ...]]
"""The admitted crates of one name in one registry, by version: one for each digest that a Cargo.lock gives."""

_log = Logger()


class FrozenLines:
    """The frozen lines of the crates of all locks."""

    def __init__(self, records: Records, source: CrateSource) -> None:
        self._records = records
        self._source = source
        self._looking: SingleFlight[dict[str, IndexLine]] = SingleFlight()

    async def of(
        self, address: str, releases: Releases, *, logins: UsableLogins = EVERY_LOGIN
    ) -> Mapping[str, IndexLine]:
        """Return the lines of admitted releases, by version; the registry is asked for those that are not frozen.

        A release that the registry does not list, or lists with another digest, is left out if there is another one; so
        is one that is not frozen if the registry is not asked for this client, or cannot be asked.

        :param releases: of one crate in one registry; at least one.
        :param logins: those that may be used for this client.
        :raises reqpi.core.errors.UpstreamTrouble: none of them can be served.
        """
        key = (logins, address, *(crate for crates in releases.values() for crate in crates))
        return await self._looking.do(key, partial(self._of, address, releases, logins=logins))

    async def _of(self, address: str, releases: Releases, *, logins: UsableLogins) -> dict[str, IndexLine]:
        found = {version: line for version in releases if (line := await self._frozen(address, releases[version]))}
        missing = [version for version in releases if version not in found]
        if not missing:
            return found
        try:
            listed = await self._listed(releases[missing[0]][0], missing, logins=logins)
        except UpstreamTrouble as trouble:
            if not found:
                raise
            if not isinstance(trouble, LoginNotUsed):  # any client can cause that one
                _log.warn("{trouble}", trouble=trouble)
            return found
        refused: list[UpstreamTrouble] = []
        for version in missing:
            line = listed.get(version)
            if line is None or not _agrees(releases[version], line):
                told = self._source.reveals(releases[version][0].registry)
                refused.append(_refused(releases[version], line, told=told))
            else:
                found[version] = await self._freeze(address, releases[version], line)
        for each in refused:
            _log.warn("{trouble}", trouble=each)
        if not found:
            raise refused[0]
        return found

    async def _listed(
        self, crate: Crate, versions: Collection[str], *, logins: UsableLogins
    ) -> Mapping[str, IndexLine]:
        """Return what the registry lists of some versions of a crate.

        :raises LoginNotUsed: the registry has a login that may not be used.
        :raises UpstreamTrouble: it cannot be asked.
        """
        name = self._source.name(crate.registry)
        if not logins.cover(name) and await self._source.has_login(crate.registry):
            raise _not_frozen(crate, name)
        try:
            return await self._source.lines(crate.name, crate.registry, versions)
        except NotFound:
            return {}

    async def known(self, address: str, crate: Crate) -> IndexLine | None:
        """Return the frozen line of a crate, without asking the registry; ``None`` if it has another digest."""
        written = await self._records.get(_record(address, [crate]))
        if written is None or not written.startswith(crate.sha256.encode()):
            return None
        return await self._frozen(address, (crate,))

    async def _frozen(self, address: str, crates: tuple[Crate, ...]) -> IndexLine | None:
        record = _record(address, crates)
        written = await self._records.get(record)
        if written is None:
            return None
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            await self._records.use(record)
        return _load(record, written, crates)

    async def _freeze(self, address: str, crates: tuple[Crate, ...], line: IndexLine) -> IndexLine:
        """Store a line, unless another process was faster; return the stored one."""
        record = _record(address, crates)
        return _load(record, await self._records.create(record, dump_line(line)), crates)


def _record(address: str, crates: Iterable[Crate]) -> str:
    crate = next(iter(crates))
    return crate_record(address, crate.registry, crate.name, crate.version)


def _load(record: str, written: bytes, crates: tuple[Crate, ...]) -> IndexLine:
    """Return a stored line, checked again: a store is trusted no more than a registry."""
    name, line = read_record(record, written, load_line)
    if name != crates[0].name or line.vers != crates[0].version or not _agrees(crates, line):
        raise DamagedRecord(record, "its lock does not admit the crate in it")
    return line


def _agrees(crates: Iterable[Crate], line: IndexLine) -> bool:
    """Return whether the registry lists the bytes that a Cargo.lock pins."""
    return any(crate.sha256 == line.cksum for crate in crates)


def _not_frozen(crate: Crate, upstream: str) -> LoginNotUsed:
    return LoginNotUsed(
        f"the crate {crate.name} {crate.version} is not frozen yet",
        "Its registry requires a login, which is not used for every client: send a token with the scope commit, "
        f"without limits or for the upstream {upstream}; or hold the lock with one.",
    )


def _refused(crates: tuple[Crate, ...], line: IndexLine | None, *, told: bool) -> NothingUpstream:
    """Return the error for a release that cannot be served.

    :param told: whether a client may be told what the registry has.
    """
    crate = crates[0]
    if line is None or not told:
        what = f"the registry has no crate {crate.name} {crate.version} with the digest of a Cargo.lock"
        return NothingUpstream(what, "Make sure that the registry of --crates has it.")
    return NothingUpstream(
        f"the registry has other bytes for the crate {crate.name} {crate.version}",
        f"The Cargo.lock has sha256 {crate.sha256}, the registry {line.cksum}. Nothing was fetched.",
    )
