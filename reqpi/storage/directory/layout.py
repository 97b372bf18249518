"""A directory is made a store, or recognised as one.

layout              the number of this layout
blobs/sha256/ab/    blobs that begin with ab, by their sha256
records/            records, by their names (reqpi.storage.directory.paths)
incoming/           temporaries
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from attrs import frozen

from reqpi.core.errors import Misconfigured
from reqpi.storage.directory.folders import make_folders
from reqpi.storage.directory.temporary import Temporary, remove_abandoned
from reqpi.storage.errors import FULL

__all__ = ["LAYOUT", "Layout"]

LAYOUT = 1
"""To be counted up when a store written by this version could not be read by the one before."""


@frozen
class Layout:
    """Where the things of a store are.

    :param root: the directory of the store.
    """

    root: Path

    @property
    def version(self) -> Path:
        """The file with the number of the layout."""
        return self.root / "layout"

    @property
    def blobs(self) -> Path:
        """The folder of the blobs."""
        return self.root / "blobs" / "sha256"

    @property
    def records(self) -> Path:
        """The folder of the records."""
        return self.root / "records"

    @property
    def incoming(self) -> Path:
        """The folder of the temporaries."""
        return self.root / "incoming"

    def prepare(self) -> None:
        """Make what is missing, and remove what processes that crashed left half-done. It blocks.

        :raises reqpi.core.errors.Misconfigured: this can be no store; the words are for the operator.
        """
        try:
            self._prepare()
        except FileExistsError as error:
            raise self._refusal("it is a file", "Name a directory, or a path where one can be made.") from error
        except NotADirectoryError as error:
            raise self._refusal(
                f"{error.filename} is a file", "Name a directory, or a path where one can be made."
            ) from error
        except PermissionError as error:
            raise self._refusal(
                f"no permission for {error.filename}", f"User {os.geteuid()} has to own it, and be able to write there."
            ) from error
        except OSError as error:
            raise self._refusal(str(error), "Name another directory.") from error

    def _refusal(self, problem: str, advice: str) -> Misconfigured:
        return Misconfigured(f"{self.root} cannot be the store: {problem}", advice)

    def _prepare(self) -> None:
        make_folders(self.root)
        self._refuse_strangers()
        for folder in (self.incoming, self.blobs, self.records):
            make_folders(folder)
        for folder in (self.root, self.incoming, self.blobs, self.records):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise self._refusal(
                    f"{folder} cannot be written", f"User {os.geteuid()} needs to read and write there."
                )
        remove_abandoned(self.incoming)
        self._try_out()
        self._refuse_newer()

    def _refuse_strangers(self) -> None:
        """Whoever names a home directory by mistake shall not find a store strewn into it."""
        ours = {"layout", "blobs", "records", "incoming", "lost+found"}
        if not self.version.exists() and (strange := set(os.listdir(self.root)) - ours):
            raise self._refusal(
                f"it holds other things ({min(strange)}) and was not made by ReqPI",
                "Name an empty directory or a new one.",
            )

    def _try_out(self) -> None:
        """Write down the layout, which takes all that a file system has to be able to do: locks and hard links.

        There is no falling back where it has no hard links: what else would put a whole file in place only if there
        is none yet, for every process that shares the store, is a lock and a rename; and where hard links are missing
        (FAT, object stores mounted as files), those are not to be relied on either.
        """
        try:
            temporary = Temporary(self.incoming)
        except OSError as error:
            if error.errno in FULL and self.version.exists():
                return  # What it holds can still be served.
            raise
        try:
            self._write_version(temporary)
        finally:
            temporary.close()

    def _write_version(self, temporary: Temporary) -> None:
        trial = temporary.path.with_suffix(".link")
        try:
            os.link(temporary.path, trial)
            trial.unlink()
        except OSError as error:
            if error.errno in FULL and self.version.exists():
                return
            raise self._refusal(
                f"its file system cannot make hard links ({error.strerror})", "Name a directory on another file system."
            ) from error
        if not self.version.exists():
            temporary.write(b"%d\n" % LAYOUT)
            temporary.finish(time.time_ns())
            temporary.place(self.version)

    def _refuse_newer(self) -> None:
        text = self.version.read_bytes()[:20].strip()
        if not text.isdigit():
            raise self._refusal("its file layout holds no number", "Restore that file, or name another directory.")
        if int(text) > LAYOUT:
            raise self._refusal(
                f"a newer ReqPI wrote it (layout {int(text)}; this one knows {LAYOUT})",
                "Run that version, or name another directory.",
            )
