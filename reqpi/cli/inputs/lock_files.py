"""The files that a command commits: those on its command line, and those that they include with ``-r`` and ``-c``.

A lock may come from anyone, and the files that it includes are sent to a server. So by default no file outside the
folder of the first file is read, not even through a symbolic link, and every included file is reported.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from reqpi.cli.messages import DocumentNames, tell_defects, tell_notes, tell_remark
from reqpi.client import Committed, Filters, LockRefused, commit
from reqpi.client.documents import committed_by
from reqpi.client.errors import BadUsage, PinsLacking
from reqpi.client.includes import includes_of
from reqpi.core.address import DOCUMENTS, flaws_of_paths
from reqpi.core.report import Defect, Document

__all__ = [
    "LockFiles",
    "LockHasDefects",
    "add_arguments",
    "committed",
    "document_of",
    "lines_told",
    "name_of",
    "take",
    "take_or_tell",
]


_LARGEST = 8 * 1024 * 1024  # bytes of one of several documents
_ALLOW = "Use --allow-outside to commit it anyway."
_COPY = "Copy it into the source."


class LockHasDefects(Exception):
    """A lock has defects, and they have been reported."""


class LockFiles(NamedTuple):
    """The files to commit.

    :param documents: in order; a single one that includes no other has no path.
    :param names: their names in messages.
    :param defects: the lines that include a file which cannot be committed; with any, there are no documents.
    """

    documents: tuple[Document, ...]
    names: DocumentNames
    defects: tuple[Defect, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each document."""
        return tuple(document.path for document in self.documents)

    @property
    def committed(self) -> bytes:
        """The bytes whose sha256 is the address."""
        return committed_by(self.documents)


def add_arguments(parser: argparse.ArgumentParser, *, nargs: str = "+") -> None:
    """Add the arguments that every command with locks has.

    :param nargs: the number of FILEs, as in :mod:`argparse`.
    """
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="also commit files outside the folder of the first FILE; paths are then relative to their common folder",
    )
    parser.add_argument(
        "file", nargs=nargs, metavar="FILE", help="the lock, and files to commit with it; - alone for standard input"
    )


def take(files: Sequence[str], *, allow_outside: bool = False, source: str | None = None) -> LockFiles:
    """Read ``files`` and the files that they include, and report the latter on stderr.

    :param files: at least one path; or ``-`` alone.
    :param source: a folder that all files must be in, in place of the folder of the first file.
    :raises BadUsage: a file cannot be read, or cannot be committed together with the others.
    """
    if list(files) == ["-"]:
        return LockFiles((Document("", document_of("-")),), DocumentNames(name_of("-")))
    if "-" in files:
        raise BadUsage(
            "standard input can only be committed alone", "Write it to a file, and specify that with the others."
        )
    if len(files) > DOCUMENTS:
        raise BadUsage(f"more than {DOCUMENTS} files cannot be committed together")
    following = _Following(files[0], allow_outside, source)
    for file in files:
        following.give(file, _LARGEST if len(files) > 1 else None)
    following.follow()
    return following.taken()


def take_or_tell(files: Sequence[str], *, allow_outside: bool = False, source: str | None = None) -> LockFiles:
    """Read ``files`` as :func:`take` does, and report a line that includes a file which cannot be committed.

    :raises LockHasDefects: there is such a line.
    """
    taken = take(files, allow_outside=allow_outside, source=source)
    if taken.defects:
        tell_defects(taken.names, taken.defects)
        raise LockHasDefects
    return taken


def committed(
    url: str, taken: LockFiles, *, hold: Filters | None = None, soon: Filters | None = None, quiet: bool = False
) -> Committed:
    """Commit files to the server at ``url``, and print its warnings.

    :param hold: as for :func:`reqpi.client.commit`, like ``soon``.
    :param quiet: do not print warnings.
    :raises LockHasDefects: the server finds defects.
    """
    try:
        answer = commit(url, taken.documents, hold=hold, soon=soon)
    except LockRefused as refusal:
        tell_defects(taken.names, refusal.defects, refusal.more)
        raise LockHasDefects from refusal
    if not quiet:
        tell_notes(taken.names, answer.warnings)
    return answer


@contextmanager
def lines_told(taken: LockFiles) -> Iterator[None]:
    """Report the lines of the lock that the server cannot complete.

    :raises LockHasDefects: there are some.
    """
    try:
        yield
    except PinsLacking as lacking:
        tell_defects(taken.names, lacking.defects)
        raise LockHasDefects from lacking


