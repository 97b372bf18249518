"""The layout of a store in a directory, which is created here or recognised.

layout              the number of this layout
blobs/sha256/ab/    blobs whose sha256 begins with ab, by their sha256
records/            records, by their names (reqpi.storage.directory.paths)
incoming/           temporary files
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
"""Increment it when the previous version of ReqPI could not read a store that this version writes."""


@frozen
class Layout:
    """The paths of a store.

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
        """The folder of the temporary files."""
        return self.root / "incoming"

    def prepare(self) -> None:
        """Create what is missing, and remove the temporary files of processes that crashed. It blocks.

        :raises reqpi.core.errors.Misconfigured: the directory cannot be a store; the text is for the operator.
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
                f"no permission for {error.filename}", f"User {os.geteuid()} must own it and be able to write to it."
            ) from error
        except OSError as error:
            raise self._refusal(str(error), "Name another directory.") from error

    def _refusal(self, problem: str, advice: str) -> Misconfigured:
        return Misconfigured(f"{self.root} cannot be the store: {problem}", advice)

    def _prepare(self) -> None:
        make_folders(self.root)
        self._refuse_other_files()
        for folder in (self.incoming, self.blobs, self.records):
            make_folders(folder)
        for folder in (self.root, self.incoming, self.blobs, self.records):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise self._refusal(
                    f"{folder} cannot be written", f"User {os.geteuid()} must be able to read and write it."
                )
        remove_abandoned(self.incoming)
        self._try_out()
        self._refuse_newer()

    def _refuse_other_files(self) -> None:
        """Reject a directory with other files, so that a home directory named by mistake is not filled with a store."""
        ours = {"layout", "blobs", "records", "incoming", "lost+found"}
        if not self.version.exists() and (strange := set(os.listdir(self.root)) - ours):
            raise self._refusal(
                f"it contains other files ({min(strange)}) and was not made by ReqPI",
                "Name an empty directory or a new one.",
            )

    def _try_out(self) -> None:
        """Write the layout file, which needs all that a store needs of a file system: locks and hard links.

        There is no fallback where the file system has no hard links. The only other way to put a whole file in place
        unless one exists, for every process that shares the store, is a lock and a rename. Where hard links are
        missing (FAT, object stores mounted as files), those are not reliable either.
        """
        try:
            temporary = Temporary(self.incoming)
        except OSError as error:
            if error.errno in FULL and self.version.exists():
                return  # The content of the store can still be served.
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
            raise self._refusal("its file `layout` has no number", "Restore that file, or name another directory.")
        if int(text) > LAYOUT:
            raise self._refusal(
                f"a newer ReqPI wrote it (layout {int(text)}; this one knows {LAYOUT})",
                "Run that version, or name another directory.",
            )
