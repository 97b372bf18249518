"""What both forms of a lock say of the files that a pin admits."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from attrs import evolve

from reqpi import narrow
from reqpi.errors import NothingUpstream
from reqpi.model import Commitment, File, Page, Pin, Project

__all__ = ["files_of", "url_of"]


def files_of(commitment: Commitment, pin: Pin, pages: Mapping[Project, Page]) -> tuple[File, ...]:
    """The files that one pin admits, of those that its project's frozen page has.

    :raises reqpi.errors.NothingUpstream: there is none. A lock without it would be another lock.
    """
    alone = evolve(commitment.lock, pins=(pin,))
    files = tuple(file for file in pages[pin.project].files if narrow.admits(alone, file))
    if not files:
        where = f"Line {pin.line} of {pin.document or 'the lock'} cannot be completed."
        raise NothingUpstream(f"the upstream has no file of {pin.project} {pin.version}".rstrip(), where)
    return files


def url_of(file: File, here: str) -> str:
    """The file's absolute URL.

    :param here: the URL of the address, with a slash at its end.
    """
    return f"{here}simple/{file.project}/{quote(file.filename, safe='')}"
