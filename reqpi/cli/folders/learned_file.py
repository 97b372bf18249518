"""The output of ``reqpi learn``: stdout, or a file whose first part belongs to the user."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from reqpi.cli.inputs.lock_files import LockHasDefects, document_of
from reqpi.cli.messages import DocumentNames, count_of, tell_defects, tell_remark
from reqpi.client import BadUsage
from reqpi.core.errors import BrokenLock
from reqpi.core.export import learned_lock, learned_releases
from reqpi.core.export.learned_lock import LearnedLock
from reqpi.core.export.learned_releases import LearnedRelease
from reqpi.core.model import Lock

__all__ = ["LearnedOutput", "output_of"]


class LearnedOutput(Protocol):
    """The output that the options name."""

    known: Sequence[Lock]
    """The lock that the user wrote above the mark, if any."""

    def write(self, found: Sequence[LearnedRelease], anything: bool) -> bool:
        """Write the recorded releases.

        :param anything: whether anything was downloaded at all.
        :returns: whether a file was written.
        :raises BadUsage: the file cannot be written, or was changed meanwhile so that it cannot be replaced.
        :raises LockHasDefects: the file was changed meanwhile and has defects now.
        """


def output_of(options: argparse.Namespace) -> LearnedOutput:
    """Return the output that the options name.

    :raises BadUsage: the file cannot be read, or was not written by ``reqpi learn``.
    :raises LockHasDefects: it has defects.
    """
    return _File(options) if options.output else _Stdout()


class _Stdout:
    known: Sequence[Lock] = ()

    def write(self, found: Sequence[LearnedRelease], anything: bool) -> bool:
        print(learned_lock.written("", found), end="")
        _tell(found, anything, "")
        return False


class _File:
    def __init__(self, options: argparse.Namespace) -> None:
        self._path = Path(options.output)
        self._append: bool = options.append
        self._only_on_update: bool = options.only_write_on_update
        self._split = self._read()
        self.known: Sequence[Lock] = () if self._split.own is None else (self._split.own,)

    def _read(self) -> LearnedLock:
        if not self._path.exists():
            return LearnedLock()
        try:
            return learned_lock.read(document_of(str(self._path)), appending=self._append)
        except BrokenLock as broken:
            tell_defects(DocumentNames(str(self._path)), broken.defects)
            raise LockHasDefects from broken
        except learned_lock.ForeignPins:
            raise BadUsage(
                f"{self._path} was not written by reqpi learn",
                "Its pins would be lost: --append keeps them. Or name another file.",
            ) from None

    def write(self, found: Sequence[LearnedRelease], anything: bool) -> bool:
        self._split = self._read()  # the command may have run for long, and may have written to the file itself
        wanted = learned_releases.together(self._split.below, found) if self._append else tuple(found)
        if self._only_on_update and self._path.exists() and wanted == self._split.below:
            tell_remark(f"{self._path} is up to date: {count_of(len(wanted), 'pin')}")
            return False
        _replace(self._path, learned_lock.written(self._split.above, wanted))
        _tell(wanted, anything, f", in {self._path}")
        return True


def _tell(found: Sequence[LearnedRelease], anything: bool, where: str) -> None:
    if not anything:
        tell_remark("nothing was downloaded: is everything installed already, or does the command name another index?")
    for project, versions in learned_releases.several(found).items():
        tell_remark(f"{len(versions)} versions of {project} were downloaded: {', '.join(map(str, versions))}")
    tell_remark(f"{count_of(len(found), 'pin')}{where}")


def _replace(path: Path, text: str) -> None:
    """Write a file in one step: a concurrent reader sees either the old or the new content.

    :raises BadUsage: the file cannot be written.
    """
    place = Path(os.path.realpath(path))
    try:
        new = NamedTemporaryFile(  # noqa: SIM115  # it is closed below
            "w", dir=place.parent, prefix=f".{place.name}.", encoding="utf-8", delete=False
        )
        temporary = Path(new.name)
        try:
            with new:
                new.write(text)
            temporary.chmod(place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask())
            temporary.replace(place)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadUsage(f"{path} cannot be written: {error.strerror or error}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
