"""The layout of a store in a directory, which is created here or recognised.

layout              the number of this layout
blobs/sha256/ab/    blobs whose sha256 begins with ab, by their sha256
records/            records, by their names (reqpi.storage.directory.paths)
incoming/           temporary files
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from attrs import frozen

from reqpi.core.errors import Misconfigured
from reqpi.storage.directory.folders import make_folders
from reqpi.storage.directory.temporary import Temporary, remove_abandoned
from reqpi.storage.directory.walk import files_below
from reqpi.storage.errors import FULL

__all__ = ["LAYOUT", "Layout"]

LAYOUT = 1
"""Increment it when the previous version of ReqPI could not read a store that this version writes."""


_AS_IT_IS = "With --offline, a server serves a store that it can only read."


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

    def is_fixed(self) -> bool:
        """Return whether this is a store that this user cannot write."""
        folders = (self.root, self.incoming, self.blobs, self.records)
        return self.version.exists() and not all(_is_writable(folder) for folder in folders if folder.exists())

    def recognise(self) -> None:
        """Check that a store that is only read can be read.

        :raises reqpi.core.errors.Misconfigured: it cannot.
        """
        try:
            self._refuse_newer()
            for folder in (self.blobs, self.records):
                if folder.exists():
                    os.listdir(folder)
        except OSError as error:
            raise self._refusal(str(error), f"User {os.geteuid()} must be able to read it.") from error

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
                f"no permission for {error.filename}",
                f"User {os.geteuid()} must own it and be able to write to it. {_AS_IT_IS}",
            ) from error
        except OSError as error:
            advice = _AS_IT_IS if error.errno == errno.EROFS and self.version.exists() else "Name another directory."
            raise self._refusal(str(error), advice) from error

    def _refusal(self, problem: str, advice: str) -> Misconfigured:
        return Misconfigured(f"{self.root} cannot be the store: {problem}", advice)

    def _prepare(self) -> None:
        make_folders(self.root)
        self._refuse_owner(self.root.stat().st_uid)
        self._refuse_other_files()
        for folder in (self.incoming, self.blobs, self.records):
            make_folders(folder)
        for folder in (self.root, self.incoming, self.blobs, self.records):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise self._refusal(
                    f"{folder} cannot be written",
                    f"User {os.geteuid()} must be able to read and write it. {_AS_IT_IS}",
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

        filled = [folder for folder in (self.blobs, self.records) if folder.exists() and next(files_below(folder), ())]
        # Another process that starts on a new store writes this file before anything else.
        if filled and not self.version.exists():
            raise self._refusal(
                f"its file `layout` is missing, and {filled[0]} has files",
                "Restore the whole store, that file included. If a ReqPI of this layout wrote it, write the number "
                f"into it: echo {LAYOUT} > {self.version}",
            )

    def _refuse_owner(self, owner: int) -> None:
        """Reject a store of another user for root, whose files the other user could not read.

        :param owner: the number of the user that owns the store.
        """
        if os.geteuid() == 0 and owner != 0:
            raise self._refusal(
                f"it belongs to user {owner}, who could not read what root adds to it",
                f"Run the command as that user: setpriv --reuid={owner} --clear-groups COMMAND, or twistd with --uid "
                f"{owner}.",
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


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)
