"""The outside worlds, and what each must keep: :class:`Store` (bytes at rest) and :class:`Upstream` (an upstream).

:mod:`reqpi.shelf.shelf` sees nothing but these two. ``tests/contracts.py`` holds every store to the contract written
    here.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from typing import BinaryIO, Protocol

from attrs import frozen
from packaging.version import Version

from reqpi.core.model import Archive, Digest, Git, Lock, Page, Pin, Project
from reqpi.core.report import Defect, Note

__all__ = ["Blobs", "Following", "Incoming", "Indexes", "Records", "Store", "Transfer", "Upstream"]


class Incoming(Protocol):
    """A blob on its way in. It can be read while it grows, and is nothing to anybody else until it is kept."""

    size: int
    """Bytes written so far."""

    async def write(self, data: bytes) -> None:
        """Append ``data``.

        :raises reqpi.core.errors.StoreFull: there is no room; nothing of the blob will be kept.
        """

    async def expect(self, size: int) -> None:
        """Say how many bytes it will have, for those who follow it in other processes."""

    async def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop``, both of them at most :attr:`size`.

        :raises ValueError: they are not written yet.
        """

    async def keep(self, sha256: str) -> None:
        """Make it durable and visible under ``sha256``, which the caller has verified, in one step.

        After a crash at any moment the blob is there whole or not at all.
        Where the same blob is there already, that one stays, and this is no error.
        The bytes can still be read from here afterwards, until :meth:`discard`.
        """

    async def discard(self) -> None:
        """Forget it, and free what it holds. After :meth:`keep` the kept blob stays. Repeating does nothing."""


class Following(Protocol):
    """A blob that another process of this host writes, read while it grows."""

    size: int
    """Bytes written, when :meth:`look` was called last."""

    expected: int | None
    """Bytes that it will have, where that was said by then."""

    async def look(self) -> bool:
        """See how far it is.

        :returns: whether it still grows. If not, it was kept, or given up, or its process ended.
        """

    async def read(self, start: int, stop: int) -> bytes:
        """See :meth:`Incoming.read`."""

    async def discard(self) -> None:
        """Follow no longer. Repeating does nothing."""


