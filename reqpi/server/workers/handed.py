"""The hand-over from parent to worker: a line on standard input, and open sockets."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import asdict

from reqpi.server.settings import Settings
from reqpi.upstream.crates.allowed import CrateSettings

__all__ = ["FIRST_DESCRIPTOR", "dumped", "loaded"]

FIRST_DESCRIPTOR = 3
"""The descriptor of the first socket. There is one for each of ``settings.listen``, in order."""

_PATH = "\0path"
"""The mark of a path among the settings; no option has this name."""


def dumped(settings: Settings) -> bytes:
    """Return the settings as a line."""
    return json.dumps(asdict(settings), default=lambda path: {_PATH: str(path)}).encode() + b"\n"


def loaded(line: bytes) -> Settings:
    """Return the settings from a line of :func:`dumped`."""
    read = json.loads(line, object_hook=lambda found: Path(found[_PATH]) if _PATH in found else found)
    return Settings(**read | {"crates": CrateSettings(**read["crates"])})
