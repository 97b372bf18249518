"""The files of a wheelhouse: those of a lock that a target takes, as a server and its clients compute them."""

from __future__ import annotations

from collections.abc import Mapping

from reqpi.core import admission
from reqpi.core.export.admitted import chosen
from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.preferred_wheel import preferred
from reqpi.core.targets import InstallTarget

__all__ = ["selected"]


def selected(
    commitment: Commitment, pages: Mapping[Project, Page], target: InstallTarget, *, one: bool = False
) -> list[File]:
    """Return the files of a lock that ``target`` admits.

    It may take a second for a large lock: call it in a thread.

    :param pages: the frozen page of every project that the lock pins.
    :param one: include only the file of each release that pip would choose on the target.
    :raises reqpi.core.errors.NothingUpstream: a pin has no file.
    """
    files = [file for file in chosen(commitment, pages) if target.takes(file)]
    return preferred([file for file in files if _needed(commitment, target, file)], target) if one else files


def _needed(commitment: Commitment, target: InstallTarget, file: File) -> bool:
    """Return whether the marker of some pin that admits a file may hold on the target."""
    return any(target.needs(pin.marker or "") for pin in admission.admitting(commitment.lock, file))