class Blobs(Protocol):
    """Immutable bytes under their sha256 (lower-case hex; anything else is a ``ValueError``)."""

    async def size(self, sha256: str) -> int | None:
        """How many bytes the blob has; ``None`` where it is not here."""

    def read(self, sha256: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from ``start`` up to ``stop`` (or the end), in pieces of at most 1 MiB.

        What is being read stays readable to its end, even where it is removed meanwhile.

        :raises KeyError: it is not here; raised before the first piece.
        """

    async def local(self, sha256: str) -> BinaryIO | None:
        """The blob as an open file, unbuffered, for the kernel to send; the caller closes it.

        It stays readable to its end, even where the blob is removed meanwhile.

        :returns: ``None`` where it is no file on this machine, or is not here.
        """

    async def begin(self) -> Incoming:
        """A place to write a blob whose digest is not yet verified."""

    async def claim(self, name: str) -> Incoming | None:
        """The same, known by ``name`` to the processes of this host until it is kept or discarded.

        :param name: a sha256, of what says which blob it is to be.
        :returns: ``None`` where another has claimed the name.
        """

    async def follow(self, name: str) -> Following | None:
        """What another process of this host writes under that name; ``None`` where none does."""

    async def touch(self, *sha256s: str) -> None:
        """Say that these blobs are needed now, so that no sweep that runs at this moment takes them.

        No error where one is not here. Ask :meth:`size` afterwards, not before: a blob that is here then will stay.
        """

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """Remove it, unless it was kept or touched after ``unused_since`` (seconds since the epoch).

        :returns: whether it was here and is gone now.
        """

    async def repair(self, sha256: str) -> bool:
        """Its bytes were found to be wrong: remove them, needed or not. Where there were two copies, one may be left.

        :returns: whether anything was removed.
        """

    async def link(self, sha256: str, seconds: int) -> str | None:
        """A URL that anybody can get the blob from for so many seconds, whether or not it is here.

        :returns: ``None`` where this store makes no such URLs.
        """

    def all(self) -> AsyncGenerator[str, None]:
        """The sha256 of every blob that is here, in any order."""


class Records(Protocol):
    """Small documents under names, at most some MiB each.

    A name is one or more parts of ``[a-z0-9.-]``, joined by ``/``. No part begins with a dot, and the whole has at
    most 900 characters; anything else is a ``ValueError``. A name may begin with another: ``a`` and ``a/b``.
    """

    async def get(self, name: str) -> bytes | None:
        """The document, or ``None`` where there is none."""

    async def create(self, name: str, value: bytes) -> bytes:
        """Write it down unless there is one already; atomic among all processes that share the store.

        :returns: what stands there from now on: ``value``, or what was there first.
        """

    async def replace(self, name: str, value: bytes) -> None:
        """Write it down, over what was there. Readers see the one or the other, whole."""

    async def delete(self, name: str, unused_since: float = math.inf) -> bool:
        """Remove it, unless it was created, replaced or used after ``unused_since`` (seconds since the epoch).

        :returns: whether it was here and is gone now.
        """

    def names(self, prefix: str) -> AsyncGenerator[str, None]:
        """The names that begin with ``prefix`` (which ends in ``/``), whole, in any order.

        Records that come or go meanwhile may be among them or not; those that stay are, each once.
        """

    async def use(self, name: str) -> bool:
        """Note that it was used now, so that no sweep that runs at this moment takes it.

        :returns: whether it is here.
        """

    async def last_used(self, name: str) -> float | None:
        """When it was created, replaced or used last: seconds since the epoch; ``None`` where there is none."""


class Store(Blobs, Records, Protocol):
    """Where everything lives that must outlast a process: commitments, frozen pages, files, refusals."""

    def open(self) -> None:
        """Get ready, after any fork and before any other call. It may block: nobody is served yet.

        :raises reqpi.core.errors.Misconfigured: it cannot be used; the message says why.
        """

    async def close(self) -> None:
        """Let go of everything. No call comes after."""


class Transfer(Protocol):
    """A file on its way from an upstream."""

    @property
    def size(self) -> int | None:
        """Bytes of the whole file, where upstream says so."""

    @property
    def start(self) -> int:
        """Where the bytes begin in the file: what was asked for, or 0 where upstream does not do ranges."""

    @property
    def etag(self) -> str | None:
        """The strong validator of the file that they are of (:rfc:`9110`, section 8.8.3), where upstream gives one."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes as they come, paced by who asks for them.

        :raises reqpi.core.errors.UpstreamTrouble: they ended early, or stalled.
        """

    def close(self) -> None:
        """No more is wanted. Repeating does nothing."""


@frozen
class Indexes:
    """Where the files of a pin are looked for: indexes, as :meth:`Upstream.page` takes them.

    :param named: those that the lock names, in its order.
    :param further: asked after them, and only while digests of the pin are not found. A pin without digests has none.
    """

    named: tuple[str, ...] = ("",)
    further: tuple[str, ...] = ()


class Upstream(Protocol):
    """Where pages and files come from."""

    name: str
    """How people call it: a URL without credentials."""

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> Page:
        """The project's page as it is upstream now, or was as short a while ago as upstream says does not matter.

        :param index: the URL of the index, as a lock spells it; empty for the default one.
        :param versions: the files of these are enough; ``None``: all are wanted. Others may be left out.
        :param digests: of files that should be on it: one that lacks some of them is what it is upstream now.
        :raises reqpi.core.errors.NotFound: there is no such project.
        :raises reqpi.core.errors.WrongPage: what came cannot be read.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be asked.
        """

    async def open(self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None) -> Transfer:
        """Begin to take a file.

        :param url: as a page of this origin gave it; or ``archive+`` and the URL of an archive; or
            ``git+https://host/repo@commit``, with ``#submodules`` where they belong to it, for an archive of it.
        :param start: first byte wanted; negative counts from the end.
        :param stop: one past the last byte wanted.
        :param etag: of the file that a part is wanted of; if it is another by now, it comes from its beginning.
        :raises reqpi.core.errors.NotFound: it is not there.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be asked.
        """

    def refuses(self, lock: Lock) -> tuple[Defect, ...]:
        """What of a lock the operator does not allow, so that the lock is not taken.

        An index that is no upstream is such a thing where a pin has no digests that say which files are meant.
        """

    def notes(self, lock: Lock) -> tuple[Note, ...]:
        """What a user should know of what the operator allows: which index is not contacted, which source refused."""

    def indexes_for(self, pin: Pin) -> Indexes:
        """Where the files of a pin that is no source are looked for.

        A server asks nothing of an index that its operator does not have, whatever a lock says.
        """

    def allow(self, pin: Pin, source: Archive | Git) -> None:
        """See that the operator allows the host of a source. Nothing is asked.

        :raises reqpi.core.errors.NotAllowed: it is not allowed.
        """
