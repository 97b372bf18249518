"""One file's entry on a page: the rules that HTML and JSON share, also for invalid values.

An entry without a usable filename or URL is left out, because no one could fetch the file. An invalid field of an
otherwise usable entry is dropped, as if upstream had not sent it: a file of unknown size or time can still be verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypedDict, Unpack
from urllib.parse import quote, urljoin, urlsplit

from attrs import evolve

from reqpi.core import filenames
from reqpi.core.errors import WrongPage
from reqpi.core.model import ALGORITHMS, Digest, File, Page, Project, Status

__all__ = [
    "absolute",
    "best",
    "check_version",
    "claimed",
    "digest",
    "link",
    "link_to",
    "listed_file",
    "listing",
    "status",
    "text",
    "upload_time",
    "version_for",
    "with_own_provenance",
]

LONGEST_URL = 8192
LONGEST_TEXT = 4096

_HEX = re.compile(r"[0-9a-f]+")
_API_VERSION = re.compile(r"([0-9]{1,9})\.[0-9]{1,9}")
# A time without a zone is rejected: pip compares it with one that has a zone, and fails with a traceback.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
# Nearly all links look like this: there is nothing in them to remove, to encode or to mistrust.
_PLAIN_URL = re.compile(r"https?://[a-z0-9.-]{1,253}/[A-Za-z0-9/%:@!$&'()*+,;=~._-]*")
_URL_SAFE = "/%:@!$&'()*+,;=~"


def check_version(version: object, project: Project) -> None:
    """Check that a page has version 1.x of the API (:pep:`629`: a minor version only adds).

    :param version: as the page states it; ``None`` if it states none, which :pep:`629` takes for 1.0.
    :raises reqpi.core.errors.WrongPage: it is another version, or not a version.
    """
    matched = _API_VERSION.fullmatch(version.strip()) if isinstance(version, str) else None
    if version is not None and (matched is None or int(matched[1]) != 1):
        raise WrongPage(
            f"the page of {project} has version {str(version)[:40]!r}",
            "Only versions 1.x of the simple API are supported.",
        )


def version_for(files: Iterable[File], status: Status | None, *, derived: bool = False) -> str:
    """Return the lowest version of the API that has every field that a page shows.

    1.1 (:pep:`700`) promises the size of every file, 1.3 (:pep:`740`) adds provenance, 1.4 (:pep:`792`) the status.

    :param derived: whether it also lists files that are made when they are requested, and whose sizes are not known.
    """
    files = tuple(files)
    if derived or any(file.size is None for file in files):
        return "1.0"
    if status is not None:
        return "1.4"
    return "1.3" if any(file.provenance for file in files) else "1.1"


def listing(files: Iterable[File], *, unhashed: bool = False) -> tuple[File, ...]:
    """Return the listed files in the order in which they are served: by version, then by filename.

    A page is then a function of the set of its files, whatever representation and order upstream has. This is also the
    order of warehouse, the reference implementation: where a client lets the order decide (pip between the .tar.gz and
    the .zip of an sdist), it makes the same choice here.

    :param unhashed: whether a file may lack a sha256. It is for pages without a lock.
    :raises ValueError: a file has no sha256. A file that a lock admits is not listed before its sha256 is known.
    """
    files = tuple(file for file in files if file.listed)
    for file in files:
        if file.sha256 is None and not unhashed:
            raise ValueError(f"{file.filename} has no sha256")
    # Sorting the versions alone, each once, saves most of the comparisons.
    rank = {version: number for number, version in enumerate(sorted({file.version for file in files}))}
    return tuple(sorted(files, key=lambda file: (rank[file.version], file.filename)))


def link(file: File, prefix: str | None = "") -> str:
    """Return the link to a file, relative to its page, so that no reverse proxy or other server name can break it.

    :param prefix: text before the link: ``six/`` if the request for the page had no slash at the end of its path.
        ``None``: the link is the file's original URL.
    """
    fragment = f"#sha256={file.sha256}" if file.sha256 else ""
    if prefix is None:
        return f"{file.url.removeprefix('archive+')}{fragment}"
    return f"{link_to(file.filename, prefix)}{fragment}"


def link_to(filename: str, prefix: str) -> str:
    """Return the link to a file of that name, relative to its page.

    :param prefix: as for :func:`link`, except for ``None``.
    """
    return f"{prefix}{quote(filename, safe='')}"


def with_own_provenance(page: Page, prefix: str = "") -> Page:
    """Return the page with the provenance of each file next to the file, relative to the page.

    :param prefix: as for :func:`link`.
    """
    return evolve(page, files=tuple(_provenance_beside(file, prefix) for file in page.files))


def _provenance_beside(file: File, prefix: str) -> File:
    if file.provenance is None:
        return file
    return evolve(file, provenance=f"{prefix}{quote(file.filename, safe='')}.provenance")


class OptionalFields(TypedDict):
    """The fields that an entry may lack: a missing one is ``None``."""

    size: int | None
    requires_python: str | None
    upload_time: str | None
    yanked: str | Literal[True] | None
    core_metadata: Digest | Literal[True] | None
    provenance: str | None


def listed_file(
    filename: str,
    project: Project,
    url: str | None,
    digests: frozenset[Digest] | None,
    **optional: Unpack[OptionalFields],
) -> File | None:
    """Return the file of an entry; ``None`` if its filename, URL or digests are unusable."""
    named = filenames.parse(filename, project)
    if named is None or url is None or digests is None:
        return None
    return File(
        filename=filename,
        project=project,
        version=named.version,
        version_text=named.version_text,
        wheel=named.wheel,
        url=url,
        digests=digests,
        **optional,
    )


def absolute(base: str, reference: str) -> str | None:
    """Return the URL of a link: http or https, without credentials and fragment, percent-encoded.

    :param base: the URL that a relative link starts from.
    :param reference: the link.
    :returns: ``None`` if there is no such URL (``javascript:``, ``file:``, ``ftp:``, a port that is not a number).
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
    except ValueError:  # brackets without an IPv6 address, lone surrogates
        return None
    return f"{scheme}://{authority}{path}?{query}" if query else f"{scheme}://{authority}{path}"


