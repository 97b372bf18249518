"""One file's entry on a page: what HTML and JSON share, and what is made of nonsense.

An entry without a usable filename or URL is left out: nobody could fetch it. Of an otherwise usable entry a bad field
is dropped, as if upstream had not given it, because a file whose size or time is unknown can still be verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

from reqpi.core.errors import WrongPage
from reqpi.core.model import ALGORITHMS, Digest, File, Project, Status

__all__ = [
    "absolute",
    "best",
    "check_version",
    "claimed",
    "digest",
    "link",
    "listing",
    "status",
    "text",
    "upload_time",
    "version_for",
]

LONGEST_URL = 8192
LONGEST_TEXT = 4096

_HEX = re.compile(r"[0-9a-f]+")
_API_VERSION = re.compile(r"([0-9]{1,9})\.[0-9]{1,9}")
# A time without a zone is dropped: pip compares it with one that has a zone, and fails with a traceback.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
# What nearly all links are: nothing in them to take away, to encode or to mistrust.
_PLAIN_URL = re.compile(r"https?://[a-z0-9.-]{1,253}/[A-Za-z0-9/%:@!$&'()*+,;=~._-]*")
_URL_SAFE = "/%:@!$&'()*+,;=~"


def check_version(version: object, project: Project) -> None:
    """Let versions 1.x pass (:pep:`629`: a minor version only adds).

    :param version: as the page has it; ``None``, which :pep:`629` takes for 1.0, where it has none.
    """
    matched = _API_VERSION.fullmatch(version.strip()) if isinstance(version, str) else None
    if version is not None and (matched is None or int(matched[1]) != 1):
        raise WrongPage(
            f"the page of {project} has version {str(version)[:40]!r}", "Versions 1.x of the simple API are read."
        )


def version_for(files: Iterable[File], status: Status | None) -> str:
    """The lowest version of the API that has all that a page shows.

    1.1 (:pep:`700`) promises the size of every file, 1.3 (:pep:`740`) has provenance, 1.4 (:pep:`792`) the status.
    """
    files = tuple(files)
    if any(file.size is None for file in files):
        return "1.0"
    if status is not None:
        return "1.4"
    return "1.3" if any(file.provenance for file in files) else "1.1"


def listing(files: Iterable[File], *, unhashed: bool = False) -> tuple[File, ...]:
    """The files in the order in which they are served: by version, then by filename.

    A page is then a function of the set of its files, whichever form and order upstream has. It is also the order of
    warehouse, the reference implementation: where a client lets the order decide (pip between an sdist's .tar.gz and
    its .zip), it chooses here as it does there.

    :param unhashed: a file may have no sha256. It is for pages that no lock is behind.
    :raises ValueError: a file has no sha256. Nothing that a lock admits is listed before it is known.
    """
    files = tuple(file for file in files if file.listed)
    for file in files:
        if file.sha256 is None and not unhashed:
            raise ValueError(f"{file.filename} has no sha256")
    # Sorting the versions alone, each once, saves most of the comparisons.
    rank = {version: number for number, version in enumerate(sorted({file.version for file in files}))}
    return tuple(sorted(files, key=lambda file: (rank[file.version], file.filename)))


def link(file: File, prefix: str = "") -> str:
    """The link to a file, relative to its page: no reverse proxy and no other name of the server can break it.

    :param prefix: comes before it: ``six/`` where the page was asked for without the slash at the end of its path.
    """
    fragment = f"#sha256={file.sha256}" if file.sha256 else ""
    return f"{prefix}{quote(file.filename, safe='')}{fragment}"


def absolute(base: str, reference: str) -> str | None:
    """The URL that a link leads to: http or https, without credentials and fragment, percent-encoded.

    :returns: ``None`` where there is none (``javascript:``, ``file:``, ``ftp:``, a port that is no number).
    """
    if len(reference) > LONGEST_URL:
        return None
    if _PLAIN_URL.fullmatch(reference):
        return reference
    try:
        joined = reference if reference.startswith(("https://", "http://")) else urljoin(base, reference)
        scheme, netloc, path, query, _ = urlsplit(joined)
        authority = _authority(netloc)
        if scheme not in {"https", "http"} or authority is None:
            return None
        path, query = quote(path, _URL_SAFE), quote(query, _URL_SAFE + "?")
    except ValueError:  # brackets of no IPv6 address, lone surrogates
        return None
    return f"{scheme}://{authority}{path}?{query}" if query else f"{scheme}://{authority}{path}"


@lru_cache(maxsize=256)
def _authority(netloc: str) -> str | None:
    """Host and port, without credentials: they would end in logs and on the drive.

    :raises ValueError: the port is no port.
    """
    # To RFC 3986 a backslash is part of the user's name, to browsers it ends the host.
    if len(netloc) > 512 or "\\" in netloc:
        return None
    parts = urlsplit(f"//{netloc}")
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        host = host.encode("idna").decode()
    if not re.fullmatch(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", host):
        return None
    return host if parts.port is None else f"{host}:{parts.port}"


def digest(algorithm: str, value: object) -> Digest | None:
    """A digest that counts, or ``None``: of an algorithm that is too weak, or not of its length."""
    if not isinstance(value, str):
        return None
    algorithm, value = algorithm.lower(), value.lower()
    if len(value) != ALGORITHMS.get(algorithm) or not _HEX.fullmatch(value):
        return None
    return Digest(algorithm, value)


def best(digests: Iterable[tuple[str, object]]) -> Digest | Literal[True] | None:
    """What the digests of a core metadata file come to.

    :param digests: each an algorithm and what should be hex digits.
    :returns: the sha256 where there is one, which it is kept under; ``True`` where there are others alone, for the file
        is still there; ``None`` where a strong one is nonsense: then what belongs to it is as doubtful.
    """
    strong = [digest(algorithm, value) for algorithm, value in digests if algorithm.lower() in ALGORITHMS]
    if None in strong:
        return None
    return next((found for found in strong if found is not None and found.algorithm == "sha256"), True)


def claimed(claims: Iterable[tuple[str, object]]) -> frozenset[Digest] | None:
    """The digests that an index claims a file has: those that count.

    :returns: ``None`` where two of one algorithm contradict each other: whoever lists a file so lists none.
    """
    found = {known for algorithm, value in claims if (known := digest(algorithm, value)) is not None}
    return frozenset(found) if len({one.algorithm for one in found}) == len(found) else None


def text(value: object) -> str | None:
    """One line of printable text, or ``None`` where there is none worth passing on."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return None
    if not value.isprintable():
        # Line breaks stand in real requires-python fields. Lone surrogates, which JSON can hold, cannot be encoded.
        value = "".join(character if character.isprintable() else " " for character in value)
    return " ".join(value.split()) or None


def upload_time(value: object) -> str | None:
    """A moment (:pep:`700`), or ``None`` where it is none: pip fails on what it cannot read."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None
    return value


def status(name: object, reason: object) -> Status | None:
    """The project's status (:pep:`792`), where the page gives one."""
    readable = text(name)
    return None if readable is None else Status(readable, text(reason))
