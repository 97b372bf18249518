"""The crates of a lock, in the form in which two locks are compared."""

from __future__ import annotations

from collections.abc import Iterable

from reqpi.core.crates.model import CargoLock
from reqpi.core.diff import Contents

__all__ = ["crate_contents"]


def crate_contents(locks: Iterable[CargoLock]) -> Contents:
    """Return the crates of some Cargo.locks. The commit of a git source stands for a version.

    :returns: their digests by name and version; a name is spelled as in the contents of an SBOM: ``cargo:serde``.
    """
    found: dict[str, dict[str, frozenset[str]]] = {}
    for lock in locks:
        for crate in lock.crates:
            versions = found.setdefault(f"cargo:{crate.name}", {})
            versions[crate.version] = versions.get(crate.version, frozenset()) | {f"sha256:{crate.sha256}"}
        for one in lock.git:
            found.setdefault(f"cargo:{one.name}", {})[f"git+{one.url}@{one.commit}"] = frozenset()
    return found
