"""Bills of materials: what a lock admits, as CycloneDX 1.6 and as SPDX 2.3.

A bill is a function of the commitment, its frozen pages and the core metadata of its files: the same give the same
bytes. There are no random numbers in it and no time of day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reqpi.model import Commitment, File, Page, Project
from reqpi.sbom.model import About, Artifact, Bill, Component, Licence, Own

__all__ = [
    "About",
    "Artifact",
    "Bill",
    "Component",
    "Licence",
    "Own",
    "about",
    "bill_of",
    "cyclonedx",
    "described_by",
    "merged",
    "spdx",
]


def bill_of(
    commitment: Commitment,
    pages: Mapping[Project, Page],
    known: Mapping[File, About],
    *,
    own: Own | None = None,
    folder: str = "",
    files: Iterable[File] | None = None,
) -> Bill:
    """The bill of a commitment.

    :param pages: the frozen page of every project that the lock pins.
    :param known: what core metadata says, by the file it is of. What is missing of :func:`described_by` is unread.
    :param own: the project whose lock it is.
    :param folder: where the documents of the lock are, below what the bill is of: ``missing_hash_in`` begins with it.
    :param files: those to be listed; ``None``: all that the lock admits.
    :raises reqpi.errors.NothingUpstream: a pin has no file.
    """
    raise NotImplementedError


def described_by(commitment: Commitment, pages: Mapping[Project, Page]) -> list[File]:
    """The files whose core metadata a bill is made with: one wheel of each component that has one.

    :raises reqpi.errors.NothingUpstream: a pin has no file.
    """
    raise NotImplementedError


def about(metadata: bytes) -> About:
    """What core metadata says; what is no core metadata says nothing. It may be anything: what is kept is bounded."""
    raise NotImplementedError


def merged(bills: Iterable[Bill]) -> Bill:
    """One bill of several: a component is binary if it is in any, and a build requirement if it is in all that have it.

    :param bills: at least one; the main component is that of the first which has one.
    """
    raise NotImplementedError


def cyclonedx(bill: Bill) -> bytes:
    """The bill as CycloneDX 1.6, in JSON. Imports a library of its own: call it in a thread."""
    raise NotImplementedError


def spdx(bill: Bill) -> bytes:
    """The bill as SPDX 2.3, in JSON."""
    raise NotImplementedError
