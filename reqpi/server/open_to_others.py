"""Files of the operator that other users of the machine can read or write, and should not."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from reqpi.server.host_defaults import default_store
from reqpi.server.settings import Settings

__all__ = ["open_to_others"]

_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_READABLE = stat.S_IRGRP | stat.S_IROTH


def open_to_others(settings: Settings) -> Iterator[str]:
    """Yield a warning if other users can write to the store or to the tokens, or can read the netrc file."""
    store = settings.store or default_store()
    if isinstance(store, Path) and _allows(store, _WRITABLE):
        yield f"other users can write to the store {store}: chmod go-w {store}"
    netrc = settings.netrc or settings.own_netrc
    if netrc is not None and _allows(netrc, _READABLE | _WRITABLE):
        yield f"other users can read the passwords in {netrc}: chmod 600 {netrc}"
    if settings.tokens is not None and _allows(settings.tokens, _WRITABLE):
        yield f"other users can add tokens to {settings.tokens}: chmod go-w {settings.tokens}"


def _allows(path: Path, bits: int) -> bool:
    try:
        return bool(path.stat().st_mode & bits)
    except OSError:  # the code that opens it reports that
        return False
