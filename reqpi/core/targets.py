"""Targets: where something is to be installed, given by the filters of ``pip download``.

A filter that is not given is open: ``--platform`` alone means every Python on that platform. pip assumes the Python
that runs it; a server cannot.

Compatibility is that of the tags (:pep:`425`); :mod:`reqpi.core.platform_tags` has the platforms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TypeVar

from attrs import frozen
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from reqpi.core.marker_environments import environments_of, may_hold
from reqpi.core.model import File
from reqpi.core.platform_tags import ordered_platforms, tag_sets

__all__ = ["EVERYWHERE", "FILTERS", "STABLE_ABIS", "BadFilter", "InstallTarget"]

_T = TypeVar("_T")

_MOST = 50
"""The largest number of values of one filter."""

_TAG = re.compile(r"[a-z0-9_]{1,100}")
_INTERPRETER = re.compile(r"([a-z]+)(\d)(\d*)(?:_\d+)*")
_PYTHON = re.compile(r"(\d{1,2})(?:\.(\d{1,3})(?:\.(\d{1,3}))?)?")
_SHORT = {"cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy", "python": "py"}


class BadFilter(ValueError):
    """A filter has an invalid value. The message names it and says what to write."""


@frozen(slots=False, cache_hash=True)
class InstallTarget:
    """A target: where something is to be installed. An empty field is open.

    :param platforms: platform tags: ``manylinux2014_x86_64``.
    :param pythons: ``3.12`` as ``(3, 12)``; one number or three are allowed, too.
    :param implementations: ``cp``, ``pp``, ``py``.
    :param abis: ``cp312``, ``abi3``, ``abi3t``, ``none``.
    :param only_binary: the projects whose sdists are not wanted, or ``:all:``.
    :param no_binary: the projects whose wheels are not wanted, or ``:all:``.
    """

    platforms: frozenset[str] = frozenset()
    pythons: frozenset[tuple[int, ...]] = frozenset()
    implementations: frozenset[str] = frozenset()
    abis: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()

    @classmethod
    def read(cls, values: Mapping[str, Sequence[str]]) -> InstallTarget:
        """Create a target from the values of :data:`FILTERS`. A filter that is not given is open.

        :param values: the values of each filter, as given on a command line or in a query.
        :raises BadFilter: a value is not valid.
        """
        for name, given in values.items():
            if len(given) > _MOST:
                raise BadFilter(f"{name}: at most {_MOST} values are allowed")
        return cls(
            platforms=_read(values, "platform", _tag),
            pythons=_read(values, "python-version", _python),
            implementations=_read(values, "implementation", _implementation),
            abis=_read(values, "abi", _tag),
            only_binary=_names("only-binary", values.get("only-binary", ())),
            no_binary=_names("no-binary", values.get("no-binary", ())),
        )

    def takes(self, file: File) -> bool:
        """Return whether ``file`` may be installed on the target."""
        if not file.wheel:
            return not self.only_binary & {":all:", file.project} and self.runs(file.requires_python)
        if self.no_binary & {":all:", file.project}:
            return False
        return _has_fitting_tags(self, file.filename) and self.runs(file.requires_python)

    def needs(self, marker: str) -> bool:
        """Return whether a requirement with ``marker`` may be needed on the target.

        The marker is evaluated for each named platform and Python. A marker that depends on anything that these leave
        open may hold.
        """
        return may_hold(marker, self.platforms, self.pythons)

    def environments(self) -> list[dict[str, str]]:
        """Return the marker environments of the target, as far as they are determined.

        Open platforms and Pythons stand for the common ones; the implementation is CPython unless another is named.
        """
        return environments_of(self.platforms, self.pythons, self.implementations)

    def as_json(self) -> dict[str, list[str]]:
        """Return the values of the filters that are not open, by the names of :data:`FILTERS`."""
        given = {
            "platform": self.platforms,
            "python-version": (".".join(map(str, python)) for python in self.pythons),
            "implementation": self.implementations,
            "abi": self.abis,
            "only-binary": self.only_binary,
            "no-binary": self.no_binary,
        }
        return {name: values for name, each in given.items() if (values := sorted(each))}

    def runs(self, requires_python: str | None) -> bool:
        """Return whether a ``requires-python`` allows one of the Pythons. An invalid one is ignored, as by pip."""
        if requires_python is None or not self.pythons:
            return True
        return any(_runs(requires_python, python) for python in self.pythons)

    def fits_tags(self, wheel: str) -> bool:
        """Return whether the tags in the filename of a wheel are for the target."""
        interpreters, abis, platforms = tag_sets(wheel)
        return (not self.platforms or not self._platforms.isdisjoint(platforms)) and any(
            self._loads(interpreter, abi) for interpreter in interpreters for abi in abis
        )

    @cached_property
    def _platforms(self) -> frozenset[str]:
        return frozenset({"any"}.union(*map(ordered_platforms, self.platforms)))

    def _loads(self, interpreter: str, abi: str) -> bool:
        """Return whether a wheel with this interpreter and ABI fits one of the Pythons."""
        match = _INTERPRETER.fullmatch(interpreter)
        if match is None:
            return False
        short, major, minor = match[1], int(match[2]), int(match[3]) if match[3] else None
        if self.implementations and short not in self.implementations | {"py"}:
            return False
        if self.abis and abi not in self._abis:
            return False
        return not self.pythons or any(_fits(python, (short, major, minor), abi) for python in self.pythons)

    @cached_property
    def _abis(self) -> frozenset[str]:
        # Free-threaded builds have a stable ABI of their own (:pep:`803`).
        stable = {"abi3t" if abi.endswith("t") else "abi3" for abi in self.abis}
        return self.abis | stable | {"none"}


STABLE_ABIS = frozenset({"abi3", "abi3t"})
"""The ABI tags of wheels that run on later versions of CPython too: with the GIL, and free-threaded (:pep:`803`)."""

EVERYWHERE = InstallTarget()
"""The target with every filter open."""

FILTERS = ("platform", "python-version", "implementation", "abi", "only-binary", "no-binary")
"""The filters, named as pip's options."""


