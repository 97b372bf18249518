"""The files that a server lists for a lock, accepted only if they are exactly what the lock admits.

The lock is read here. A server cannot add a file, replace one, or leave out all files of a pin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property

from attrs import evolve, frozen
from packaging.utils import canonicalize_name

from reqpi.cli.inputs.lock_files import LockFiles
from reqpi.cli.inputs.read_locks import lock_of
from reqpi.cli.messages import count_of, tell_remark
from reqpi.client import ServerTrouble
from reqpi.client.errors import WrongListing
from reqpi.client.listed_file import ListedFile
from reqpi.client.listing import pages
from reqpi.core import frozen_pages
from reqpi.core.export.admitted import Admitted
from reqpi.core.listing_check import admits_bytes, flaws_of, named, open_digests, to_measure
from reqpi.core.metadata.zip_ranges import Readable
from reqpi.core.model import Commitment, Digest, File, Page, Pin, Project
from reqpi.core.targets import InstallTarget

__all__ = ["CheckedListing", "checked", "checked_files"]

_PIECE = 1 << 20


@frozen(slots=False)
class CheckedListing:
    """The frozen pages of a lock, each file of which the lock admits.

    :param commitment: the lock as it was read here, and its address as it was computed here.
    :param pages: the page of every project that the lock pins.
    """

    commitment: Commitment
    pages: Mapping[Project, Page]

    def files(self) -> list[ListedFile]:
        """Return every file to download, once for each marker under which it is needed, sorted by filename."""
        pins = self.commitment.lock.pins
        found = {_listed(pin, file) for pin in pins for file in self._admitted.downloads(pin)}
        return sorted(found, key=lambda file: (file.filename, file.project, file.marker))

    def file_of(self, listed: ListedFile | File) -> File:
        """Return the file of a page that a listed one stands for."""
        return self.pages[canonicalize_name(listed.project)].by_filename[listed.filename]

    def is_right(self, listed: ListedFile | File, content: Readable) -> bool:
        """Return whether the lock admits a file with this content, whose sha256 is right already."""
        file = self.file_of(listed)
        algorithms = to_measure(self.commitment.lock, file)
        if not algorithms:
            return True
        computed = {Digest("sha256", str(listed.sha256)), *_digests(content, algorithms)}
        return admits_bytes(self.commitment.lock, file, computed)

    def check_target(self, target: InstallTarget) -> None:
        """Check that the server does not keep a pin that may be needed on a target from having a file for it.

        :raises WrongListing: the lock has digests of files that the server does not list, or the server says that all
            files are for other Pythons.
        """
        hidden = open_digests(self.commitment.lock, self.pages)
        flaws = [
            f"no file of {named(pin)} for these filters, and the server decides that"
            for pin in self._unfit(target)
            if hidden.get(pin.project) or any(target.takes(_on_any_python(file)) for file in self._admitted.files(pin))
        ]
        if flaws:
            raise WrongListing("the list of files", flaws)

    def tell_open_digests(self) -> None:
        """Report how many digests of the lock no listed file has."""
        hidden = open_digests(self.commitment.lock, self.pages)
        if hidden:
            names = ", ".join(list(hidden)[:3]) + (f" and {len(hidden) - 3} more" if len(hidden) > 3 else "")
            tell_remark(f"the server lists no file for {count_of(sum(hidden.values()), 'digest')} of the lock: {names}")

    @cached_property
    def _admitted(self) -> Admitted:
        return Admitted(self.commitment, self.pages)

    def _unfit(self, target: InstallTarget) -> Iterator[Pin]:
        """Yield the pins that may be needed on a target and have no file for it."""
        for pin in self.commitment.lock.pins:
            if target.needs(pin.marker or "") and not any(map(target.takes, self._admitted.files(pin))):
                yield pin


def checked(url: str, commitment: Commitment) -> CheckedListing:
    """Return the files that the server at ``url`` lists for a lock.

    :raises WrongListing: they are not what the lock admits.
    :raises reqpi.client.ServerTrouble: the server does not list them.
    """
    try:
        found = frozen_pages.load_all(pages(url, commitment.address))
    except ValueError as error:
        raise ServerTrouble(f"{url} answered with something that is not a list of files", f"{error}."[:200]) from error
    flaws = list(flaws_of(commitment.lock, found))
    if flaws:
        raise WrongListing("the list of files", flaws)
    return CheckedListing(commitment, found)


def checked_files(url: str, address: str, taken: LockFiles) -> CheckedListing:
    """Read a lock that has been committed, and return the files that the server at ``url`` lists for it.

    :raises reqpi.cli.inputs.lock_files.LockHasDefects: the lock has defects that the server did not report.
    :raises WrongListing: as for :func:`checked`.
    """
    return checked(url, Commitment(address, lock_of(taken)))


def _on_any_python(file: File) -> File:
    """Return the file without its ``requires-python``, which no digest covers."""
    return evolve(file, requires_python=None)


def _listed(pin: Pin, file: File) -> ListedFile:
    return ListedFile(
        pin.project,
        file.filename,
        str(file.sha256),
        file.size,
        pin.marker or "",
        "" if pin.source is not None else str(file.version),
        source=pin.source is not None,
        subdirectory=(pin.source.subdirectory or "") if pin.source is not None else "",
    )


def _digests(content: Readable, algorithms: frozenset[str]) -> Iterator[Digest]:
    computed = {algorithm: hashlib.new(algorithm) for algorithm in algorithms}
    content.seek(0)
    while piece := content.read(_PIECE):
        for each in computed.values():
            each.update(piece)
    return (Digest(algorithm, each.hexdigest()) for algorithm, each in computed.items())
