"""The environments in which a lock is checked: those of the target, or those that the lock describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, field, frozen
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from reqpi.core.marker_environments import COMMON_PLATFORMS, COMMON_PYTHONS
from reqpi.core.model import Support
from reqpi.core.targets import InstallTarget

__all__ = ["Environments", "SingleTarget", "environments_for"]

_PATCHES = 60
"""Patch releases of a Python that are tried: the longest series, 3.8 and 3.9, have 25."""


@frozen
class SingleTarget:
    """One environment.

    :param target: with one Python, and the platform if the user named one.
    :param values: the values that markers are evaluated with.
    :param named: the user named it, so each release must have a file for it. A lock that was not made for all common
        environments is not blamed for the wheels that it lacks there.
    """

    target: InstallTarget
    values: Mapping[str, str] = field(hash=False)
    named: bool = False

    @property
    def name(self) -> str:
        """The environment in words: ``linux x86_64, CPython 3.11``."""
        values = self.values
        system, machine = values["sys_platform"], values["platform_machine"]
        return f"{system} {machine}, {values['platform_python_implementation']} {values['python_version']}"


@frozen
class Environments:
    """The environments in which a lock is checked.

    :param basis: ``target``, ``lock``, or ``common`` if neither names any.
    """

    basis: str
    each: tuple[SingleTarget, ...]


def environments_for(target: InstallTarget, support: Support) -> Environments:
    """Return the environments in which to check a lock.

    :param support: what the lock describes; used if the target names neither a platform nor a Python.
    """
    named = bool(target.platforms) or any(len(python) > 1 for python in target.pythons)
    common = tuple(_common(target, named=named))
    if named:
        return Environments("target", common)
    if not support.requires_python and not support.environments:
        return Environments("common", common)
    markers = [Marker(marker) for marker in support.environments]
    pythons = SpecifierSet(support.requires_python)
    found = (_with_patch(each, pythons) for each in common)
    return Environments("lock", tuple(each for each in found if each is not None and _described(each, markers)))


def _common(target: InstallTarget, *, named: bool) -> Iterator[SingleTarget]:
    """Yield the environments of a target; an open platform or Python stands for the common ones."""
    pythons = sorted(python for python in target.pythons if len(python) > 1) or COMMON_PYTHONS
    for platform in sorted(target.platforms) or COMMON_PLATFORMS:
        for python in pythons:
            single = evolve(target, platforms=frozenset({platform}), pythons=frozenset({python}))
            for values in single.environments():
                yield SingleTarget(evolve(single, platforms=single.platforms & target.platforms), values, named)


def _with_patch(environment: SingleTarget, pythons: SpecifierSet) -> SingleTarget | None:
    """Return the environment with the first patch release of its Python that a lock allows; ``None`` without one."""
    (python,) = environment.target.pythons
    for patch in range(_PATCHES):
        full = f"{python[0]}.{python[1]}.{patch}"
        if pythons.contains(full, prereleases=True):
            exact = evolve(environment.target, pythons=frozenset({(python[0], python[1], patch)}))
            return SingleTarget(exact, {**environment.values, "python_full_version": full})
    return None


def _described(environment: SingleTarget, markers: list[Marker]) -> bool:
    return not markers or any(marker.evaluate(dict(environment.values)) for marker in markers)
