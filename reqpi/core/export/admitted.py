"""The files that each pin of a commitment admits, as all exports need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from attrs import evolve

from reqpi.core import admission, frozen_pages
from reqpi.core.errors import NothingUpstream
from reqpi.core.model import Commitment, File, Page, Pin, Project
from reqpi.core.releases import sdist_of
from reqpi.core.shown_urls import as_shown

__all__ = ["Admitted", "chosen", "files", "url_of"]


class Admitted:
    """The files on the frozen pages that each pin of a commitment admits.

    :param pages: the frozen page of every project that the lock pins.
    """

    def __init__(self, commitment: Commitment, pages: Mapping[Project, Page]) -> None:
        self._files: dict[Pin, Sequence[File]] = {}
        for page in pages.values():
            self._files.update(admission.by_pin(commitment.lock, page))

    def files(self, pin: Pin) -> Sequence[File]:
        """Return the files that ``pin`` admits.

        :raises reqpi.core.errors.NothingUpstream: it admits none. A lock without this pin would be a different lock.
        """
        files = self._files.get(pin)
        if files is None:
            where = f"Line {pin.line} of {pin.document or 'the lock'} cannot be completed."
            raise NothingUpstream(f"the upstream has no file of {pin.project} {pin.version}".rstrip(), where)
        return files

    def downloads(self, pin: Pin) -> list[File]:
        """Return the files of a pin to download: every wheel, and one sdist; or the one file of a source.

        :raises reqpi.core.errors.NothingUpstream: as for :meth:`files`.
        """
        files = self.files(pin)
        if pin.source is not None:
            return list(files[:1])
        sdist = sdist_of(files)
        return [*(file for file in files if file.wheel), *([] if sdist is None else [sdist])]


def chosen(commitment: Commitment, pages: Mapping[Project, Page]) -> list[File]:
    """Return the files to download for a lock: every wheel, and one sdist of each release; each file once.

    :param pages: the frozen page of every project that the lock pins.
    :raises reqpi.core.errors.NothingUpstream: a pin has no file.
    """
    admitted = Admitted(commitment, pages)
    found: dict[File, None] = {}
    for pin in commitment.lock.pins:
        found |= dict.fromkeys(admitted.downloads(pin))
    return list(found)


def url_of(file: File, here: str) -> str:
    """Return the file's absolute URL.

    :param here: the URL of the address, with a slash at its end.
    """
    return f"{here}simple/{file.project}/{quote(file.filename, safe='')}"


def files(commitment: Commitment, pages: Mapping[Project, Page], _here: str | None = None) -> bytes:
    """Return the frozen pages; :func:`reqpi.core.frozen_pages.load_all` reads them.

    The URLs of the upstream are shown without their queries, which can be signatures. A source is shown as in the lock.

    :param pages: the frozen page of every project that the lock pins.
    :raises reqpi.core.errors.NothingUpstream: a pin has no file.
    """
    admitted = Admitted(commitment, pages)
    for pin in commitment.lock.pins:
        admitted.files(pin)
    return frozen_pages.dump_all({project: _shown(page) for project, page in pages.items()})


def _shown(page: Page) -> Page:
    return evolve(page, files=tuple(map(_shown_file, page.files)))


def _shown_file(file: File) -> File:
    provenance = None if file.provenance is None else as_shown(file.provenance)
    return evolve(file, url=as_shown(file.url), provenance=provenance)
