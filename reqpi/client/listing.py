"""The lists of a server for an address: its files, its frozen pages, and the core metadata of a wheel."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from reqpi.client.answers import trouble_of
from reqpi.client.errors import ServerTrouble
from reqpi.client.exchange import ServerResponse, ask
from reqpi.client.listed_file import ListedFile
from reqpi.client.polling import Patience, poll, unavailable
from reqpi.client.target import ServerTarget, target_of

__all__ = ["listed", "metadata", "pages"]

_LONGEST_LIST = 256 << 20
"""Bytes of a list of files: some hundreds a file, and a large project has hundreds of files a release."""

_LOOKED_UP = Patience(pending=60, otherwise=7)
"""Bounds for waiting until the server has looked up every project."""


def listed(base_url: str, address: str) -> list[ListedFile]:
    """Return every file that a lock admits, with at most one sdist a release, sorted by filename.

    :raises ServerTrouble: the server does not list them.
    """
    target, path = target_of(base_url), f"/{address}/pylock.toml"
    answer = _patiently(target, path)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    try:
        packages = tomllib.loads(answer.body.decode()).get("packages", [])
        found = {file for package in packages for file in _files(package)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServerTrouble(f"{target.url} sent an invalid pylock.toml", f"{error}.") from error
    return sorted(found, key=lambda file: (file.filename, file.marker))


def pages(base_url: str, address: str) -> bytes:
    """Return the frozen pages of a lock, as JSON that :func:`reqpi.core.frozen_pages.load_all` reads.

    :raises ServerTrouble: the server does not list them.
    """
    target, path = target_of(base_url), f"/{address}/files.json"
    answer = _patiently(target, path)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    return answer.body


def metadata(base_url: str, address: str, project: str, filename: str) -> bytes | None:
    """Return the core metadata of a wheel; ``None`` if the server does not send it."""
    answer = _patiently(target_of(base_url), f"/{address}/simple/{project}/{quote(filename)}.metadata")
    return answer.body if answer.status == 200 else None


def _patiently(target: ServerTarget, path: str) -> ServerResponse:
    """Return the response, once the server has looked up every project."""

    def attempt() -> ServerResponse:
        return ask(target, "GET", path, longest=_LONGEST_LIST)

    return poll(attempt, unavailable(target, path), _LOOKED_UP)


def _files(package: Mapping[str, Any]) -> Iterator[ListedFile]:
    single = [package[kind] for kind in ("sdist", "archive") if kind in package]
    for entry in (*package.get("wheels", ()), *single):
        filename = unquote(urlsplit(entry["url"]).path.rpartition("/")[2])
        sha256 = entry["hashes"]["sha256"]
        if not filename.isprintable() or "/" in filename or filename.startswith(".") or not filename:
            raise ValueError(f"{filename!r} is not a filename")
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError(f"{filename} has no sha256")
        yield ListedFile(
            package["name"],
            filename,
            sha256,
            entry.get("size"),
            package.get("marker", ""),
            package.get("version", ""),
            source="archive" in package,
            subdirectory=entry.get("subdirectory", ""),
        )
