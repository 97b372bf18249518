"""A server over a store in a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread

from reqpi.storage.directory.store import DirectoryStore
from tests.web.case import WebCase

__all__ = ["DirectoryCase"]


class DirectoryCase(WebCase):
    """The store is a directory, ``self.folder``, which is read and written in threads."""

    store: Any

    def made_store(self) -> Any:
        self.folder = Path(self.mktemp())
        store = DirectoryStore(self.folder, in_thread=deferToThread, clock=self.clock.seconds)
        store.open()
        return store
