"""``reqpi sbom``: the bill of a lock, from a server or from one inside."""

from __future__ import annotations

from reqpi.core.address import address_of
from tests.attacks.lying_server import LyingServer
from tests.cli.process import DOCUMENT, CommandTestCase

ADDRESS = address_of(DOCUMENT)


class SbomTests(CommandTestCase):
    """Through a server that runs."""

    def setUp(self) -> None:
        super().setUp()
        self.server = LyingServer(DOCUMENT, {"six-1.17.0-py3-none-any.whl": b"content"})
        self.addCleanup(self.server.close)

    def sbom(self, *options: str) -> tuple[int, str, str]:
        return self.run_reqpi("sbom", "requirements.txt", "--url", self.server.url, *options)

    def named(self, name: str, version: str = "", kind: str = "sbom.cdx.json") -> str:
        """Have the server name the main component; the document."""
        return self.server.name_project(name, version, kind).decode()

    def test_it_goes_to_standard_output(self) -> None:
        self.assertEqual(self.sbom(), (0, self.named(""), ""))

    def test_a_lock_without_digests_is_rejected_where_the_user_requires_them(self) -> None:
        for command in (("sbom",), ("wheelhouse", "-o", "bundle.tar")):
            status, out, err = self.run_reqpi(
                *command, "requirements.txt", "--url", self.server.url, "--require-hashes"
            )
            self.assertEqual((status, out), (1, ""))
            self.assertIn("requirements.txt:1:", err)
        self.assertEqual(self.server.seen, [])

    def test_it_goes_to_a_file_in_one_step(self) -> None:
        status, out, err = self.sbom("-o", "bill.json")
        self.assertEqual((status, out), (0, ""))
        self.assertIn("in bill.json", err)
        self.assertEqual((self.folder / "bill.json").read_text(), self.named(""))
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["bill.json", "requirements.txt"])

    def test_format_name_and_version(self) -> None:
        expected = self.named("my app", "1.0", "sbom.spdx.json")
        answer = self.sbom("--format", "spdx", "--name", "my app", "--version", "1.0")
        self.assertEqual(answer, (0, expected, ""))
        self.assertEqual(self.server.seen[-2].path, f"/{ADDRESS}/sbom.spdx.json?name=my+app&version=1.0")

    def test_the_project_says_its_own_name(self) -> None:
        """Beside the lock; ``--name`` counts before it, and what cannot be read is told and costs no bill."""
        (self.folder / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "2.0"\n')
        for name, version, options in (
            ("app", "2.0", []),
            ("other", "", ["--name", "other"]),
            ("", "", ["--name", ""]),
        ):
            expected = self.named(name, version)
            self.assertEqual(self.sbom(*options), (0, expected, ""))
        (self.folder / "pyproject.toml").write_text("[project\n")
        status, out, err = self.sbom()
        self.assertEqual((status, out), (0, expected))
        self.assertIn("pyproject.toml", err)

    def test_what_is_not_complete_is_told(self) -> None:
        body = self.named("").encode()
        self.server.says(f"/{ADDRESS}/sbom.cdx.json", 200, body, **{"Cache-Control": "no-store"})
        status, out, err = self.sbom()
        self.assertEqual((status, out), (0, body.decode()))
        self.assertIn("the SBOM is not final", err)

    def test_what_cannot_be_had_is_a_status(self) -> None:
        problem = {"type": "urn:reqpi:upstream-trouble", "title": "upstream is away", "status": 503, "detail": "Wait."}
        self.server.says(f"/{ADDRESS}/sbom.cdx.json", 503, problem, "application/problem+json")
        status, out, err = self.sbom()
        self.assertEqual((status, out), (3, ""))
        self.assertIn("upstream is away", err)

    def test_usage(self) -> None:
        for options in (
            ["--version", "1"],
            ["--format", "x"],
            ["--offline"],
            ["-o", "no/such/folder.json"],
            ["-o", "."],
        ):
            status, out, err = self.sbom(*options)
            self.assertEqual((status, out), (2, ""), (options, err))
            self.assertNotIn("Traceback", err)
