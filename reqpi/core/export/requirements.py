"""The lock as a ``requirements.txt`` that leaves nothing open.

It has the digest of every file, and the URL of every source under the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from attrs import define, field
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from reqpi.core.export.admitted import Admitted, url_of
from reqpi.core.locks.pip.conflicts import rivals
from reqpi.core.locks.pip.lines import LogicalLine, comment_start, logical_lines, physical_lines
from reqpi.core.locks.pip.options import parted
from reqpi.core.locks.text import decode, encoding
from reqpi.core.model import Commitment, Page, Pin, Project
from reqpi.core.report import Document

__all__ = ["requirements"]

_HASH = re.compile(r"(?:^|\s)--hash(?:=|\s)\s*[^\s]+")
_ELSEWHERE = re.compile(
    r"(?:-[irc]|--(?:index-url|extra-index-url|trusted-host|requirement|constraint))(?![a-z])|-e|--editable(?![a-z])"
)
"""Options that name other places for files, including the project itself (``-e .``). The address has all files."""

_KINDS = re.compile(r"--(?:no|only)-binary(?![a-z])")
"""Options that apply to their own document. In one file with several documents, they would apply to all of them."""

_FORMAT = "requirements.txt"


def requirements(commitment: Commitment, pages: Mapping[Project, Page], here: str | None = None) -> bytes:
    """Return the lock as a ``requirements.txt`` that lists the sha256 of every file it admits.

    Comments, markers, extras and options stay as they are. Several documents are written one after the other. If a
    later one pins a project to another version or source than an earlier one, that pin becomes a comment, because no
    installer could honour both.

    :param pages: the frozen page of every project that the lock pins.
    :param here: the URL of the address, with a slash at its end: the file then needs only that address. ``None``: the
        file names no index. It can be committed again, unless a comment at its head says otherwise, and that address
        commits to every byte.
    :raises reqpi.core.errors.NothingUpstream: a pin has no file.
    """
    writer = _Writer(commitment, Admitted(commitment, pages), here)
    if len(commitment.lock.documents) > 1:
        written = "".join(writer.document(document) for document in commitment.lock.documents)
        return (writer.index() + _kinds(commitment) + written).encode()
    (document,) = commitment.lock.documents or (Document("", commitment.lock.document),)
    if commitment.lock.format != _FORMAT:
        return (writer.index() + writer.pins(document)).encode()
    how = encoding(document.data)
    written = writer.lines(document)
    coding = re.match(r"(?:#.*coding.*\r?\n|#.*\r?\n#.*coding.*\r?\n)?", written)
    start = coding.end() if coding is not None else 0
    return how.mark + (written[:start] + writer.index() + written[start:]).encode(how.codec)


@define
class _Writer:
    """A writer of documents, which remembers the pins that it has written."""

    commitment: Commitment
    admitted: Admitted
    here: str | None
    _written: dict[Project, frozenset[object]] = field(factory=dict)

    @property
    def _several(self) -> bool:
        return len(self.commitment.lock.documents) > 1

    def index(self) -> str:
        """Return the line that makes this address the index."""
        return f"--index-url {self.here}simple/\n" if self.here else ""

    def document(self, document: Document) -> str:
        """Return one of several documents, under a comment with its path."""
        ours = frozenset(pin for pin in self.commitment.lock.pins if pin.document == document.path)
        body = self.lines(document) if document.format == _FORMAT else self.pins(document)
        for pin in ours:
            self._written.setdefault(pin.project, frozenset(_meaning(p) for p in ours if p.project == pin.project))
        return f"# {document.path}\n{body}" + ("" if body.endswith("\n") or not body else "\n")

    def pins(self, document: Document) -> str:
        """Return the pins of a document of another format."""
        pins = [pin for pin in self.commitment.lock.pins if pin.document == document.path]
        written = "".join(line for pin in pins for line in self._requirement(pin, pin.text, "", "\n"))
        return _contradictions(pins) + written

    def lines(self, document: Document) -> str:
        """Return a requirements.txt with each of its requirements completed, and all other lines unchanged."""
        lines = physical_lines(decode(document.data))
        pins = {pin.line: pin for pin in self.commitment.lock.pins if pin.document == document.path}
        written: list[str] = []
        done = 0
        for logical in logical_lines(lines):
            written += lines[done : logical.line - 1]
            done = logical.last_line
            written += self._line(logical, lines[logical.line - 1 : done], pins.get(logical.line))
        return "".join([*written, *lines[done:]])

    def _line(self, logical: LogicalLine, said: list[str], pin: Pin | None) -> Iterator[str]:
        end = said[0][len(said[0].rstrip("\r\n")) :] or "\n"
        if pin is None:
            yield from self._other(logical, said, end)
            return
        options = " ".join(_HASH.sub("", parted(logical.text)[1]).split()) if pin.source is None else ""
        yield from self._requirement(pin, pin.text, options, end)
        for line in said:
            start = comment_start(line)
            if start >= 0:
                yield f"    {line[start:].rstrip()}{end}"

    def _other(self, logical: LogicalLine, said: list[str], end: str) -> Iterator[str]:
        """Yield the lines for an option, or for a bare name that another line or document pins."""
        if logical.text.startswith("-"):
            if not (_ELSEWHERE.match(logical.text) or (self._several and _KINDS.match(logical.text))):
                yield from said
            return
        try:
            bare = Requirement(parted(logical.text)[0])
        except InvalidRequirement:
            return
        extras = f"[{','.join(sorted(bare.extras))}]" if bare.extras else ""
        for pin in self.commitment.lock.projects.get(canonicalize_name(bare.name), ()):
            if pin.source is None and (pin.arbitrary or bare.specifier.contains(pin.version, prereleases=True)):
                equals = "===" if pin.arbitrary else "=="
                markers = [f"({marker})" for marker in (str(bare.marker or ""), pin.marker or "") if marker]
                text = f"{bare.name}{extras}{equals}{pin.version}" + (f" ; {' and '.join(markers)}" if markers else "")
                yield from self._requirement(pin, text, "", end)

    def _requirement(self, pin: Pin, text: str, options: str, end: str) -> Iterator[str]:
        """Yield one requirement: its own text, and one digest per line."""
        if _meaning(pin) not in self._written.get(pin.project, {_meaning(pin)}):
            yield f"# {text}: another document pins another one{end}"
            return
        files = self.admitted.files(pin)
        if pin.source is not None and self.here is not None:
            text = _at(pin, f"{url_of(files[0], self.here)}#sha256={files[0].sha256}")
        digests = sorted({f"--hash=sha256:{file.sha256}" for file in files})
        if pin.source is not None and self.here is None:
            digests = digests if "git+" not in text else []
        yield f" \\{end}    ".join([f"{text} {options}".rstrip(), *digests]) + end


def _contradictions(pins: Sequence[Pin]) -> str:
    """Return a comment for each project that is pinned twice without markers that say which pin applies.

    The lock of a tool may leave that to groups and extras which exclude each other. A requirements.txt cannot.
    """
    projects: dict[Project, list[Pin]] = {}
    for pin in pins:
        projects.setdefault(pin.project, []).append(pin)
    return "".join(
        f"# {project} is pinned more than once, and no markers say which applies: an installer may refuse this file, "
        "and it cannot be committed again\n"
        for project, each in projects.items()
        if next(rivals(each), None)
    )


def _kinds(commitment: Commitment) -> str:
    """Return the ``--no-binary`` and ``--only-binary`` of several documents as options for single projects."""
    releases = [pin for pin in commitment.lock.pins if pin.source is None]
    wheels = {pin.project for pin in releases if pin.wheels}
    sdists = {pin.project for pin in releases if pin.sdists}
    options = {"--no-binary": sdists - wheels, "--only-binary": wheels - sdists}
    return "".join(f"{option} {','.join(sorted(projects))}\n" for option, projects in options.items() if projects)


def _at(pin: Pin, url: str) -> str:
    """Return ``name[extra] @ URL#subdirectory=… ; marker``."""
    extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
    subdirectory = f"&subdirectory={pin.source.subdirectory}" if pin.source and pin.source.subdirectory else ""
    marker = f" ; {pin.marker}" if pin.marker else ""
    return f"{pin.project}{extras} @ {url}{subdirectory}{marker}"


def _meaning(pin: Pin) -> object:
    return pin.source or (pin.version, pin.arbitrary)
