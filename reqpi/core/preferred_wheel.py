"""The choice of the one wheel of a release that pip would install on a target, if a lock admits several.

pip chooses the wheel whose tag comes first among the tags that an interpreter supports, most specific first
(:pep:`425`); of two wheels with the same tag, the one with the higher build number. A target with several platforms or
Pythons has one choice for each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

from attrs import evolve, field, frozen
from packaging.tags import Tag, compatible_tags, cpython_tags, generic_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from reqpi.core.filenames import variant_label
from reqpi.core.model import File
from reqpi.core.platform_tags import ordered_platforms
from reqpi.core.targets import STABLE_ABIS, InstallTarget

__all__ = ["preferred"]

_OPEN_PYTHONS = tuple((3, minor) for minor in range(6, 16))
"""The Pythons to choose for, if a target names none."""

_ANY = 1 << 30
"""The rank of a wheel that a target takes but packaging does not list: behind all others."""

_ABI = re.compile(r"cp\d+[a-z]*")


def preferred(files: Iterable[File], target: InstallTarget) -> list[File]:
    """Return the files that pip would take on ``target``, in the given order.

    If a release has a wheel for the target, its sdists are left out. Sources (a URL, a commit) stay. If the target
    names no platform, it leaves too much open for a choice, and all files stay.

    :param files: files that ``target`` takes.
    """
    listed = list(files)
    if not target.platforms:
        return listed
    places = [_Place.of(each) for each in _single(target)]
    releases: dict[tuple[str, str], list[File]] = {}
    for file in listed:
        if file.source is None:
            releases.setdefault((file.project, str(file.version)), []).append(file)
    chosen = {file for release in releases.values() for file in _of_release(release, places)}
    return [file for file in listed if file.source is not None or file in chosen]


def _of_release(release: Sequence[File], places: Iterable[_Place]) -> Iterable[File]:
    wheels = [file for file in release if file.wheel and variant_label(file.filename) is None]  # pip takes no variant
    chosen = {best for place in places if (best := place.best(wheels)) is not None}
    return chosen or release


def _single(target: InstallTarget) -> Iterator[InstallTarget]:
    """Yield targets with one platform, one Python and at most one ABI each, which together are ``target``."""
    pythons = {python for python in target.pythons if len(python) > 1} or _OPEN_PYTHONS
    abis = {abi for abi in target.abis if _ABI.fullmatch(abi)} or {""}
    for platform, python, abi in product(target.platforms, pythons, abis):
        yield evolve(
            target,
            platforms=frozenset({platform}),
            pythons=frozenset({python}),
            abis=frozenset({abi}) if abi else target.abis,
        )


@frozen
class _Place:
    """A target with one platform and one Python.

    :param ranks: the rank of each tag; 0 is the most specific.
    """

    target: InstallTarget
    ranks: Mapping[Tag, int] = field(repr=False)

    @classmethod
    @lru_cache(maxsize=16)  # the tags of one take 2 ms, and a lock has many projects
    def of(cls, target: InstallTarget) -> _Place:
        """Create it from a target with one platform and one Python."""
        return cls(target, {tag: rank for rank, tag in reversed(list(enumerate(_tags(target))))})

    def best(self, wheels: Iterable[File]) -> File | None:
        """Return the wheel that pip would take there; ``None`` if it can take none of them."""
        able = [wheel for wheel in wheels if self.target.takes(wheel)]
        return min(able, key=self._key, default=None)

    def _key(self, wheel: File) -> tuple[bool, int, tuple[int, str], str]:
        try:
            _, _, build, tags = parse_wheel_filename(wheel.filename)
        except InvalidWheelFilename:
            return wheel.yanked is not None, _ANY, (0, ""), wheel.filename
        rank = min((self.ranks.get(tag, _ANY) for tag in tags), default=_ANY)
        number, suffix = build or (0, "")
        return wheel.yanked is not None, rank, (-number, suffix), wheel.filename


def _tags(target: InstallTarget) -> Iterator[Tag]:
    (platform,), (python,) = target.platforms, target.pythons
    platforms = [*ordered_platforms(platform)]
    short = f"{python[0]}{python[1]}"
    abis = sorted(target.abis - STABLE_ABIS - {"none"})
    free_threaded = "t" if "abi3t" in target.abis else ""
    for implementation in sorted(target.implementations - {"py"}) or ["cp"]:
        interpreter = f"{implementation}{short}"
        if implementation == "cp":
            yield from cpython_tags(python[:2], abis or [f"{interpreter}{free_threaded}"], platforms)
        else:
            yield from generic_tags(interpreter, abis, platforms)
        yield from compatible_tags(python[:2], interpreter, platforms)
