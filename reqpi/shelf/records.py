"""The schema of a store: the name of every record, and what each belongs to.

A record lives as long as its owner. :mod:`reqpi.shelf.maintenance.sweep` reads :data:`KINDS`, so a new kind of record
that is listed here is swept with the rest. A name never changes: stores written by earlier versions use it.
"""

from __future__ import annotations

import hashlib
import json
from enum import Enum

from attrs import frozen

from reqpi.core.model import File
from reqpi.core.targets import InstallTarget

__all__ = [
    "ADVISORIES",
    "KINDS",
    "Kind",
    "Owner",
    "advised_record",
    "build_system_record",
    "charge_record",
    "claimed_build_system_record",
    "claimed_metadata_record",
    "commit_record",
    "crate_commit_record",
    "crate_record",
    "decision_record",
    "differing_metadata_record",
    "document_record",
    "drift_round_record",
    "freezing_record",
    "history_record",
    "holding_prefix",
    "holding_record",
    "kind_of",
    "kinds_of",
    "lacking_record",
    "lock_record",
    "metadata_record",
    "name_for_logs",
    "page_record",
    "provenance_record",
    "recorded_file_record",
    "refusals_record",
    "run_counts_record",
    "run_entry_record",
    "run_record",
    "sbom_record",
    "session_record",
    "survey_record",
    "time_record",
]


class Owner(Enum):
    """The thing with which a record ends."""

    NONE = "none"
    """No owner. The record is a root: it ends when it has not been used for long enough."""
    LISTING = "listing"
    """A lock that lists several documents; the record is under the document's sha256."""
    ADDRESS = "address"
    """A lock; the record is below the address. For sessions of the open index, below the session's name."""
    FILE = "file"
    """A file in the store; the record is under the file's sha256."""
    SESSION = "session"
    """A session of the open index; the record is below its token."""
    OPERATOR = "operator"
    """The operator, who revokes it. No sweep removes it."""
    RUN = "run"
    """A run that a client has begun under an address; the record is below its token."""


@frozen
class Kind:
    """One kind of record.

    :param folder: the first part of the name.
    :param owner: what the second part of the name means.
    :param layout: the number of the store layout that introduced it.
    :param holds: what a record of this kind contains, in a few words.
    :param keeps: a record of this kind begins with the sha256 of a blob, in hex, that lives as long as the record.
    :param derived: it is made from the frozen pages of a lock, or is what the upstream claimed when they were frozen.
        It is removed when they are frozen again, and is made anew.
    """

    folder: str
    owner: Owner
    layout: int
    holds: str
    keeps: bool = False
    derived: bool = False

    def below(self, owner: str = "") -> str:
        """Return the prefix of all records of this kind that belong to ``owner``; of all owners if it is empty."""
        return f"{self.folder}/{owner}/" if owner else f"{self.folder}/"


_LOCK = Kind("locks", Owner.NONE, 1, "a lock: its only document, or the listing of several")
_DOCUMENT = Kind("documents", Owner.LISTING, 1, "one of several documents")
_PAGE = Kind("frozen", Owner.ADDRESS, 1, "the frozen page of a project")
_REFUSALS = Kind("refused", Owner.ADDRESS, 1, "what one process refused")
_METADATA = Kind("metadata", Owner.FILE, 1, "the sha256 of a verified wheel's core metadata")
_CLAIMED_METADATA = Kind("told", Owner.ADDRESS, 1, "the sha256 of core metadata that an upstream claims", derived=True)
_DIFFERING_METADATA = Kind("differing", Owner.FILE, 1, "the sha256 that a page promised for other core metadata")
_BUILD_SYSTEM = Kind("build-systems", Owner.FILE, 1, "how a verified sdist is built")
_CLAIMED_BUILD_SYSTEM = Kind(
    "told-build-systems", Owner.ADDRESS, 1, "how an sdist is built, as an upstream claims", derived=True
)
_HOLDING = Kind("holding", Owner.ADDRESS, 1, "how far a hold is")
_LACKING = Kind("lacking", Owner.ADDRESS, 1, "the build requirements that a lock does not pin", derived=True)
_SBOM = Kind("bills", Owner.ADDRESS, 1, "the core metadata that an SBOM reports", derived=True)
_CRATE = Kind("crates", Owner.ADDRESS, 1, "the frozen line of a release of a crate", keeps=True)
_CRATE_COMMIT = Kind("crate-commits", Owner.ADDRESS, 1, "the archive of a commit that has crates", keeps=True)
_PROVENANCE = Kind("provenance", Owner.ADDRESS, 1, "the provenance object of a file, by its sha256", keeps=True)
_SESSION = Kind("learning", Owner.SESSION, 1, "a session of the open index")
_RECORDED_FILE = Kind("learned", Owner.SESSION, 1, "a file that was downloaded in a session of the open index")
_RUN = Kind("runs", Owner.RUN, 1, "a run under an address")
_RUN_ENTRY = Kind("run-entries", Owner.RUN, 1, "something that was taken in a run, or refused")
_RUN_COUNTS = Kind("run-counts", Owner.RUN, 1, "how often one process sent or refused each of these")
_CHARGE = Kind("charges", Owner.ADDRESS, 1, "what one process has charged a token for a lock")
_DECISION = Kind("decisions", Owner.OPERATOR, 1, "what the operator denies, or has undone")
_FREEZING = Kind("freezings", Owner.ADDRESS, 1, "when and by whom the page of a project was frozen")
_COMMIT = Kind("commits", Owner.ADDRESS, 1, "when and by whom a lock was committed")
_TIME = Kind("times", Owner.NONE, 1, "nothing: the time of its last use is when something was done last")
_HISTORY = Kind("histories", Owner.NONE, 1, "what an index listed of a project, or which advisories concern it")
_DRIFT_ROUND = Kind("drift", Owner.NONE, 1, "what the latest look for drift found in all locks")
_SURVEY = Kind("surveys", Owner.NONE, 1, "how large the latest survey found the store, and whose locks brought it")