def _fits(python: tuple[int, ...], interpreter: tuple[str, int, int | None], abi: str) -> bool:
    """Return whether a wheel with that interpreter and ABI runs on ``python``, a version of one or more numbers."""
    short, major, minor = interpreter
    if major != python[0]:
        return False
    if minor is None or len(python) == 1:
        return True
    if short == "py" or abi in STABLE_ABIS:
        return minor <= python[1]
    return minor == python[1]


@lru_cache(8192)
def _has_fitting_tags(target: InstallTarget, wheel: str) -> bool:
    """Return the result of :meth:`InstallTarget.fits_tags`: the files of a lock are counted again and again."""
    return target.fits_tags(wheel)


@lru_cache(4096)
def _runs(requires_python: str, python: tuple[int, ...]) -> bool:
    """Return whether a ``requires-python`` allows a Python. The files of a lock have few different ones."""
    try:
        specifier = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return True
    return _within(specifier, python)


def _within(specifier: SpecifierSet, python: tuple[int, ...]) -> bool:
    """Return whether ``specifier`` contains any release of a Python version.

    ``3.9`` may be any 3.9, including the newest, because a file does not say which.
    """
    if len(python) > 2:
        return specifier.contains(Version(".".join(map(str, python))), prereleases=True)
    start = ".".join(map(str, python))
    last = "999" if len(python) == 2 else "999.999"
    return any(specifier.contains(Version(f"{start}{rest}"), prereleases=True) for rest in ("", f".{last}"))


def _read(values: Mapping[str, Sequence[str]], name: str, parse: Callable[[str, str], _T]) -> frozenset[_T]:
    return frozenset(parse(name, text.strip().lower()) for text in values.get(name, ()))


def _tag(name: str, text: str) -> str:
    if (name, text) == ("platform", "current"):
        raise BadFilter("platform: a server does not know which platform is current; name its tag")
    tag = text.replace("-", "_").replace(".", "_")
    if not _TAG.fullmatch(tag):
        raise BadFilter(f"{name}: {text[:60]!r} is not a valid tag; write one such as manylinux2014_x86_64 or cp312")
    return tag


def _implementation(name: str, text: str) -> str:
    short = _SHORT.get(text, text)
    if not re.fullmatch("[a-z]{2,20}", short):
        raise BadFilter(f"{name}: {text[:60]!r} is not an implementation; write cp, pp or py")
    return short


def _python(name: str, text: str) -> tuple[int, ...]:
    """Parse ``3.12``, ``3.12.1``, ``3``, or ``312``, which pip reads as 3.12."""
    if text.isascii() and text.isdigit() and 1 < len(text) <= 4:
        text = f"{text[0]}.{text[1:]}"
    match = _PYTHON.fullmatch(text)
    if match is None:
        raise BadFilter(f"{name}: {text[:60]!r} is not a Python version; write one such as 3.12")
    return tuple(int(number) for number in match.groups() if number is not None)


def _names(option: str, texts: Iterable[str]) -> frozenset[str]:
    """Parse project names as pip does: the names accumulate, and ``:none:`` clears them."""
    names: set[str] = set()
    for name in (name.strip() for text in texts for name in text.split(",")):
        if name == ":none:":
            names = set()
        elif name == ":all:" or re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?", name):
            names.add(name if name == ":all:" else canonicalize_name(name))
        else:
            raise BadFilter(f"{option}: {name[:60]!r} is not a project name; write :all:, or names separated by commas")
    return frozenset(names)
