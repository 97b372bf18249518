"""What is installed where: the filters of ``pip download``, which say for whom files are held.

Each filter is open where nothing is said: ``--platform`` alone means every Python on that platform. pip, asked for a
platform, means the Python that runs it; a server has none to mean.

Compatibility is that of the tags (:pep:`425`), with the platforms of :pep:`600` (manylinux) and :pep:`656` (musllinux).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from attrs import frozen
from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import mac_platforms
from packaging.utils import canonicalize_name
from packaging.version import Version

from reqpi.core.model import File

__all__ = ["EVERYWHERE", "FILTERS", "BadFilter", "InstallTarget", "ordered_platforms", "platforms_of"]

_T = TypeVar("_T")

_MOST = 50
"""Values of one filter."""

_TAG = re.compile(r"[a-z0-9_]{1,100}")
_INTERPRETER = re.compile(r"([a-z]+)(\d)(\d*)(?:_\d+)*")
_PYTHON = re.compile(r"(\d{1,2})(?:\.(\d{1,3})(?:\.(\d{1,3}))?)?")
_MANYLINUX = re.compile(r"manylinux_(\d{1,3})_(\d{1,3})_([a-z0-9_]+)")
_MUSLLINUX = re.compile(r"musllinux_(\d{1,3})_(\d{1,3})_([a-z0-9_]+)")
_MACOS = re.compile(r"macosx_(\d{1,3})_(\d{1,3})_([a-z0-9_]+)")

_OLD_MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""The glibc that each meant (:pep:`600`, legacy manylinux tags)."""

_SHORT = {"cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy", "python": "py"}


class BadFilter(ValueError):
    """A filter has a value that means nothing; the message says which, and what to write."""


@frozen(slots=False)
class InstallTarget:
    """Where something is to be installed. Every field is open where it is empty.

    :param platforms: platform tags: ``manylinux2014_x86_64``.
    :param pythons: ``3.12`` as ``(3, 12)``; with one number or three too.
    :param implementations: ``cp``, ``pp``, ``py``.
    :param abis: ``cp312``, ``abi3``, ``none``.
    :param only_binary: the projects of which no sdist is wanted, or ``:all:``.
    :param no_binary: the projects of which no wheel is wanted, or ``:all:``.
    """

    platforms: frozenset[str] = frozenset()
    pythons: frozenset[tuple[int, ...]] = frozenset()
    implementations: frozenset[str] = frozenset()
    abis: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()

    @classmethod
    def read(cls, values: Mapping[str, Sequence[str]]) -> InstallTarget:
        """From the values of each of :data:`FILTERS`; what is not there is open.

        :raises BadFilter: a value means nothing.
        """
        for name, given in values.items():
            if len(given) > _MOST:
                raise BadFilter(f"{name}: at most {_MOST} values are taken")
        return cls(
            platforms=_read(values, "platform", _tag),
            pythons=_read(values, "python-version", _python),
            implementations=_read(values, "implementation", _implementation),
            abis=_read(values, "abi", _tag),
            only_binary=_names("only-binary", values.get("only-binary", ())),
            no_binary=_names("no-binary", values.get("no-binary", ())),
        )

    def takes(self, file: File) -> bool:
        """Whether ``file`` may be installed there."""
        if not file.wheel:
            return not self.only_binary & {":all:", file.project} and self._runs(file.requires_python)
        if self.no_binary & {":all:", file.project}:
            return False
        interpreters, abis, platforms = _tags(file.filename)
        return (
            (not self.platforms or not self._platforms.isdisjoint(platforms))
            and any(self._loads(interpreter, abi) for interpreter in interpreters for abi in abis)
            and self._runs(file.requires_python)
        )

    def needs(self, marker: str) -> bool:
        """Whether a requirement with ``marker`` may be needed there.

        A marker is evaluated for each platform and Python that are named; what they do not say of an environment, a
        marker may say what it likes of.
        """
        environments = [_environment(platform, python) for platform in self.platforms for python in self.pythons]
        if not marker or not environments:
            return True
        try:
            parsed = Marker(marker)
        except InvalidMarker:
            return True
        if not set(_VARIABLE.findall(marker)) <= _KNOWN:
            return True
        return any(environment is None or parsed.evaluate(environment) for environment in environments)

    def environments(self) -> list[dict[str, str]]:
        """What a marker sees there, as far as it is known; where nothing is said, on each common platform and Python.

        On CPython, unless another implementation is named.
        """
        pythons = [python for python in self.pythons if len(python) > 1] or _COMMON_PYTHONS
        pairs = [(platform, python) for platform in self.platforms or _COMMON_PLATFORMS for python in pythons]
        named = [_IMPLEMENTATIONS[name] for name in self.implementations if name in _IMPLEMENTATIONS]
        return [
            environment | {"platform_python_implementation": long, "implementation_name": short}
            for platform, python in pairs
            for long, short in named or [_IMPLEMENTATIONS["cp"]]
            if (environment := _environment(platform, python)) is not None
        ]

    def as_json(self) -> dict[str, list[str]]:
        """By the names of :data:`FILTERS`, those that are not open."""
        said = {
            "platform": self.platforms,
            "python-version": (".".join(map(str, python)) for python in self.pythons),
            "implementation": self.implementations,
            "abi": self.abis,
            "only-binary": self.only_binary,
            "no-binary": self.no_binary,
        }
        return {name: values for name, each in said.items() if (values := sorted(each))}

    @cached_property
    def _platforms(self) -> frozenset[str]:
        return frozenset({"any"}.union(*map(ordered_platforms, self.platforms)))

    def _loads(self, interpreter: str, abi: str) -> bool:
        """Whether a wheel of this interpreter and ABI fits one of the Pythons."""
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
        # The stable ABI is not that of a free-threaded build.
        stable = {"abi3"} if any(not abi.endswith("t") for abi in self.abis) else set()
        return self.abis | stable | {"none"}

    def _runs(self, requires_python: str | None) -> bool:
        """What a file says of its Pythons. Nonsense counts as nothing, as it does for pip."""
        if requires_python is None or not self.pythons:
            return True
        try:
            specifier = SpecifierSet(requires_python)
        except InvalidSpecifier:
            return True
        return any(_within(specifier, python) for python in self.pythons)


