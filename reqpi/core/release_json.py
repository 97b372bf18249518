"""The JSON API of an index for one release, as far as poetry and other clients read it, with the facts of a lock.

Fields that no lock and no metadata has, such as download counts, are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packaging.version import Version

from reqpi.core.metadata.headers import read_headers
from reqpi.core.model import File, Page
from reqpi.core.simple import entries

__all__ = ["release_json", "wheel_of"]


def wheel_of(page: Page, version: Version) -> File | None:
    """Return a wheel of a release, from whose metadata the release is described; ``None`` if there is none."""
    return next((file for file in _files(page, version) if file.wheel), None)


def release_json(page: Page, version: Version, metadata: bytes | None) -> bytes:
    """Return the document of one release.

    :param page: the files that the lock admits.
    :param metadata: the core metadata of :func:`wheel_of`. Without it the requirements are ``null``, which clients take
        for unknown: they read the sdist.
    """
    headers: Mapping[str, Any] = {} if metadata is None else read_headers(metadata)
    files = _files(page, version)
    info = {
        "name": headers.get("name", page.project),
        "version": str(version),
        "summary": headers.get("summary", ""),
        "requires_dist": None if metadata is None else list(headers.get("requires_dist", ())),
        "requires_python": headers.get("requires_python", next((file.requires_python for file in files), None)),
        "provides_extra": list(headers.get("provides_extra", ())),
        "yanked": False,
        "yanked_reason": None,
    }
    releases = {each: [_entry(file) for file in _files(page, Version(each))] for each in page.versions}
    document = {"info": info, "urls": [_entry(file) for file in files], "releases": releases, "vulnerabilities": []}
    return json.dumps(document, separators=(",", ":")).encode()


def _files(page: Page, version: Version) -> list[File]:
    return [file for file in page.files if file.listed and file.version == version]


def _entry(file: File) -> dict[str, Any]:
    """Return one file. A yanked file is not marked, as on the other pages: a lock is an approval."""
    return {
        "filename": file.filename,
        "url": entries.link(file, None).partition("#")[0],
        "digests": {digest.algorithm: digest.hex for digest in sorted(file.digests)},
        "size": file.size,
        "packagetype": "bdist_wheel" if file.wheel else "sdist",
        "python_version": "py3" if file.wheel else "source",
        "requires_python": file.requires_python,
        "upload_time_iso_8601": file.upload_time,
        "yanked": False,
        "yanked_reason": None,
    }
