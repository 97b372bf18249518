"""Folders for one test."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

__all__ = ["scratch"]


def scratch(case: SynchronousTestCase) -> Path:
    """An empty folder that is removed after the test."""
    folder = Path(tempfile.mkdtemp(prefix="reqpi-"))
    case.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder
