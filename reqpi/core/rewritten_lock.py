"""A uv.lock or pdm.lock whose files are taken from an address: its URLs are replaced, everything else stays.

The result depends on the lock and the URL of the address alone. So a client that has the lock computes the same bytes
as the server, and needs to trust neither. The text is searched for string tokens after ``url =`` and ``registry =``;
then the new text is parsed, and accepted only if it is the old document with those values replaced.

It uses only the standard library, because ``reqpi gethash`` needs it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from reqpi.core.package_tables import listed, tables_in

__all__ = ["FORMATS", "CannotRewrite", "RewrittenLock", "rewritten_lock"]

# Possessive, and never fails once a match has begun. A value in three quotes is passed over, like any other string.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)"
    r"|#[^\n]*+"
    r"""|(?<![A-Za-z0-9_-])(?P<key>(?P<mark>["']?)(?:url|registry)(?P=mark)[ \t]*+=[ \t]*+)"""
    r"""(?P<value>(?!\"\"\"|''')(?:"(?:[^"\\\n]|\\[^\n])*+"|'[^'\n]*+'))"""
    r'|"(?:[^"\\\n]|\\[^\n])*+"?'
    r"|'[^'\n]*+'?",
    re.DOTALL,
)
_KEYS = ("url", "registry")
_PLAIN = re.compile(r"[!#-\[\]^_a-z~]+")
"""A URL that is a TOML string if it is put between quotation marks."""

Replacements = Mapping[str, dict[str, str]]
"""The new URLs by the previous ones, for each of the keys ``url`` and ``registry``."""


class CannotRewrite(ValueError):
    """The lock has no URLs that can be replaced, or has them in a form that its tool does not write."""


class RewrittenLock(NamedTuple):
    """A lock, rewritten.

    :param document: the new document.
    :param elsewhere: the packages that are still taken from git, in the order of the lock.
    """

    document: bytes
    elsewhere: tuple[str, ...]


def rewritten_lock(document: bytes, here: str) -> RewrittenLock:
    """Return ``document`` with the URLs of its files, archives and indexes below ``here``.

    :param document: a uv.lock or pdm.lock that was accepted as a lock.
    :param here: the URL of its address, with a slash at the end.
    :raises CannotRewrite: it is another document, or is not written as its tool writes it.
    """
    try:
        text = document.decode("utf-8")
        tables = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise CannotRewrite("it is not TOML, so it is not a uv.lock or pdm.lock") from error
    new: Replacements = {key: {} for key in _KEYS}
    for find in (each for name, each in FORMATS.items() if name == _format(tables)):
        find(tables, _Places(here, new))
        written = _replaced_text(text, new)
        if not _is(tables, written.removeprefix("\ufeff"), new):
            raise CannotRewrite("its URLs are not written as its tool writes them; lock again")
        return RewrittenLock(written.encode(), tuple(_from_git(tables)))
    raise CannotRewrite("it is not a uv.lock or pdm.lock")


def _format(tables: Mapping[str, object]) -> str:
    metadata = tables.get("metadata")
    if isinstance(metadata, dict) and not metadata.keys().isdisjoint(["lock_version", "content_hash"]):
        return "pdm.lock" if "lock-version" not in metadata and "content-hash" not in metadata else ""
    return "uv.lock" if isinstance(tables.get("version"), int) else ""


class _Places(NamedTuple):
    """Where files are below an address, and the replacements that follow from it."""

    here: str
    new: Replacements

    def file(self, name: str, url: object) -> None:
        """Replace the URL of a project's file by that of the file in the index."""
        if isinstance(url, str) and _is_web(url) and url not in self.new["url"]:
            filename = unquote(urlsplit(url).path.rpartition("/")[2])
            if filename in ("", ".", "..") or not name.strip("."):
                raise CannotRewrite(f"a file of {name[:100]} has a URL without a filename")
            self._put("url", url, f"simple/{quote(name, safe='')}/{quote(filename, safe='')}")

    def original(self, key: str, url: object) -> None:
        """Replace a URL by the place that stands for it below ``files/``."""
        if isinstance(url, str) and _is_web(url) and url not in self.new[key]:
            self._put(key, url, original_place(url))

    def registry(self, url: object) -> None:
        """Replace the URL of an index. The first becomes the index of the address; others stay different from it.

        Packages of one name and version from two indexes are two packages to uv.
        """
        if self.new["registry"] or not isinstance(url, str) or not _is_web(url):
            self.original("registry", url)
        else:
            self._put("registry", url, "simple/")

    def _put(self, key: str, url: str, place: str) -> None:
        new = f"{self.here}{place}"
        if not _PLAIN.fullmatch(new):
            raise CannotRewrite(f"the URL of its address is not valid: {self.here[:200]}")
        self.new[key][url] = new


def original_place(url: str) -> str:
    """Return the path below an address at which the file of ``url`` is: ``files/<host>/<path>``, with its query.

    :raises CannotRewrite: the URL is not one of a file.
    """
    parts = urlsplit(url)
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    if any(segment in (".", "..") or "/" in segment for segment in (parts.netloc, *segments)) or "@" in parts.netloc:
        raise CannotRewrite("one of its URLs contains ., .., an encoded slash or a login")
    query = f"?{quote(parts.query, safe=_IN_QUERY)}" if parts.query else ""
    return "/".join(["files", quote(parts.netloc, safe=":[]"), *(quote(each, safe="") for each in segments)]) + query


_IN_QUERY = "!$&()*+,/:;=?@%~-._"


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).netloc)
    except ValueError as error:
        raise CannotRewrite("one of its URLs is not valid") from error


