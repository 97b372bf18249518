"""Cargo.lock documents: of a lock, of an sdist, or alone."""

from __future__ import annotations

from reqpi.core.crates.admission import AdmittedCrates
from reqpi.core.crates.model import CargoLock
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.tools.cargo import FORMAT, read_crates
from reqpi.core.model import Lock

__all__ = ["cargo_lock", "crates_of", "places_of"]


def cargo_lock(document: bytes) -> CargoLock:
    """Return the content of a Cargo.lock, such as that of an sdist.

    :raises reqpi.core.errors.BrokenLock: it has defects; the exception has all of them.
    """
    findings = Findings(document.decode("utf-8", "replace").split("\n"))
    lock = read_crates(document, findings)
    findings.conclude()
    return lock


def crates_of(lock: Lock) -> tuple[CargoLock, ...]:
    """Return the content of those documents of a lock that are a Cargo.lock, in order."""
    return tuple(cargo_lock(document.data) for document in lock.documents if document.format == FORMAT)


def places_of(lock: Lock) -> tuple[str, ...]:
    """Return where the Cargo.locks among the documents of a lock take crates from.

    :returns: registries, as :attr:`reqpi.core.crates.model.Crate.registry`, and the URLs of archives of commits.
    """
    admitted = AdmittedCrates.of_locks(crates_of(lock))
    return (*admitted.registries, *(commit.file.url for commit in admitted.commits))
