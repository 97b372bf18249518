"""A store in front of another one that asks an account for room before it stores anything new, and tells it what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from reqpi.core.interfaces import Incoming, Store

__all__ = ["Account", "Accounts", "CountedIncoming", "CountedStore"]


class Account(Protocol):
    """The room for what is stored on one lock's behalf."""

    def check(self, size: int) -> None:
        """Check that there is room.

        :param size: in bytes.
        :raises reqpi.core.errors.StoreFull: there is none.
        """

    def take(self, size: int) -> None:
        """Take room for bytes of a blob that is being written.

        :raises reqpi.core.errors.StoreFull: there is none; nothing is taken.
        """

    def give_back(self, size: int) -> None:
        """Give room back: the bytes are not kept."""

    def keep(self, size: int) -> None:
        """Note that bytes for which room was taken are stored."""


class Accounts(Protocol):
    """The accounts of a store."""

    async def for_blob(self) -> Account:
        """Return the account of what the caller stores."""

    async def for_record(self, name: str) -> Account:
        """Return the account of a new record."""

    async def creating(self, name: str) -> None:
        """Note that a record is about to be created, or is there already.

        A caller that gives up may never learn that it was created.
        """

    def created(self, size: int) -> None:
        """Note that a record was created, or was there already."""

    def removed(self, size: int) -> None:
        """Note that a blob was removed."""


class CountedStore:
    """A :class:`reqpi.core.interfaces.Store` that stores nothing new while there is no room.

    What it has can be read and used meanwhile, and records that it has can be replaced.
    """

    def __init__(self, store: Store, accounts: Accounts) -> None:
        self._store = store
        self._accounts = accounts
        self.open, self.close = store.open, store.close
        self.size, self.identity, self.read, self.local = store.size, store.identity, store.read, store.local
        self.sizes, self.identity_to_send = store.sizes, store.identity_to_send
        self.follow, self.touch, self.link, self.all = store.follow, store.touch, store.link, store.all
        self.get, self.replace, self.delete, self.names = store.get, store.replace, store.delete, store.names
        self.use, self.last_used, self.occupied = store.use, store.last_used, store.occupied

    async def begin(self) -> Incoming:
        """See :meth:`reqpi.core.interfaces.Blobs.begin`."""
        account = await self._accounts.for_blob()
        account.check(1)
        return CountedIncoming(await self._store.begin(), account, self._store.size)

    async def claim(self, name: str) -> Incoming | None:
        """See :meth:`reqpi.core.interfaces.Blobs.claim`."""
        account = await self._accounts.for_blob()
        account.check(1)
        incoming = await self._store.claim(name)
        return None if incoming is None else CountedIncoming(incoming, account, self._store.size)

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.remove`."""
        size = await self._store.size(sha256)
        removed = await self._store.remove(sha256, unused_since)
        self._accounts.removed(size or 0 if removed else 0)
        return removed

    async def repair(self, sha256: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.repair`."""
        size = await self._store.size(sha256)
        removed = await self._store.repair(sha256)
        self._accounts.removed(size or 0 if removed else 0)
        return removed

    async def create(self, name: str, value: bytes) -> bytes:
        """See :meth:`reqpi.core.interfaces.Records.create`. A record that exists can be created when there is no room.

        :raises reqpi.core.errors.StoreFull: there is no room for it.
        """
        account = await self._accounts.for_record(name)
        try:
            account.check(len(value))
        except Exception:
            standing = await self._store.get(name)
            if standing is None:
                raise
            return standing
        await self._accounts.creating(name)
        standing = await self._store.create(name, value)
        self._accounts.created(len(value))
        return standing


class CountedIncoming:
    """A :class:`reqpi.core.interfaces.Incoming` whose bytes are on an account.

    :param stored: returns the size of a blob of the store; ``None`` if it has none.
    """

    def __init__(self, incoming: Incoming, account: Account, stored: Callable[[str], Awaitable[int | None]]) -> None:
        self._incoming = incoming
        self._account = account
        self._stored = stored
        self._taken = 0
        self.read, self.local = incoming.read, incoming.local

    @property
    def size(self) -> int:
        """See :attr:`reqpi.core.interfaces.Incoming.size`."""
        return self._incoming.size

    @size.setter
    def size(self, size: int) -> None:
        raise AttributeError("the size is that of what was written")

    async def expect(self, size: int) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.expect`. Bytes that find no room are not begun with.

        :raises reqpi.core.errors.StoreFull: there is no room for them.
        """
        self._account.check(size - self._taken)
        await self._incoming.expect(size)

    async def write(self, data: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.write`."""
        self._account.take(len(data))
        self._taken += len(data)
        await self._incoming.write(data)

    async def keep(self, sha256: str) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.keep`."""
        is_new = await self._stored(sha256) is None
        await self._incoming.keep(sha256)
        if is_new:
            self._account.keep(self._taken)
            self._taken = 0

    async def discard(self) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.discard`."""
        taken, self._taken = self._taken, 0
        self._account.give_back(taken)
        await self._incoming.discard()
