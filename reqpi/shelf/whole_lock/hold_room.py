"""The bytes that one hold may take, of all files together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from reqpi.core.errors import ReqPIError
from reqpi.core.interfaces import Blobs
from reqpi.core.model import File

__all__ = ["HoldRoom", "HoldTooLarge"]


class HoldTooLarge(ReqPIError):
    """A lock has more bytes than the operator allows for one hold. It is the reason of a failure in its record."""


class HoldRoom:
    """The room of one hold.

    :param largest: bytes, at most; ``None``: any number.
    """

    def __init__(self, blobs: Blobs, largest: int | None) -> None:
        self._blobs = blobs
        self._largest = largest
        self._sizes: dict[str, int] = {}
        self._taken = 0
        self._announced = 0

    def announce(self, files: Iterable[File]) -> None:
        """Note all files: if the sizes that are known are too large together, none is fetched."""
        self._announced = sum(file.size or 0 for file in files)

    async def run(self, file: File, work: Callable[[], Awaitable[int]]) -> int:
        """Obtain one file, and return its size in bytes.

        :raises HoldTooLarge: there is no room for the file.
        """
        which = file.sha256 or file.url  # the archive of a commit is measured when it arrives
        known = max(file.size or 0, self._sizes.get(which, 1))
        if self._largest is not None and max(self._announced, self._taken_with(which, known)) > self._largest:
            raise HoldTooLarge(
                f"a hold has at most {self._largest} bytes",
                "The files of this lock are larger together. Have fewer of them held, with filters such as --platform, "
                "or ask the operator for a larger --max-hold.",
            )
        self._take(which, known)
        try:
            size = await work()
        except ReqPIError:
            # Its metadata may be what could not be obtained.
            self._take(which, await self._blobs.size(file.sha256) or 0 if file.sha256 else 0)
            raise
        self._take(which, size)
        return size

    def _taken_with(self, which: str, size: int) -> int:
        return self._taken - self._sizes.get(which, 0) + size

    def _take(self, which: str, size: int) -> None:
        self._taken = self._taken_with(which, size)
        self._sizes[which] = size
