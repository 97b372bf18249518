"""A requirements file whose sources are rewritten to fetched files. Everything else stays byte for byte.

``name @ https://…`` and ``name @ git+https://…`` become ``name @ file://…``. The text around the URL stays: extras,
marker, options, digests, comments, continuations. A commit has no digest in a lock. It gets the digest of its fetched
archive, in the URL's fragment, where installers verify it in any file, including one that requires hashes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from urllib.parse import quote, unquote, urlsplit

from attrs import define, field, frozen

from reqpi.core.export.folder_record import FolderFile
from reqpi.core.locks.pip.lines import LogicalLine, logical_lines, physical_lines
from reqpi.core.locks.pip.options import parted
from reqpi.core.locks.pip.sources import is_source, url_in
from reqpi.core.locks.text import decode, encoding
from reqpi.core.model import ALGORITHMS, Git, Pin
from reqpi.core.report import Note

__all__ = ["LineEdit", "RewrittenDocument", "rewritten"]


@frozen
class LineEdit:
    """Physical lines that change.

    :param line: the number of the first one, counted from 1.
    :param before: the previous lines, with their line ends.
    :param after: the new lines, with their line ends.
    """

    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]


@frozen
class RewrittenDocument:
    """A document, rewritten.

    :param document: the new document, in the encoding of the previous one.
    :param lines: the previous physical lines.
    :param edits: in order.
    :param notes: remarks for the user about the edits.
    """

    document: bytes = field(repr=False)
    lines: Sequence[str] = field(repr=False)
    edits: tuple[LineEdit, ...]
    notes: tuple[Note, ...]


def rewritten(document: bytes, pins: Sequence[Pin], files: Mapping[str, FolderFile], folder: str) -> RewrittenDocument:
    """Return ``document`` with the sources of ``pins`` replaced by their files.

    :param document: a requirements.txt without defects.
    :param pins: the pins to rewrite, each with a source that ``files`` has.
    :param files: the fetched files, by the places of their sources.
    :param folder: the absolute path at which the files will be.
    """
    how = encoding(document)
    lines = physical_lines(decode(document))
    by_line = {pin.line: pin for pin in pins}
    writer = _Writer(lines, lambda pin: _url(pin, files, folder))
    for logical in logical_lines(lines):
        if logical.line in by_line:
            writer.rewrite(logical, by_line[logical.line])
    return RewrittenDocument(
        how.mark + writer.text().encode(how.codec), lines, tuple(writer.edits), tuple(writer.notes)
    )


@define
class _Writer:
    """A writer of a document, which collects its edits."""

    lines: Sequence[str]
    url: Callable[[Pin], _Url]
    edits: list[LineEdit] = field(factory=list)
    notes: list[Note] = field(factory=list)

    def rewrite(self, logical: LogicalLine, pin: Pin) -> None:
        """Rewrite one requirement."""
        requirement, _ = parted(logical.text)
        name, url = pin.text.partition(" @ ")[0], self.url(pin)
        if is_source(requirement):
            start, end = url_in(requirement)
            keys = _keys(requirement[start:end])
            new = url.spelled(keys) if start else f"{name} @ {url.spelled(keys)}"
        else:
            start, end = 0, len(logical.text)
            marker = f" ; {pin.marker}" if pin.marker is not None else ""
            new = f"{name} @ {url.spelled(())}{marker}"
            message = "-e is left out: the archive of the commit is installed, not a folder to edit."
            self.notes.append(Note(logical.line, logical.text, message, pin.document))
        self._replace(logical, start, end, new)

    def _replace(self, logical: LogicalLine, start: int, end: int, new: str) -> None:
        """Replace a part of a logical line, wherever it stands in its physical lines."""
        joined = "".join(logical.pieces)
        lead = len(joined) - len(joined.lstrip(" \t"))
        starts = [0, *accumulate(len(piece) for piece in logical.pieces)]
        # A piece is the beginning of its physical line. If several begin at one position, all but the last are empty.
        first = bisect_right(starts, lead + start, hi=len(logical.pieces)) - 1
        last = bisect_right(starts, lead + end - 1, hi=len(logical.pieces)) - 1
        before = self.lines[logical.line - 1 + first : logical.line + last]
        head = before[0][: lead + start - starts[first]]
        tail = before[-1][lead + end - starts[last] :]
        self.edits.append(LineEdit(logical.line + first, tuple(before), (f"{head}{new}{tail}",)))

    def text(self) -> str:
        """Return the whole document."""
        written: list[str] = []
        done = 0
        for edit in self.edits:
            written += [*self.lines[done : edit.line - 1], *edit.after]
            done = edit.line - 1 + len(edit.before)
        return "".join([*written, *self.lines[done:]])


@frozen
class _Url:
    """The URL of a file.

    :param here: the URL without a fragment.
    :param own: the parts that its fragment always has.
    """

    here: str
    own: tuple[str, ...]

    def spelled(self, keys: Sequence[str]) -> str:
        """Return the URL, with those parts of the old fragment that still apply."""
        fragment = "&".join([*self.own, *(key for key in keys if key not in self.own)])
        return f"{self.here}#{fragment}" if fragment else self.here


def _url(pin: Pin, files: Mapping[str, FolderFile], folder: str) -> _Url:
    assert pin.source is not None
    file = files[pin.source.place]
    here = f"file://{quote(folder.rstrip('/'))}/{quote(file.filename)}"
    digest = [f"sha256={file.sha256}"] if isinstance(pin.source, Git) else []
    folder_in_it = [f"subdirectory={pin.source.subdirectory}"] if pin.source.subdirectory else []
    return _Url(here, (*digest, *folder_in_it))


def _keys(url: str) -> list[str]:
    """Return the digests in a fragment, in pip's spelling: pip does not know ``cachito_hash``."""
    found = []
    for piece in urlsplit(url).fragment.split("&"):
        key, _, value = piece.partition("=")
        if key == "cachito_hash":
            key, _, value = unquote(value).partition(":")
        if key.lower() in ALGORITHMS:
            found.append(f"{key.lower()}={value.lower()}")
    return found
