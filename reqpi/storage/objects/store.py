"""A store in an object store, which any number of processes on any number of machines may share."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from functools import partial
from pathlib import Path

from reqpi.core.errors import Misconfigured
from reqpi.runtime import offload
from reqpi.storage.directory.folders import make_folders
from reqpi.storage.directory.temporary import Temporary, remove_abandoned
from reqpi.storage.objects.blobs import ObjectBlobs
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.connect import Connection, connect
from reqpi.storage.objects.keys import FOLDERS
from reqpi.storage.objects.opening import prepare
from reqpi.storage.objects.records import ObjectRecords
from reqpi.storage.objects.usage import UsageMarks
from reqpi.storage.threads import InThread, streamed

__all__ = ["ObjectStore", "object_store"]


class ObjectStore(ObjectBlobs, ObjectRecords):
    """A :class:`reqpi.core.interfaces.Store` in an object store; :mod:`reqpi.storage.objects` shows its layout.

    No request is sent and no thread is started before :meth:`open`.

    :param connect: returns the clients.
    :param spool: folder on this machine where blobs grow until they are complete. Processes may share it.
    :param in_thread: calls a blocking function outside the reactor's thread.
    :param clock: seconds since the epoch. The clocks of machines that share the store may differ by four minutes.
    :param coarse: seconds during which a repeated use is not recorded again.
    :param sleep: waits for some seconds, in a thread.
    :param kept: called in a thread with each blob that was stored, and its sha256.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        spool: Path,
        in_thread: InThread = offload.in_thread,
        clock: Callable[[], float] = time.time,
        coarse: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        kept: Callable[[Temporary, str], None] | None = None,
    ) -> None:
        objects = ObjectClient(connect)
        usage = UsageMarks(objects, clock, coarse, sleep)
        self._folder = spool
        self._listing = in_thread
        ObjectBlobs.__init__(self, objects, usage, spool, in_thread, kept)
        ObjectRecords.__init__(self, objects, usage, in_thread)

    def open(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.open`."""
        _make_ready(self._folder)
        self._objects.open()
        prepare(self._objects)

    async def occupied(self) -> AsyncGenerator[int, None]:
        """See :meth:`reqpi.core.interfaces.Store.occupied`: one request for each thousand objects."""
        async for size in streamed(self._listing, self._sizes):
            yield size

    def _sizes(self) -> Generator[int, None, None]:
        for folder in FOLDERS:
            for each in self._objects.listed(folder):
                yield each.size

    async def close(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.close`."""
        self._objects.close()


def object_store(
    url: str,
    options: Mapping[str, str],
    spool: Path,
    *,
    in_thread: InThread = offload.in_thread,
    clock: Callable[[], float] = time.time,
    coarse: float = 60.0,
    kept: Callable[[Temporary, str], None] | None = None,
) -> ObjectStore:
    """Return the store at ``url``, with ``--store-option``: see :func:`reqpi.storage.objects.connect.connect`.

    Errors in the URL or the options are raised by :meth:`ObjectStore.open`. The other parameters are those of
    :class:`ObjectStore`.
    """
    return ObjectStore(
        partial(connect, url, dict(options)), spool=spool, in_thread=in_thread, clock=clock, coarse=coarse, kept=kept
    )


def _make_ready(spool: Path) -> None:
    """Create the folder where blobs grow, and remove the files that crashed processes left in it."""
    try:
        make_folders(spool)
        if not os.access(spool, os.R_OK | os.W_OK | os.X_OK):
            raise _unusable(spool, "it cannot be written", f"User {os.geteuid()} needs to read and write there.")
        remove_abandoned(spool)
    except OSError as error:
        raise _unusable(spool, error.strerror or str(error), "Name another folder.") from error


def _unusable(spool: Path, problem: str, advice: str) -> Misconfigured:
    return Misconfigured(f"files cannot be spooled in {spool}: {problem}", advice)
