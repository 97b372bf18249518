"""pdm: a project of its own, resolved and locked anew from the address."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.promises import Promises

pytestmark = pytest.mark.clients

PROJECT = """\
[project]
name = "wanting"
version = "1"
requires-python = ">=3.11"
dependencies = {requirements}
"""


class PdmTests(Promises):
    """pdm lock and pdm sync, which resolve by themselves."""

    refusal = "Unable to find candidates for {project}"

    @property
    def target(self) -> Path:
        [packages] = (self.folder / ".venv").glob("lib/python*/site-packages")
        return packages

    def install(self, index: str, *requirements: str) -> Done:
        (self.folder / "pyproject.toml").write_text(PROJECT.format(requirements=list(requirements)))
        (self.folder / "pdm.lock").unlink(missing_ok=True)
        environ = {
            "PDM_PYPI_URL": index,
            "PDM_CONFIG_FILE": os.devnull,
            "PDM_CHECK_UPDATE": "0",
            "PDM_CACHE_DIR": str(self.folder / "cache"),
            "PDM_IGNORE_ACTIVE_VENV": "1",
            "PDM_REQUEST_TIMEOUT": "30",
        }
        pdm = environment("pdm", "pdm[locked]") / "pdm"
        if not (self.folder / ".venv").exists():
            run([sys.executable, "-m", "venv", "--without-pip", ".venv"], self.folder, {})
        # Left to itself pdm resolves for every platform there is, and wants what only others need.
        platform = "macos" if sys.platform == "darwin" else "linux"
        locked = run([pdm, "lock", "-vv", "--platform", platform], self.folder, environ)
        return locked if locked.status else run([pdm, "sync", "-vv", "--no-self"], self.folder, environ)
