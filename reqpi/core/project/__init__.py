"""Project metadata: a project's own name and version, read without running code.

The sources are pyproject.toml, setup.py, setup.cfg and git. The first file that states a *name* counts, for the version
as well: if it leaves the version out, the next file is not searched.
"""

from __future__ import annotations

from reqpi.core.project import pyproject, setup_cfg, setup_py
from reqpi.core.project.git_origin import from_git_origin
from reqpi.core.project.values import LARGEST, ProjectMetadata, ReadFile, of_source

__all__ = ["LARGEST", "ProjectMetadata", "ReadFile", "from_git_origin", "read"]

_READERS = (pyproject.read, setup_py.read, setup_cfg.read)


def read(read_file: ReadFile) -> ProjectMetadata | None:
    """Return the project's metadata; ``None`` if none of its files states a name.

    :param read_file: a function that returns the bytes of a path inside the source (with ``/``), or ``None`` if there
        is no such file. It is never called for a path outside the source, but it must itself reject symbolic links that
        lead there. It need not read more than one byte over :data:`LARGEST`.
    :raises reqpi.core.errors.UnreadableProject: a file cannot be read, or names a path outside the source.
    """
    bounded = of_source(read_file)
    return next((own for reader in _READERS if (own := reader(bounded)) is not None), None)
