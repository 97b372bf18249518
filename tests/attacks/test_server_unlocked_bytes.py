"""A server that chooses the bytes of pins without digests: --require-hashes reads the lock here and rejects it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.process import DOCUMENT, CommandTestCase

LOCKED = b"six==1.17.0 --hash=sha256:" + b"4" * 64 + b"\n"
REPORT = (
    "requirements.txt:1: six has no digest, and --require-hashes requires one: six==1.17.0\n"
    "    add its `--hash=sha256:…` (pip-compile and uv pip compile write them with --generate-hashes), "
    "or lock again from an index that provides sha256 digests\n"
    "requirements.txt: 1 defect\n"
)


class RequireHashesTests(CommandTestCase):
    """The server calls the lock fine; nothing is sent to it, and nothing is run."""

    def setUp(self) -> None:
        super().setUp()
        self.server.takes(DOCUMENT, without_digests=0)

    def rejected(self, command: str, *arguments: str, **environ: str) -> None:
        """Check that a command rejects the lock without asking the server."""
        answer = self.run_reqpi(command, "--url", self.server.url, *arguments, environ=environ)
        self.assertEqual(answer, (1, "", REPORT))
        self.assertEqual(self.server.seen, [])

    def test_gethash_does_not_believe_that_every_pin_has_a_digest(self) -> None:
        """The server reports no pin without a digest, to serve bytes of its choice later."""
        self.rejected("gethash", "--require-hashes", "requirements.txt")

    def test_run_starts_nothing(self) -> None:
        """The server tries to have the command install bytes of its choice."""
        self.rejected("run", "--require-hashes", "requirements.txt", "--", "echo", "ran")

    def test_fetch_creates_no_folder(self) -> None:
        """The server tries to put bytes of its choice into the folder of an offline install."""
        self.rejected("fetch", "--require-hashes", "requirements.txt", "-o", "wheels")
        self.assertFalse((self.folder / "wheels").exists())

    def test_fetch_rejects_the_locks_of_a_source(self) -> None:
        """The server tries the same for a source tree."""
        source = self.folder / "source"
        source.mkdir()
        source.joinpath("requirements.txt").write_bytes(DOCUMENT)
        source.joinpath("setup.cfg").write_text("[metadata]\nname = own\nversion = 1\n")
        arguments = ("--require-hashes", "--source", "source", "--mode", "permissive", "-o", "out", "pip")
        status, _, err = self.run_reqpi("fetch", "--url", self.server.url, *arguments)
        self.assertEqual(status, 1)
        self.assertIn("six has no digest, and --require-hashes requires one", err)
        self.assertEqual(self.server.seen, [])

    def test_the_variable_of_the_server_is_one_of_the_client_too(self) -> None:
        """The server tries a client whose administrator set the variable."""
        self.rejected("gethash", "requirements.txt", REQPI_REQUIRE_HASHES="1")

    def test_a_lock_with_digests_is_committed(self) -> None:
        """No attack: every pin has a digest."""
        Path(self.lock).write_bytes(LOCKED)
        index = self.server.takes(LOCKED)
        answer = self.run_reqpi("gethash", "--url", self.server.url, "--require-hashes", "requirements.txt")
        self.assertEqual(answer, (0, f"{index}\n", ""))
