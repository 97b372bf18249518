"""How a page is written down when a commitment first sees it, and read again for ever after."""

from __future__ import annotations

import json
from typing import Any

from reqpi import filenames
from reqpi.errors import StoreTrouble
from reqpi.model import Digest, File, Page, Project, Status

__all__ = ["dump", "load"]

_LAYOUT = 1


def dump(page: Page) -> bytes:
    """The page as JSON. The same page gives the same bytes."""
    record: dict[str, Any] = {"layout": _LAYOUT, "project": page.project, "files": [_record(f) for f in page.files]}
    if page.status is not None:
        record["status"] = {"status": page.status.status, "reason": page.status.reason}
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def load(data: bytes, project: Project) -> Page:
    """The page that :func:`dump` wrote down.

    :raises reqpi.errors.StoreTrouble: it is damaged, or from a ReqPI newer than this.
    """
    try:
        record = json.loads(data)
        if record["layout"] != _LAYOUT:
            raise StoreTrouble(f"a newer ReqPI wrote the store (layout {record['layout']})", "Install that one.")
        status = Status(**record["status"]) if "status" in record else None
        return Page(project, tuple(_file(entry, project) for entry in record["files"]), status)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreTrouble(f"the frozen page of {project} is damaged", "The operator can restore it.") from error


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
    }
    return {name: value for name, value in record.items() if value is not None}


def _file(entry: dict[str, Any], project: Project) -> File:
    named = filenames.parse(entry["filename"], project)
    if named is None:
        raise ValueError(entry["filename"])
    metadata = entry.get("core-metadata")
    if isinstance(metadata, dict):
        (metadata,) = (Digest(*item) for item in metadata.items())
    return File(
        filename=entry["filename"],
        project=project,
        version=named.version,
        version_text=named.version_text,
        wheel=named.wheel,
        url=entry["url"],
        digests=frozenset(Digest(*item) for item in entry["digests"].items()),
        measured=entry.get("measured", False),
        size=entry.get("size"),
        requires_python=entry.get("requires-python"),
        upload_time=entry.get("upload-time"),
        yanked=entry.get("yanked"),
        core_metadata=metadata,
        provenance=entry.get("provenance"),
    )
