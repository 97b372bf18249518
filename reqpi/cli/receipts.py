"""The file of ``--receipt``: a record of what a command took, written when it has ended."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from reqpi.cli.folders.written_file import write
from reqpi.cli.inputs.lock_files import LockFiles
from reqpi.client.errors import BadUsage
from reqpi.core.address import address_of
from reqpi.core.receipts.document import timestamp, write_receipt
from reqpi.core.receipts.model import ReceiptDocument
from reqpi.core.receipts.recorder import ReceiptRecorder

__all__ = ["ReceiptFile", "this_machine"]


class ReceiptFile:
    """The file of a receipt, and the recorder of what it will contain.

    :param locks: the files of the lock, none of which it may be.

    It is emptied before the command runs: what it had before says nothing about this command.

    :raises BadUsage: it cannot be written.
    """

    def __init__(self, path: Path, taken: LockFiles, target: Mapping[str, str], locks: Sequence[str] = ()) -> None:
        self.recorder = ReceiptRecorder()
        self._sealed = False
        self._path = path
        self._taken = taken
        self._target = target
        self._started = timestamp(time.time())
        if path.exists() and any(os.path.exists(lock) and path.samefile(lock) for lock in locks):
            raise BadUsage(f"--receipt {path} is the lock: name another file")
        _empty(path)

    def seal(self) -> None:
        """Record that the command is sealed."""
        self._sealed = True

    def write(self) -> None:
        """Write the receipt.

        :raises BadUsage: the file cannot be written any more.
        """
        documents = tuple(ReceiptDocument(each.path, address_of(each.data)) for each in self._taken.documents)
        receipt = self.recorder.receipt(
            address_of(self._taken.committed),
            documents,
            self._started,
            max(self._started, timestamp(time.time())),  # a clock may be set back
            target=self._target,
            sealed=self._sealed,
        )
        write(self._path, write_receipt(receipt))


def _empty(path: Path) -> None:
    """Empty a file, or create it; leave a pipe or a device as it is.

    :raises BadUsage: it cannot be written.
    """
    if not path.exists() or path.is_file():
        write(path, b"")
    elif path.is_dir() or not os.access(path, os.W_OK):
        raise BadUsage(f"{path} cannot be written: it is {'a folder' if path.is_dir() else 'not yours to write'}")


def this_machine() -> dict[str, str]:
    """Return the markers of this machine. Those of a Python are not known: the command may use any."""
    return {
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_system": platform.system(),
        "sys_platform": sys.platform,
    }
