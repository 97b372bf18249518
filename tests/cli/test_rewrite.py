"""``reqpi gethash --rewrite``: the lock with its URLs below the address."""

from __future__ import annotations

from reqpi.core.address import address_of
from reqpi.core.rewritten_lock import rewritten_lock
from tests.cli.process import DOCUMENT, CommandTestCase

GIT = '[[package]]\nname = "top"\nversion = "1"\nsource = { git = "https://host.example.org/top.git#abc" }\n'
LOCK = (
    'version = 1\n[[package]]\nname = "six"\nversion = "1.0"\n'
    'source = { registry = "https://index.example.org/simple" }\n'
    'wheels = [{ url = "https://files.example.org/six-1.0-py3-none-any.whl", hash = "sha256:ab" }]\n'
)


class RewriteTests(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.written = self.folder / "here.lock"

    def gethash(self, lock: str, *options: str) -> tuple[int, str, str]:
        (self.folder / "uv.lock").write_text(lock)
        return self.run_reqpi("gethash", "--url", self.server.url, "--rewrite", "here.lock", *options, "uv.lock")

    def test_the_file_is_written_and_stdout_stays_the_index(self) -> None:
        """It is the lock that the server would serve, and no request is made for it."""
        index = self.server.takes(LOCK.encode())
        status, out, err = self.gethash(LOCK)
        self.assertEqual((status, out), (0, f"{index}\n"), err)
        here = index.removesuffix("simple/")
        self.assertEqual(self.written.read_bytes(), rewritten_lock(LOCK.encode(), here).document)
        self.assertIn(f'"{index}six/six-1.0-py3-none-any.whl"', self.written.read_text())

    def test_packages_from_git_are_reported(self) -> None:
        self.server.takes((LOCK + GIT).encode())
        _, _, err = self.gethash(LOCK + GIT)
        self.assertIn("here.lock still takes packages from git: top", err)

    def test_another_format_is_an_error_and_nothing_is_written(self) -> None:
        self.server.takes(DOCUMENT)
        status, out, err = self.gethash(DOCUMENT.decode())
        self.assertEqual((status, out), (2, ""))
        self.assertIn("cannot rewrite uv.lock: it is not", err)
        self.assertFalse(self.written.exists())

    def test_a_file_that_cannot_be_written_is_an_error(self) -> None:
        self.server.takes(LOCK.encode())
        self.written.mkdir()
        status, out, err = self.gethash(LOCK)
        self.assertEqual((status, out), (2, ""))
        self.assertIn("here.lock", err)


class LyingServerTests(CommandTestCase):
    """A server that would like to write the lock."""

    def test_no_byte_of_the_file_comes_from_the_server(self) -> None:
        """It names another index, and has another lock at the path of this one."""
        document = LOCK.encode()
        (self.folder / "uv.lock").write_bytes(document)
        index = self.server.takes(document)
        evil = document.replace(b"sha256:ab", b"sha256:ff")
        self.server.says(f"/{address_of(document)}/uv.lock", 200, {"evil": evil.decode()})
        arguments = ("gethash", "--url", self.server.url, "--rewrite", "here.lock", "uv.lock")
        self.assertEqual(self.run_reqpi(*arguments)[0], 0)
        written = (self.folder / "here.lock").read_bytes()
        self.assertEqual(written, rewritten_lock(document, index.removesuffix("simple/")).document)
        (self.folder / "here.lock").unlink()
        self.server.takes(document, index=f"http://evil.example.org/{address_of(document)}/simple/")
        self.assertEqual(self.run_reqpi(*arguments)[:2], (4, ""))
        self.assertFalse((self.folder / "here.lock").exists())
