"""Translation of the operating system's errors to those of :mod:`reqpi.core.errors`.

Titles and details reach HTTP clients, so they name no path. The ``OSError`` with its path remains the ``__cause__``,
for the operator's log.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reqpi.core.errors import StoreFull, StoreTrouble

__all__ = ["FULL", "store_trouble"]

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the file system, in the quota, or for a file of this size (``ulimit -f``)."""


@contextmanager
def store_trouble(doing: str, path: Path | str) -> Iterator[None]:
    """Raise an error of the operating system as an error of the store.

    :param doing: the operation that failed, as a participle and without a path: ``read``, ``written``.
    :param path: named in the log if the error names none.
    :raises reqpi.core.errors.StoreFull: there is no room.
    :raises reqpi.core.errors.StoreTrouble: any other ``OSError``.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        if error.errno in FULL:
            raise StoreFull(
                "the store is full", "The operator of this index has to free space; then try again."
            ) from error
        raise StoreTrouble(
            f"the store cannot be {doing}",
            f"The operating system reports: {error.strerror}. The log of this index has more for its operator.",
        ) from error
