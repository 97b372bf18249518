"""Pins that name a URL or a git commit instead of an index: each becomes one file with a digest.

The file is fetched and measured when its project is frozen. If its contents give its name and version, it is listed on
the project's page like a release; if not, it is there under a name of its own, for the exports that link to it.
"""

from __future__ import annotations

from contextlib import aclosing

from attrs import evolve
from packaging.version import Version

from reqpi.core import filenames, metadata
from reqpi.core.errors import NothingUpstream
from reqpi.core.filenames import ARCHIVE_SUFFIXES
from reqpi.core.model import Archive, File, Git, Pin
from reqpi.core.source_names import name_of_source
from reqpi.runtime.offload import in_thread
from reqpi.shelf.files.downloads import Downloads

__all__ = ["UrlSources"]


class UrlSources:
    """The files of URL and git sources."""

    def __init__(self, downloads: Downloads) -> None:
        self._downloads = downloads

    async def file(self, pin: Pin, source: Archive | Git) -> File:
        """Fetch, measure and store the file of ``source``.

        :raises reqpi.core.errors.UpstreamTrouble: the file cannot be obtained, or is not what the lock says.
        """
        wanted = _unlisted(pin, source)
        file = (await self._downloads.measure(wanted)).added_to(wanted)
        return _listed(file) if file.wheel else await self._identified(file)

    async def _identified(self, file: File) -> File:
        """Return the file, under the name of a release if its metadata says which release it is."""
        if (file.size or 0) > metadata.LARGEST:
            return file
        async with aclosing(self._downloads.blobs.read(str(file.sha256))) as stream:
            data = b"".join([piece async for piece in stream])
        identity = await in_thread(metadata.identity, data, file.filename)
        if identity is None:
            return file
        if identity.project != file.project:
            raise NothingUpstream(
                f"the source of {file.project} contains the project {identity.project}",
                f"The PKG-INFO of {file.filename} says so. Correct the lock.",
            )
        ending = next(ending for ending in (*ARCHIVE_SUFFIXES, ".whl") if file.filename.endswith(ending))
        return _listed(evolve(file, filename=f"{file.project.replace('-', '_')}-{identity.version}{ending}"))


def _unlisted(pin: Pin, source: Archive | Git) -> File:
    """Return what is known about the file of a source before it is fetched."""
    if isinstance(source, Git):
        url = f"git+{source.url}@{source.commit}{'#submodules' if source.submodules else ''}"
    else:
        url = f"archive+{source.url}"
    filename = name_of_source(source)
    digests = source.digests if isinstance(source, Archive) else frozenset()
    wheel = filename.endswith(".whl")
    return File(filename, pin.project, Version("0"), "", wheel, url, digests, source=source, listed=False)


def _listed(file: File) -> File:
    named = filenames.parse(file.filename, file.project)
    if named is None:
        return file
    return evolve(file, version=named.version, version_text=named.version_text, wheel=named.wheel, listed=True)