class _NotCommitted(Exception):
    """An included file cannot be committed."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice


class _Following:
    """The files read so far, by absolute path, in order.

    Absolute paths are as spelled, with ``..`` resolved: ``sha256sum`` would be called with these.
    """

    def __init__(self, first: str, allow_outside: bool, source: str | None) -> None:
        self._shown = os.path.dirname(first)
        self._folder = os.path.dirname(os.path.abspath(first))
        self._limit = self._folder if source is None else os.path.abspath(source)
        self._allow_outside = allow_outside
        self._outside = ("the folder of the first file", _ALLOW) if source is None else ("the source", _COPY)
        self._found: dict[str, bytes] = {}
        self._names: dict[str, str] = {}
        self._given = 0
        self._includes = 0
        self._defects: list[Defect] = []

    def give(self, file: str, largest: int | None) -> None:
        """Read a file that the user specified."""
        place = os.path.abspath(file)
        data = document_of(file, *([] if largest is None else [largest]))
        if place in self._found:
            raise BadUsage(f"{file} is specified twice")
        if not self._allow_outside and not _below(place, self._limit):
            where, advice = self._outside
            raise BadUsage(f"{file} is outside {where}, {self._shown or '.'}", advice)
        self._found[place], self._names[place] = data, file
        self._given += 1

    def follow(self) -> None:
        """Read the files that the files read so far include, recursively."""
        queue = list(self._found)
        for place in queue:
            for include in includes_of(self._found[place]):
                self._includes += 1
                named = os.path.normpath(os.path.join(os.path.dirname(place), include.said))
                try:
                    if named not in self._found:
                        self._found[named] = self._read(include.said, named)
                        self._names[named] = self._name(named)
                        queue.append(named)
                except _NotCommitted as why:
                    where = self._names[place]
                    self._defects.append(Defect(include.line, include.text, why.problem, why.advice, "include", where))
                    if len(self._defects) == DOCUMENTS:
                        return

    def _read(self, said: str, named: str) -> bytes:
        """Return the bytes of an included file.

        :raises _NotCommitted: it cannot be committed.
        """
        if said.startswith("/"):
            raise _NotCommitted("an absolute path differs between machines", "Write the path relative to this file.")
        if len(self._found) == DOCUMENTS:
            raise _NotCommitted(f"there are more than {DOCUMENTS} documents")
        try:
            real = os.path.realpath(named)
            inside = _below(named, self._limit) and _below(real, os.path.realpath(self._limit))
            if not inside and not self._allow_outside:
                where, advice = self._outside
                raise _NotCommitted(f"this is outside {where}: {real}", advice)
            if not S_ISREG(os.stat(named).st_mode):  # reading a pipe might not end
                raise _NotCommitted("this is not a regular file")
            with Path(named).open("rb") as stream:
                data = stream.read(_LARGEST + 1)
        except (OSError, ValueError) as error:
            raise _NotCommitted(f"this cannot be read: {getattr(error, 'strerror', None) or error}") from None
        if len(data) > _LARGEST:
            raise _NotCommitted(f"this is larger than {_LARGEST} bytes")
        return data

    def taken(self) -> LockFiles:
        """Return everything that was read, or the defects."""
        if self._defects:
            return LockFiles((), DocumentNames(self._whole()), tuple(self._defects))
        if not self._includes and len(self._found) == 1:
            return LockFiles(tuple(Document("", data) for data in self._found.values()), DocumentNames(self._whole()))
        inside = all(_below(place, self._folder) for place in self._found)
        base = self._folder if inside else os.path.commonpath([os.path.dirname(place) for place in self._found])
        paths = {place: Path(os.path.relpath(place, base)).as_posix() for place in self._found}
        flaws = flaws_of_paths(paths.values())
        if flaws:
            raise BadUsage("these files cannot be committed together", "; ".join(flaws.values()))
        if len(self._found) > self._given:
            tell_remark(f"together with {', '.join([*self._names.values()][self._given :])}")
        if not inside:
            tell_remark(f"paths are relative to {self._name(base)}: {', '.join(paths.values())}")
        documents = tuple(Document(paths[place], data) for place, data in self._found.items())
        return LockFiles(
            documents, DocumentNames(self._whole(), {paths[place]: name for place, name in self._names.items()})
        )

    def _name(self, place: str) -> str:
        """Return the path as the user would type it, in the style of the first file."""
        return os.path.normpath(os.path.join(self._shown, os.path.relpath(place, self._folder)))

    def _whole(self) -> str:
        """Return a name for all files together."""
        first, *others = self._names.values()
        return f"{first} and {len(others)} more" if others else first


def _below(place: str, folder: str) -> bool:
    return place.startswith(folder.rstrip("/") + "/")


_LARGEST_INPUT = 64 * 1024 * 1024
"""Bytes of a file. It is far above what servers accept, so that the server reports its own limit."""


def name_of(file: str) -> str:
    """Return the name of a file in messages."""
    return "<stdin>" if file == "-" else file


def document_of(file: str, largest: int = _LARGEST_INPUT) -> bytes:
    """Return the bytes of a file.

    :param file: a path, or ``-`` for standard input.
    :param largest: bytes.
    :raises BadUsage: it cannot be read, or is so large that it is probably not a lock.
    """
    try:
        if file == "-":
            document = sys.stdin.buffer.read(largest + 1)
        else:
            with Path(file).open("rb") as stream:
                document = stream.read(largest + 1)
    except (OSError, ValueError) as error:
        raise BadUsage(f"{name_of(file)} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(document) > largest:
        raise BadUsage(f"{name_of(file)} is larger than {largest} bytes", "Check that it is a lock.")
    return document
