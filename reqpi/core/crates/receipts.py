"""The entry of a crate in a receipt."""

from __future__ import annotations

from packageurl import PackageURL

from reqpi.core.crates.commits import CrateCommit
from reqpi.core.crates.model import Crate
from reqpi.core.crates.sbom import purl_of_crate
from reqpi.core.receipts.model import TakenEntry

__all__ = ["entry_of_commit", "entry_of_crate"]


def entry_of_crate(crate: Crate, size: int) -> TakenEntry:
    """Return the entry of a crate.

    The URL of its file is known to its registry alone; the purl names the registry if it is not the default one.

    :param size: bytes.
    """
    return TakenEntry("file", crate.name, crate.filename, "", purl_of_crate(crate), crate.sha256, size)


def entry_of_commit(commit: CrateCommit, sha256: str, size: int) -> TakenEntry:
    """Return the entry of the archive of a commit that has crates.

    :param sha256: of the archive.
    :param size: bytes.
    """
    place, project = f"git+{commit.url}@{commit.id}", commit.file.project
    purl = PackageURL("generic", None, project, commit.id, {"vcs_url": place}).to_string()
    return TakenEntry("file", project, commit.filename, place, purl, sha256, size)
