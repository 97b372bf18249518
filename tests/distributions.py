"""Short ways to the nouns, for tests."""

from __future__ import annotations

import hashlib
from typing import Any

from attrs import evolve
from packaging.utils import canonicalize_name

from reqpi.core import filenames, locks
from reqpi.core.address import address_of
from reqpi.core.model import Commitment, Digest, File, Page

__all__ = ["a_commitment", "a_file", "a_page", "digest_of"]


def digest_of(content: bytes, algorithm: str = "sha256") -> Digest:
    """The digest of some bytes."""
    return Digest(algorithm, hashlib.new(algorithm, content).hexdigest())


def a_file(filename: str, content: bytes | None = b"", project: str = "six", **fields: Any) -> File:
    """A file as an upstream lists it.

    :param content: what its sha256 is of; ``None`` for a listing without digests.
    """
    name = canonicalize_name(project)
    named = filenames.parse(filename, name)
    assert named is not None, filename
    file = File(
        filename,
        name,
        named.version,
        named.version_text,
        named.wheel,
        f"https://files.example.org/{filename}",
        digests=frozenset() if content is None else frozenset({digest_of(content)}),
    )
    return evolve(file, **fields)


def a_page(*files: File, project: str = "six", **fields: Any) -> Page:
    """A project page."""
    return Page(canonicalize_name(project), files, **fields)


def a_commitment(*lines: str) -> Commitment:
    """The commitment to a requirements file of these lines."""
    document = "".join(f"{line}\n" for line in lines).encode()
    return Commitment(address_of(document), locks.read(document))
