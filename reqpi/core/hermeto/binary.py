"""The ``binary`` object of a Hermeto input: the platforms and Pythons that wheels are selected for."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen
from packaging.utils import canonicalize_name

from reqpi.core.hermeto.fields import InputFindings, shown
from reqpi.core.model import File, Project
from reqpi.core.platform_tags import platforms_of
from reqpi.core.targets import EVERYWHERE, BadFilter, InstallTarget

__all__ = ["ANY_WHEEL", "Binary", "read_binary"]

_ALL = ":all:"
_KEYS = ("packages", "arch", "os", "py_version", "py_impl", "abi", "platform")
_MOST = 50
_LONGEST_PATTERN = 200

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_WORD = re.compile(r"[a-z0-9_]{1,40}")

_SYSTEMS = {
    **{name: name for name in ("linux", "manylinux", "musllinux", "macosx", "win", "android", "ios")},
    **{"windows": "win", "darwin": "macosx", "macos": "macosx"},
}
"""The values accepted for ``os``: a system, or one of the two kinds of Linux that wheels are made for."""

_SAME_ARCH = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64", "i386": "i686", "x86": "i686", "win32": "i686"}
"""Other names of an architecture: Linux, Windows and macOS do not use the same ones."""

_SEVERAL = {"universal2": ("x86_64", "aarch64"), "intel": ("i686", "x86_64"), "universal": ("i686", "x86_64")}
"""The architectures that a macOS wheel for several of them supports (packaging.tags, mac_platforms)."""

_LINUX = re.compile(r"(manylinux|musllinux|linux)(?:_\d+_\d+|\d*)_([a-z0-9_]+)")
_MACOS = re.compile(r"macosx_\d+_\d+_([a-z0-9_]+)")
_WINDOWS = re.compile(r"win(?:_([a-z0-9_]+)|(32))")
_OTHER = re.compile(r"(android|ios)_\d+(?:_\d+)?_([a-z0-9_]+)")


@frozen
class Binary:
    """The wheels that are selected. An empty set does not restrict them.

    :param packages: the projects whose wheels are selected, without their sdists; empty: wheels and sdists of all
        projects.
    :param systems: ``linux``, ``manylinux``, ``macosx``.
    :param architectures: ``x86_64``, ``aarch64``; one name for each.
    :param pattern: a regular expression for platform tags, which replaces systems and architectures. It is not run
        here: a hostile expression runs forever.
    :param target: the Pythons, the implementations and the ABIs.
    """

    packages: frozenset[Project] = frozenset()
    systems: frozenset[str] = frozenset()
    architectures: frozenset[str] = frozenset()
    pattern: str | None = None
    target: InstallTarget = EVERYWHERE

    def takes(self, wheel: File, matched: Iterable[str] = ()) -> bool:
        """Return whether a wheel is selected.

        :param matched: the platform tags that :attr:`pattern` matches.
        """
        return self.target.takes(wheel) and any(
            tag == "any" or (tag in matched if self.pattern is not None else self._fits(tag))
            for tag in platforms_of(wheel)
        )

    def _fits(self, tag: str) -> bool:
        systems, architectures = _parts(tag)
        return (not self.systems or not self.systems.isdisjoint(systems)) and (
            not self.architectures or not self.architectures.isdisjoint(architectures)
        )


ANY_WHEEL = Binary()
"""The meaning of ``allow_binary``: every wheel."""


def read_binary(value: Any, where: str, findings: InputFindings) -> Binary | None:
    """Read a ``binary`` object; the keys that it omits mean CPython on Linux on x86_64."""
    fields = findings.an_object(value, where, '{"packages": ":all:", "arch": "x86_64"}')
    if fields is None:
        return None
    findings.keys(fields, where, _KEYS)
    pattern = _pattern(fields, where, findings)
    return Binary(
        packages=_packages(fields, where, findings),
        systems=frozenset() if pattern is not None else _systems(fields, where, findings),
        architectures=frozenset() if pattern is not None else _architectures(fields, where, findings),
        pattern=pattern,
        target=_target(fields, where, findings),
    )


def _words(fields: Mapping[str, Any], key: str, default: str, where: str, findings: InputFindings) -> list[str]:
    """Return the values of a key, which is a string of values separated by commas; empty if any value is allowed.

    Hermeto ignores empty values between commas, and a ``py_version`` that is null.
    """
    value = fields.get(key, default)
    if key == "py_version" and value is None:
        value = default
    if key == "py_version" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # json reads no integer with more digits than str() can write
    words = [word for each in value.split(",") if (word := each.strip())] if isinstance(value, str) else []
    if not words:
        findings.say(
            f"{where}.{key}", f"{shown(value)} is not a list of values", f"Write {_ALL}, or values separated by commas."
        )
        return []
    if len(words) > _MOST and key != "packages":
        findings.say(f"{where}.{key}", f"{len(words)} values are too many", f"Write at most {_MOST}.")
        return []
    return [] if _ALL in words else words


def _packages(fields: Mapping[str, Any], where: str, findings: InputFindings) -> frozenset[Project]:
    names = _words(fields, "packages", _ALL, where, findings)
    for name in names:
        if not _NAME.fullmatch(name):
            advice = f'Write "{_ALL}", or names separated by commas: "numpy,cryptography".'
            findings.say(f"{where}.packages", f"{shown(name)} is not a project name", advice)
    return frozenset(canonicalize_name(name) for name in names)


def _systems(fields: Mapping[str, Any], where: str, findings: InputFindings) -> frozenset[str]:
    words = [word.lower() for word in _words(fields, "os", "linux", where, findings)]
    for word in words:
        if word not in _SYSTEMS:
            advice = f"Write one of {', '.join(_SYSTEMS)}."
            findings.say(f"{where}.os", f"{shown(word)} is not a known system", advice)
    return frozenset(_SYSTEMS.get(word, "") for word in words)


def _architectures(fields: Mapping[str, Any], where: str, findings: InputFindings) -> frozenset[str]:
    words = [word.lower().replace("-", "_") for word in _words(fields, "arch", "x86_64", where, findings)]
    for word in words:
        if not _WORD.fullmatch(word):
            advice = "Write one such as x86_64 or aarch64."
            findings.say(f"{where}.arch", f"{shown(word)} is not an architecture", advice)
    return frozenset(map(_one_name, words))


_REPLACED = (("os", "linux"), ("arch", "x86_64"))
"""The keys that a pattern replaces, each with its default.