def _uv(tables: Mapping[str, object], places: _Places) -> None:
    for package in tables_in(tables.get("package")):
        name, source = package.get("name"), package.get("source")
        source = source if isinstance(source, dict) else {}
        places.registry(source.get("registry"))
        places.original("url", source.get("url"))
        for file in tables_in([package.get("sdist"), *listed(package.get("wheels"))]):
            if "url" in source:
                places.original("url", file.get("url"))
            elif "registry" in source and isinstance(name, str):
                places.file(name, file.get("url"))


def _pdm(tables: Mapping[str, object], places: _Places) -> None:
    for package in tables_in(tables.get("package")):
        name = package.get("name")
        places.original("url", package.get("url"))
        for file in tables_in(package.get("files")):
            if isinstance(name, str) and "git" not in package:
                places.file(name, file.get("url"))
    # Before lock_version 4.4 the files are in a table of their own, by "name version".
    metadata = tables.get("metadata")
    older = metadata.get("files") if isinstance(metadata, dict) else None
    for named, files in older.items() if isinstance(older, dict) else ():
        for file in tables_in(files):
            places.file(named.partition(" ")[0].partition("[")[0], file.get("url"))


FORMATS: Mapping[str, Callable[[Mapping[str, object], _Places], None]] = {"uv.lock": _uv, "pdm.lock": _pdm}
"""The formats that can be rewritten, each with the function that finds its URLs."""


def _from_git(tables: Mapping[str, object]) -> Iterator[str]:
    for package in tables_in(tables.get("package")):
        source = package.get("source")
        if "git" in package or (isinstance(source, dict) and "git" in source):
            yield str(package.get("name"))


def _replaced_text(text: str, new: Replacements) -> str:
    def replaced(token: re.Match[str]) -> str:
        if token["value"] is None:
            return token[0]
        key = "url" if "url" in token["key"] else "registry"
        value = new[key].get(_decoded(token["value"]))
        return token[0] if value is None else f'{token["key"]}"{value}"'

    return _TOKEN.sub(replaced, text)


def _decoded(token: str) -> str:
    """Return the value of a TOML string in one line."""
    if token[0] == "'" or "\\" not in token:
        return token[1:-1]
    try:
        return str(tomllib.loads(f"v={token}")["v"])
    except ValueError:
        return ""


def _is(tables: Mapping[str, object], text: str, new: Replacements) -> bool:
    """Return whether ``text`` is the document ``tables`` with all values replaced."""
    try:
        return bool(tomllib.loads(text) == _replaced(tables, new))
    except (ValueError, RecursionError):
        return False


def _replaced(value: object, new: Replacements) -> object:
    if isinstance(value, dict):
        return {
            key: new[key].get(each, each) if key in new and isinstance(each, str) else _replaced(each, new)
            for key, each in value.items()
        }
    return [_replaced(each, new) for each in value] if isinstance(value, list) else value
