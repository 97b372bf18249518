"""What a worker is given by its parent: a line on standard input, and sockets that are open."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import asdict

from reqpi.server.settings import Settings

__all__ = ["FIRST_DESCRIPTOR", "dumped", "loaded"]

FIRST_DESCRIPTOR = 3
"""Sockets have the descriptors from here on, one for each of ``settings.listen``, in order."""

_PATH = "\0path"
"""Marks a path among the settings; no option has it in its name."""


def dumped(settings: Settings) -> bytes:
    """The settings as a line."""
    return json.dumps(asdict(settings), default=lambda path: {_PATH: str(path)}).encode() + b"\n"


def loaded(line: bytes) -> Settings:
    """The settings, from that line."""
    return Settings(**json.loads(line, object_hook=lambda read: Path(read[_PATH]) if _PATH in read else read))
