"""The five nouns: Lock, Pin, Commitment, File, Page. Everything else is a verb on these.

All of them are frozen values. What they hold was parsed once, at the door:
nothing further in normalises a name or parses a version again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal

from attrs import field, frozen
from packaging.utils import NormalizedName
from packaging.version import Version

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
"""The digests that count, by name in hashlib, with their length in hex digits.

They are pip's ``STRONG_HASHES``: anything weaker admits nothing here.
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
    :param digests: all of them must hold; at least one.
    :param subdirectory: where in it the project is.
    """

    url: str
    digests: frozenset[Digest]
    subdirectory: str | None = None

    @property
    def place(self) -> str:
        """Where its bytes are, as a lock spells it."""
        return self.url


@frozen
class Git:
    """A source that is one commit of a git repository.

    :param url: https, without userinfo, query and fragment.
    :param commit: 40 or 64 lower-case hex digits.
    :param subdirectory: where in it the project is.
    :param submodules: they belong to it.
    """

    url: str
    commit: str
    subdirectory: str | None = None
    submodules: bool = False

    @property
    def place(self) -> str:
        """Where its bytes are, as a lock spells it: ``git+https://host/repository@<commit>``."""
        return f"git+{self.url}@{self.commit}{'#submodules=true' if self.submodules else ''}"


_PIN, _DIGEST, _NOTE, _FILE = 1100, 280, 400, 1500
"""Bytes of memory that one of each takes: its objects, its short texts, its places in tuples, sets and indices.

They are those of CPython on a 64-bit machine, rounded up. ``tests/core/test_weights.py`` holds them against what the
interpreter counts itself.
"""

Release = Version | Archive | Git | str
"""A version; a source; or, for ``===``, the text of a version in lower case."""


