"""``reqpi sbom``: the bill of a lock, from a server or from one inside."""

from __future__ import annotations

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase

ADDRESS = address_of(DOCUMENT)
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}


class SbomTests(CommandTestCase):
    """Through a server that runs."""

    def setUp(self) -> None:
        super().setUp()
        index = f"{self.server.url}/{ADDRESS}/simple/"
        self.server.says("/locks", 201, {"address": ADDRESS, "index": index, "pins": 1, "warnings": []})
        self.server.says(f"/{ADDRESS}/sbom.cdx.json", 200, b"{}\n", **IMMUTABLE)

    def sbom(self, *options: str) -> tuple[int, str, str]:
        return self.run_reqpi("sbom", "requirements.txt", "--url", self.server.url, *options)

    def test_it_goes_to_standard_output(self) -> None:
        self.assertEqual(self.sbom(), (0, "{}\n", ""))

    def test_it_goes_to_a_file_in_one_step(self) -> None:
        status, out, err = self.sbom("-o", "bill.json")
        self.assertEqual((status, out), (0, ""))
        self.assertIn("in bill.json", err)
        self.assertEqual((self.folder / "bill.json").read_text(), "{}\n")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["bill.json", "requirements.txt"])

    def test_format_name_and_version(self) -> None:
        path = f"/{ADDRESS}/sbom.spdx.json?name=my+app&version=1.0"
        self.server.says(path, 200, b"[]\n", **IMMUTABLE)
        self.assertEqual(self.sbom("--format", "spdx", "--name", "my app", "--version", "1.0"), (0, "[]\n", ""))

    def test_the_project_says_its_own_name(self) -> None:
        """Beside the lock; ``--name`` counts before it, and what cannot be read is told and costs no bill."""
        path = f"/{ADDRESS}/sbom.cdx.json"
        self.server.says(f"{path}?name=app&version=2.0", 200, b"[1]\n", **IMMUTABLE)
        self.server.says(f"{path}?name=other", 200, b"[2]\n", **IMMUTABLE)
        (self.folder / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "2.0"\n')
        self.assertEqual(self.sbom(), (0, "[1]\n", ""))
        self.assertEqual(self.sbom("--name", "other"), (0, "[2]\n", ""))
        self.assertEqual(self.sbom("--name", ""), (0, "{}\n", ""))
        (self.folder / "pyproject.toml").write_text("[project\n")
        status, out, err = self.sbom()
        self.assertEqual((status, out), (0, "{}\n"))
        self.assertIn("pyproject.toml", err)

    def test_what_is_not_complete_is_told(self) -> None:
        self.server.says(f"/{ADDRESS}/sbom.cdx.json", 200, b"{}\n", **{"Cache-Control": "no-store"})
        status, out, err = self.sbom()
        self.assertEqual((status, out), (0, "{}\n"))
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
