"""What an sdist is built with (:pep:`518`), as far as its files say so in so many words.

``[build-system]`` in pyproject.toml counts; where there is none, what pip takes for it. What setuptools is told beside
that, ``setup_requires``, it asks for while it builds. So does every backend for whatever else it likes
(``get_requires_for_build_wheel``, :pep:`517`), and of that no file knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import asdict, frozen
from packaging.requirements import InvalidRequirement, Requirement

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.tools.toml_document import load as load_toml
from reqpi.core.metadata.sdist import FILES, Files
from reqpi.core.metadata.setup_literals import LiteralFields, setup_cfg, setup_py

__all__ = ["DEFAULT", "BuildSystem", "build_system", "enough", "sound"]

DEFAULT = ("setuptools>=40.8.0",)
"""What pip takes an sdist without ``[build-system]`` to need: ``load_pyproject_toml`` in its ``pyproject.py``.

Up to 23.3 pip added ``wheel``; from 24.0 on it leaves that to setuptools, which asked for it up to 70.0.
"""

_MOST = 200
_LONGEST = 1000
_NESTING = 16
"""Of requirements: how many, their characters, and the parentheses in one. packaging recurses on these."""

_EXTRA = re.compile(r"[A-Za-z0-9._-]{1,100}")

_LAYOUT = 1


@frozen
class BuildSystem:
    """How an sdist is built.

    :param requires: requirements (:pep:`508`), as they are written.
    :param setup_requires: what setuptools asks for beside them.
    :param backend: ``hatchling.build``; empty where none is named, which means setuptools.
    :param declared: ``[build-system]`` is there.
    :param setuptools: setuptools builds it, or may, inside a backend of its own.
    :param dependencies: what it needs once it is installed, extras as markers; ``None`` where that is not known.
    :param unread: what is there and cannot be known from reading, in words.
    """

    requires: tuple[str, ...] = DEFAULT
    setup_requires: tuple[str, ...] = ()
    backend: str = ""
    declared: bool = False
    setuptools: bool = True
    dependencies: tuple[str, ...] | None = None
    unread: tuple[str, ...] = ()

    def dump(self) -> bytes:
        """As JSON, to be kept."""
        return json.dumps({"layout": _LAYOUT} | asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def load(cls, data: bytes) -> BuildSystem | None:
        """What :meth:`dump` wrote; ``None`` where another ReqPI wrote it in another way."""
        try:
            record = json.loads(data)
            if record.pop("layout") != _LAYOUT:
                return None
            values: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
            }
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def enough(files: Files) -> bool:
    """Whether a build system is known from these files: it is, where what they have is all that it heeds."""
    if len(files) == len(FILES):
        return True
    project = files.get("pyproject.toml")
    return project is not None and not _Project(project).setuptools


def build_system(files: Files) -> BuildSystem:
    """What the files of an sdist say. They may be anything; what is taken of them is bounded."""
    data = files.get("pyproject.toml", b"")
    project = _Project(data or b"")
    unread = ["pyproject.toml is too large to be read"] if data is None else list(project.unread)
    said = [_said(name, files) for name in ("setup.py", "setup.cfg")] if project.setuptools else []
    setup_requires, more = _first(said, "setup_requires")
    dependencies = project.dependencies
    if dependencies is None and project.leaves_dependencies:
        dependencies, _ = _first(said, "install_requires")
    return BuildSystem(
        requires=project.requires if project.declared else DEFAULT,
        setup_requires=sound(setup_requires or (), unread, "setup_requires"),
        backend=project.backend,
        declared=project.declared,
        setuptools=project.setuptools,
        dependencies=None if dependencies is None else sound(dependencies, [], ""),
        unread=tuple(dict.fromkeys([*unread, *more]))[:_MOST],
    )


def _said(name: str, files: Files) -> LiteralFields:
    data = files.get(name, b"")
    if data is None:
        return LiteralFields({}, {"setup_requires": f"{name} is too large to be read"})
    return (setup_py if name == "setup.py" else setup_cfg)(data)


def _first(said: Iterable[LiteralFields], key: str) -> tuple[Sequence[str] | None, list[str]]:
    """The list that counts, and what could not be read. setuptools takes it from setup.py, and then from setup.cfg."""
    unread: list[str] = []
    for each in said:
        if key in each.unread:
            unread.append(each.unread[key])
        elif each.lists.get(key):
            return each.lists[key], unread
    return None, unread


def sound(requirements: Iterable[str], unread: list[str], where: str) -> tuple[str, ...]:
    """Those that are requirements, each once and not too many; the others are noted in ``unread``.

    :param where: they are from.
    """
    kept: list[str] = []
    for text in requirements:
        if len(kept) == _MOST:
            unread.append(f"{where} has more than {_MOST} requirements")
            break
        if _is_requirement(text):
            kept.append(text.strip())
        else:
            unread.append(f"{where} has what is no requirement: {text[:80]!r}")
    return tuple(dict.fromkeys(kept))


def _is_requirement(text: str) -> bool:
    if len(text) > _LONGEST or text.count("(") > _NESTING or not text.isprintable():
        return False
    try:
        Requirement(text)
    except (InvalidRequirement, RecursionError):
        return False
    return True


class _Project:
    """What a pyproject.toml says.

    :ivar declared: it has ``[build-system]``.
    :ivar leaves_dependencies: it does not say what the project needs once it is installed, so that a setup file may.
    """

    def __init__(self, data: bytes) -> None:
        self.unread: list[str] = []
        tables = self._tables(data)
        system = tables.get("build-system")
        self.declared = isinstance(system, Mapping)
        table: Mapping[str, Any] = system if isinstance(system, Mapping) else {}
        self.requires = self._requires(table) if self.declared else DEFAULT
        backend = table.get("build-backend")
        self.backend = backend[:_LONGEST] if isinstance(backend, str) and backend.isprintable() else ""
        foreign = bool(self.backend) and self.backend.partition(":")[0].partition(".")[0] != "setuptools"
        self.setuptools = not foreign or "backend-path" in table
        self.dependencies: Sequence[str] | None
        self.dependencies, self.leaves_dependencies = self._dependencies(tables.get("project"))

    def _tables(self, data: bytes) -> Mapping[str, Any]:
        try:
            return load_toml(data, "", Findings(data.decode("utf-8", "replace").split("\n"))).tables
        except BrokenLock as broken:
            self.unread.append(f"pyproject.toml cannot be read: {broken.defects[0].problem}"[:200])
            return {}

    def _requires(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        requires = table.get("requires")
        if not isinstance(requires, list) or not all(isinstance(each, str) for each in requires):
            self.unread.append("[build-system] has no list of requires, which PEP 518 asks for: pip does not build it")
            return ()
        return sound(requires, self.unread, "[build-system]")

    def _dependencies(self, project: object) -> tuple[list[str] | None, bool]:
        """What ``[project]`` says (:pep:`621`), extras as markers, as core metadata has them."""
        if not isinstance(project, Mapping):
            return None, True
        dynamic = project.get("dynamic")
        if isinstance(dynamic, list) and "dependencies" in dynamic:
            return None, True
        plain = project.get("dependencies", [])
        extras = project.get("optional-dependencies", {})
        found = [each for each in plain if isinstance(each, str)] if isinstance(plain, list) else []
        for extra, listed in extras.items() if isinstance(extras, Mapping) else ():
            if (
                isinstance(extra, str)
                and isinstance(listed, list)
                and extra.replace("-", "").replace("_", "").isalnum()
            ):
                found += [_under(each, extra) for each in listed if isinstance(each, str)]
        return found, False


def _under(requirement: str, extra: str) -> str:
    text, semicolon, marker = requirement.partition(";")
    under = f'extra == "{extra}"'
    return f"{text.strip()} ; ({marker.strip()}) and {under}" if semicolon else f"{requirement} ; {under}"
