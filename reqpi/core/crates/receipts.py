"""The entry of a crate in a receipt."""

from __future__ import annotations

from packageurl import PackageURL

from reqpi.core.crates.commits import commit_at
from reqpi.core.crates.model import Crate
from reqpi.core.crates.sbom import purl_of_crate
from reqpi.core.model import File
from reqpi.core.receipts.model import TakenEntry

__all__ = ["entry_of_commit", "entry_of_crate"]


def entry_of_crate(crate: Crate, size: int) -> TakenEntry:
    """Return the entry of a crate.

    The URL of its file is known to its registry alone; the purl names the registry if it is not the default one.

    :param size: bytes.
    """
    return TakenEntry("file", crate.name, crate.filename, "", purl_of_crate(crate), crate.sha256, size)


def entry_of_commit(archive: File) -> TakenEntry:
    """Return the entry of the archive of a commit that has crates.

    :param archive: as :attr:`reqpi.core.crates.commits.CrateCommit.file` has it, with its sha256 and its size.
    """
    commit = commit_at(archive.url)
    assert commit is not None
    place = f"git+{commit.url}@{commit.id}"
    purl = PackageURL("generic", None, archive.project, commit.id, {"vcs_url": place}).to_string()
    return TakenEntry("file", archive.project, archive.filename, place, purl, str(archive.sha256), archive.size or 0)
