"""The format of frozen pages: a page is written when a commitment first sees it, and read from then on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from reqpi.core import filenames
from reqpi.core.errors import StoreTrouble
from reqpi.core.filenames import ParsedFilename
from reqpi.core.model import Archive, Digest, File, Git, Page, Project, Status
from reqpi.core.simple.entries import digest

__all__ = ["dump", "dump_all", "load", "load_all"]

_LAYOUT = 1


def dump(page: Page) -> bytes:
    """Return the page as JSON. The same page gives the same bytes."""
    record: dict[str, Any] = {"layout": _LAYOUT, "project": page.project}
    if page.status is not None:
        record["status"] = {"status": page.status.status, "reason": page.status.reason}
    # File by file, because json blocks the whole process while it writes; "files" sorts before the other keys.
    files = ",".join(_written(_record(file)) for file in page.files)
    return f'{{"files":[{files}],{_written(record)[1:]}'.encode()


def _written(record: dict[str, Any]) -> str:
    return json.dumps(record, sort_keys=True, separators=(",", ":"))


def dump_all(pages: Mapping[Project, Page]) -> bytes:
    """Return all pages of an address as one JSON document, sorted by project. The same pages give the same bytes."""
    ordered = b",\n".join(dump(pages[project]) for project in sorted(pages))
    return b'{"pages":[\n' + ordered + b"\n]}\n"


def load(data: bytes, project: Project) -> Page:
    """Return the page that :func:`dump` wrote.

    :raises reqpi.core.errors.StoreTrouble: the record is damaged, or was written by a newer ReqPI.
    """
    try:
        # With a hook in Python the parser releases the interpreter now and then; without one, the reactor waits for it.
        record = json.loads(data, object_hook=_as_it_is)
        if record["layout"] != _LAYOUT:
            raise StoreTrouble(f"a newer ReqPI wrote the store (layout {record['layout']})", "Install that version.")
        return _page(record, project)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreTrouble(f"the frozen page of {project} is damaged", "The operator can restore it.") from error


def load_all(data: bytes) -> dict[Project, Page]:
    """Return the pages that :func:`dump_all` wrote.

    :raises ValueError: the data is damaged, or of an unknown layout.
    """
    try:
        records = json.loads(data, object_hook=_as_it_is)["pages"]
        if any(record["layout"] != _LAYOUT for record in records):
            raise ValueError("its layout is unknown")
        pages = (_page(record, canonicalize_name(record["project"], validate=True)) for record in records)
        return {page.project: page for page in pages}
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _page(record: dict[str, Any], project: Project) -> Page:
    status = Status(**record["status"]) if "status" in record else None
    return Page(project, tuple(_file(entry, project) for entry in record["files"]), status)


def _as_it_is(parsed: dict[str, Any]) -> dict[str, Any]:
    return parsed


def _record(file: File) -> dict[str, Any]:
    metadata = file.core_metadata
    record = {
        "filename": file.filename,
        "url": file.url,
        "digests": {digest.algorithm: digest.hex for digest in sorted(file.digests)},
        "measured": file.measured or None,
        "size": file.size,
        "requires-python": file.requires_python,
        "upload-time": file.upload_time,
        "yanked": file.yanked,
        "core-metadata": {metadata.algorithm: metadata.hex} if isinstance(metadata, Digest) else metadata,
        "provenance": file.provenance,
        "index": file.index or None,
        "source": _source_record(file.source) if file.source is not None else None,
        "listed": None if file.listed else False,
    }
    return {name: value for name, value in record.items() if value is not None}


def _file(entry: dict[str, Any], project: Project) -> File:
    listed = entry.get("listed", True)
    named = filenames.parse(entry["filename"], project) if listed else ParsedFilename(Version("0"), "", wheel=False)
    if named is None or not isinstance(entry.get("size", 0), int):
        raise ValueError(entry["filename"])
    metadata = entry.get("core-metadata")
    if isinstance(metadata, dict):
        (metadata,) = _digests(metadata)
    return File(
        filename=entry["filename"],
        project=project,
        version=named.version,
        version_text=named.version_text,
        wheel=named.wheel,
        url=entry["url"],
        digests=_digests(entry["digests"]),
        measured=entry.get("measured", False),
        size=entry.get("size"),
        requires_python=entry.get("requires-python"),
        upload_time=entry.get("upload-time"),
        yanked=entry.get("yanked"),
        core_metadata=metadata,
        provenance=entry.get("provenance"),
        index=entry.get("index", ""),
        source=_source(entry["source"]) if "source" in entry else None,
        listed=listed,
    )


def _source_record(source: Archive | Git) -> dict[str, Any]:
    if isinstance(source, Git):
        return {"git": source.url, "commit": source.commit, "in": source.subdirectory, "submodules": source.submodules}
    digests = {digest.algorithm: digest.hex for digest in sorted(source.digests)}
    return {"archive": source.url, "digests": digests, "in": source.subdirectory}


def _source(record: dict[str, Any]) -> Archive | Git:
    if "git" in record:
        return Git(record["git"], record["commit"], record["in"], record["submodules"])
    return Archive(record["archive"], _digests(record["digests"]), record["in"])


def _digests(record: Mapping[str, str]) -> frozenset[Digest]:
    """Return the digests of a record. They become file names, so a record with an invalid digest is rejected."""
    found = [digest(*item) for item in record.items()]
    if None in found:
        raise ValueError(f"{str(record)[:200]} is not a valid digest")
    return frozenset(filter(None, found))
