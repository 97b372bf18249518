"""``reqpi fetch`` with ``--source`` or ``--request``: usage errors are found before anything is written."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli import main

PIP = '{"type": "pip"}'


class UsageTests(SynchronousTestCase):
    """Nothing is printed on stdout, nothing is written, and no server is asked."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()  # in no repository
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "src").mkdir(parents=True)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.folder)

    def refused(self, *arguments: str) -> str:
        """Return what a rejected command prints on stderr."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                status = main(["fetch", *arguments])
            except SystemExit as end:
                status = int(end.code or 0)
        self.assertEqual((status, out.getvalue()), (2, ""), err.getvalue())
        self.assertFalse((self.folder / "out").exists())
        return err.getvalue()

    def test_every_flaw_is_told_with_what_to_write(self) -> None:
        """They are reported together."""
        said = self.refused("--source", "src", "-o", "out", '{"type": "pip", "path": "/a", "x": 1}')
        self.assertRegex(
            said, r"\Areqpi: x: unknown key\n    The keys are: .*\nreqpi: path: \"/a\" is an absolute path\n    "
        )
        (self.folder / "r.json").write_text('{"repo": "x"}')
        self.assertEqual(self.refused("--request", "r.json", "-o", "out").count("reqpi: "), 3)

    def test_forms_do_not_mix(self) -> None:
        for arguments in (
            ["-o", "out"],
            ["lock.txt", "-o", "out", "--mode", "strict"],
            ["lock.txt", "-o", "out", "--sbom-output-type", "spdx"],
            ["--source", "src", "-o", "out"],
            ["--source", "src", "-o", "out", "pip", "pip"],
            ["--source", "src", "-o", "out", "pip", "--platform", "win32"],
            ["--source", "src", "-o", "out", "pip", "--allow-outside"],
            ["--source", "src", "--request", "r.json", "-o", "out"],
            ["--request", "r.json", "-o", "out", "pip"],
            ["--request", "r.json", "-o", "out", "--mode", "permissive"],
            ["--source", "src", "-o", "out", "pip", "--url", "http://localhost:1", "--store", "x"],
        ):
            self.assertIn("error: ", self.refused(*arguments), arguments)

    def test_files_that_are_not_there_or_no_input(self) -> None:
        (self.folder / "latin.json").write_bytes(b"\xff")
        (self.folder / "large.json").write_bytes(b" " * (1 << 21))
        (self.folder / "empty.json").write_bytes(b"")
        for name in ("missing.json", "latin.json", "large.json", "empty.json", "src"):
            for arguments in (["--source", "src", name], ["--request", name]):
                self.assertTrue(self.refused(*arguments, "-o", "out").startswith("reqpi: "))

    def test_a_source_that_is_none(self) -> None:
        self.assertIn("nowhere is not a folder", self.refused("--source", "nowhere", "-o", "out", "pip"))
        said = self.refused("--source", "src", "-o", "out", "--mode", "permissive", "pip")
        self.assertIn("src has no name", said)
