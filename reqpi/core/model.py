"""The five nouns: Lock, Pin, Commitment, File, Page. Everything else is a verb on these.

A user uploads a **lock**. Each line of meaning in it is a **pin**. The lock and its address are a **commitment**. An
upstream lists the **files** of a project on its **page**; a commitment sees those files of the page that a pin admits.

All of them are frozen values. Their content was parsed once, at the edge: code further in never normalises a name or
parses a version again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal

from attrs import field, frozen
from packaging.utils import NormalizedName
from packaging.version import Version

from reqpi.core.provenance.publishers import Publisher
from reqpi.core.report import Document, Note

__all__ = [
    "ALGORITHMS",
    "Archive",
    "Commitment",
    "Digest",
    "File",
    "Git",
    "Lock",
    "Page",
    "Pin",
    "Project",
    "Release",
    "Status",
    "Support",
]

ALGORITHMS: Mapping[str, int] = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The accepted digest algorithms: the name in hashlib, and the length of a digest in hex digits.

These are pip's ``STRONG_HASHES``. A weaker digest admits nothing.
"""

Project = NormalizedName
"""The name of a project, normalised (:pep:`503`)."""


@frozen(order=True)
class Digest:
    """A digest of a whole file.

    :param algorithm: one of :data:`ALGORITHMS`.
    :param hex: lower-case hex digits, of that algorithm's length.
    """

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


@frozen
class Archive:
    """A source that is one file at a URL.

    :param url: https, without userinfo and without a fragment.
    :param digests: at least one; the file must match all of them.
    :param subdirectory: the project's path inside the archive; ``None`` for its top folder.
    """

    url: str
    digests: frozenset[Digest]
    subdirectory: str | None = None

    @property
    def place(self) -> str:
        """The location of the bytes, as a lock spells it."""
        return self.url


@frozen
class Git:
    """A source that is one commit of a git repository.

    :param url: https, without userinfo, query and fragment.
    :param commit: 40 or 64 lower-case hex digits.
    :param subdirectory: the project's path inside the repository; ``None`` for its top folder.
    :param submodules: the repository's submodules are part of the source.
    """

    url: str
    commit: str
    subdirectory: str | None = None
    submodules: bool = False

    @property
    def place(self) -> str:
        """The location of the bytes, as a lock spells it: ``git+https://host/repository@<commit>``."""
        return f"git+{self.url}@{self.commit}{'#submodules=true' if self.submodules else ''}"


_PIN, _DIGEST, _NOTE, _FILE = 1100, 280, 400, 1500
"""Bytes of memory per pin, digest, note and file: the objects, their short texts, their slots in tuples, sets and
indices.

The numbers are for CPython on a 64-bit machine, rounded up. ``tests/core/test_weights.py`` compares them with the
interpreter's own count.
"""

Release = Version | Archive | Git | str
"""The release that a pin names: a version, a source, or, for ``===``, the text of a version in lower case."""


@frozen
class Pin:
    """One line of meaning in a lock: a project, one version or one source, the digests allowed.

    :param project: the normalised name of the project.
    :param version: as the lock spells it; empty for a source whose version is unknown.
    :param arbitrary: the pin is written with ``===``: its version is compared as text and need not conform to
        :pep:`440`.
    :param digests: a file must match one of them. Empty means that the lock leaves the digests open.
    :param extras: normalised names, sorted.
    :param marker: as the lock spells it. Clients evaluate it; the index never does.
    :param line: the first line of the pin in its document, counted from 1.
    :param last_line: the last line of the pin, continuations included.
    :param text: the requirement without digests and options: ``Twisted[tls]==26.10; python_version >= "3.11"``.
    :param source: the archive or the git commit that the project is taken from; ``None`` for a file of an index.
    :param indexes: the URLs of the indexes that the files may come from, in order. The empty text stands for the
        default index; an empty tuple means the default index, too.
    :param wheels: wheels are admitted (``--no-binary`` excludes them).
    :param sdists: sdists are admitted (``--only-binary`` excludes them).
    :param document: the path of the pin's document, if several documents are committed together.
    :param identities: the publishers that the lock names (:pep:`751`, ``attestation-identities``): a file must have a
        verified attestation of one of them. Empty means any file.
    """

    project: Project
    version: str
    arbitrary: bool = False
    digests: frozenset[Digest] = frozenset()
    extras: tuple[str, ...] = ()
    marker: str | None = None
    line: int = 0
    last_line: int = 0
    text: str = ""
    source: Archive | Git | None = None
    indexes: tuple[str, ...] = ()
    wheels: bool = True
    sdists: bool = True
    document: str = ""
    identities: tuple[Publisher, ...] = ()

    @property
    def trusted_on_first_use(self) -> bool:
        """The lock does not determine the bytes of its files: they are frozen as first seen."""
        return self.source is None and not self.digests

    @property
    def release(self) -> Release:
        """The release that the pin names. Releases that compare equal mean the same files."""
        if self.source is not None:
            return self.source
        return self.version.lower() if self.arbitrary else Version(self.version)


@frozen
class Support:
    """The environments that a lock is made for (:pep:`751`). An installer refuses others; the index serves them all.

    :param requires_python: a version specifier; empty for every Python.
    :param environments: markers, one of which must hold; empty for every environment.
    """

    requires_python: str = ""
    environments: tuple[str, ...] = ()


