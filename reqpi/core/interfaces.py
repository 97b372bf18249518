"""The interfaces to the outside world: :class:`Store`, where bytes rest, and :class:`Upstream`, where files come from.

:mod:`reqpi.shelf.shelf` sees only these two. The docstrings are the contract: what is atomic, what a missing item
means, what repeating a call does. ``tests/contracts/`` runs it against every store.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Hashable
from typing import BinaryIO, NamedTuple, Protocol

from attrs import field, frozen
from packaging.version import Version

from reqpi.core.model import Archive, Digest, Git, Lock, Page, Pin, Project
from reqpi.core.report import Defect, Note

__all__ = [
    "BlobIdentity",
    "Blobs",
    "FileSource",
    "Following",
    "Incoming",
    "Indexes",
    "Records",
    "Store",
    "Transfer",
    "Upstream",
]


class Incoming(Protocol):
    """A blob that is being written. Its writer can read it while it grows; no one else sees it until it is kept."""

    size: int
    """Bytes written so far."""

    async def write(self, data: bytes) -> None:
        """Append ``data``.

        :raises reqpi.core.errors.StoreFull: the store has no room; nothing of the blob will be kept.
        """

    async def expect(self, size: int) -> None:
        """Announce the final size of the blob, in bytes, to the processes that follow it."""

    async def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` up to, but not including, ``stop``.

        :param start: at most :attr:`size`.
        :param stop: at most :attr:`size`.
        :raises ValueError: the bytes are not written yet.
        """

    def local(self) -> BinaryIO | None:
        """Return the blob as an open, unbuffered file that grows with it, for the kernel to send. The caller closes it.

        :returns: a file that stays readable after :meth:`discard`; ``None`` if the blob is not one on this machine.
        """

    async def keep(self, sha256: str) -> None:
        """Make the blob durable and visible under ``sha256``, in one step.

        After a crash at any time, the blob is present in whole or not at all. If the store already has a blob under
        this digest, that one stays; this is not an error. The bytes can still be read from here until :meth:`discard`.

        :param sha256: lower-case hex; the caller has verified it.
        """

    async def discard(self) -> None:
        """Forget the blob and free its resources. After :meth:`keep`, the kept blob stays. Repeating does nothing."""


class Following(Protocol):
    """A blob that another process of this host writes, read while it grows."""

    size: int
    """Bytes written at the time of the last :meth:`look`."""

    expected: int | None
    """The announced final size in bytes, as of the last :meth:`look`; ``None`` if none was announced."""

    async def look(self) -> bool:
        """Update :attr:`size` and :attr:`expected`.

        :returns: whether the blob still grows. If not, it was kept or discarded, or its process ended.
        """

    async def read(self, start: int, stop: int) -> bytes:
        """Return written bytes; see :meth:`Incoming.read`."""

    def local(self) -> BinaryIO | None:
        """See :meth:`Incoming.local`."""

    async def discard(self) -> None:
        """Stop following. Repeating does nothing."""


@frozen
class BlobIdentity:
    """The identity of a stored blob: as long as it is the same, the bytes are the same.

    :param size: of the blob, in bytes.
    :param version: changes whenever anyone changes the bytes. Only equality means something.
    :param settled: ``False`` if the blob was written so recently that the next change might not change ``version``:
        then the identity must not be remembered.
    """

    size: int
    version: Hashable
    settled: bool = field(default=True, eq=False)