_IMPLEMENTATIONS = {"cp": ("CPython", "cpython"), "pp": ("PyPy", "pypy")}
_COMMON_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "macosx_14_0_arm64", "win_amd64")
_COMMON_PYTHONS = tuple((3, minor) for minor in range(9, 16))

EVERYWHERE = InstallTarget()

FILTERS = ("platform", "python-version", "implementation", "abi", "only-binary", "no-binary")
"""By the names of pip's options."""


def platforms_of(file: File) -> tuple[str, ...]:
    """The platform tags of a wheel, ``any`` among them; of an sdist, ``sdist``."""
    return tuple(dict.fromkeys(_tags(file.filename)[2])) if file.wheel else ("sdist",)


def _tags(filename: str) -> tuple[list[str], list[str], list[str]]:
    """Interpreters, ABIs, platforms. They are not multiplied out: a hostile name would make 60,000 tags."""
    _, interpreters, abis, platforms = filename.lower().removesuffix(".whl").rsplit("-", 3)
    return interpreters.split("."), abis.split("."), platforms.split(".")


def _fits(python: tuple[int, ...], interpreter: tuple[str, int, int | None], abi: str) -> bool:
    """Whether a wheel of that interpreter and ABI runs on ``python``, a version with one number or more."""
    short, major, minor = interpreter
    if major != python[0]:
        return False
    if minor is None or len(python) == 1:
        return True
    if short == "py" or abi == "abi3":
        return minor <= python[1]
    return minor == python[1]


def _within(specifier: SpecifierSet, python: tuple[int, ...]) -> bool:
    """Whether some Python of that version is. ``3.9`` alone may be any 3.9, as far as a file can tell: the newest."""
    if len(python) > 2:
        return specifier.contains(Version(".".join(map(str, python))), prereleases=True)
    start = ".".join(map(str, python))
    last = "999" if len(python) == 2 else "999.999"
    return any(specifier.contains(Version(f"{start}{rest}"), prereleases=True) for rest in ("", f".{last}"))


