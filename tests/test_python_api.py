"""The public Python API is what docs/reference/python.md says."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PAGE = (Path(__file__).parents[1] / "docs" / "reference" / "python.md").read_text("utf-8")


class ApiTests(SynchronousTestCase):
    def test_every_name_exists(self) -> None:
        names = re.findall(r"`(reqpi[\w.]+)`", PAGE)
        self.assertGreater(len(names), 8)
        for name in names:
            module, _, attribute = name.rpartition(".")
            try:
                found = import_module(name)
            except ModuleNotFoundError:
                found = getattr(import_module(module), attribute)
            self.assertIsNotNone(found, name)

    def test_every_example_runs(self) -> None:
        examples = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        self.assertEqual(len(examples), 2)
        for example in examples:
            done = subprocess.run(
                [sys.executable, "-c", example], cwd=self._folder(), capture_output=True, text=True, check=False
            )
            self.assertEqual((done.returncode, done.stderr), (0, ""), example)

    def _folder(self) -> Path:
        folder = Path(self.mktemp())
        folder.mkdir()
        return folder
