"""The verified files of a static tree: at their names below ``simple/``, and at their original paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reqpi.core.caching import REVALIDATED
from reqpi.core.model import File, Lock, Page, Project
from reqpi.core.original_urls import Originals, Place
from reqpi.core.provenance.objects import MEDIA_TYPE
from reqpi.core.static_tree.resource import BYTES, StaticResource

__all__ = [
    "file_resources",
    "original_resources",
    "page_file_url",
    "provenance_url",
    "variants_resource",
]


def page_file_url(file: File) -> str:
    """Return the path of a file below its address."""
    return f"simple/{file.project}/{file.filename}"


def provenance_url(file: File) -> str:
    """Return the path of the provenance object of a file below its address."""
    return f"{page_file_url(file)}.provenance"


def file_resources(
    files: Iterable[File], metadata: Mapping[File, bytes], provenance: Mapping[File, bytes]
) -> Iterator[StaticResource]:
    """Yield the files of pages, with the core metadata of wheels and the provenance objects next to them."""
    for file in files:
        url = page_file_url(file)
        yield StaticResource(url, url, BYTES, sha256=str(file.sha256))
        for beside, content_type, bodies in (
            (f"{url}.metadata", BYTES, metadata),
            (provenance_url(file), MEDIA_TYPE, provenance),
        ):
            if file in bodies:
                yield StaticResource(beside, beside, content_type, bodies[file])


def variants_resource(project: Project, filename: str, body: bytes) -> StaticResource:
    """Return the file that describes the variant wheels of a release."""
    url = f"simple/{project}/{filename}"
    return StaticResource(url, url, "application/json", body, caching=REVALIDATED)


def original_resources(
    lock: Lock, pages: Mapping[Project, Page], metadata: Mapping[File, bytes]
) -> Iterator[StaticResource]:
    """Yield every file, and the core metadata of wheels, at the path of each of its original URLs.

    They are optional: two URLs may differ in their queries only, and the path of one may be the folder of another.
    """
    for place, file in Originals(lock).places(pages):
        url = _path_of(place)
        if url is None:
            continue
        yield StaticResource(url, url, BYTES, sha256=str(file.sha256), optional=True)
        if file in metadata:
            yield StaticResource(f"{url}.metadata", f"{url}.metadata", BYTES, metadata[file], optional=True)


def _path_of(place: Place) -> str | None:
    """Return the path below the address; ``None`` if no file can be there."""
    if not place.segments or any("/" in segment for segment in place.segments):
        return None
    return "/".join(("files", place.host, *place.segments))