@lru_cache(maxsize=256)
def _authority(netloc: str) -> str | None:
    """Return host and port without credentials, which would otherwise end up in logs and on the disk.

    :raises ValueError: the port is not a valid port.
    """
    # To RFC 3986 a backslash is part of the user name; to browsers it ends the host.
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
    """Return a digest that counts; ``None`` if the algorithm is too weak or the value does not have its length."""
    if not isinstance(value, str):
        return None
    algorithm, value = algorithm.lower(), value.lower()
    if len(value) != ALGORITHMS.get(algorithm) or not _HEX.fullmatch(value):
        return None
    return Digest(algorithm, value)


def best(digests: Iterable[tuple[str, object]]) -> Digest | Literal[True] | None:
    """Return the best digest of a core metadata file.

    :param digests: pairs of an algorithm and a value that should be hex digits.
    :returns: the sha256 if there is one, because the file is stored under it; ``True`` if there are only others, as the
        file exists nevertheless; ``None`` if a strong digest is malformed, because the file is then as doubtful.
    """
    strong = [digest(algorithm, value) for algorithm, value in digests if algorithm.lower() in ALGORITHMS]
    if None in strong:
        return None
    return next((found for found in strong if found is not None and found.algorithm == "sha256"), True)


def claimed(claims: Iterable[tuple[str, object]]) -> frozenset[Digest] | None:
    """Return the digests that count among those that an index claims for a file.

    :param claims: pairs of an algorithm and a value that should be hex digits.
    :returns: ``None`` if two digests of one algorithm contradict each other: such an entry is unusable.
    """
    found = {known for algorithm, value in claims if (known := digest(algorithm, value)) is not None}
    return frozenset(found) if len({one.algorithm for one in found}) == len(found) else None


def text(value: object) -> str | None:
    """Return the value as one line of printable text; ``None`` if it is not text, too long or blank."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return None
    if not value.isprintable():
        # Real requires-python fields contain line breaks. Lone surrogates, which JSON allows, cannot be encoded.
        value = "".join(character if character.isprintable() else " " for character in value)
    return " ".join(value.split()) or None


def upload_time(value: object) -> str | None:
    """Return the value if it is a valid timestamp (:pep:`700`); ``None`` otherwise, because pip fails on others."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None
    return value


def status(name: object, reason: object) -> Status | None:
    """Return the project's status (:pep:`792`); ``None`` if the page has none."""
    readable = text(name)
    return None if readable is None else Status(readable, text(reason))