class Blobs(Protocol):
    """Immutable bytes under their sha256 (lower-case hex; anything else is a ``ValueError``)."""

    async def size(self, sha256: str) -> int | None:
        """Return the size of the blob in bytes; ``None`` if the store does not have it."""

    async def sizes(self, *sha256s: str) -> dict[str, int | None]:
        """Return the result of :meth:`size` for each of these blobs: one call costs less than many."""

    async def identity(self, sha256: str) -> BlobIdentity | None:
        """Return the identity of the blob; ``None`` if the store does not have it.

        No byte of it is read, so it says nothing about whether the bytes are right.
        """

    async def identity_to_send(self, sha256: str, size: int | None) -> BlobIdentity | None:
        """Return the :meth:`identity` of a blob that a client gets next, and :meth:`touch` it, in few steps.

        A store on the network may mark the blob a moment later, and a cache in front of it may copy the blob first. A
        store that can be read but not written does not mark it.

        :param size: the bytes that the blob should have; ``None`` if they are unknown.
        """

    def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from ``start`` up to ``stop`` (``None``: to the end), in pieces of at most 1 MiB.

        A blob that is being read stays readable to its end, even if it is removed in the meantime.

        :param identity: read the blob only if it has this identity when it is opened.
        :raises KeyError: the store does not have the blob, or not with that identity; raised before the first piece.
        """

    async def local(self, sha256: str, identity: BlobIdentity | None = None) -> BinaryIO | None:
        """Return the blob as an open, unbuffered file, for the kernel to send. The caller closes it.

        It stays readable to its end, even if the blob is removed in the meantime.

        :param identity: return the file only if it has this identity.
        :returns: ``None`` if the blob is not a file on this machine, or the store does not have it.
        """

    async def begin(self) -> Incoming:
        """Begin to write a blob whose digest is not yet verified."""

    async def claim(self, name: str) -> Incoming | None:
        """Begin to write a blob that the processes of this host know by ``name`` until it is kept or discarded.

        :param name: a sha256 over whatever identifies the blob before its own digest is known.
        :returns: ``None`` if another process or caller has claimed the name.
        """

    async def follow(self, name: str) -> Following | None:
        """Follow the blob that a process of this host writes under ``name``; return ``None`` if none does."""

    async def touch(self, *sha256s: str) -> None:
        """Mark these blobs as needed now, so that a sweep in progress does not remove them.

        A blob that the store does not have is not an error. Call :meth:`size` afterwards, not before: a blob that is
        present then will stay.
        """

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """Remove the blob, unless it was kept or touched after ``unused_since``.

        :param unused_since: seconds since the epoch.
        :returns: whether the blob was present and is gone now.
        """

    async def repair(self, sha256: str) -> bool:
        """Remove a blob whose bytes were found to be wrong, whether it is needed or not.

        If there were two copies, one may be left.

        :returns: whether anything was removed.
        """

    async def link(self, sha256: str, seconds: int) -> str | None:
        """Return a URL from which any client can get the blob, whether or not the store has it.

        :param seconds: how long the URL is valid.
        :returns: ``None`` if this store makes no such URLs.
        """

    def all(self) -> AsyncGenerator[str, None]:
        """Yield the sha256 of every blob in the store, in any order."""


class Records(Protocol):
    """Small documents under names, at most some MiB each.

    A name is one or more parts of ``[a-z0-9.-]``, joined by ``/``. No part begins with a dot, and the whole has at
    most 900 characters; any other name is a ``ValueError``. A name may begin with another: ``a`` and ``a/b``.
    """

    async def get(self, name: str) -> bytes | None:
        """Return the record; ``None`` if there is no record of that name."""

    async def create(self, name: str, value: bytes) -> bytes:
        """Write the record unless it exists; atomic among all processes that share the store.

        :returns: the value of the record from now on: ``value``, or the value that was there first.
        """

    async def replace(self, name: str, value: bytes) -> None:
        """Write the record over any previous value. A reader sees the old value or the new one, in whole."""

    async def delete(self, name: str, unused_since: float = math.inf) -> bool:
        """Remove the record, unless it was created, replaced or used after ``unused_since``.

        :param unused_since: seconds since the epoch.
        :returns: whether the record existed and is gone now.
        """

    def names(self, prefix: str) -> AsyncGenerator[str, None]:
        """Yield the full names that begin with ``prefix``, in any order.

        Each record that exists throughout is yielded once. One that is created or removed in the meantime may be
        missing.

        :param prefix: ends in ``/``.
        """

    async def use(self, name: str) -> bool:
        """Mark the record as used now, so that a sweep in progress does not remove it.

        :returns: whether the record exists.
        """

    async def last_used(self, name: str) -> float | None:
        """Return when the record was last created, replaced or used; ``None`` if it does not exist.

        :returns: seconds since the epoch.
        """


class Store(Blobs, Records, Protocol):
    """The place for everything that must outlast a process: commitments, frozen pages, files, refusals."""

    def open(self) -> None:
        """Prepare the store, after any fork and before any other call. It may block: no request is served yet.

        :raises reqpi.core.errors.Misconfigured: the store cannot be used; the message says why.
        """

    def occupied(self) -> AsyncGenerator[int, None]:
        """Yield the bytes that each blob and each record takes in the store, in any order."""

    async def close(self) -> None:
        """Release all resources. No call follows."""


class Transfer(Protocol):
    """A file on its way from an upstream."""

    @property
    def size(self) -> int | None:
        """Bytes of the whole file; ``None`` if the upstream does not state them."""

    @property
    def start(self) -> int:
        """Offset of the first byte in the file: the requested one, or 0 if the upstream does not support ranges."""

    @property
    def etag(self) -> str | None:
        """The strong validator of the file (:rfc:`9110`, section 8.8.3); ``None`` if the upstream sends none."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive, at the pace of the consumer.

        :raises reqpi.core.errors.UpstreamTrouble: the transfer ended early or stalled.
        """

    def close(self) -> None:
        """Stop the transfer. Repeating does nothing."""


@frozen
class Indexes:
    """The indexes on which the files of a pin are looked up, as :meth:`Upstream.page` takes them.

    :param named: the indexes that the lock names, in its order.
    :param further: indexes to query after those, and only while a digest of the pin has not been found. Always empty
        for a pin without digests.
    """

    named: tuple[str, ...] = ("",)
    further: tuple[str, ...] = ()


class UpstreamUse(NamedTuple):
    """An upstream that may be asked for the files of a pin.

    :param name: of the operator's option; ``default`` for the one without a name, and the host of an archive or a
        repository.
    :param with_login: the server has a login for it.
    """

    name: str
    with_login: bool


class FileSource(Protocol):
    """A place that lists files and sends them."""

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> Page:
        """Return the project's page as it is on the upstream now, or a copy that is fresh by the upstream's own rules.

        :param index: the URL of the index, as a lock spells it; empty for the default index.
        :param versions: the versions whose files are needed; files of others may be left out. ``None``: all.
        :param digests: digests of files that should be on the page. A copy that lacks one of them is not used: the
            page is then requested from the upstream.
        :raises reqpi.core.errors.NotFound: the index has no such project.
        :raises reqpi.core.errors.WrongPage: the response is not a valid project page.
        :raises reqpi.core.errors.UpstreamTrouble: the upstream cannot be reached.
        """

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> Transfer:
        """Begin to download a file.

        :param url: as a page of this upstream lists it; or ``archive+`` and the URL of an archive; or, for an archive
            of a git commit, ``git+https://host/repo@commit``, with ``#submodules`` if submodules belong to it.
        :param start: the first byte wanted; a negative number counts from the end.
        :param stop: one past the last byte wanted; ``None`` for the end of the file.
        :param etag: the validator of the file of which a part is wanted. If the file has changed, the transfer starts
            at its beginning.
        :param index: the URL of the index whose page lists the file, as a lock spells it; empty for the default index.
            The request gets the logins of this index and no other.
        :raises reqpi.core.errors.NotFound: the upstream does not have the file.
        :raises reqpi.core.errors.UpstreamTrouble: the upstream cannot be reached.
        """


class Upstream(FileSource, Protocol):
    """The source of pages and files."""

    name: str
    """The name shown to people: a URL without credentials."""

    def denies(self, lock: Lock) -> tuple[Defect, ...]:
        """Return everything in a lock that the operator does not allow; a lock with such defects is rejected.

        An index that is not one of the operator's upstreams is a defect if a pin has no digests that determine its
        files.
        """

    def notes(self, lock: Lock) -> tuple[Note, ...]:
        """Return notes on how the operator's rules affect a lock: an index not contacted, a source not allowed."""

    def indexes_for(self, pin: Pin) -> Indexes:
        """Return the indexes on which to look up the files of a pin that has no source.

        A server never contacts an index that its operator has not configured, whatever a lock says.
        """

    def reveals(self, index: str) -> bool:
        """Return whether a client may be told which projects and versions an index has.

        If the server has a login for the index, only files that a lock admits are known to clients.

        :param index: the URL of the index, as a lock spells it; empty for the default index.
        """

    def uses(self, pin: Pin) -> tuple[UpstreamUse, ...]:
        """Return the upstreams that may be asked for the files of a pin."""

    def allow(self, pin: Pin, source: Archive | Git) -> None:
        """Check that the operator allows the host of a source. No request is made.

        :raises reqpi.core.errors.NotAllowed: the host is not allowed.
        """
