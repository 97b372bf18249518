"""Transfers of bounded size: a registry says nowhere how long a crate is, so it could send without end."""

from __future__ import annotations

from collections.abc import AsyncIterator

from attrs import frozen

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Transfer

__all__ = ["BoundedTransfer"]

LARGEST = 1 << 28
"""Bytes of a crate, at most. The usual registry accepts 10 MiB, and more only on request."""


@frozen
class BoundedTransfer:
    """A :class:`reqpi.core.interfaces.Transfer` of at most :data:`LARGEST` bytes, counted from the file's beginning.

    :param name: of the crate, for messages.
    """

    name: str
    _transfer: Transfer

    @property
    def size(self) -> int | None:
        """See :class:`reqpi.core.interfaces.Transfer`."""
        return self._transfer.size

    @property
    def start(self) -> int:
        """See :class:`reqpi.core.interfaces.Transfer`."""
        return self._transfer.start

    @property
    def etag(self) -> str | None:
        """See :class:`reqpi.core.interfaces.Transfer`."""
        return self._transfer.etag

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes.

        :raises reqpi.core.errors.UpstreamTrouble: there are too many, or the transfer failed.
        """
        size = self.start
        self._check(self.size or 0)
        async for data in self._transfer:
            size += len(data)
            self._check(size)
            yield data

    def close(self) -> None:
        """Stop the transfer."""
        self._transfer.close()

    def _check(self, size: int) -> None:
        if size > LARGEST:
            detail = f"At most {LARGEST} bytes of a crate are accepted. It was discarded."
            raise UpstreamTrouble(f"{self.name} is too long", detail, final=True)
