"""What a bill of materials says, whatever it is written as: components, their files, and what requires what.

All of them are frozen values, sorted where order means nothing, so that equal ones are written as equal bytes.
"""

from __future__ import annotations

from attrs import evolve, field, frozen

from reqpi.model import Digest

__all__ = ["UNDATED", "About", "Artifact", "Bill", "Component", "Licence", "Own"]

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
    :param found_by: the tool that added it.
    """

    purl: str
    name: str
    version: str = ""
    artifacts: tuple[Artifact, ...] = ()
    summary: str = ""
    licences: tuple[Licence, ...] = ()
    build: bool = False
    missing_hash_in: tuple[str, ...] = ()
    found_by: str = "reqpi"

    @property
    def binary(self) -> bool:
        """Whether a wheel is among its files."""
        return any(artifact.wheel for artifact in self.artifacts)


@frozen
class Own:
    """What a bill is of: the project whose lock it is.

    :param purl: empty where none is known.
    """

    name: str
    version: str = ""
    purl: str = ""


@frozen
class Bill:
    """A bill of materials.

    :param key: what it is made of: the address; equal bills have equal keys.
    :param own: the main component, where it is known.
    :param components: sorted, each purl once.
    :param edges: (purl, purl of what it requires), sorted, each once.
    :param unread: the purls whose core metadata could not be had this time, sorted. With any, a later bill of the same
        key may say more.
    :param created: RFC 3339, in UTC, with whole seconds.
    """

    key: str
    own: Own | None = None
    components: tuple[Component, ...] = ()
    edges: tuple[tuple[str, str], ...] = field(default=())
    unread: tuple[str, ...] = ()
    created: str = UNDATED

    @property
    def tops(self) -> tuple[str, ...]:
        """The purls that the main component requires itself, as far as that can be told: what no other requires.

        Where components require each other in a circle that nothing leads into, all of that circle.
        """
        required = {after for before, after in self.edges if before != after}
        tops = [component.purl for component in self.components if component.purl not in required]
        reached = self._reached(tops)
        return tuple(sorted({*tops, *(one.purl for one in self.components if one.purl not in reached)}))

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

    def of(self, own: Own | None) -> Bill:
        """The same bill, of that project."""
        return evolve(self, own=own)
