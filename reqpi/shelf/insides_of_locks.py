"""The inside of the files that a lock admits, for people.

No upstream is asked, unless a policy has to look at the frozen page first, as it does for the file itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from reqpi.core.file_inside import FileInside
from reqpi.core.model import Commitment, File, Project
from reqpi.core.sbom.model import Licence
from reqpi.runtime.singleflight import each
from reqpi.shelf.files.insides import FileInsides
from reqpi.shelf.not_admitted import not_frozen

__all__ = ["InsidesOfLocks"]

_AT_ONCE = 16
"""Wheels that one caller looks up concurrently."""


class InsidesOfLocks:
    """The inside of admitted files, as far as the store has it.

    :param pinned: returns the project that a name means; it raises an error if the lock does not pin it.
    :param is_frozen: returns whether the page of a project is frozen.
    :param admitted: returns a file by its project and its name; it raises an error if the lock does not admit it.
    """

    def __init__(
        self,
        pinned: Callable[[Commitment, str], Project],
        is_frozen: Callable[[Commitment, Project], Awaitable[bool]],
        admitted: Callable[[Commitment, str, str], Awaitable[File]],
        insides: FileInsides,
    ) -> None:
        self._pinned = pinned
        self._is_frozen = is_frozen
        self._admitted = admitted
        self._insides = insides

    async def of(self, commitment: Commitment, name: str, filename: str) -> FileInside:
        """Return a file that the lock admits, with what the store has about its inside.

        :raises reqpi.core.errors.NotAdmitted: the lock does not admit the file.
        :raises reqpi.core.errors.DeniedByOperator: the operator denies it.
        :raises reqpi.core.errors.NotServed: the page of its project is not frozen yet.
        """
        project = self._pinned(commitment, name)
        if not await self._is_frozen(commitment, project):
            raise not_frozen(project)
        return await self._insides.of(await self._admitted(commitment, name, filename), commitment.address)

    async def licences(self, commitment: Commitment, files: Iterable[File]) -> dict[File, tuple[Licence, ...] | None]:
        """Return the licences of wheels, as far as the store has their core metadata.

        :param files: from pages that the commitment sees.
        """
        return await each(files, partial(self._licences, commitment), _AT_ONCE)

    async def _licences(self, commitment: Commitment, file: File) -> tuple[Licence, ...] | None:
        return await self._insides.licences(file, commitment.address)
