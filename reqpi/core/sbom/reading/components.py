"""The parts of a document that both formats share: purls, properties and licences."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, evolve, field
from packageurl import PackageURL

from reqpi.core.sbom.about import as_expression
from reqpi.core.sbom.model import Component, Licence
from reqpi.core.sbom.properties import UNREAD, UNREAD_VALUE
from reqpi.core.sbom.reading.fields import BadSbom
from reqpi.core.sbom.text import words

__all__ = ["LONGEST_VERSION", "Gathered", "as_licences", "name_in", "one_line", "purl_in", "with_properties"]

_PREFIXES = ("hermeto", "reqpi", "cachi2")
LONGEST_VERSION = 1000
"""The maximum length of a version in characters. CycloneDX allows 1,024."""

_LONGEST_PURL = 8000
_LONGEST_LINE = 8000
_LONGEST_LICENCE = 200
_MOST = 100_000
_MOST_EDGES = 1_000_000


@define
class Gathered:
    """The components and edges read so far from a document.

    :param refs: the refs of the components that an id of the document stands for, one for each purl.
    """

    components: list[Component] = field(factory=list)
    refs: dict[str, list[str]] = field(factory=dict)
    edges: set[tuple[str, str]] = field(factory=set)
    unread: set[str] = field(factory=set)
    _edges_left: int = _MOST_EDGES

    def add(self, identifier: str, component: Component, unread: bool, where: str) -> None:
        """Add a component.

        :param identifier: its id in the document.
        :param unread: whether its core metadata was not available.
        :raises BadSbom: there are too many components.
        """
        known = self.refs.setdefault(identifier, [])
        if component.ref not in known:
            known.append(component.ref)
        self.components.append(component)
        if unread:
            self.unread.add(component.ref)
        if len(self.components) > _MOST:
            raise BadSbom(where, f"there are more than {_MOST} components")

    def connect(self, one: str, other: str) -> bool:
        """Add the edges between the components of two ids.

        :returns: whether both ids stand for components.
        :raises BadSbom: there are too many edges.
        """
        ones, others = self.refs.get(one, ()), self.refs.get(other, ())
        self._edges_left -= len(ones) * len(others)
        if self._edges_left < 0:  # one relationship stands for the product of the purls of two packages
            raise BadSbom("", f"there are more than {_MOST_EDGES} edges")
        self.edges.update((a, b) for a in ones for b in others if a != b)
        return bool(ones and others)


def purl_in(value: str, where: str) -> str:
    """Return a purl in its canonical spelling; empty if ``value`` is empty.

    :raises BadSbom: it is not a purl.
    """
    if not value:
        return ""
    try:
        if len(value) > _LONGEST_PURL:
            raise ValueError("it is too long")
        return PackageURL.from_string(value).to_string()
    except ValueError as error:
        advice = "Write one such as pkg:pypi/six@1.17.0."
        raise BadSbom(where, f"{value[:80]!r} is not a purl: {str(error)[:100]}", advice) from None


def name_in(purl: str) -> str:
    """Return the name in a canonical purl."""
    return PackageURL.from_string(purl).name if purl else ""


def with_properties(component: Component, properties: Iterable[tuple[str, str]]) -> tuple[Component, bool]:
    """Return a component with the values of its properties, and whether its core metadata was unread."""
    found_by, missing, others = set(), set(), set()
    build = binary = unread = False
    for name, value in properties:
        prefix, _, what = name.partition(":")
        what = what if prefix in _PREFIXES else ""
        if what == "found_by":
            found_by.add(value)
        elif what == "missing_hash:in_file":
            missing.add(value)
        elif what == "pip:package:binary":
            binary = binary or value == "true"
        elif what == "pip:package:build-dependency":
            build = build or value == "true"
        elif (name, value) == (UNREAD, UNREAD_VALUE):
            unread = True
        else:
            others.add((name, value))
    said = evolve(
        component,
        found_by=tuple(sorted(found_by)),
        missing_hash_in=tuple(sorted(missing)),
        build=build,
        marked_binary=binary and not component.binary,
        properties=tuple(sorted(others)),
    )
    return said, unread


def as_licences(said: str, *, words_only: bool = False) -> list[Licence]:
    """Return an expression in SPDX's spelling, or a few words; an empty list for an empty text.

    :param words_only: do not try to read ``said`` as an expression.
    """
    if not words_only and (expression := as_expression(said)) is not None:
        return [expression]
    text = words(said, _LONGEST_LICENCE)
    return [Licence(text)] if text else []


def one_line(value: str) -> str:
    """Return a text on one line."""
    return words(value, _LONGEST_LINE)
