"""The model of an SBOM, independent of its format: components, their files, and their dependencies.

All are frozen values, sorted where order has no meaning, so that equal SBOMs are written as equal bytes.
"""

from __future__ import annotations

from attrs import evolve, field, frozen

from reqpi.core.model import Digest
from reqpi.core.provenance.publishers import Publisher

__all__ = ["APPLICATION", "LIBRARY", "UNDATED", "About", "Artifact", "Component", "Licence", "MainComponent", "Sbom"]

LIBRARY, APPLICATION = "library", "application"
"""Kinds of components, by the names of CycloneDX."""

UNDATED = "1970-01-01T00:00:00Z"
"""The timestamp of an SBOM of which no part has a date."""


@frozen(order=True)
class Licence:
    """A licence that a component declares.

    :param text: an SPDX expression in SPDX's spelling, or a few words.
    :param expression: whether ``text`` is an SPDX expression.
    """

    text: str
    expression: bool = False


@frozen
class About:
    """The core metadata of a release, as far as an SBOM uses it, and its publishers.

    :param summary: one line; empty if there is none.
    :param requires: the values of ``Requires-Dist``, unchanged.
    :param publishers: who published the file that the metadata is about, by attestations that were verified.
    """

    summary: str = ""
    licences: tuple[Licence, ...] = ()
    requires: tuple[str, ...] = ()
    publishers: tuple[Publisher, ...] = ()


@frozen(order=True)
class Artifact:
    """One file of a component.

    :param digests: all known digests, sorted; possibly none.
    :param url: the URL it was fetched from, without credentials.
    """

    filename: str
    wheel: bool
    digests: tuple[Digest, ...] = ()
    url: str = ""


@frozen(order=True)
class Component:
    """A release of a project on one index, or a source.

    :param purl: the purl of the release, which distinguishes components.
    :param name: the normalized name of the project.
    :param version: empty for a source whose version is not known.
    :param artifacts: its files, sorted.
    :param build: whether it is a build requirement only.
    :param missing_hash_in: the documents that pin it without a digest, sorted.
    :param found_by: the tools that added it, sorted.
    :param kind: ``library``; ``application`` for a project whose requirements are listed; or another kind that was
        read, such as ``file``.
    :param annotations: lines about it that tools wrote, sorted; one names the backend that fetched it.
    :param marked_binary: whether a document states that it has wheels, without listing one among the files.
    :param properties: (name, value) of all other properties in a document, sorted.
    :param proxies: the URLs of proxies that it was fetched through, sorted.
    """

    purl: str
    name: str
    version: str = ""
    artifacts: tuple[Artifact, ...] = ()
    summary: str = ""
    licences: tuple[Licence, ...] = ()
    build: bool = False
    missing_hash_in: tuple[str, ...] = ()
    found_by: tuple[str, ...] = ("reqpi",)
    kind: str = LIBRARY
    annotations: tuple[str, ...] = ()
    marked_binary: bool = False
    properties: tuple[tuple[str, str], ...] = ()
    proxies: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """The identifier of the component in edges."""
        return _ref(self.purl, self.name, self.version)

    @property
    def binary(self) -> bool:
        """Whether it has a wheel."""
        return self.marked_binary or any(artifact.wheel for artifact in self.artifacts)


@frozen
class MainComponent:
    """The main component of an SBOM: the project that the lock belongs to.

    :param purl: empty if it is not known.
    """

    name: str
    version: str = ""
    purl: str = ""

    @property
    def ref(self) -> str:
        """The identifier of the project in edges, if it is also listed as a component."""
        return _ref(self.purl, self.name, self.version)


@frozen
class Sbom:
    """An SBOM.

    :param key: the address, or another identifier of its inputs; equal SBOMs have equal keys.
    :param own: the main component, if it is known.
    :param components: sorted, each purl once.
    :param edges: (ref of a component, ref of a component that it requires), sorted, each once.
    :param unread: the purls whose core metadata was not available this time, sorted. If there are any, a later SBOM of
        the same key may contain more.
    :param created: RFC 3339, in UTC, with whole seconds.
    :param addresses: the addresses of the locks it was made from, sorted; ``None``: the key is the only one.
    :param index: the URL of the default index, if purls name it.
    """

    key: str
    own: MainComponent | None = None
    components: tuple[Component, ...] = ()
    edges: tuple[tuple[str, str], ...] = field(default=())
    unread: tuple[str, ...] = ()
    created: str = UNDATED
    addresses: tuple[str, ...] | None = None
    index: str = ""

    @property
    def projects(self) -> tuple[Component, ...]:
        """The components whose requirements are listed."""
        return tuple(component for component in self.components if component.kind == APPLICATION)

    def is_main(self, component: Component) -> bool:
        """Return whether a component is the main component, which may also be listed among the components."""
        return self.own is not None and component.kind == APPLICATION and component.ref == self.own.ref

    @property
    def tops(self) -> tuple[str, ...]:
        """The refs of the components that the main component requires directly, as far as they can be determined.

        If the main component is listed, its own edges name them. If not, they are the components that no other
        requires, and all components of a cycle that no component outside the cycle requires.
        """
        main = next((component.ref for component in self.projects if self.is_main(component)), None)
        if main is not None:
            return tuple(other for one, other in self.edges if one == main)
        required = {after for before, after in self.edges if before != after}
        tops = [component.ref for component in self.components if component.ref not in required]
        reached = self._reached(tops)
        return tuple(sorted({*tops, *(one.ref for one in self.components if one.ref not in reached)}))

    def _reached(self, tops: list[str]) -> set[str]:
        after: dict[str, list[str]] = {}
        for one, other in self.edges:
            after.setdefault(one, []).append(other)
        reached, waiting = set(tops), list(tops)
        while waiting:
            new = [purl for purl in after.get(waiting.pop(), ()) if purl not in reached]
            reached.update(new)
            waiting += new
        return reached

    def of(self, own: MainComponent | None) -> Sbom:
        """Return the same SBOM with another main component."""
        return evolve(self, own=own)


def _ref(purl: str, name: str, version: str) -> str:
    return purl or f"{name}@{version}"
