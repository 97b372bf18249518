"""Every file that a commitment admits, with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping

from reqpi.core import frozen_pages
from reqpi.core.export.admitted import Admitted
from reqpi.core.model import Commitment, Page, Project

__all__ = ["files"]


def files(commitment: Commitment, pages: Mapping[Project, Page], _here: str | None = None) -> bytes:
    """The frozen pages as they are; :func:`reqpi.core.frozen_pages.load_all` reads them.

    :param pages: the frozen page of every project that the lock pins.
    :raises reqpi.core.errors.NothingUpstream: a pin has no file.
    """
    admitted = Admitted(commitment, pages)
    for pin in commitment.lock.pins:
        admitted.files(pin)
    return frozen_pages.dump_all(pages)
