"""A source whose files ``reqpi fetch --source`` fetches, beside the upstream of all end-to-end tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.server import ROOT

__all__ = ["NAMED", "PrefetchCase"]

NAMED = '[project]\nname = "own"\nversion = "1.0"\n'


class PrefetchCase(EndToEnd):
    """A source that has a name, beside the upstream of all end-to-end tests."""

    def setUp(self) -> None:
        super().setUp()
        for name, version in (("top", "1.0"), ("mid", "1.5")):
            self.upstream.sdist(name, version)
        self.write("pyproject.toml", NAMED)
        self.out = self.folder / "out"

    def write(self, path: str, text: str) -> Path:
        file = self.folder / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def reqpi(self, *arguments: str, inside: bool = False, index: str = "") -> subprocess.CompletedProcess[str]:
        """``reqpi fetch`` through the server that runs, or through one of its own.

        :param index: the one of this machine's pip, if that is where its own server takes files from.
        """
        own = ["--store", "own"] if index else ["--upstream", self.upstream.url, "--store", "own"]
        server = own if inside or index else ["--url", self.server.url]
        command = [sys.executable, "-m", "reqpi", "fetch", *arguments, *server]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("REQPI_")}
        environ |= {"PIP_INDEX_URL": index} if index else {}
        return subprocess.run(
            command, cwd=self.folder, env=environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip

    def fetch(self, asked: Any = "pip", *options: str, status: int = 0, inside: bool = False, index: str = "") -> str:
        """Fetch for the source; what is said on stderr."""
        text = asked if isinstance(asked, str) else json.dumps(asked)
        arguments = ["--source", "src", "--output", "out", "--mode", "permissive", text, *options]
        done = self.reqpi(*arguments, inside=inside, index=index)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.said = done.stdout
        return done.stderr

    def there(self) -> set[str]:
        return {path.name for path in (self.out / "deps/pip").iterdir()}

    def document(self, name: str) -> Any:
        return json.loads((self.out / name).read_text())
