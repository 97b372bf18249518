"""The parts that fetch, verify and read files, put together once and shared."""

from __future__ import annotations

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from reqpi.core.interfaces import Store, Upstream
from reqpi.runtime.child_process import ChildProcess
from reqpi.runtime.counts import ServerCounts
from reqpi.shelf.files.build_systems import BuildSystems
from reqpi.shelf.files.core_metadata import CoreMetadata
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.fetch import LARGEST
from reqpi.shelf.files.file_responses import FileResponses
from reqpi.shelf.files.insides import FileInsides
from reqpi.shelf.provenance.attesting import Publishers
from reqpi.shelf.provenance.stored import StoredProvenance

__all__ = ["FileParts"]


@frozen
class FileParts:
    """The parts that fetch, verify and read files. None of them asks whether a lock admits a file.

    So only code in :mod:`reqpi.shelf` uses them: the shelf, which asks, and the open index, for which there is no lock.
    Code above passes the value on and uses none of the parts; ``tests/test_floors.py`` checks that.
    """

    downloads: Downloads
    file_responses: FileResponses
    core_metadata: CoreMetadata
    build_systems: BuildSystems
    file_insides: FileInsides
    publishers: Publishers

    @classmethod
    def over(
        cls,
        store: Store,
        upstream: Upstream,
        clock: IReactorTime,
        redirect_above: int | None = None,
        parsing: ChildProcess | None = None,
        *,
        largest: int = LARGEST,
        counts: ServerCounts | None = None,
    ) -> FileParts:
        """Return the parts over a store and an upstream.

        :param redirect_above: the size in bytes above which clients are redirected to the file's URL in the object
            store; ``None``: never.
        :param parsing: a process that parses large files of sdists; ``None``: a thread does.
        :param largest: bytes of a file, at most.
        :param counts: counts downloads and damage.
        """
        downloads = Downloads(store, upstream, clock, largest=largest, counts=counts)
        metadata = CoreMetadata(store, upstream, downloads, clock)
        return cls(
            downloads,
            FileResponses(store, downloads, redirect_above),
            metadata,
            BuildSystems(store, upstream, downloads, parsing),
            FileInsides(downloads.blobs, metadata, clock),
            Publishers(StoredProvenance(store, upstream, clock)),
        )
