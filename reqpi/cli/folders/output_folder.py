"""The folder that a fetch fills: files in ``deps/pip``, and the documents about them at the top.

Nothing is removed before every wanted file is there, and each document is replaced in one step. A run that ends early
leaves the folder as it was, except for additional files that the next run need not fetch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from reqpi.cli.folders.written_file import write
from reqpi.client import BadUsage
from reqpi.core.export.folder_record import CONFIG
from reqpi.core.hermeto.config import DEPS

__all__ = ["OutputFolder", "writing"]

_SBOM = "bom.json"


@contextmanager
def writing(what: Path) -> Iterator[None]:
    """Turn an error of the operating system in the block into a message that ``what`` cannot be written.

    :raises reqpi.client.BadUsage: the block raised such an error.
    """
    try:
        yield
    except OSError as error:
        raise BadUsage(f"{what} cannot be written: {error.strerror or error}") from error


class OutputFolder:
    """The folder that a fetch fills.

    :raises reqpi.client.BadUsage: it cannot be written, or ``deps/pip`` is a symbolic link or has a subfolder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deps = folder / DEPS
        link = next((path for path in (self.deps, self.deps.parent) if path.is_symlink()), None)
        if link is not None:
            raise BadUsage(
                f"{link} is a symbolic link",
                "Remove it, or name another folder: a fetch removes files from this folder.",
            )
        with writing(self.deps):
            self.deps.mkdir(parents=True, exist_ok=True)
            subfolder = next((path for path in self.deps.iterdir() if path.is_dir() and not path.is_symlink()), None)
        if subfolder is not None:
            raise BadUsage(
                f"{subfolder} is a folder among the fetched files", "Remove it, or name another output folder."
            )

    def finish(self, sbom: bytes, config: bytes, keep: Collection[str]) -> list[str]:
        """Write the documents about the files, and remove the files of an earlier run.

        :param keep: the names of the files of this run.
        :returns: the names of the removed files.
        :raises reqpi.client.BadUsage: the folder cannot be written.
        """
        write(self.folder / _SBOM, sbom, follow=False)
        write(self.folder / CONFIG, config, follow=False)
        with writing(self.deps):
            leftover = sorted(path for path in self.deps.iterdir() if path.name not in keep)
            for path in leftover:
                path.unlink()
        return [path.name for path in leftover]
