"""What a bill of materials says, whatever it is written as: components, their files, and what requires what.

All of them are frozen values, sorted where order means nothing, so that equal ones are written as equal bytes.
"""

from __future__ import annotations

from attrs import evolve, field, frozen

from reqpi.core.model import Digest

__all__ = ["APPLICATION", "LIBRARY", "UNDATED", "About", "Artifact", "Component", "Licence", "MainComponent", "Sbom"]

LIBRARY, APPLICATION = "library", "application"
"""Kinds of components, as CycloneDX calls them."""

UNDATED = "1970-01-01T00:00:00Z"
"""When a bill was made of which nothing is known that has a date."""


@frozen(order=True)
class Licence:
    """What a component says that its licence is.

    :param text: an SPDX expression, as SPDX spells it; or a few words.
    :param expression: which of both.
    """

    text: str
    expression: bool = False


@frozen
class About:
    """What core metadata says of a release.

    :param summary: one line; empty where there is none.
    :param requires: the lines of ``Requires-Dist``, as they stand there.
    """

    summary: str = ""
    licences: tuple[Licence, ...] = ()
    requires: tuple[str, ...] = ()


@frozen(order=True)
class Artifact:
    """One file of a component.

    :param digests: all that are known, sorted; none is possible.
    :param url: where it came from, without credentials.
    """

    filename: str
    wheel: bool
    digests: tuple[Digest, ...] = ()
    url: str = ""


@frozen(order=True)
class Component:
    """One release of one project, or one source, as one index has it.

    :param purl: of the whole release; what components are told apart by.
    :param name: of the project, normalised.
    :param version: empty where a source has none that is known.
    :param artifacts: its files, sorted.
    :param build: nothing needs it but builds.
    :param missing_hash_in: the documents that pin it without a digest, sorted.
    :param found_by: the tools that added it, sorted.
    :param kind: ``library``; ``application`` for a project whose requirements are listed; or ``file``.
    :param annotations: lines about it that tools left, sorted; the backend that fetched it is one.
    :param marked_binary: a document says that wheels are among its files, whatever it says of the files.
    :param properties: what else a document says of it, by name, sorted.
    :param proxies: URLs that it came through, sorted.
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
        """Return what edges call it."""
        return _ref(self.purl, self.name, self.version)

    @property
    def binary(self) -> bool:
        """Whether a wheel is among its files."""
        return self.marked_binary or any(artifact.wheel for artifact in self.artifacts)


@frozen
class MainComponent:
    """What a bill is of: the project whose lock it is.

    :param purl: empty where none is known.
    """

    name: str
    version: str = ""
    purl: str = ""

    @property
    def ref(self) -> str:
        """Return what edges call it, if it is listed as a component."""
        return _ref(self.purl, self.name, self.version)


@frozen
class Sbom:
    """A bill of materials.

    :param key: what it is made of: the address; equal bills have equal keys.
    :param own: the main component, where it is known.
    :param components: sorted, each purl once.
    :param edges: (ref of a component, ref of what it requires), sorted, each once.
    :param unread: the purls whose core metadata could not be had this time, sorted. With any, a later bill of the same
        key may say more.
    :param created: RFC 3339, in UTC, with whole seconds.
    :param addresses: of the locks that it is made of, sorted; ``None``: the key is the only one.
    :param index: the default index, if purls name it.
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
        """Return the components whose requirements are listed."""
        return tuple(component for component in self.components if component.kind == APPLICATION)

    def is_main(self, component: Component) -> bool:
        """Whether a component is the main component, which then is also listed as one of them."""
        return self.own is not None and component.kind == APPLICATION and component.ref == self.own.ref

    @property
    def tops(self) -> tuple[str, ...]:
        """Return the refs that the main component requires itself, as far as that can be told.

        If it is one of the components, its own edges say so. If not, it is what no other requires; where components
        require each other in a circle that nothing leads into, all of that circle.
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
        """The same bill, of that project."""
        return evolve(self, own=own)


def _ref(purl: str, name: str, version: str) -> str:
    return purl or f"{name}@{version}"