def ordered_platforms(platform: str) -> tuple[str, ...]:
    """What installs on a platform: itself, and what was made for older ones, the newest first."""
    return tuple(dict.fromkeys((platform, *_older(platform))))


def _older(platform: str) -> Iterable[str]:
    for old, (major, minor) in _OLD_MANYLINUX.items():
        if platform.startswith(f"{old}_"):
            return _manylinux(major, minor, platform.removeprefix(f"{old}_"))
    if match := _MANYLINUX.fullmatch(platform):
        return _manylinux(int(match[1]), int(match[2]), match[3])
    if match := _MUSLLINUX.fullmatch(platform):
        major, newest, arch = int(match[1]), int(match[2]), match[3]
        return [*(f"musllinux_{major}_{minor}_{arch}" for minor in range(newest, -1, -1)), f"linux_{arch}"]
    if match := _MACOS.fullmatch(platform):
        return mac_platforms((int(match[1]), int(match[2])), match[3])
    return ()


def _manylinux(major: int, newest: int, arch: str) -> Iterable[str]:
    """What runs on that glibc, the newest first; an old name follows the number that it stands for."""
    by_number = {version: old for old, version in _OLD_MANYLINUX.items()}
    for minor in range(newest, -1, -1):
        yield f"manylinux_{major}_{minor}_{arch}"
        if (old := by_number.get((major, minor))) is not None:
            yield f"{old}_{arch}"
    yield from (f"{old}_{arch}" for version, old in by_number.items() if version[0] < major)
    yield f"linux_{arch}"


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


def _environment(platform: str, python: tuple[int, ...]) -> dict[str, str] | None:
    """What is known of where a platform tag and a Python are from; ``None`` where that is too little."""
    kind = next((kind for kind in _SYSTEMS if re.match(rf"{kind}(?:\d|_|$)", platform)), None)
    if kind is None or len(python) < 2:
        return None
    os_name, sys_platform, system = _SYSTEMS[kind]
    machine = _MACHINES.get(platform) or re.sub(
        r"^(?:linux|(?:many|musl)linux\d*(?:_\d+_\d+)?|macosx_\d+_\d+)_", "", platform
    )
    full = ".".join(map(str, python if len(python) > 2 else (*python, 0)))
    return {
        "python_version": f"{python[0]}.{python[1]}",
        "python_full_version": full,
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
    }


def _read(values: Mapping[str, Sequence[str]], name: str, parse: Callable[[str, str], _T]) -> frozenset[_T]:
    return frozenset(parse(name, text.strip().lower()) for text in values.get(name, ()))


def _tag(name: str, text: str) -> str:
    if (name, text) == ("platform", "current"):
        raise BadFilter("platform: a server does not know which platform is current; name its tag")
    tag = text.replace("-", "_").replace(".", "_")
    if not _TAG.fullmatch(tag):
        raise BadFilter(f"{name}: {text[:60]!r} is no tag; write one such as manylinux2014_x86_64 or cp312")
    return tag


def _implementation(name: str, text: str) -> str:
    short = _SHORT.get(text, text)
    if not re.fullmatch("[a-z]{2,20}", short):
        raise BadFilter(f"{name}: {text[:60]!r} is none; write cp, pp or py")
    return short


def _python(name: str, text: str) -> tuple[int, ...]:
    """``3.12``, ``3.12.1``, ``3``; and ``312``, which pip reads as 3.12."""
    if text.isascii() and text.isdigit() and 1 < len(text) <= 4:
        text = f"{text[0]}.{text[1:]}"
    match = _PYTHON.fullmatch(text)
    if match is None:
        raise BadFilter(f"{name}: {text[:60]!r} is no version of Python; write one such as 3.12")
    return tuple(int(number) for number in match.groups() if number is not None)


def _names(option: str, texts: Iterable[str]) -> frozenset[str]:
    """As pip reads it: the names add up, ``:none:`` empties them."""
    names: set[str] = set()
    for name in (name.strip() for text in texts for name in text.split(",")):
        if name == ":none:":
            names = set()
        elif name == ":all:" or re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?", name):
            names.add(name if name == ":all:" else canonicalize_name(name))
        else:
            raise BadFilter(f"{option}: {name[:60]!r} is no project; write :all:, or names with commas")
    return frozenset(names)
