"""A simple index in a folder of this machine, whose links lead to a server: the pages of a lock, checked before.

An installer that is pointed at it compares every file with the digest in its link, and is told of no other file. The
server's own pages would be as trustworthy as the server.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from attrs import evolve

from reqpi.cli.inputs.checked_listing import CheckedListing
from reqpi.client.listed_file import ListedFile
from reqpi.core import simple
from reqpi.core.listing_check import to_measure
from reqpi.core.model import File, Page

__all__ = ["unproven", "write_index"]


def unproven(listing: CheckedListing) -> list[ListedFile]:
    """Return the files whose sha256 is the server's word, because the lock has other digests of them."""
    return [file for file in listing.files() if _is_unproven(listing, listing.file_of(file))]


def write_index(listing: CheckedListing, index_url: str, measured: Path, folder: Path) -> str:
    """Write the pages of a lock, and return their URL.

    :param index_url: the URL of the server's index, with a login if it needs one, and a slash at its end.
    :param measured: the folder that has those files of :func:`unproven` which may be installed.
    :param folder: the folder to write into. No other user may read it, because of the login.
    """
    there = {path.name for path in measured.iterdir()}
    for project, page in listing.pages.items():
        place = folder / project
        place.mkdir(parents=True)
        (place / "index.html").write_bytes(_linked(listing, page, f"{index_url}{project}/", measured, there))
    return f"{folder.as_uri()}/"


def _linked(listing: CheckedListing, page: Page, url: str, measured: Path, there: Collection[str]) -> bytes:
    """Return a page without promises of core metadata, which no digest of the lock covers."""
    plain = [evolve(file, core_metadata=None, provenance=None) for file in page.files if file.listed]
    served = evolve(page, files=tuple(file for file in plain if not _is_unproven(listing, file)))
    local = evolve(page, files=tuple(file for file in plain if file.filename in there))
    # Two pages in one: a client reads all links of a document.
    prefixes = ((served, url), (local, f"{measured.as_uri()}/"))
    return b"".join(simple.page_html(each, prefix=prefix) for each, prefix in prefixes if each.files)


def _is_unproven(listing: CheckedListing, file: File) -> bool:
    return bool(to_measure(listing.commitment.lock, file))
