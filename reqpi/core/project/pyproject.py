"""The reader for ``[project]`` of a pyproject.toml (:pep:`621`)."""

from __future__ import annotations

from reqpi.core.errors import BrokenLock, UnreadableProject
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.tools.toml_document import load
from reqpi.core.project.values import ProjectMetadata, ReadFile, is_name, version_of

__all__ = ["read"]

_FILE = "pyproject.toml"


def read(read_file: ReadFile) -> ProjectMetadata | None:
    """Return the static name and version; a version that is ``dynamic`` is left out.

    :raises UnreadableProject: the file is not valid TOML, or its name or version is not valid.
    """
    data = read_file(_FILE)
    if data is None:
        return None
    try:
        lines = data.decode("utf-8", "replace").split("\n")
        project = load(data, "", Findings(lines)).tables.get("project")
    except BrokenLock as broken:
        (defect,) = broken.defects
        place = f"{_FILE}:{defect.line}" if defect.line else _FILE
        raise UnreadableProject(f"{place} cannot be read: {defect.problem}", "Fix it.") from None
    if not isinstance(project, dict) or "name" not in project:
        return None
    name, version, dynamic = project["name"], project.get("version"), project.get("dynamic")
    if not isinstance(name, str) or not is_name(name):
        raise _wrong("name", name, "A name is letters and digits, with . _ - between them.")
    if version is not None and (not isinstance(version, str) or version_of(version) is None):
        raise _wrong("version", version, 'Write a version, as in version = "1.0".')
    is_dynamic = isinstance(dynamic, list) and "version" in dynamic
    return ProjectMetadata(name, version_of(version) if version is not None and not is_dynamic else None, _FILE)


def _wrong(key: str, value: object, advice: str) -> UnreadableProject:
    shown = repr(value)[:80] if isinstance(value, str) else f"a {type(value).__name__}"
    return UnreadableProject(f"{_FILE}: {shown} is not a valid project.{key}", advice)
