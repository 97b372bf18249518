"""The errors for a client that requests what its lock does not admit."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from reqpi.core.errors import NotAdmitted, NotServed
from reqpi.core.locks.adding import how_to_pin
from reqpi.core.model import Commitment, Lock, Project

__all__ = ["named_project", "not_admitted", "not_frozen", "not_pinned"]

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,126}[a-z0-9])?")


def named_project(name: str, lock: Lock) -> Project:
    """Return the project that ``name`` means, whether or not the lock pins it.

    :raises reqpi.core.errors.NotServed: it is not a valid project name.
    """
    project = canonicalize_name(name)
    if project not in lock.projects and _NAME.fullmatch(project) is None:
        raise NotServed("no such project", "The name is not a valid project name.")
    return project


def not_admitted(commitment: Commitment, project: Project, filename: str) -> NotAdmitted:
    """Return the error for a file of a project that the lock pins."""
    pinned = ", ".join(sorted({pin.version for pin in commitment.lock.projects[project]}))
    return NotAdmitted(
        f"{filename[:100]} is not admitted by lock {commitment.short}",
        f"The lock pins {project} {pinned}. Its page here lists the files that it admits.",
    )


def not_pinned(commitment: Commitment, project: Project) -> NotAdmitted:
    """Return the error for a project that the lock does not pin."""
    return NotAdmitted(
        f"{project} is not in lock {commitment.short}",
        f"Only what the lock pins can be installed from here. {how_to_pin(commitment.lock.format, project)}, "
        "commit the file again and use its new address.",
    )


def not_frozen(project: Project) -> NotServed:
    """Return the error for a file whose page would have to be looked up first."""
    return NotServed(
        f"the files of {project} are not known yet",
        "They are known once a client has requested the project from this address.",
    )
