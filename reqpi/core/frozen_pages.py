"""The format of frozen pages: a page is written when a commitment first sees it, and read from then on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from packaging.utils import canonicalize_name
from packaging.version import Version

from reqpi.core import filenames
from reqpi.core.errors import StoreTrouble
from reqpi.core.filenames import ParsedFilename
from reqpi.core.model import Archive, Digest, File, Git, Page, Project, Status
from reqpi.core.provenance.publishers import publisher
from reqpi.core.simple.entries import digest
from reqpi.core.stored_json import NOT_WRITTEN, mapping, newer, optional, parse, typed

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

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: the record is damaged.
    :raises reqpi.core.errors.StoreTrouble: it was written by a newer ReqPI.
    """
    record = mapping(parse(data))
    if record["layout"] != _LAYOUT:
        raise StoreTrouble(newer(record["layout"]), "Install that version.")
    return _page(record, project)


def load_all(data: bytes) -> dict[Project, Page]:
    """Return the pages that :func:`dump_all` wrote.

    :raises ValueError: the data is damaged, or of an unknown layout.
    """
    try:
        records = [mapping(record) for record in typed(mapping(parse(data))["pages"], list)]
        if any(record["layout"] != _LAYOUT for record in records):
            raise ValueError("its layout is unknown")
        pages = (_page(record, canonicalize_name(typed(record["project"], str), validate=True)) for record in records)
        return {page.project: page for page in pages}
    except NOT_WRITTEN as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _page(record: Mapping[str, Any], project: Project) -> Page:
    status = _status(mapping(record["status"])) if "status" in record else None
    return Page(project, tuple(_file(mapping(entry), project) for entry in typed(record["files"], list)), status)


def _status(record: Mapping[str, Any]) -> Status:
    return Status(typed(record["status"], str), optional(record["reason"], str))


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
        "publishers": [each.members for each in file.publishers] or None,
        "index": file.index or None,
        "source": _source_record(file.source) if file.source is not None else None,
        "listed": None if file.listed else False,
    }
    return {name: value for name, value in record.items() if value is not None}


def _file(entry: Mapping[str, Any], project: Project) -> File:
    listed = typed(entry.get("listed", True), bool)
    filename = typed(entry["filename"], str)
    named = filenames.parse(filename, project) if listed else _unlisted(filename)
    if named is None:
        raise ValueError(f"{filename[:100]!a} is not the name of a file of {project}")
    return File(
        filename=filename,
        project=project,
        version=named.version,
        version_text=named.version_text,
        wheel=named.wheel,
        url=typed(entry["url"], str),
        digests=_digests_of_file(entry["digests"]),
        measured=typed(entry.get("measured", False), bool),
        size=_size(entry.get("size")),
        requires_python=_line(entry.get("requires-python")),
        upload_time=_line(entry.get("upload-time")),
        yanked=_line_or_true(entry.get("yanked")),
        core_metadata=_core_metadata(entry.get("core-metadata")),
        provenance=_line(entry.get("provenance")),
        publishers=tuple(map(publisher, typed(entry.get("publishers", []), list))),
        index=typed(entry.get("index", ""), str),
        source=_source(mapping(entry["source"])) if "source" in entry else None,
        listed=listed,
    )


def _unlisted(filename: str) -> ParsedFilename | None:
    """Return an unknown release, unless the filename could not be one segment of a path."""
    if filename in ("", ".", "..") or "/" in filename or "\\" in filename or not filename.isprintable():
        return None
    return ParsedFilename(Version("0"), "", wheel=False)


def _size(value: object) -> int | None:
    size = optional(value, int)
    if size is not None and size < 0:
        raise ValueError("a size is negative")
    return size


def _line(value: object) -> str | None:
    """Return a text as an index's entry has it: on one line, without control characters."""
    text = optional(value, str)
    if text is not None and not text.isprintable():
        raise ValueError("a text is not printable")
    return text


def _line_or_true(value: object) -> str | Literal[True] | None:
    return True if value is True else _line(value)


def _core_metadata(value: object) -> Digest | Literal[True] | None:
    if value is None or value is True:
        return value
    (digest,) = _digests(value)
    return digest


def _source_record(source: Archive | Git) -> dict[str, Any]:
    if isinstance(source, Git):
        return {"git": source.url, "commit": source.commit, "in": source.subdirectory, "submodules": source.submodules}
    digests = {digest.algorithm: digest.hex for digest in sorted(source.digests)}
    return {"archive": source.url, "digests": digests, "in": source.subdirectory}


def _source(record: Mapping[str, Any]) -> Archive | Git:
    subdirectory = optional(record["in"], str)
    if "git" in record:
        url, commit = typed(record["git"], str), typed(record["commit"], str)
        return Git(url, commit, subdirectory, typed(record["submodules"], bool))
    return Archive(typed(record["archive"], str), _digests(record["digests"]), subdirectory)


def _digests_of_file(value: object) -> frozenset[Digest]:
    found = _digests(value)
    if not any(digest.algorithm == "sha256" for digest in found):
        raise ValueError("a file has no sha256")
    return found


def _digests(value: object) -> frozenset[Digest]:
    """Return the digests of a record. They become file names, so a record with an invalid digest is rejected."""
    found = [digest(*item) for item in mapping(value).items()]
    if None in found:
        raise ValueError("a digest is not valid")
    return frozenset(filter(None, found))
