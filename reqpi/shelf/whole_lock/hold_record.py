"""The record of a hold: how far it is, and why the latest one could not obtain everything."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from attrs import asdict, fields, frozen
from packaging.utils import canonicalize_name

from reqpi.core.model import Project
from reqpi.core.report import Defect
from reqpi.core.stored_json import finite, mapping, optional, parse, typed

__all__ = ["HoldProgress", "RecordedHold"]

_PROCESS = re.compile("[0-9a-f]{32}")

Failure = tuple[Project, str | None, str]
"""A project, a filename of it or ``None`` for all files, and why they could not be obtained."""


@frozen
class HoldProgress:
    """The progress of a hold.

    :param projects: the number of projects in the lock.
    :param frozen: the number of projects whose page is frozen.
    :param files: the number of files to be held, as far as they are known.
    :param size: their bytes, as far as they are known.
    :param held: the number of files in the store.
    :param held_size: the bytes in the store and those received by in-flight downloads.
    """

    projects: int
    frozen: int = 0
    files: int = 0
    size: int = 0
    held: int = 0
    held_size: int = 0


@frozen
class RecordedHold:
    """The content of a record that one process writes about a hold.

    :param at: when it was written, in seconds since the epoch; ``None`` if the work on the hold has ended.
    :param defects: the lines of the lock that cannot be completed.
    :param waits_in: the process in which the hold waits for its turn; ``None`` if it has begun. While it waits, the
        record is not written again: the hold is in progress as long as the process is present.
    """

    at: float | None
    progress: HoldProgress
    failures: tuple[Failure, ...]
    defects: tuple[Defect, ...]
    waits_in: str | None = None

    def dump(self) -> bytes:
        """Return the content of the record."""
        defects = [defect._asdict() for defect in self.defects]
        noted = {"at": self.at, "progress": asdict(self.progress), "failures": self.failures, "defects": defects}
        waits = {} if self.waits_in is None else {"waits_in": self.waits_in}
        return json.dumps(noted | waits).encode()

    @classmethod
    def load(cls, data: bytes) -> RecordedHold:
        """Return what :meth:`dump` wrote.

        :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
        """
        noted = mapping(parse(data))
        progress = mapping(noted["progress"])
        return cls(
            None if noted["at"] is None else finite(noted["at"]),
            HoldProgress(*(typed(progress[field.name], int) for field in fields(HoldProgress))),
            tuple(_failure(*typed(entry, list)) for entry in typed(noted["failures"], list)),
            tuple(_defect(mapping(entry)) for entry in typed(noted.get("defects", []), list)),
            _process(noted.get("waits_in")),
        )


def _failure(project: object, filename: object, reason: object) -> Failure:
    return canonicalize_name(typed(project, str)), optional(filename, str), typed(reason, str)


def _process(name: object) -> str | None:
    """Return the name of a process, which becomes part of the name of a record."""
    if name is not None and not _PROCESS.fullmatch(typed(name, str)):
        raise ValueError("it names no process")
    return optional(name, str)


def _defect(entry: Mapping[str, object]) -> Defect:
    texts = [typed(entry.get(name, ""), str) for name in Defect._fields[1:]]
    return Defect(typed(entry["line"], int), *texts)