@frozen
class Pin:
    """One line of meaning in a lock: a project, one version or one source, the digests allowed.

    :param project: whose release it is.
    :param version: as the lock spells it; for a source it may be unknown, which is the empty text.
    :param source: what it is taken from, where that is not an index.
    :param indexes: the URLs of the indexes it may be taken from, in order, the empty text standing for the default one;
        none at all is the default one too.
    :param wheels: wheels are admitted (``--no-binary`` says that they are not).
    :param sdists: sdists are admitted (``--only-binary`` says that they are not).
    :param document: the path of its document, where several are committed together.
    :param arbitrary: ``===``: the version is compared as text, and need not be one by :pep:`440`.
    :param digests: a file must have one of them; empty means that the lock leaves them open.
    :param extras: normalised names, sorted.
    :param marker: as the lock spells it; clients evaluate it, the index never does.
    :param line: where it begins in its document, from 1.
    :param last_line: where it ends, continuations included.
    :param text: the requirement without digests and options: ``Twisted[tls]==26.10; python_version >= "3.11"``.
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

    @property
    def release(self) -> Release:
        """What it pins its project to: equal for what is compared as equal."""
        if self.source is not None:
            return self.source
        return self.version.lower() if self.arbitrary else Version(self.version)


@frozen
class Support:
    """The environments that a lock is made for (:pep:`751`). An installer refuses others; the index serves them all.

    :param requires_python: a version specifier; empty for every Python.
    :param environments: markers, one of which must hold; none at all for every environment.
    """

    requires_python: str = ""
    environments: tuple[str, ...] = ()


@frozen(slots=False)
class Lock:
    """The document that a user uploads, byte for byte, and what it says.

    :param document: what the address is the digest of: the one document, or the listing of several.
    :param documents: all of them, in order; a single one has no path.
    :param format: what it was recognised as: ``requirements.txt``; of several, each once, with commas.
    :param pins: in the order of the document.
    :param notes: warnings, in the order of the document.
    :param support: the environments that it is made for.
    """

    document: bytes = field(repr=False)
    format: str
    pins: tuple[Pin, ...]
    notes: tuple[Note, ...] = ()
    documents: tuple[Document, ...] = ()
    support: Support = Support()

    @cached_property
    def projects(self) -> Mapping[Project, tuple[Pin, ...]]:
        """The pins of each project; projects in alphabetical order."""
        pins: dict[Project, list[Pin]] = {}
        for pin in self.pins:
            pins.setdefault(pin.project, []).append(pin)
        return {project: tuple(pins[project]) for project in sorted(pins)}

    @cached_property
    def releases(self) -> Mapping[tuple[Project, Release], tuple[Pin, ...]]:
        """The pins of each project by what they pin it to: so a file is held against the few that may mean it."""
        pins: dict[tuple[Project, Release], list[Pin]] = {}
        for pin in self.pins:
            pins.setdefault((pin.project, pin.release), []).append(pin)
        return {release: tuple(group) for release, group in pins.items()}

    @cached_property
    def without_digests(self) -> int:
        """The number of pins that have no digest, so that the files seen first are frozen: trust on first use."""
        return sum(pin.source is None and not pin.digests for pin in self.pins)

    @cached_property
    def weight(self) -> int:
        """Bytes of memory that it takes: its documents, and all that was read from them."""
        documents = sum(len(document.data) for document in self.documents if document.data is not self.document)
        pins = sum(_PIN + 2 * len(pin.text) + _DIGEST * len(pin.digests) for pin in self.pins)
        return len(self.document) + documents + pins + sum(_NOTE + len(note.text) for note in self.notes)


@frozen
class Commitment:
    """A lock and its address.

    :param address: see :mod:`reqpi.core.address` for the recipe.
    """

    address: str
    lock: Lock

    @property
    def short(self) -> str:
        """Enough of the address for a person to recognise it."""
        return self.address[:8]


@frozen
class File:
    """One distribution file, as a project page lists it.

    :param filename: as upstream has it; clients see the same.
    :param project: whose file it is.
    :param version: read from the filename.
    :param version_text: the version as the filename spells it, for ``===``.
    :param wheel: a wheel, or else an sdist.
    :param url: where it came from, absolute, without credentials and without a fragment.
    :param digests: what is known of its content. What upstream claims is verified before a byte is believed.
    :param measured: the digests were computed here from the file's own bytes.
    :param size: bytes.
    :param requires_python: a version specifier (:pep:`345`), unescaped.
    :param upload_time: as upstream has it (ISO 8601, :pep:`700`).
    :param yanked: the reason, or ``True`` for none given (:pep:`592`).
    :param core_metadata: the metadata file's digest; ``True`` where there is one with no digest known (:pep:`714`).
    :param provenance: the URL of the attestations (:pep:`740`).
    :param index: the index whose page listed it, as the lock spells its URL; empty for the default one.
    :param source: the source that it is, where no index listed it.
    :param listed: it stands on its project's page. A source whose version is unknown does not: its version is then 0.
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
    index: str = ""
    source: Archive | Git | None = None
    listed: bool = True

    @property
    def sha256(self) -> str | None:
        """The digest that a file is kept and linked under, in hex."""
        return next((digest.hex for digest in self.digests if digest.algorithm == "sha256"), None)


@frozen
class Status:
    """What an index says of a project as a whole (:pep:`792`).

    :param status: ``active``, ``archived``, ``quarantined``, ``deprecated``, or what upstream has.
    """

    status: str
    reason: str | None = None


@frozen(slots=False)
class Page:
    """A project page: the files of one project, as upstream lists them or narrowed to a commitment."""

    project: Project
    files: tuple[File, ...]
    status: Status | None = None

    @cached_property
    def by_filename(self) -> Mapping[str, File]:
        """The files, by their names. Of two with one name the first counts."""
        return {file.filename: file for file in reversed(self.files)}

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes."""
        return _FILE + sum(_FILE + _DIGEST * len(file.digests) for file in self.files)

    @property
    def versions(self) -> Iterable[str]:
        """The versions there are files of, each once, oldest first (:pep:`700`)."""
        return [str(version) for version in sorted({file.version for file in self.files if file.listed})]
