"""``reqpi inject``: files rewritten in place."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.cli.process import CommandTestCase

DATA = b"an archive"
HEX = sha256(DATA).hexdigest()
URL = "https://example.org/foo-1.0.tar.gz"
GIT = f"git+https://example.org/bar@{'c' * 40}"
FOO, BAR = f"foo @ {URL} --hash=sha256:{HEX}", f"bar @ {GIT}"
SOURCES = {URL: {"file": "foo.tar.gz", "sha256": HEX}, GIT: {"file": "bar.tar.gz", "sha256": HEX}}


class InjectCase(CommandTestCase):
    """A folder that was filled, and a requirements file."""

    def setUp(self) -> None:
        super().setUp()
        self.deps = self.folder / "deps"
        self.fill(self.deps)
        self.record(sources=SOURCES)
        self.lock.write_text(f"# why\n{FOO}  # one\n{BAR}\n")

    def fill(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for name in ("foo.tar.gz", "bar.tar.gz"):
            (folder / name).write_bytes(DATA)

    def record(self, name: str = "deps/.reqpi.json", **keys: Any) -> None:
        (self.folder / name).write_text(json.dumps({"format": 1} | keys))

    def inject(self, *arguments: str) -> tuple[int, str, str]:
        return self.run_reqpi("inject", *arguments)

    def assert_refused(self, status: int, said: str, *arguments: str) -> None:
        """And every file is as it was."""
        before = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        found = self.inject(*(arguments or ("deps", "-r", "requirements.txt")))
        self.assertEqual(found[:2], (status, ""), found[2])
        self.assertIn(said, found[2])
        after = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        self.assertEqual(after, before)


class InjectTests(InjectCase):
    """A folder of ``reqpi fetch``."""

    def test_the_file_names_what_is_in_the_folder(self) -> None:
        """Its permissions are what they were."""
        self.lock.chmod(0o640)
        self.assertEqual(
            self.inject("deps", "-r", "requirements.txt"), (0, "", "reqpi: 2 requirements in 1 file rewritten\n")
        )
        foo, bar = f"file://{self.deps}/foo.tar.gz", f"file://{self.deps}/bar.tar.gz"
        expected = f"# why\nfoo @ {foo} --hash=sha256:{HEX}  # one\nbar @ {bar}#sha256={HEX}\n"
        self.assertEqual(self.lock.read_text(), expected)
        self.assertEqual(self.lock.stat().st_mode & 0o777, 0o640)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["deps", "requirements.txt"])

    def test_where_the_folder_will_be(self) -> None:
        self.assertEqual(self.inject("deps", "-q", "--for-output-dir", "/d", "-r", "requirements.txt"), (0, "", ""))
        self.assertIn("file:///d/bar.tar.gz", self.lock.read_text())

    def test_a_dry_run_prints_a_patch_that_patch_takes(self) -> None:
        before = self.lock.read_text()
        status, out, err = self.inject("deps", "--dry-run", "-r", "requirements.txt")
        self.assertEqual((status, err), (0, "reqpi: 2 requirements in 1 file would be rewritten\n"))
        self.assertEqual(self.lock.read_text(), before)
        self.assertTrue(
            out.startswith("--- requirements.txt\n+++ requirements.txt\n@@ -1,3 +1,3 @@\n # why\n-foo @"), out
        )

    def test_what_a_file_names_is_rewritten_too(self) -> None:
        """And a link stays a link."""
        (self.folder / "more.txt").symlink_to("really.txt")
        (self.folder / "really.txt").write_text(BAR)
        self.lock.write_text(f"-r more.txt\n{FOO}\n")
        status, _, err = self.inject("deps", "-r", "requirements.txt")
        self.assertEqual(status, 0, err)
        self.assertIn("together with more.txt", err)
        self.assertIn("2 requirements in 2 files rewritten", err)
        self.assertTrue((self.folder / "more.txt").is_symlink())
        self.assertIn("file://", (self.folder / "really.txt").read_text())

    def test_an_editable_one_is_remarked_upon(self) -> None:
        self.lock.write_text(f"-e {GIT}#egg=bar\n")
        status, _, err = self.inject("deps", "-r", "requirements.txt")
        self.assertEqual(status, 0)
        self.assertIn("requirements.txt:1: warning: -e is left out", err)

    def test_what_was_left_out_is_left_alone(self) -> None:
        """It was not wanted for the platform that was named."""
        self.record(sources={URL: SOURCES[URL]}, left_out=[GIT])
        self.assertEqual(self.inject("deps", "-r", "requirements.txt")[0], 0)
        self.assertIn(f"\n{BAR}\n", self.lock.read_text())

    def test_a_folder_that_says_nothing_is_enough_for_a_lock_without_sources(self) -> None:
        (self.deps / ".reqpi.json").unlink()
        self.assert_refused(1, "requirements.txt:2: the file that this names is not in deps: foo @")
        self.lock.write_text("six==1.17.0\n")
        self.assertEqual(
            self.inject("deps", "-r", "requirements.txt")[2], "reqpi: 0 requirements in 0 files rewritten\n"
        )

    def test_nothing_is_written_unless_all_is_right(self) -> None:
        """The second of two files is wrong; then the folder is."""
        (self.folder / "other.txt").write_text("six>=1\n")
        self.assert_refused(1, "other.txt:1: ", "deps", "-r", "requirements.txt", "-r", "other.txt")
        self.assert_refused(2, "nowhere is not a folder", "nowhere", "-r", "requirements.txt")
        self.assert_refused(2, "is not an absolute path", "deps", "-r", "requirements.txt", "--for-output-dir", "deps")
        self.assert_refused(2, "Specify them: -r requirements.txt", "deps")
        (self.deps / "bar.tar.gz").write_bytes(b"another")
        self.assert_refused(3, f"deps/bar.tar.gz differs from what was fetched from {GIT}")
        (self.deps / "bar.tar.gz").unlink()
        self.assert_refused(3, "deps/bar.tar.gz cannot be read")
        self.record(sources={URL: {"file": "../x", "sha256": HEX}})
        self.assert_refused(3, "deps/.reqpi.json cannot be read")

    def test_what_the_lock_says_counts_and_not_the_folder_alone(self) -> None:
        """Its digest is of something else."""
        self.lock.write_text(f"foo @ {URL} --hash=sha256:{'0' * 64}\n")
        self.assert_refused(3, f"deps/foo.tar.gz differs from what was fetched from {URL}")

    def test_another_format_is_not_rewritten(self) -> None:
        entry = f'[[packages]]\nname = "foo"\n[packages.archive]\nurl = "{URL}"\nhashes = {{sha256 = "{HEX}"}}\n'
        (self.folder / "pylock.toml").write_text(f'lock-version = "1.0"\ncreated-by = "x"\n{entry}')
        self.assert_refused(1, "pylock.toml:3: a pylock.toml cannot be rewritten", "deps", "-r", "pylock.toml")


class SourceTests(InjectCase):
    """A folder of ``reqpi fetch --source``, which knows what it was filled for."""

    def setUp(self) -> None:
        super().setUp()
        self.fill(self.folder / "out/deps/pip")
        self.lock.write_text(f"{FOO}\n")
        (self.folder / "sub").mkdir()
        (self.folder / "sub/build.txt").write_text(f"{BAR}\n")
        self.config()

    def config(self, *files: str) -> None:
        packages = [
            {"path": ".", "requirements_files": ["requirements.txt", *files], "requirements_build_files": []},
            {"path": "sub", "requirements_files": [], "requirements_build_files": ["build.txt"]},
        ]
        self.record("out/.build-config.json", deps="deps/pip", packages=packages, sources=SOURCES)

    def test_all_that_was_fetched_for_is_rewritten(self) -> None:
        status, _, err = self.inject("out", "--for-output-dir", "/out/")
        self.assertEqual((status, err), (0, "reqpi: 2 requirements in 2 files rewritten\n"))
        self.assertEqual(self.lock.read_text(), f"foo @ file:///out/deps/pip/foo.tar.gz --hash=sha256:{HEX}\n")
        self.assertEqual(
            (self.folder / "sub/build.txt").read_text(), f"bar @ file:///out/deps/pip/bar.tar.gz#sha256={HEX}\n"
        )

    def test_or_what_is_named(self) -> None:
        self.assertEqual(self.inject("out", "-r", "requirements.txt")[0], 0)
        self.assertIn(f"file://{self.folder}/out/deps/pip/foo", self.lock.read_text())
        self.assertIn("git+", (self.folder / "sub/build.txt").read_text())

    def test_from_elsewhere(self) -> None:
        os.rename(self.folder / "out", self.folder / "sub/out")
        self.assertEqual(self.inject("sub/out", "--source", str(self.folder))[0], 0)
        self.assertIn(f"file://{self.folder}/sub/out/deps/pip/foo", self.lock.read_text())

    def test_nothing_outside_the_source_is_written(self) -> None:
        """The source may be anybody's."""
        outside = self.folder.parent / f"{self.folder.name}.txt"
        outside.write_text(f"{BAR}\n")
        self.addCleanup(outside.unlink)
        (self.folder / "link.txt").symlink_to(outside)
        self.config("link.txt")
        self.assert_refused(2, "link.txt leads outside the source", "out")
        self.config()
        self.lock.write_text("-r link.txt\n")
        self.assert_refused(1, "this is outside the source", "out")
        self.assertEqual(outside.read_text(), f"{BAR}\n")
