"""The seam through which a hold covers more than the files of projects, such as the crates that sdists need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from attrs import frozen

from reqpi.core.access.logins import UsableLogins
from reqpi.core.build_requirements import BuiltSdist
from reqpi.core.model import Commitment, File, Lock, Page, Project
from reqpi.core.report import Note
from reqpi.core.targets import InstallTarget

__all__ = ["FurtherFiles", "FurtherNeeds"]


@frozen
class FurtherNeeds:
    """The further files that a lock needs.

    :param files: no two have the same project and filename.
    :param remarks: sentences about needs that nothing determines, and about files that are not as they were promised.
    """

    files: tuple[File, ...] = ()
    remarks: tuple[str, ...] = ()


class FurtherFiles(Protocol):
    """A source of further files that a lock needs and that are on no project page."""

    async def needed(
        self, commitment: Commitment, pages: Mapping[Project, Page], target: InstallTarget
    ) -> FurtherNeeds:
        """Return what is needed, as far as the files in the store tell. No upstream is asked.

        :param pages: the frozen pages of the lock.
        """

    async def upstreams(self, lock: Lock) -> frozenset[str]:
        """Return the names of the upstreams from which a lock itself takes such files, for the limits of a token."""

    async def hold(self, commitment: Commitment, file: File, logins: UsableLogins) -> int:
        """Fetch one of the files unless the store has it, however long that takes; return its size in bytes.

        :param logins: those that may be used.
        :raises reqpi.core.errors.ReqPIError: it cannot be obtained.
        """

    async def held(self, commitment: Commitment, file: File) -> int | None:
        """Return the size in bytes of a file that is in the store; ``None`` if an upstream would be asked for it."""

    async def warnings(self, commitment: Commitment) -> tuple[Note, ...]:
        """Return what is known to be lacking, without asking an upstream."""

    async def unpinned(
        self, commitment: Commitment, sdists: Iterable[BuiltSdist], target: InstallTarget, patience: float
    ) -> tuple[Note, ...]:
        """Return a warning for each sdist that has to be built with files that nothing determines.

        The upstream may be asked. If that takes too long, none are returned, and the work goes on.

        :param sdists: with their build systems.
        :param patience: how long to wait, in seconds.
        """
