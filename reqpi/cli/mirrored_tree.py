"""Everything that the static tree of an address has, obtained from a server and checked against the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reqpi.cli.folders.static_tree import StaticTree
from reqpi.cli.inputs.checked_listing import checked_files
from reqpi.cli.inputs.lock_files import LockFiles
from reqpi.cli.messages import tell_remark
from reqpi.cli.mirrored_crates import crate_tree
from reqpi.cli.mirrored_files import MirroredFiles, mirrored_files
from reqpi.cli.mirrored_sboms import sbom_resources
from reqpi.client.errors import BadUsage
from reqpi.client.listed_file import ListedFile
from reqpi.core.address import address_of
from reqpi.core.static_tree.documents import document_resources, located_resources
from reqpi.core.static_tree.files import file_resources, original_resources, variants_resource
from reqpi.core.static_tree.pages import page_resources
from reqpi.core.static_tree.resource import Conflict, StaticResource, without_conflicts

__all__ = ["mirrored_tree"]


def mirrored_tree(
    url: str,
    taken: LockFiles,
    tree: StaticTree,
    served_at: str,
    landed: Callable[[ListedFile], None],
    *,
    crates: bool,
    quiet: bool,
) -> list[StaticResource]:
    """Return the resources of the tree; the bytes of all files are in the tree's folder, and verified.

    :param url: the server, which has the lock.
    :param served_at: the URL below which addresses are served, without a slash at its end; empty: it is not known.
    :param landed: called from several threads with each file that is in the tree's folder.
    :param crates: include the crates of sdists.
    :raises reqpi.client.errors.ClientError: something cannot be obtained, or is not what the lock admits.
    """
    found = checked_files(url, address_of(taken.committed), taken)
    found.tell_open_digests()
    mirrored = mirrored_files(url, found, tree, landed, quiet=quiet)
    resources = [*_of_lock(mirrored, served_at)]
    if crates:
        resources += crate_tree(url, mirrored, tree, served_at, quiet=quiet)
    resources += sbom_resources(url, mirrored, tree.files)
    try:
        return list(without_conflicts(resources))
    except Conflict as conflict:
        raise BadUsage(
            f"{conflict} cannot be a file of a static tree",
            "Its name is that of a page or of a folder, or one that file systems do not allow.",
        ) from conflict


def _of_lock(mirrored: MirroredFiles, served_at: str) -> Iterator[StaticResource]:
    """Yield everything that follows from the lock, its pages and its files; the pages come first."""
    listing = mirrored.listing
    commitment, pages = listing.commitment, listing.pages
    yield from page_resources(pages)
    yield from file_resources(mirrored.files, mirrored.metadata, mirrored.provenance)
    for (project, filename), body in mirrored.variants.items():
        yield variants_resource(project, filename, body)
    yield from document_resources(commitment, pages)
    if served_at:
        yield from located_resources(commitment, pages, served_at)
    else:
        tell_remark("without --served-at there is no file that needs the URL of the mirror, such as requirements.txt")
    yield from original_resources(commitment.lock, pages, mirrored.metadata)
