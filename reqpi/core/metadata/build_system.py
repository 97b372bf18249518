"""The build system of an sdist (:pep:`518`), as far as its files state it literally.

``[build-system]`` in pyproject.toml counts; if there is none, pip's default does. setuptools requests further
requirements while it builds: those in ``setup_requires``. Any backend may do so (``get_requires_for_build_wheel``,
:pep:`517`), and no file states what a backend will request.
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
from reqpi.core.stored_json import mapping, parse, sequence, typed

__all__ = ["DEFAULT", "BuildSystem", "build_system", "enough", "sound"]

DEFAULT = ("setuptools>=40.8.0",)
"""The requirements that pip assumes for an sdist without ``[build-system]`` (``load_pyproject_toml``, pyproject.py).

Up to 23.3 pip added ``wheel``; from 24.0 on it leaves that to setuptools, which requested it up to 70.0.
"""

_MOST = 200
_LONGEST = 1000
_NESTING = 16
"""Bounds: the number of requirements, the characters of one, and the parentheses in it, on which packaging recurses."""

_EXTRA = re.compile(r"[A-Za-z0-9._-]{1,100}")

_LAYOUT = 1


@frozen
class BuildSystem:
    """How an sdist is built.

    :param requires: requirements (:pep:`508`), as they are written.
    :param setup_requires: the further requirements that setuptools requests.
    :param backend: for example ``hatchling.build``; empty if none is named, which means setuptools.
    :param declared: the sdist has ``[build-system]``.
    :param setuptools: setuptools builds it, or may do so inside a backend in the sdist.
    :param dependencies: the requirements of the installed project, extras as markers; ``None`` if they are not known.
    :param unread: sentences about parts that exist and cannot be determined by reading.
    """

    requires: tuple[str, ...] = DEFAULT
    setup_requires: tuple[str, ...] = ()
    backend: str = ""
    declared: bool = False
    setuptools: bool = True
    dependencies: tuple[str, ...] | None = None
    unread: tuple[str, ...] = ()

    def dump(self) -> bytes:
        """Return the build system as JSON, for the store."""
        return json.dumps({"layout": _LAYOUT} | asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def load(cls, data: bytes) -> BuildSystem | None:
        """Return what :meth:`dump` wrote; ``None`` if another version of ReqPI wrote it in another layout.

        :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
        """
        record = mapping(parse(data))
        if typed(record["layout"], int) != _LAYOUT:
            return None
        dependencies = record["dependencies"]
        return cls(
            requires=_stored(record["requires"]),
            setup_requires=_stored(record["setup_requires"]),
            backend=typed(record["backend"], str),
            declared=typed(record["declared"], bool),
            setuptools=typed(record["setuptools"], bool),
            dependencies=None if dependencies is None else _stored(dependencies),
            unread=sequence(record["unread"], str),
        )


def _stored(value: object) -> tuple[str, ...]:
    """Return stored requirements, which are as :func:`sound` has left them."""
    requirements = sequence(value, str)
    if sound(requirements, [], "") != requirements:
        raise ValueError("a requirement is not valid")
    return requirements


def enough(files: Files) -> bool:
    """Return whether these files determine the build system: no other file could change it."""
    if len(files) == len(FILES):
        return True
    project = files.get("pyproject.toml")
    return project is not None and not _Project(project).setuptools


def build_system(files: Files) -> BuildSystem:
    """Return the build system that the files of an sdist state.

    The files may come from anyone, so everything that is read from them is bounded.
    """
    data = files.get("pyproject.toml", b"")
    project = _Project(data or b"")
    unread = ["pyproject.toml is too large to be read"] if data is None else list(project.unread)
    fields = [_setup_fields(name, files) for name in ("setup.py", "setup.cfg")] if project.setuptools else []
    setup_requires, more = _first(fields, "setup_requires")
    dependencies = project.dependencies
    if project.leaves_dependencies:
        further, _ = _first(fields, "install_requires")
        dependencies = None if further is None else [*(dependencies or ()), *further]
    return BuildSystem(
        requires=project.requires if project.declared else DEFAULT,
        setup_requires=sound(setup_requires or (), unread, "setup_requires"),
        backend=project.backend,
        declared=project.declared,
        setuptools=project.setuptools,
        dependencies=None if dependencies is None else sound(dependencies, [], ""),
        unread=tuple(dict.fromkeys([*unread, *more]))[:_MOST],
    )


def _setup_fields(name: str, files: Files) -> LiteralFields:
    data = files.get(name, b"")
    if data is None:
        return LiteralFields({}, {"setup_requires": f"{name} is too large to be read"})
    return (setup_py if name == "setup.py" else setup_cfg)(data)


def _first(fields: Iterable[LiteralFields], key: str) -> tuple[Sequence[str] | None, list[str]]:
    """Return the list that counts, and what could not be read. setuptools looks in setup.py, then in setup.cfg."""
    unread: list[str] = []
    for each in fields:
        if key in each.unread:
            unread.append(each.unread[key])
        elif each.lists.get(key):
            return each.lists[key], unread
    return None, unread


def sound(requirements: Iterable[str], unread: list[str], where: str) -> tuple[str, ...]:
    """Return the valid requirements, each once and up to a bound. The others are noted in ``unread``.

    :param unread: is appended to.
    :param where: the origin of the requirements, for the notes.
    """
    valid: list[str] = []
    for text in requirements:
        if len(valid) == _MOST:
            unread.append(f"{where} has more than {_MOST} requirements")
            break
        if _is_requirement(text):
            valid.append(text.strip())
        else:
            unread.append(f"{where} has an invalid requirement: {text[:80]!r}")
    return tuple(dict.fromkeys(valid))


def _is_requirement(text: str) -> bool:
    if len(text) > _LONGEST or text.count("(") > _NESTING or not text.isprintable():
        return False
    try:
        Requirement(text)
    except (InvalidRequirement, RecursionError):
        return False
    return True


class _Project:
    """The parsed content of a pyproject.toml.

    :ivar declared: it has ``[build-system]``.
    :ivar leaves_dependencies: it does not state the requirements of the installed project, so a setup file may.
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
            self.unread.append("[build-system] has no list of requires, which PEP 518 demands: pip does not build it")
            return ()
        return sound(requires, self.unread, "[build-system]")

    def _dependencies(self, project: object) -> tuple[list[str] | None, bool]:
        """Return the dependencies in ``[project]`` (:pep:`621`), and whether other files may add to them (:pep:`808`).

        Extras are written as markers, as in core metadata.
        """
        if not isinstance(project, Mapping):
            return None, True
        dynamic = project.get("dynamic")
        leaves = isinstance(dynamic, list) and "dependencies" in dynamic
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
        return found, leaves


def _under(requirement: str, extra: str) -> str:
    text, semicolon, marker = requirement.partition(";")
    under = f'extra == "{extra}"'
    return f"{text.strip()} ; ({marker.strip()}) and {under}" if semicolon else f"{requirement} ; {under}"
