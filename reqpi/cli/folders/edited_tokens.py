"""The file of tokens on the disk: it is replaced in one step, and one process at a time edits it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import mkstemp

from reqpi.cli.folders.output_folder import writing
from reqpi.client.errors import BadUsage
from reqpi.core.access.token_file import LARGEST, BadTokenFile

__all__ = ["edit_tokens", "in_token_file", "read_token_file"]

_PRIVATE = 0o600
_KEPT = 0o640
"""The permissions that a file may keep: its group may read it, as a server under another user needs it."""


def read_token_file(path: Path) -> bytes:
    """Return the bytes of a file of tokens, at most one more than it may have.

    :raises reqpi.client.errors.BadUsage: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise BadUsage(f"{path} cannot be read: {error.strerror or error}") from None


@contextmanager
def in_token_file(path: Path) -> Iterator[None]:
    """Name the file in an error of its contents.

    :raises reqpi.client.errors.BadUsage: the block found such an error.
    """
    try:
        yield
    except BadTokenFile as bad:
        raise BadUsage(f"{path}: {bad}") from None


def edit_tokens(path: Path, edit: Callable[[bytes], bytes]) -> None:
    """Replace a file of tokens by an edited one. A missing file is created, readable for its owner only.

    :raises reqpi.client.errors.BadUsage: it cannot be read, edited or written.
    """
    path = Path(os.path.realpath(path))
    with writing(path), _locked(path.parent):
        old = path.stat() if path.exists() else None
        data = b"" if old is None else read_token_file(path)
        with in_token_file(path):
            edited = edit(data)
        _replace(path, edited, old)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flock(descriptor, LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes, old: os.stat_result | None) -> None:
    """Replace a file. The new one has the owner of the old one, so that its server can still read it."""
    descriptor, name = mkstemp(prefix=".reqpi-tokens-", dir=path.parent)  # mode 600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if old is not None:
                if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), old.st_uid, old.st_gid)
                os.fchmod(file.fileno(), old.st_mode & _KEPT | _PRIVATE)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