KINDS = (
    _LOCK,
    _DOCUMENT,
    _PAGE,
    _REFUSALS,
    _METADATA,
    _CLAIMED_METADATA,
    _DIFFERING_METADATA,
    _BUILD_SYSTEM,
    _CLAIMED_BUILD_SYSTEM,
    _HOLDING,
    _LACKING,
    _SBOM,
    _CRATE,
    _CRATE_COMMIT,
    _PROVENANCE,
    _SESSION,
    _RECORDED_FILE,
    _RUN,
    _RUN_ENTRY,
    _RUN_COUNTS,
    _CHARGE,
    _DECISION,
    _FREEZING,
    _COMMIT,
    _TIME,
    _HISTORY,
    _DRIFT_ROUND,
    _SURVEY,
)
"""Every kind of record that a store may have."""


_BY_FOLDER = {kind.folder: kind for kind in KINDS}

ADVISORIES = "advisories"
"""Stands for the index in the name of the record of the advisories about a project."""

_DIGITS_OF_TOKEN = 6
"""Digits of a token that are shown, as in the access log."""


def kinds_of(owner: Owner) -> tuple[Kind, ...]:
    """Return the kinds of record that end with ``owner``."""
    return tuple(kind for kind in KINDS if kind.owner is owner)


def kind_of(record: str) -> Kind:
    """Return the kind of a record."""
    return _BY_FOLDER[record.partition("/")[0]]


def name_for_logs(record: str) -> str:
    """Return the name of a record, with the beginning of a token in its place: who has a token has the session."""
    parts = record.split("/")
    if kind_of(record).owner in (Owner.SESSION, Owner.RUN):
        parts[1] = f"{parts[1][:_DIGITS_OF_TOKEN]}..."
    return "/".join(parts)


def lock_record(address: str) -> str:
    """Name the record of a lock; with an empty address, the prefix of all."""
    return f"{_LOCK.folder}/{address}"


def document_record(sha256: str) -> str:
    """Name the record of one of several documents; with an empty digest, the prefix of all."""
    return f"{_DOCUMENT.folder}/{sha256}"


def page_record(address: str, project: str = "") -> str:
    """Name the record of a frozen page; without a project, the prefix of an address."""
    return f"{_PAGE.folder}/{address}/{project}"


def refusals_record(address: str, instance: str = "") -> str:
    """Name the record of what a process refused; without an instance, the prefix of an address."""
    return f"{_REFUSALS.folder}/{address}/{instance}"


def metadata_record(sha256: str) -> str:
    """Name the record of a verified wheel's core metadata.

    :param sha256: of the wheel; empty for the prefix of all.
    """
    return f"{_METADATA.folder}/{sha256}"


def claimed_metadata_record(address: str, sha256: str = "") -> str:
    """Name the record of the core metadata that an upstream claims a wheel has.

    :param sha256: of the wheel; empty for the prefix of an address.
    """
    return f"{_CLAIMED_METADATA.folder}/{address}/{sha256}"


def differing_metadata_record(sha256: str) -> str:
    """Name the record of a wheel whose core metadata is not what a page promised.

    :param sha256: of the wheel; empty for the prefix of all.
    """
    return f"{_DIFFERING_METADATA.folder}/{sha256}"


def build_system_record(sha256: str, subdirectory: str | None = None) -> str:
    """Name the record of how a verified sdist is built.

    :param sha256: of the sdist; empty for the prefix of all.
    :param subdirectory: the folder of the project inside the sdist.
    """
    return f"{_BUILD_SYSTEM.folder}/{sha256}{_below(subdirectory)}"


def claimed_build_system_record(address: str, sha256: str = "", subdirectory: str | None = None) -> str:
    """Name the record of how an upstream claims that an sdist is built.

    :param sha256: of the sdist; empty for the prefix of an address.
    :param subdirectory: the folder of the project inside the sdist.
    """
    return f"{_CLAIMED_BUILD_SYSTEM.folder}/{address}/{sha256}{_below(subdirectory)}"