@frozen(slots=False)
class Lock:
    """The document that a user uploads, byte for byte, and its parsed content.

    :param document: the bytes whose digest is the address: the one document, or the listing of several.
    :param format: the recognised format, such as ``requirements.txt``; for several documents, each format once,
        separated by commas.
    :param pins: in the order of the document.
    :param notes: warnings, in the order of the document.
    :param documents: all documents, in order; a single document has no path.
    :param support: the environments that the lock is made for.
    :param local: the projects that the lock takes from folders of the user's machine: they are not pinned.
    """

    document: bytes = field(repr=False)
    format: str
    pins: tuple[Pin, ...]
    notes: tuple[Note, ...] = ()
    documents: tuple[Document, ...] = ()
    support: Support = Support()
    local: frozenset[Project] = frozenset()

    @cached_property
    def projects(self) -> Mapping[Project, tuple[Pin, ...]]:
        """The pins of each project, with the projects in alphabetical order."""
        pins: dict[Project, list[Pin]] = {}
        for pin in self.pins:
            pins.setdefault(pin.project, []).append(pin)
        return {project: tuple(pins[project]) for project in sorted(pins)}

    @cached_property
    def releases(self) -> Mapping[tuple[Project, Release], tuple[Pin, ...]]:
        """The pins of each project by release, so that a file is compared only with the few pins that may mean it."""
        pins: dict[tuple[Project, Release], list[Pin]] = {}
        for pin in self.pins:
            pins.setdefault((pin.project, pin.release), []).append(pin)
        return {release: tuple(group) for release, group in pins.items()}

    @cached_property
    def without_digests(self) -> int:
        """The number of pins without a digest. Their files are frozen as first seen: trust on first use."""
        return sum(pin.trusted_on_first_use for pin in self.pins)

    @cached_property
    def weight(self) -> int:
        """Bytes of memory that the lock takes: its documents and everything that was read from them."""
        documents = sum(len(document.data) for document in self.documents if document.data is not self.document)
        pins = sum(_PIN + 2 * len(pin.text) + _DIGEST * len(pin.digests) for pin in self.pins)
        pins += sum(_DIGEST * (1 + len(each.claims)) for pin in self.pins for each in pin.identities)
        return len(self.document) + documents + pins + sum(_NOTE + len(note.text) for note in self.notes)


@frozen
class Commitment:
    """A lock and its address.

    :param address: 64 lower-case hex digits; :mod:`reqpi.core.address` has the recipe.
    """

    address: str
    lock: Lock

    @property
    def short(self) -> str:
        """The first digits of the address, enough for a person to recognise it."""
        return self.address[:8]


@frozen(cache_hash=True)
class File:
    """One distribution file, as a project page lists it.

    :param filename: as the upstream spells it; clients see the same name.
    :param project: the normalised name of the project.
    :param version: read from the filename.
    :param version_text: the version as the filename spells it, for ``===``.
    :param wheel: ``True`` for a wheel, ``False`` for an sdist.
    :param url: the file's location: absolute, without credentials and without a fragment.
    :param digests: the known digests. A digest that an upstream claims is verified before any byte is trusted.
    :param measured: the digests were computed here, from the file's own bytes.
    :param size: bytes.
    :param requires_python: a version specifier (:pep:`345`), unescaped.
    :param upload_time: as the upstream spells it (ISO 8601, :pep:`700`).
    :param yanked: the reason, or ``True`` if the file is yanked without one (:pep:`592`).
    :param core_metadata: the digest of the metadata file; ``True`` if the file exists and its digest is unknown
        (:pep:`714`).
    :param provenance: the URL of the attestations (:pep:`740`).
    :param publishers: the publishers whose attestations of this file were verified here, as far as a lock asks for
        them. What a frozen list or an index says does not count.
    :param index: the URL of the index that listed the file, as the lock spells it; empty for the default index.
    :param source: the source that the file is, if no index listed it.
    :param downgraded: its URL is plain http, on a page that came over https. Such a link counts only if the lock has a
        digest of the file.
    :param listed: the file stands on its project's page. A source whose version is unknown does not; its version is
        then 0.
    """

    filename: str
    project: Project
    version: Version
    version_text: str
    wheel: bool
    url: str
    digests: frozenset[Digest] = frozenset()
    measured: bool = False
    size: int | None = None
    requires_python: str | None = None
    upload_time: str | None = None
    yanked: str | Literal[True] | None = None
    core_metadata: Digest | Literal[True] | None = None
    provenance: str | None = None
    publishers: tuple[Publisher, ...] = ()
    index: str = ""
    source: Archive | Git | None = None
    listed: bool = True
    downgraded: bool = False

    @cached_property
    def sha256(self) -> str | None:
        """The sha256 that the file is stored and linked under, in hex; ``None`` if it is unknown."""
        return next((digest.hex for digest in self.digests if digest.algorithm == "sha256"), None)


@frozen
class Status:
    """The status of a project as a whole, as an index reports it (:pep:`792`).

    :param status: ``active``, ``archived``, ``quarantined``, ``deprecated``, or any other value of the upstream.
    :param reason: the index's explanation, if it gives one.
    """

    status: str
    reason: str | None = None


@frozen(slots=False)
class Page:
    """A project page: the files of one project, as an upstream lists them or as a commitment admits them.

    :param withheld: files were left out that may come back, because the operator denies them.
    """

    project: Project
    files: tuple[File, ...]
    status: Status | None = None
    withheld: bool = False

    @cached_property
    def by_filename(self) -> Mapping[str, File]:
        """The files by filename. If two have the same name, the first one counts."""
        return {file.filename: file for file in reversed(self.files)}

    @property
    def weight(self) -> int:
        """Bytes of memory that the page takes."""
        return _FILE + sum(_FILE + _DIGEST * len(file.digests) for file in self.files)

    @property
    def versions(self) -> Iterable[str]:
        """The versions of the listed files, each once, oldest first (:pep:`700`)."""
        return [str(version) for version in sorted({file.version for file in self.files if file.listed})]
