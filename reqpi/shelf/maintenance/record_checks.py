"""Checks of the records that are made again if they are removed: everything except locks, documents and lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from packaging.utils import canonicalize_name

from reqpi.core import frozen_pages as freezer
from reqpi.core.crates.commits import load_commit
from reqpi.core.crates.frozen_line import load_line
from reqpi.core.decisions import load_decision
from reqpi.core.drift.drift_round import load_round
from reqpi.core.drift.stored import load_advised, load_history
from reqpi.core.errors import DamagedRecord
from reqpi.core.metadata import BuildSystem
from reqpi.core.sbom import record as sbom_record
from reqpi.shelf.files.core_metadata import load_digest
from reqpi.shelf.freezings import load_freezing
from reqpi.shelf.learn_sessions import UNTIMED, load_exclude_newer
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.recorded_commits import load_recorded_commit
from reqpi.shelf.records import ADVISORIES, KINDS, Kind, kind_of
from reqpi.shelf.refusals import load_refusals
from reqpi.shelf.room.charges import load_charge
from reqpi.shelf.room.survey_total import load_survey
from reqpi.shelf.run_counts import load_counts, load_entry
from reqpi.shelf.runs import load_run
from reqpi.shelf.whole_lock.hold_record import RecordedHold
from reqpi.shelf.whole_lock.known_warnings import load_notes

__all__ = ["REMADE", "check"]

_Load = Callable[[bytes], object]


def _load_recorded_file(record: str, data: bytes) -> object:
    *_, project, key = record.split("/")
    return None if key == UNTIMED else freezer.load(data, canonicalize_name(project))


def _load_history(record: str, data: bytes) -> object:
    _, project, key = record.split("/")
    return load_advised(data) if key == ADVISORIES else load_history(data, canonicalize_name(project))


_LOADS: dict[str, Callable[[str], _Load]] = {
    "refused": lambda _: load_refusals,
    "metadata": lambda _: load_digest,
    "differing": lambda _: load_digest,
    "told": lambda _: load_digest,
    "build-systems": lambda _: BuildSystem.load,
    "told-build-systems": lambda _: BuildSystem.load,
    "holding": lambda _: RecordedHold.load,
    "lacking": lambda _: load_notes,
    "bills": lambda record: sbom_record.load_publishers if record.endswith("/publishers") else sbom_record.load,
    "crates": lambda _: load_line,
    "crate-commits": lambda _: load_commit,
    "provenance": lambda _: load_digest,
    "charges": lambda _: load_charge,
    "learning": lambda _: load_exclude_newer,
    "learned": lambda record: partial(_load_recorded_file, record),
    "runs": lambda record: partial(load_run, record.rpartition("/")[2]),
    "run-entries": lambda record: partial(load_entry, key=record.rpartition("/")[2]),
    "run-counts": lambda _: load_counts,
    "decisions": lambda _: load_decision,
    "freezings": lambda _: load_freezing,
    "commits": lambda _: load_recorded_commit,
    "histories": lambda record: partial(_load_history, record),
    "drift": lambda _: load_round,
    "surveys": lambda _: load_survey,
}
"""The function that reads a record, by the folder of its kind and the name of the record."""

REMADE: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind.folder in _LOADS)
"""The kinds of record that can be missing: a server makes them again, except for a decision of the operator."""


def check(record: str, data: bytes) -> DamagedRecord | None:
    """Return what is wrong with the content of a record; ``None`` if nothing is.

    :raises reqpi.core.errors.StoreTrouble: a newer ReqPI wrote it.
    """
    try:
        read_record(record, data, _LOADS[kind_of(record).folder](record))
    except DamagedRecord as damaged:
        return damaged
    return None