def holding_record(address: str, target: InstallTarget | None = None) -> str:
    """Name the record of how far a hold is; without a target, the prefix of an address."""
    if target is None:
        return f"{_HOLDING.folder}/{address}/"
    return f"{_HOLDING.folder}/{address}/{_digest(json.dumps(target.as_json()))[:32]}"


def holding_prefix() -> str:
    """Name the prefix of the records of all holds."""
    return f"{_HOLDING.folder}/"


def lacking_record(address: str, name: str = "") -> str:
    """Name the record of what a lock lacks; without a name, the prefix of an address."""
    return f"{_LACKING.folder}/{address}/{name}"


def sbom_record(address: str, name: str = "") -> str:
    """Name a record of what an SBOM reports; without a name, the prefix of an address."""
    return f"{_SBOM.folder}/{address}/{name}"


def crate_record(address: str, registry: str = "", name: str = "", version: str = "") -> str:
    """Name the record of a release of a crate; without a name, the prefix of an address.

    A hash stands for the release, because names of crates differ in letter case and those of records do not.
    """
    release = _digest(json.dumps([registry, name, version])) if name else ""
    return f"{_CRATE.folder}/{address}/{release}"


def crate_commit_record(address: str, url: str = "", commit: str = "") -> str:
    """Name the record of the archive of a commit; without a repository, the prefix of an address."""
    return f"{_CRATE_COMMIT.folder}/{address}/{_digest(json.dumps([url, commit])) if url else ''}"


def provenance_record(address: str, file: File | None = None) -> str:
    """Name the record of the provenance object of a file; without a file, the prefix of an address.

    A hash stands for the file: an object is about a name and a sha256, and names differ in letter case.
    """
    of_file = "" if file is None else _digest(json.dumps([file.filename, file.sha256]))
    return f"{_PROVENANCE.folder}/{address}/{of_file}"


def session_record(token: str) -> str:
    """Name the record of a session of the open index; with an empty token, the prefix of all."""
    return f"{_SESSION.folder}/{token}"


def recorded_file_record(token: str, project: str = "", filename: str = "") -> str:
    """Name the record of a file that was downloaded in a session; without a project, the prefix of the session."""
    return f"{_RECORDED_FILE.folder}/{token}/{project}/{filename}" if project else f"{_RECORDED_FILE.folder}/{token}/"


def run_record(token: str) -> str:
    """Name the record of a run; with an empty token, the prefix of all."""
    return f"{_RUN.folder}/{token}"


def run_entry_record(token: str, key: str = "") -> str:
    """Name the record of something that was taken in a run, or refused; without a key, the prefix of the run."""
    return f"{_RUN_ENTRY.folder}/{token}/{key}"


def run_counts_record(token: str, instance: str = "") -> str:
    """Name the record of how often a process sent things in a run; without an instance, the prefix of the run."""
    return f"{_RUN_COUNTS.folder}/{token}/{instance}"


def charge_record(address: str, instance: str = "") -> str:
    """Name the record of what a process charged for a lock; without an instance, the prefix of an address.

    With an empty address, it is the prefix of all.
    """
    return f"{_CHARGE.folder}/{address}/{instance}" if address else f"{_CHARGE.folder}/"


def decision_record(name: str) -> str:
    """Name the record of a decision; with an empty name, the prefix of all."""
    return f"{_DECISION.folder}/{name}"


def freezing_record(address: str, project: str = "") -> str:
    """Name the record of how a page was frozen; without a project, the prefix of an address."""
    return f"{_FREEZING.folder}/{address}/{project}"


def commit_record(address: str, which: str = "first") -> str:
    """Name the record of how a lock was committed; with an empty text, the prefix of an address."""
    return f"{_COMMIT.folder}/{address}/{which}"


def time_record(what: str) -> str:
    """Name the record whose last use is the time at which something was done; with an empty name, the prefix of all."""
    return f"{_TIME.folder}/{what}"


def history_record(project: str, index: str = "") -> str:
    """Name the record of what an index listed of a project; without a project, the prefix of all.

    :param index: the URL of the index.
    """
    return f"{_HISTORY.folder}/{project}/{_digest(index)[:32]}" if project else f"{_HISTORY.folder}/"


def advised_record(project: str) -> str:
    """Name the record of the advisories about a project, or about a crate: ``crate:NAME``."""
    return f"{_HISTORY.folder}/{project.replace(':', '.')}/{ADVISORIES}"


def drift_round_record() -> str:
    """Name the record of the latest look for drift. Its last use is when that look began or ended."""
    return f"{_DRIFT_ROUND.folder}/round"


def survey_record() -> str:
    """Name the record of what the latest survey of the store found."""
    return f"{_SURVEY.folder}/latest"


def _below(subdirectory: str | None) -> str:
    return f"/{_digest(subdirectory)[:32]}" if subdirectory else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
