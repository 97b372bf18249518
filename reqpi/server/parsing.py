"""The processes in which a server reads what strangers wrote."""

from __future__ import annotations

from attrs import frozen

from reqpi.runtime.child_process import Budget, ChildProcess
from reqpi.server.settings import Settings
from reqpi.shelf.lock_reading import LockReading

__all__ = ["Parsing", "parsing_of"]

_SDIST = Budget(seconds=5, memory=1 << 30)
"""A setup.py of the largest size that is parsed takes 0.5 s, and a pyproject.toml 3 s."""


@frozen
class Parsing:
    """The readers of documents and of the files in sdists.

    :param sdists: ``None``: a thread reads them.
    """

    locks: LockReading
    sdists: ChildProcess | None

    def close(self) -> None:
        """End the processes."""
        self.locks.close()
        if self.sdists is not None:
            self.sdists.close()


def parsing_of(settings: Settings) -> Parsing:
    """Return the readers of a server. One inside a command has a single client, so nothing delays others."""
    alone = settings.only is not None
    return Parsing(LockReading(processes=not alone), None if alone else ChildProcess(_SDIST))
