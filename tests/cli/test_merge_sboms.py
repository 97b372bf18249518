"""``reqpi merge-sboms``: documents in, one document out, or every error with its file."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli import main
from reqpi.core.sbom import MainComponent, cyclonedx, spdx, with_project
from reqpi.core.sbom.reading import read_sbom
from tests.core.sbom.test_bill import full
from tests.core.sbom.test_reading import HERMETO, hermeto_spdx
from tests.core.sbom.valid import flaws_of_cyclonedx, flaws_of_spdx

OURS = with_project(full(), MainComponent("mine", "1.0", "pkg:pypi/mine@1.0"))
NAMES = {"app", "bash", "idna", "left-pad", "mine", "own", "six", "treq"}


class MergeTests(SynchronousTestCase):
    """In a folder with documents of each kind."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.folder)
        self.write("ours.cdx.json", cyclonedx(OURS))
        self.write("ours.spdx.json", spdx(OURS))
        self.write("theirs.cdx.json", json.dumps(HERMETO).encode())
        self.write("theirs.spdx.json", json.dumps(hermeto_spdx()).encode())

    def write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def test_options_may_stand_between_the_documents(self) -> None:
        self.merge("ours.cdx.json", "--sbom-output-type", "cyclonedx", "theirs.cdx.json")
        self.assertEqual({each["name"] for each in json.loads(Path("out.json").read_bytes())["components"]}, NAMES)

    def merge(self, *arguments: str, status: int = 0) -> str:
        """Merge to ``out.json``; what is said on stderr."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            self.assertEqual(main(["merge-sboms", *arguments, "-o", "out.json"]), status, err.getvalue())
        self.assertEqual(out.getvalue(), "")
        return err.getvalue()

    def test_any_mix_in_any_order_to_either_format(self) -> None:
        for kind, flaws in (("cyclonedx", flaws_of_cyclonedx), ("spdx", flaws_of_spdx)):
            for ours in ("ours.cdx.json", "ours.spdx.json"):
                written = set()
                for files in ((ours, "theirs.cdx.json"), ("theirs.cdx.json", ours, ours)):
                    self.assertEqual(self.merge(*files, "--format", kind), "")
                    written.add((self.folder / "out.json").read_bytes())
                (one,) = written
                self.assertEqual(flaws(one), [])
                self.assertEqual({component.name for component in read_sbom(one).sbom.components}, NAMES)
                self.merge(ours, "theirs.spdx.json", "--sbom-output-type", kind)
                sbom = read_sbom((self.folder / "out.json").read_bytes()).sbom
                self.assertEqual({component.name for component in sbom.components}, NAMES)

    def test_one_alone_is_converted(self) -> None:
        self.merge("ours.cdx.json", "--format", "spdx")
        self.assertEqual(read_sbom((self.folder / "out.json").read_bytes()).sbom.components, OURS.components)

    def test_a_name_for_the_whole(self) -> None:
        self.merge("ours.cdx.json", "theirs.cdx.json", "--sbom-name", "all of it", "--version", "2")
        sbom = json.loads((self.folder / "out.json").read_text())
        self.assertEqual(sbom["metadata"]["component"]["name"], "all of it")
        after = {each["ref"]: each.get("dependsOn", []) for each in sbom["dependencies"]}
        self.assertIn("pkg:pypi/mine@1.0", after["main"])

    def test_it_goes_to_standard_output(self) -> None:
        command = [sys.executable, "-m", "reqpi", "merge-sboms", "ours.cdx.json", "theirs.spdx.json"]
        environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(command, env=environ, capture_output=True, timeout=240, check=True)
        self.merge("ours.cdx.json", "theirs.spdx.json")
        self.assertEqual(done.stdout, (self.folder / "out.json").read_bytes())

    def test_every_document_that_cannot_be_read_is_told_and_nothing_is_written(self) -> None:
        self.write("list.json", b"[]")
        self.write("broken.json", json.dumps(HERMETO | {"components": [{"name": "a", "purl": "b\x1b[2J"}]}).encode())
        said = self.merge("ours.cdx.json", "list.json", "broken.json", "gone.json", ".", status=2)
        for line in (
            "reqpi: list.json: the document: an array is not an object",
            "reqpi: broken.json: components[0].purl: ",
            "reqpi: gone.json: it cannot be read: No such file",
            "reqpi: .: it cannot be read: Is a directory",
        ):
            self.assertIn(line, said)
        self.assertNotIn("\x1b", said)
        self.assertFalse((self.folder / "out.json").exists())

    def test_what_there_is_no_room_for_is_told(self) -> None:
        self.write("other.json", json.dumps(HERMETO | {"vulnerabilities": []}).encode())
        self.assertIn(
            "other.json: left out, as the output has no place for it: vulnerabilities", self.merge("other.json")
        )
        self.assertEqual(self.merge("other.json", "-q"), "")
