"""A project's own name and version, read from its files and never run: pyproject.toml, setup.py, setup.cfg, git.

The first of the files that says a *name* counts, for the version too: what it leaves out is not looked for in the next.
"""

from __future__ import annotations

from reqpi.core.project import pyproject, setup_cfg, setup_py
from reqpi.core.project.git_origin import from_git_origin
from reqpi.core.project.values import LARGEST, ProjectMetadata, ReadFile, of_source

__all__ = ["LARGEST", "ProjectMetadata", "ReadFile", "from_git_origin", "read"]

_READERS = (pyproject.read, setup_py.read, setup_cfg.read)


def read(read_file: ReadFile) -> ProjectMetadata | None:
    """What the project says that it is; ``None`` where none of its files has a name.

    :param read_file: a path inside the source, with ``/``, to its bytes; ``None`` where there is no such file. It is
        asked for nothing outside the source, but it is for it to see that no symbolic link leads there, and it need
        read no more than one byte over :data:`LARGEST`.
    :raises reqpi.core.errors.UnreadableProject: a file cannot be read, or names what is outside the source.
    """
    bounded = of_source(read_file)
    return next((own for reader in _READERS if (own := reader(bounded)) is not None), None)
