"""Project pages in JSON: :pep:`691` with the additions of :pep:`700`, 714, 740 and 792."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any, Literal

from attrs import evolve
from packaging.version import Version

from reqpi.core import filenames
from reqpi.core.errors import WrongPage
from reqpi.core.model import Digest, File, Page, Project
from reqpi.core.simple import entries
from reqpi.core.simple.listing import Listing

__all__ = ["index_json", "list_json", "page_json"]

MAX_VALUES = 6_000_000
"""JSON values of a page, at most. A file has about 25, and a value takes up to 60 bytes of memory per byte of text."""


def list_json(body: bytes, base: str, project: Project) -> Listing:
    """Read a page; see :func:`reqpi.core.simple.read_listing`."""
    page = _parse(body, project)
    meta = page.get("meta")
    # The key is mandatory, but pip and uv do not require it, and the content type has stated version 1 already.
    entries.check_version(meta.get("api-version") if isinstance(meta, dict) else None, project)
    listed = page.get("files")
    if not isinstance(listed, list):
        raise WrongPage(f"the page of {project} lists no files", "Its JSON has no array `files` (PEP 691).")
    status = page.get("project-status")
    if not isinstance(status, dict):
        status = {}
    return Listing(
        project,
        entries.status(status.get("status"), status.get("reason")),
        [entry for entry in listed if isinstance(entry, dict)],
        partial(_version, project=project),
        partial(_file, base=base, project=project),
    )


def _parse(body: bytes, project: Project) -> dict[str, Any]:
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise WrongPage(f"the page of {project} cannot be read", f"Its JSON has more than {MAX_VALUES} values.")
    try:
        # json accepts NaN and Infinity, which RFC 8259 does not allow; it rejects numbers of over 4,300 digits itself.
        # With a hook in Python the parser releases the interpreter now and then; otherwise the reactor would wait.
        page = json.loads(body, parse_constant=_refuse, object_hook=_as_it_is)
    except (ValueError, RecursionError) as error:
        raise WrongPage(f"the page of {project} is not JSON", str(error)[:200]) from error
    if not isinstance(page, dict):
        raise WrongPage(f"the page of {project} cannot be read", "Its JSON is not an object (PEP 691).")
    return page


def _as_it_is(parsed: dict[str, Any]) -> dict[str, Any]:
    return parsed


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _version(entry: Mapping[str, Any], project: Project) -> Version | None:
    filename = entry.get("filename")
    named = filenames.parse(filename, project) if isinstance(filename, str) else None
    return None if named is None else named.version


def _file(entry: Mapping[str, Any], base: str, project: Project) -> File | None:
    filename, link = entry.get("filename"), entry.get("url")
    if not isinstance(filename, str) or not isinstance(link, str):
        return None
    hashes = entry.get("hashes")
    size, provenance = entry.get("size"), entry.get("provenance")
    return entries.listed_file(
        filename,
        project,
        entries.absolute(base, link.strip()),
        entries.claimed(hashes.items() if isinstance(hashes, dict) else ()),
        # isinstance takes a bool for an int; JSON readers disagree about integers above 2**53.
        size=size if type(size) is int and 0 <= size < 2**53 else None,
        requires_python=entries.text(entry.get("requires-python")),
        upload_time=entries.upload_time(entry.get("upload-time")),
        yanked=_yanked(entry.get("yanked")),
        core_metadata=_core_metadata(entry),
        provenance=entries.absolute(base, provenance) if isinstance(provenance, str) and provenance else None,
    )


def _yanked(value: object) -> str | Literal[True] | None:
    """Return the reason or true if ``value`` is truthy (PEP 691), so an unreadable reason does not approve the file."""
    return (entries.text(value) or True) if value else None


def _core_metadata(entry: Mapping[str, Any]) -> Digest | Literal[True] | None:
    value = entry.get("core-metadata")
    if value is None:
        # The name before PEP 714.
        value = entry.get("dist-info-metadata")
    if isinstance(value, dict):
        return entries.best(value.items())
    return True if value is True else None


def page_json(
    page: Page,
    *,
    show_yanked: bool = False,
    unhashed: bool = False,
    prefix: str | None = "",
    derived: Collection[str] = (),
) -> bytes:
    """Render a page, as :func:`reqpi.core.simple.page_html` does.

    :param show_yanked: as for ``page_html``.
    :param unhashed: as for ``page_html``.
    :param prefix: as for ``page_html``.
    :param derived: as for ``page_html``.
    :raises ValueError: a file has no sha256.
    """
    # Sort before listing versions: the spelling that is shown (1.0 or 1.0.0) must not depend on upstream's order.
    page = evolve(page, files=entries.listing(page.files, unhashed=unhashed))
    head: dict[str, Any] = {
        "meta": {"api-version": entries.version_for(page.files, page.status, derived=bool(derived))},
        "name": page.project,
        "versions": list(page.versions),
    }
    if page.status is not None:
        reason = {} if page.status.reason is None else {"reason": page.status.reason}
        head["project-status"] = {"status": page.status.status} | reason
    # File by file, because json does not release the interpreter while it writes.
    files = [_dump(_entry(file, show_yanked, prefix)) for file in page.files]
    files += [_dump({"filename": name, "url": entries.link_to(name, prefix or ""), "hashes": {}}) for name in derived]
    return b'%s,"files":[%s]}' % (_dump(head)[:-1], b",".join(files))


def index_json(projects: Iterable[Project], *, prefix: str = "") -> bytes:
    """Render the list of projects, in alphabetical order.

    :param prefix: not used, because there are no links in JSON.
    """
    return _dump({"meta": {"api-version": "1.0"}, "projects": [{"name": project} for project in sorted(projects)]})


def _dump(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _entry(file: File, show_yanked: bool, prefix: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "filename": file.filename,
        # With the digest in its fragment, because pip 22.3 and 22.3.1 do not read "hashes".
        "url": entries.link(file, prefix),
        "hashes": {digest.algorithm: digest.hex for digest in sorted(file.digests)},
    }
    optional = {
        "size": file.size,
        "upload-time": file.upload_time,
        "requires-python": file.requires_python,
        # Without the older name: pip 22.3 to 23.1 fail on "dist-info-metadata" in JSON with a traceback.
        "core-metadata": _metadata_hashes(file.core_metadata),
        "provenance": file.provenance,
        "yanked": file.yanked if show_yanked else None,
    }
    return entry | {key: value for key, value in optional.items() if value is not None}


def _metadata_hashes(core_metadata: Digest | Literal[True] | None) -> dict[str, str] | Literal[True] | None:
    return {core_metadata.algorithm: core_metadata.hex} if isinstance(core_metadata, Digest) else core_metadata
