"""An index of generated projects, of which some are far more popular than others, and the locks that pin them.

Everything is a function of its number: two processes that make lock 7 make the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import accumulate

from attrs import define, frozen

from benchmarks.scale_sharing import FILES_OF_PINS
from reqpi.core.model import File
from tests.distributions import a_file, digest_of
from tests.fake_upstream.distributions import build_wheel, core_metadata

__all__ = ["Catalogue", "Release", "files", "installed", "line", "lock"]

_SALT = 50
"""Chosen so that a pin of a lock of 3 and of 100 pins has ten files, although few projects are in most locks."""


@frozen
class Release:
    """A release of a project.

    :param project: its rank; 0 is the most popular.
    :param version: how many releases are newer.
    """

    project: int
    version: int

    @property
    def name(self) -> str:
        """The name of the project."""
        return f"project-{self.project}"

    @property
    def text(self) -> str:
        """The version as a lock spells it."""
        return f"{100 - self.version}.0"


@define
class Catalogue:
    """The projects, and how popular they are.

    :param projects: how many there are.
    :param steepness: the exponent of Zipf's law: the project of rank ``r`` has the weight ``1 / (r + 1) ** steepness``.
    :param newest: the share of the locks that pin the newest release, and of the others those that pin the next one.
    """

    projects: int = 20_000
    steepness: float = 1.4
    newest: float = 0.5

    @cached_property
    def _weights(self) -> list[float]:
        return list(accumulate(1 / (rank + 1) ** self.steepness for rank in range(self.projects)))

    def releases(self, number: int, pins: int) -> list[Release]:
        """Return the releases that a lock pins.

        :param number: that of the lock.
        """
        chance = random.Random(f"lock {number}")
        ranks: dict[int, None] = {}
        while len(ranks) < pins:
            ranks |= dict.fromkeys(chance.choices(range(self.projects), cum_weights=self._weights, k=pins))
        return [Release(rank, self._age(chance)) for rank in list(ranks)[:pins]]

    def _age(self, chance: random.Random) -> int:
        age = 0
        while age < 99 and chance.random() > self.newest:
            age += 1
        return age


def lock(releases: Sequence[Release]) -> bytes:
    """Return a requirements file with the digests of all files of each release, as pip-compile writes it."""
    return "".join(line(release) for release in releases).encode()


@lru_cache(maxsize=50_000)
def line(release: Release) -> str:
    """Return the lines of a lock that pin a release."""
    digests = "".join(f" \\\n    --hash=sha256:{file.sha256}" for file in files(release))
    return f"{release.name}=={release.text}{digests}\n"


@lru_cache(maxsize=20_000)
def files(release: Release) -> tuple[File, ...]:
    """Return the files of a release: first the wheel that clients take, then others that no client asks for."""
    first = installed(release)
    stem = f"{release.name.replace('-', '_')}-{release.text}"
    metadata = digest_of(core_metadata(release.name, release.text))
    known = {"project": release.name, "core_metadata": metadata}
    listed = [a_file(f"{stem}-py3-none-any.whl", first, size=len(first), **known)]
    for number in range(1, _count(release)):
        filename = f"{stem}-cp3{number % 40}-cp3{number % 40}-manylinux_2_{17 + number // 40}_x86_64.whl"
        listed.append(a_file(filename, filename.encode(), size=len(first), **known))
    return tuple(listed)


@lru_cache(maxsize=1000)
def installed(release: Release) -> bytes:
    """Return the wheel of a release that clients take."""
    return build_wheel(release.name, release.text)


def _count(release: Release) -> int:
    """Return how many files a release has: as many as one of the pins of the real locks, ten on average."""
    chosen = sha256(f"{_SALT} {release.project} {release.version}".encode()).digest()
    return FILES_OF_PINS[int.from_bytes(chosen[:4]) % len(FILES_OF_PINS)]
