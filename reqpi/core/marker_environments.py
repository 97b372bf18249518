"""Marker environments: the values that a marker is evaluated with (:pep:`508`), derived from platform tags and Pythons.

A platform tag and a Python version determine some of the values. The rest stays open, so a marker that depends on it
may hold.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from packaging.markers import InvalidMarker, Marker

__all__ = ["COMMON_PLATFORMS", "COMMON_PYTHONS", "environments_of", "may_hold"]

_IMPLEMENTATIONS = {"cp": ("CPython", "cpython"), "pp": ("PyPy", "pypy")}
COMMON_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "macosx_14_0_arm64", "win_amd64")
COMMON_PYTHONS = tuple((3, minor) for minor in range(9, 16))

_KNOWN = frozenset(
    {"python_version", "python_full_version", "os_name", "sys_platform", "platform_system", "platform_machine"}
)
_VARIABLE = re.compile(
    r"\b(?:python_\w+|os_name|sys_platform|platform_\w+|implementation_\w+|extras?|dependency_groups)\b"
)
_SYSTEMS = {
    "linux": ("posix", "linux", "Linux"),
    "manylinux": ("posix", "linux", "Linux"),
    "musllinux": ("posix", "linux", "Linux"),
    "macosx": ("posix", "darwin", "Darwin"),
    "win": ("nt", "win32", "Windows"),
}
_BEFORE_MACHINE = re.compile(r"^(?:linux|(?:many|musl)linux\d*(?:_\d+_\d+)?|macosx_\d+_\d+)_")
_MACHINES = {"win_amd64": "AMD64", "win32": "x86", "win_arm64": "ARM64"}


def may_hold(marker: str, platforms: Iterable[str], pythons: Collection[tuple[int, ...]]) -> bool:
    """Return whether ``marker`` may hold for any of the platforms and Pythons.

    A marker that is empty, invalid, or depends on values that are not determined may hold.

    :param platforms: platform tags; empty if they are open.
    :param pythons: ``3.12`` as ``(3, 12)``; empty if they are open.
    """
    known = [_values(platform, python) for platform in platforms for python in pythons]
    if not marker or not known:
        return True
    try:
        parsed = Marker(marker)
    except InvalidMarker:
        return True
    if not set(_VARIABLE.findall(marker)) <= _KNOWN:
        return True
    return any(values is None or parsed.evaluate(values) for values in known)


def environments_of(
    platforms: Collection[str], pythons: Iterable[tuple[int, ...]], implementations: Iterable[str]
) -> list[dict[str, str]]:
    """Return the marker environment of each platform, Python and implementation, as far as it is determined.

    :param platforms: platform tags; if empty, those of the common platforms.
    :param pythons: ``3.12`` as ``(3, 12)``; if none has a minor version, the common Pythons.
    :param implementations: ``cp``, ``pp``; if none of these is named, ``cp``.
    """
    precise = [python for python in pythons if len(python) > 1] or COMMON_PYTHONS
    pairs = [(platform, python) for platform in platforms or COMMON_PLATFORMS for python in precise]
    named = [_IMPLEMENTATIONS[name] for name in implementations if name in _IMPLEMENTATIONS]
    return [
        values | {"platform_python_implementation": long, "implementation_name": short}
        for platform, python in pairs
        for long, short in named or [_IMPLEMENTATIONS["cp"]]
        if (values := _values(platform, python)) is not None
    ]


def _values(platform: str, python: tuple[int, ...]) -> dict[str, str] | None:
    """Return the values that a platform tag and a Python determine; ``None`` if these are too few."""
    kind = next((kind for kind in _SYSTEMS if re.match(rf"{kind}(?:\d|_|$)", platform)), None)
    if kind is None or len(python) < 2:
        return None
    os_name, sys_platform, system = _SYSTEMS[kind]
    machine = _MACHINES.get(platform) or _BEFORE_MACHINE.sub("", platform)
    full = ".".join(map(str, python if len(python) > 2 else (*python, 0)))
    return {
        "python_version": f"{python[0]}.{python[1]}",
        "python_full_version": full,
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
    }
