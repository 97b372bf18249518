"""The values of a receipt: what one client took under an address, what it was refused, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from attrs import evolve, field, frozen

from reqpi.core.model import Archive, File, Git
from reqpi.core.sbom.purls import purl_of
from reqpi.core.shown_urls import as_shown

__all__ = [
    "KINDS",
    "LONGEST_AGENT",
    "LONGEST_TEXT",
    "MOST_PASSED",
    "MOST_REFUSED",
    "MOST_TAKEN",
    "Kind",
    "PassedEntry",
    "Receipt",
    "ReceiptDocument",
    "RefusedEntry",
    "TakenEntry",
    "taken_file",
    "taken_metadata",
    "taken_provenance",
]

Kind = Literal["file", "metadata", "provenance", "page", "facts"]

KINDS: tuple[str, ...] = get_args(Kind)

MOST_TAKEN = 50_000
"""Entries of what was taken, at most. The largest locks have some ten thousand pins."""

MOST_REFUSED = 1000
"""Entries of what was refused, at most."""

MOST_PASSED = 1000
"""Entries of tunnels, at most."""

LONGEST_TEXT = 2048
"""Characters of any text, at most."""

LONGEST_AGENT = 200
"""Characters of a User-Agent, at most. pip's begins with its name and version, and is a few hundred long."""


@frozen(order=True)
class ReceiptDocument:
    """One document of the lock.

    :param path: empty for a document that is committed alone.
    :param sha256: of its bytes, in hex.
    """

    path: str
    sha256: str


@frozen(order=True)
class TakenEntry:
    """One thing that the client received. The same thing has one entry, whatever the ways that it took.

    :param kind: ``file``; ``metadata``: the core metadata of a wheel; ``page``: the files of a project; ``facts``: a
        release in the JSON API of an index.
    :param project: the normalised name of the project.
    :param filename: empty for a page and for facts.
    :param url: the original URL, as :func:`~reqpi.core.shown_urls.as_shown` shows it.
    :param purl: of the release or the source that it belongs to; empty for a page.
    :param sha256: of the whole file, or of the metadata; empty for a page and for facts, which are made here and differ
        by format.
    :param size: of the whole file, or of the metadata, in bytes; 0 for a page and for facts.
    :param count: how often all of it was sent.
    :param partial: how often a part of it was sent: a range, or what a client read before it closed the connection.
    :param unchanged: how often the client was told that the copy that it has already is valid (304).
    """

    kind: Kind
    project: str
    filename: str = ""
    url: str = ""
    purl: str = ""
    sha256: str = ""
    size: int = 0
    count: int = 0
    partial: int = 0
    unchanged: int = 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The members that distinguish it from other things. The URL is not one, because a file may be at several."""
        return self.kind, self.project, self.filename, self.sha256

    @property
    def bare(self) -> TakenEntry:
        """The thing itself, without how often it was sent."""
        return evolve(self, count=0, partial=0, unchanged=0)


@frozen(order=True)
class RefusedEntry:
    """A request that no part of the lock answers.

    :param host: the host that was asked; empty for a request to the index.
    :param project: the project that the index was asked for; empty for a request to a host.
    :param url: the URL that was asked, as :func:`~reqpi.core.shown_urls.as_shown` shows it; for a request to the index,
        the path below the address.
    :param agent: the User-Agent of the client, or its beginning.
    :param reason: one line.
    """

    host: str
    project: str
    url: str
    agent: str
    reason: str
    count: int = 1


@frozen(order=True)
class PassedEntry:
    """A tunnel to a host that the user named. The bytes in it are not known."""

    host: str
    port: int
    agent: str
    count: int = 1


@frozen
class Receipt:
    """A record of everything that one client took, in order. Receipts of the same run are equal.

    :param address: of the lock.
    :param documents: those of the lock, in order.
    :param target: what is known of the machine: names and values of markers (:pep:`508`), or filters of a command.
    :param started: an ISO 8601 timestamp in UTC: ``2026-11-29T14:50:24Z``.
    :param ended: likewise.
    :param sealed: the client could reach nothing else.
    :param complete: everything is listed: no bound was exceeded.
    """

    address: str
    documents: tuple[ReceiptDocument, ...]
    started: str
    ended: str
    target: Mapping[str, str] = field(factory=dict)
    sealed: bool = False
    taken: tuple[TakenEntry, ...] = ()
    refused: tuple[RefusedEntry, ...] = ()
    passed: tuple[PassedEntry, ...] = ()
    complete: bool = True


def taken_file(file: File) -> TakenEntry:
    """Return the entry of a file."""
    return TakenEntry("file", file.project, file.filename, _url(file), purl_of(file), file.sha256 or "", file.size or 0)


def taken_metadata(file: File, sha256: str, size: int) -> TakenEntry:
    """Return the entry of the core metadata of a file.

    :param sha256: of the metadata, in hex.
    :param size: of the metadata, in bytes.
    """
    url = f"{_url(file)}.metadata" if file.source is None else _url(file)
    return TakenEntry("metadata", file.project, f"{file.filename}.metadata", url, purl_of(file), sha256, size)


def taken_provenance(file: File, sha256: str, size: int) -> TakenEntry:
    """Return the entry of the provenance object of a file.

    :param sha256: of the object, in hex.
    :param size: of the object, in bytes.
    """
    url, name = as_shown(file.provenance or ""), f"{file.filename}.provenance"
    return TakenEntry("provenance", file.project, name, url, purl_of(file), sha256, size)


def _url(file: File) -> str:
    if isinstance(file.source, Git):
        return as_shown(file.source.place)
    return as_shown(file.source.url if isinstance(file.source, Archive) else file.url)
