"""A test of the client: a scripted server, and an environment that nobody else's settings reach."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.report import Document
from tests.client.scripted import Scripted

DOCUMENT = b"six==1.17.0\n"
ALONE = (Document("", DOCUMENT),)

_MEDDLING = ("proxy", "netrc", "cert", "ca_bundle", "reqpi")


class ClientTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        for name in list(os.environ):
            if any(word in name.lower() for word in _MEDDLING):
                self.patch_environment(name, None)
        self.home = Path(self.mktemp())
        self.home.mkdir(parents=True)
        self.patch_environment("HOME", str(self.home))
        self.server = Scripted()
        self.addCleanup(self.server.close)

    def patch_environment(self, name: str, value: str | None) -> None:
        """Set a variable, or take it away, until the test ends."""
        before = os.environ.get(name)
        self.addCleanup(_set, name, before)
        _set(name, value)

    def patch_bound(self, name: str, value: float) -> None:
        """Make a bound of the exchange smaller, for this test."""
        self.patch(sys.modules["reqpi.client.exchange"], name, value)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
