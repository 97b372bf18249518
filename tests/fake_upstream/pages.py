"""Project pages, in every format that an index may use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import md5, sha256
from html import escape
from typing import Any, Literal

from attrs import frozen
from packaging.utils import parse_sdist_filename, parse_wheel_filename

__all__ = ["HTML", "JSON", "Distribution", "Style", "page", "root"]

HTML = "text/html; charset=utf-8"
JSON = "application/vnd.pypi.simple.v1+json"


@frozen
class Distribution:
    """One file on the index."""

    filename: str
    content: bytes
    metadata: bytes | None = None
    python_requires: str | None = None
    upload_time: str = "2026-01-02T03:04:05.678901Z"
    yanked: str | Literal[True] | None = None
    provenance: str | None = None

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()

    @property
    def version(self) -> str:
        if self.filename.endswith(".whl"):
            return str(parse_wheel_filename(self.filename)[1])
        return str(parse_sdist_filename(self.filename)[1])


@frozen
class Style:
    """What the index lists, and in which format.

    :param forms: the forms it has; of both, the client's Accept chooses.
    :param digest: the one it gives of each file.
    :param core_metadata: whether it says that there is some: with its digest, ``True`` alone, or not at all.
        What it does not tell of it does not serve.
    :param links: relative to the page, absolute, or absolute to another port.
    :param prefix: what stands before a filename in a link, in place of what ``links`` says.
    :param base: pages have a ``<base>``, that moves what is relative.
    :param etags: pages and files have an ETag, and If-None-Match is heard.
    :param ranges: files can be had in part.
    """

    forms: Literal["both", "html", "json"] = "both"
    digest: Literal["sha256", "md5"] | None = "sha256"
    core_metadata: Literal["digest", "true"] | None = "digest"
    sizes: bool = True
    upload_times: bool = True
    links: Literal["relative", "absolute", "elsewhere"] = "relative"
    prefix: str | None = None
    base: bool = False
    api_version: str = "1.4"
    etags: bool = True
    ranges: bool = True


def page(
    style: Style,
    json_wanted: bool,
    project: str,
    files: Sequence[Distribution],
    *,
    prefix: str,
    status: Sequence[str] = (),
) -> tuple[str, bytes]:
    """Return a project's page: its content type and its bytes.

    :param prefix: what stands before a filename in a link.
    :param status: of the project (:pep:`792`): a word, and a reason if there is one.
    """
    if json_wanted:
        return JSON, json.dumps(_as_json(style, project, files, prefix, status)).encode()
    return HTML, _as_html(style, project, files, prefix, status).encode()


def root(style: Style, json_wanted: bool, projects: Sequence[str]) -> tuple[str, bytes]:
    """Return the list of the projects."""
    if json_wanted:
        named = [{"name": project} for project in projects]
        return JSON, json.dumps({"meta": {"api-version": style.api_version}, "projects": named}).encode()
    links = "".join(f'<a href="{project}/">{project}</a>\n' for project in projects)
    return HTML, f"<!DOCTYPE html>\n<html><body>\n{links}</body></html>\n".encode()


def _digests(style: Style, content: bytes) -> dict[str, str]:
    if style.digest == "md5":
        return {"md5": md5(content, usedforsecurity=False).hexdigest()}
    return {"sha256": sha256(content).hexdigest()} if style.digest else {}


def _metadata(style: Style, file: Distribution) -> dict[str, str] | bool:
    if file.metadata is None or style.core_metadata is None:
        return False
    return {"sha256": sha256(file.metadata).hexdigest()} if style.core_metadata == "digest" else True


def _as_json(
    style: Style, project: str, files: Sequence[Distribution], prefix: str, status: Sequence[str]
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "meta": {"api-version": style.api_version},
        "name": project,
        "versions": sorted({file.version for file in files}),
        "files": [_entry(style, file, prefix) for file in files],
    }
    if status:
        document["project-status"] = dict(zip(("status", "reason"), status, strict=False))
    return document


def _entry(style: Style, file: Distribution, prefix: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"filename": file.filename, "url": prefix + file.filename}
    entry["hashes"] = _digests(style, file.content)
    entry["core-metadata"] = entry["dist-info-metadata"] = _metadata(style, file)
    entry["requires-python"] = file.python_requires
    entry["yanked"] = file.yanked or False
    entry["provenance"] = file.provenance
    if style.sizes:
        entry["size"] = len(file.content)
    if style.upload_times:
        entry["upload-time"] = file.upload_time
    return entry


def _as_html(style: Style, project: str, files: Sequence[Distribution], prefix: str, status: Sequence[str]) -> str:
    names = ("pypi:project-status", "pypi:project-status-reason")
    head = [f'<meta name="pypi:repository-version" content="{style.api_version}">']
    head += [f'<meta name="{name}" content="{escape(text)}">' for name, text in zip(names, status, strict=False)]
    if style.base:
        head.append(f'<base href="{prefix}">')
    links = [_link(style, file, "" if style.base else prefix) for file in files]
    top = f"<!DOCTYPE html>\n<html><head>{''.join(head)}<title>Links for {escape(project)}</title></head><body>\n"
    return top + "\n".join(links) + "\n</body></html>\n"


def _link(style: Style, file: Distribution, prefix: str) -> str:
    [fragment] = [f"#{name}={value}" for name, value in _digests(style, file.content).items()] or [""]
    attributes = {"href": prefix + file.filename + fragment}
    if file.python_requires:
        attributes["data-requires-python"] = file.python_requires
    if file.yanked:
        attributes["data-yanked"] = "" if file.yanked is True else file.yanked
    if file.provenance:
        attributes["data-provenance"] = file.provenance
    metadata = _metadata(style, file)
    if metadata:
        value = "true" if metadata is True else f"sha256={metadata['sha256']}"
        attributes |= {"data-core-metadata": value, "data-dist-info-metadata": value}
    written = " ".join(f'{name}="{escape(attributes[name])}"' for name in attributes)
    return f"<a {written}>{file.filename}</a><br>"
