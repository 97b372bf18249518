"""The address of a lock.

The address of one document is the sha256 of its unchanged bytes, in lower-case hex, with nothing added: the output of
``sha256sum requirements.txt``. Several documents are committed to by their listing: the output of ``sha256sum
requirements.txt requirements-build.txt`` in the folder of the first of them. The address is the sha256 of this listing:
``sha256sum requirements.txt requirements-build.txt | sha256sum``. The filename of a single document, headers and
options of the server are not part of it. So client and server compute it independently, and anyone with coreutils can
check both.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reqpi.core.report import Document

__all__ = [
    "DOCUMENTS",
    "PATH_LENGTH",
    "address_of",
    "flaws_of_paths",
    "is_address",
    "is_listing",
    "listing_of",
    "parse_listing",
]

DOCUMENTS = 100
"""The largest number of documents of one commitment."""

PATH_LENGTH = 200
"""The largest number of characters in a document's path."""

_ADDRESS = re.compile(r"[0-9a-f]{64}")
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")
_ESCAPED = re.compile(r"%(?:22|0[AD])", re.IGNORECASE)  # RFC 7578 has no way to send these in a filename as they are
_LISTING_LENGTH = DOCUMENTS * (64 + 2 + 4 * PATH_LENGTH + 1)


def address_of(document: bytes) -> str:
    """Return the address that commits to ``document``, which may be a listing: 64 lower-case hex digits."""
    return hashlib.sha256(document).hexdigest()


def is_address(text: str) -> bool:
    """Return whether ``text`` has the format of an address."""
    return _ADDRESS.fullmatch(text) is not None


def listing_of(documents: Sequence[Document]) -> bytes:
    """Return what ``sha256sum`` prints for ``documents``, in order: digest, two spaces, path; one line each.

    :raises ValueError: ``documents`` is empty, or :func:`flaws_of_paths` finds a flaw.
    """
    flaws = flaws_of_paths(document.path for document in documents)
    if flaws or not documents:
        raise ValueError("; ".join(flaws.values()) or "there are no documents")
    return "".join(f"{address_of(document.data)}  {document.path}\n" for document in documents).encode()


def parse_listing(listing: bytes) -> tuple[tuple[str, str], ...]:
    """Return the digest and the path of each document, in order.

    :raises ValueError: ``listing`` is not a listing that :func:`listing_of` could have made.
    """
    if not listing or len(listing) > _LISTING_LENGTH:
        raise ValueError("this is not a listing")
    lines = listing.decode("utf-8", "strict").splitlines(keepends=True)
    matches = [_LINE.fullmatch(line) for line in lines]
    entries = tuple((match[1], match[2]) for match in matches if match)
    if len(entries) != len(lines) or flaws_of_paths(path for _, path in entries):
        raise ValueError("this is not a listing")
    return entries


def is_listing(data: bytes) -> bool:
    """Return whether ``data`` is a listing. A listing is never a lock by itself, so that an address has one meaning."""
    try:
        parse_listing(data)
    except ValueError:
        return False
    return True


def flaws_of_paths(paths: Iterable[str]) -> Mapping[str, str]:
    """Return the flaws in the paths of a commitment's documents.

    :returns: for each path that is not allowed, a sentence that says why.
    """
    flaws: dict[str, str] = {}
    known: set[str] = set()
    for count, path in enumerate(paths, 1):
        if count > DOCUMENTS:
            flaws[path] = f"there are more than {DOCUMENTS} documents"
            break
        flaw = f"there are two documents `{path}`" if path in known else _flaw(path)
        if flaw:
            flaws[path] = flaw
        known.add(path)
    for path in known - flaws.keys():
        folders = path.split("/")[:-1]
        folder = next((above for end in range(1, len(folders) + 1) if (above := "/".join(folders[:end])) in known), "")
        if folder:
            flaws[path] = f"`{folder}` is a document and cannot also be the folder of `{path}`"
    return flaws


def _flaw(path: str) -> str:
    """Return why ``path`` is not allowed: ``sha256sum`` would not accept it, or would print it differently."""
    if not path:
        flaw = "a document has no path"
    elif len(path) > PATH_LENGTH:
        flaw = f"a path is longer than {PATH_LENGTH} characters"
    elif not path.isprintable() or "\\" in path or _ESCAPED.search(path):
        flaw = "a path has a backslash, an unprintable character, or the escape of a quote or a line break"
    elif path.startswith("/"):
        flaw = f"`{path}` is absolute: paths are relative to the folder of the first document"
    elif path.startswith("-"):
        flaw = f"`{path}` begins with a dash: sha256sum would take it for an option"
    elif any(part in ("", ".", "..") or part != part.strip() for part in path.split("/")):
        flaw = f"`{path}` has an empty part, `.`, `..`, or a part that begins or ends with a space"
    else:
        flaw = ""
    return flaw
