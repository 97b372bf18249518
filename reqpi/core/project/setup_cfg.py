"""The reader for ``[metadata]`` of a setup.cfg, including ``file:`` and ``attr:``.

It follows setuptools, but runs no code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from configparser import Error, RawConfigParser

from reqpi.core.errors import UnreadableProject
from reqpi.core.project.values import ProjectMetadata, ReadFile, inside, joined, name_of, version_of
from reqpi.core.project.variables import tree_of

__all__ = ["parsed", "read"]

_FILE = "setup.cfg"

# configparser takes quadratic time for white space; here only white space at the beginning of a line matters.
_SPACES = re.compile(r"(?<=\S)\s{2,}+")


def read(read_file: ReadFile) -> ProjectMetadata | None:
    """Return the name and version.

    :raises UnreadableProject: the file cannot be read, or the version is in a file outside the source.
    """
    data = read_file(_FILE)
    if data is None:
        return None
    sections = parsed(data)
    metadata = sections["metadata"] if sections.has_section("metadata") else {}
    name = name_of(metadata.get("name") or "")
    if name is None or metadata["name"].startswith(("attr:", "file:")):
        return None
    options = sections["options"] if sections.has_section("options") else {}
    version = _version(metadata.get("version") or "", options.get("package_dir") or "", read_file)
    return ProjectMetadata(name, version_of(version or ""), _FILE)


def parsed(data: bytes) -> RawConfigParser:
    """Return the sections of a setup.cfg.

    :raises UnreadableProject: the file cannot be read.
    """
    sections = RawConfigParser()
    try:
        lines = re.split(r"\r\n?|\n", data.decode("utf-8-sig"))
        sections.read_string("\n".join(_SPACES.sub(" ", line) for line in lines), _FILE)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableProject(f"{_FILE}:{line} cannot be read: it is not UTF-8", "Fix it.") from None
    except Error as error:
        reason = " ".join(error.message.split())[:200]
        raise UnreadableProject(f"{_FILE} cannot be read: {reason}", "Fix it.") from None
    return sections


def _version(value: str, package_dir: str, read_file: ReadFile) -> str | None:
    where, colon, what = value.strip().partition(":")
    if colon and where == "file":
        return _of_file(what.strip(), read_file)
    if colon and where == "attr":
        return _of_attribute(what.strip(), _folders(package_dir), read_file)
    return value


def _of_file(named: str, read_file: ReadFile) -> str | None:
    data = read_file(inside(named, f"{_FILE}: version = file:"))
    try:
        return data.decode("utf-8-sig") if data is not None else None
    except UnicodeDecodeError:
        return None


def _folders(package_dir: str) -> Mapping[str, str]:
    """Return the folder of each package in ``package_dir``; the empty name stands for all other packages."""
    pairs = (entry.partition("=") for entry in re.split(r"[\n,]", package_dir) if "=" in entry)
    return {package.strip(): folder.strip() for package, _, folder in pairs}


def _of_attribute(named: str, folders: Mapping[str, str], read_file: ReadFile) -> str | None:
    """Return the first literal that the top level of a module assigns to ``package.module.NAME``, like setuptools."""
    module, _, name = named.rpartition(".")
    for path in _paths(module or "__init__", folders):
        data = read_file(path)
        if data is not None:
            tree = tree_of(data)
            return None if tree is None else _first(tree, name)
    return None


def _paths(module: str, folders: Mapping[str, str]) -> list[str]:
    parts = module.split(".")
    known = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in folders), 0)
    parents = [folders.get(".".join(parts[:known]))]
    if parents == [None]:
        parents = ["", "src"]  # where setuptools finds packages by itself
    where = f"{_FILE}: version = attr:"
    bases = [inside("/".join([parent or ".", *parts[known:]]), where) for parent in parents]
    return [path for base in bases for path in (f"{base}.py", f"{base}/__init__.py".lstrip("/"))]


def _first(tree: ast.Module, name: str) -> str | None:
    for statement in tree.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = getattr(statement, "value", None)
        if value is not None and any(isinstance(each, ast.Name) and each.id == name for each in targets):
            return _literal(value)
    return None


def _literal(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return joined(node.value)
    if isinstance(node, ast.Tuple | ast.List) and all(isinstance(each, ast.Constant) for each in node.elts):
        return joined([each.value for each in node.elts if isinstance(each, ast.Constant)])
    return None