A default may be written next to a pattern: Hermeto does not distinguish it from an omitted key.
"""


def _pattern(fields: Mapping[str, Any], where: str, findings: InputFindings) -> str | None:
    value = fields.get("platform")
    if value is None or value == _ALL:
        return None if value is None else ""
    where, example = f"{where}.platform", "Write one such as ^manylinux.*_x86_64$."
    combined = [key for key, default in _REPLACED if fields.get(key, default) != default]
    if combined:
        problem = f"it cannot be combined with {' and '.join(combined)}"
        findings.say(where, problem, "It replaces both: keep platform, or os and arch.")
    if not isinstance(value, str) or not value:
        findings.say(where, f"{shown(value)} is not a regular expression", example)
    elif len(value) > _LONGEST_PATTERN:
        findings.say(where, f"it is longer than {_LONGEST_PATTERN} characters", example)
    else:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # FutureWarning: syntax whose meaning may change
                re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            findings.say(where, f"{shown(value)} is not a regular expression: {error}", example)
        return value
    return ""


def _target(fields: Mapping[str, Any], where: str, findings: InputFindings) -> InstallTarget:
    for key, name, default in _FILTERS:
        words = _words(fields, key, default, where, findings)
        try:
            InstallTarget.read({name: words})
        except BadFilter as bad:
            findings.say(f"{where}.{key}", str(bad).partition(": ")[2].partition("; ")[0], _ADVICE[key])
            return EVERYWHERE
    return InstallTarget.read(
        {name: _words(fields, key, default, where, InputFindings()) for key, name, default in _FILTERS}
    )


_FILTERS = (
    ("py_version", "python-version", _ALL),
    ("py_impl", "implementation", "cp"),
    ("abi", "abi", _ALL),
)
_ADVICE = {
    "py_version": 'Write one such as 312; several as "311,312".',
    "py_impl": "Write cp, pp or py.",
    "abi": "Write one such as cp312 or abi3.",
}


def _parts(tag: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the systems and the architectures that a platform tag names."""
    if found := _LINUX.fullmatch(tag):
        return frozenset({"linux", found[1]} if found[1] != "linux" else {"linux"}), frozenset({_one_name(found[2])})
    if found := _MACOS.fullmatch(tag):
        return frozenset({"macosx"}), frozenset(_SEVERAL.get(found[1], (_one_name(found[1]),)))
    if found := _WINDOWS.fullmatch(tag):
        return frozenset({"win"}), frozenset({_one_name(found[1] or "win32")})
    if found := _OTHER.fullmatch(tag):
        return frozenset({found[1]}), frozenset({_one_name(found[2])})
    return frozenset({tag}), frozenset()


def _one_name(architecture: str) -> str:
    return _SAME_ARCH.get(architecture, architecture)
