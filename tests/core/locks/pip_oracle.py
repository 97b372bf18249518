"""What the pip that is importable here reads in a requirements file: the oracle of the differential test."""

from __future__ import annotations

import optparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from packaging.utils import canonicalize_name

try:
    import pip
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements
    from pip._vendor.packaging.markers import Marker
except ImportError:
    VERSION = None
else:
    VERSION = tuple(int(part) for part in pip.__version__.split(".")[:2] if part.isdigit())

__all__ = ["VERSION", "PipFailed", "Said", "marker", "read"]


class PipFailed(Exception):
    """pip cannot read the document."""


@frozen(order=True)
class Said:
    """One requirement, as pip understands it.

    :param specifiers: operators and versions; none for a source.
    :param digests: those among the options.
    :param source: the URL without its fragment; empty for a release.
    :param subdirectory: in a source.
    :param in_url: the one digest that pip sees in a URL's fragment.
    """

    name: str
    specifiers: tuple[tuple[str, str], ...]
    extras: tuple[str, ...]
    marker: str
    digests: tuple[tuple[str, str], ...]
    source: str = ""
    subdirectory: str = ""
    in_url: tuple[str, str] | None = None

    @property
    def pinned(self) -> bool:
        """One exact version, or a URL that is not on this machine, as a lock might have it."""
        if self.source and self.name:
            return not self.source.startswith(("file:", "git+file:"))
        return [operator for operator, _ in self.specifiers] in (["=="], ["==="])


def marker(text: str | None) -> str:
    """``text`` as pip spells it."""
    return str(Marker(text)) if text else ""


def read(document: bytes, beside: Mapping[str, bytes] | None = None) -> list[Said]:
    """All that pip reads in ``document``, sorted.

    :param beside: the documents that lie in the same folder.
    :raises PipFailed: it refuses the document.
    """
    options = optparse.Values({"require_hashes": False, "no_require_hashes": False, "features_enabled": []})
    with tempfile.TemporaryDirectory() as folder:
        for name, data in {**(beside or {}), "requirements.txt": document}.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        try:
            parsed = list(parse_requirements(str(path), session=None, options=options))  # type: ignore[arg-type]
            return sorted(map(_said, map(install_req_from_parsed_requirement, parsed)))
        except Exception as error:  # pip raises whatever its parts raise
            raise PipFailed(f"{type(error).__name__}: {error}") from error


def _said(requirement: Any) -> Said:
    pinned = requirement.req is not None and requirement.link is None
    specifiers = tuple(sorted((one.operator, one.version) for one in requirement.req.specifier)) if pinned else ()
    return Said(
        canonicalize_name(requirement.req.name) if requirement.req is not None else "",
        specifiers,
        tuple(sorted({canonicalize_name(extra) for extra in requirement.extras})),
        str(requirement.markers or ""),
        tuple(sorted({(name, one.lower()) for name, many in requirement.hash_options.items() for one in many})),
        *(_source(requirement.link) if requirement.link is not None else ()),
    )


def _source(link: Any) -> tuple[str, str, tuple[str, str] | None]:
    in_url = (link.hash_name, link.hash.lower()) if link.hash else None
    return link.url.partition("#")[0], link.subdirectory_fragment or "", in_url


DEFAULT = "https://default.example.org"
"""The index that pip is pointed at when it reads a document's options."""


def options(document: bytes, projects: list[str]) -> tuple[list[str], dict[str, frozenset[str]]]:
    """The indexes that pip would ask after reading ``document``, and the kinds of files it would take of a project."""
    from pip._internal.index.collector import LinkCollector
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.format_control import FormatControl
    from pip._internal.models.search_scope import SearchScope
    from pip._internal.models.selection_prefs import SelectionPreferences

    scope = SearchScope(find_links=[], index_urls=[DEFAULT], no_index=False)
    preferences = SelectionPreferences(allow_yanked=True, format_control=FormatControl())
    finder = PackageFinder.create(
        link_collector=LinkCollector(session=None, search_scope=scope),  # type: ignore[arg-type]
        selection_prefs=preferences,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.txt"
        path.write_bytes(document)
        list(parse_requirements(str(path), session=None, finder=finder))  # type: ignore[arg-type]
    return list(finder.index_urls), {one: finder.format_control.get_allowed_formats(one) for one in projects}
