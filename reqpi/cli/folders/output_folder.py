"""The folder that is filled: files under ``deps/pip``, and what is said of them beside.

Nothing is taken away before all that is wanted is there, and what is written takes the place of what was in one step:
a run that ends early leaves the folder as it was, but for files that the next run need not fetch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from reqpi.cli.folders.fetched_folder import write
from reqpi.client import BadUsage
from reqpi.core.export.folder_record import CONFIG
from reqpi.core.hermeto.config import DEPS

__all__ = ["OutputFolder", "writing"]

_BILL = "bom.json"


@contextmanager
def writing(what: Path) -> Iterator[None]:
    """Where something of ``what`` is written.

    :raises reqpi.client.BadUsage: it cannot be.
    """
    try:
        yield
    except OSError as error:
        raise BadUsage(f"{what} cannot be written: {error.strerror or error}") from error


class OutputFolder:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deps = folder / DEPS
        link = next((path for path in (self.deps, self.deps.parent) if path.is_symlink()), None)
        if link is not None:
            raise BadUsage(f"{link} is a symbolic link", "Remove it, or name another folder: what is there is removed.")
        with writing(self.deps):
            self.deps.mkdir(parents=True, exist_ok=True)
            stranger = next((path for path in self.deps.iterdir() if path.is_dir() and not path.is_symlink()), None)
        if stranger is not None:
            raise BadUsage(f"{stranger} does not belong there", "Remove it, or name another folder.")

    def finish(self, bill: bytes, config: bytes, keep: Collection[str]) -> list[str]:
        """Write what is said of the files, and remove those of an earlier run.

        :param keep: the names of those that belong.
        :returns: the names of what was removed.
        :raises reqpi.client.BadUsage: it cannot be written.
        """
        write(self.folder / _BILL, bill, follow=False)
        write(self.folder / CONFIG, config, follow=False)
        with writing(self.deps):
            strangers = sorted(path for path in self.deps.iterdir() if path.name not in keep)
            for path in strangers:
                path.unlink()
        return [path.name for path in strangers]
