"""``reqpi drift``: a finding a line, and a status for scripts."""

from __future__ import annotations

import json
from typing import Any

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase
from tests.fake_upstream import Upstream

ADDRESS = address_of(DOCUMENT)


def a_finding(kind: str, **more: Any) -> dict[str, Any]:
    fields = {"kind": kind, "level": "error", "project": "six", "version": "1.17.0", "filename": None}
    times = {"first_seen": "2026-11-29T00:00:00Z", "last_seen": "2026-11-29T00:00:00Z", "new": True}
    return fields | times | {"text": "why", "source": "https://index.example.org/simple"} | more


class ReportedTests(CommandTestCase):
    """What it prints of what a server says."""

    def says(self, *findings: Any, unknown: Any = ()) -> None:
        self.server.takes(DOCUMENT, status=200)
        self.server.says(f"/{ADDRESS}/drift", 200, {"address": ADDRESS, "findings": findings, "unknown": unknown})

    def drift(self, *options: str) -> tuple[int, str, str]:
        return self.run_reqpi("drift", "--url", self.server.url, "requirements.txt", *options)

    def test_a_lock_of_which_nothing_became(self) -> None:
        self.says()
        self.assertEqual(self.drift(), (0, "", "reqpi: 0 findings, and 0 notes\n"))

    def test_findings_have_the_line_of_the_pin_and_a_status_of_their_own(self) -> None:
        self.says(a_finding("yanked", text="a\x1b[2J"), a_finding("newer", text="1.17.1"), a_finding("other"), 7)
        status, out, _ = self.drift()
        self.assertEqual(status, 12)
        self.assertEqual(
            out.splitlines(),
            [
                "requirements.txt:1: six 1.17.0: The upstream has a newer release in the same series: 1.17.1 "
                "(https://index.example.org/simple, since 2026-11-29T00:00:00Z).",
                "requirements.txt:1: six 1.17.0: The upstream has yanked the file or the release: a\\x1b[2J "
                "(https://index.example.org/simple, since 2026-11-29T00:00:00Z).",
            ],
        )

    def test_notes_alone_are_no_reason_to_fail_and_what_is_not_known_is(self) -> None:
        self.says(a_finding("newer"))
        self.assertEqual(self.drift()[0], 0)
        self.says(a_finding("newer"), unknown=[{"project": "six", "source": "https://x", "why": "it is away"}])
        status, _, err = self.drift()
        self.assertEqual(status, 3)
        self.assertIn("nothing new is known of six: it is away", err)

    def test_json_and_sarif(self) -> None:
        self.says(a_finding("gone", filename="six-1.17.0.tar.gz"))
        status, out, _ = self.drift("--json")
        self.assertEqual((status, json.loads(out)["findings"]), (12, [a_finding("gone", filename="six-1.17.0.tar.gz")]))
        status, out, _ = self.drift("--sarif")
        [result] = json.loads(out)["runs"][0]["results"]
        [place] = result["locations"]
        self.assertEqual((status, place["physicalLocation"]["artifactLocation"]["uri"]), (12, "requirements.txt"))

    def test_arguments_that_contradict_each_other(self) -> None:
        for arguments in (
            ("--json", "--sarif", "requirements.txt"),
            ("--url", self.server.url, f"{self.server.url}/{ADDRESS}/"),
            (ADDRESS, "requirements.txt"),
            ("--url", self.server.url, "--offline", "requirements.txt"),
            ("nothing.txt",),
        ):
            self.assertEqual(self.run_reqpi("drift", *arguments)[0], 2, arguments)


class ServedHereTests(CommandTestCase):
    """By a server inside the process, on a store of its own."""

    def test_an_upstream_that_removes_a_file(self) -> None:
        with Upstream() as upstream:
            wheel, sdist = upstream.wheel("one", "1.0"), upstream.sdist("one", "1.0")
            digests = " ".join(f"--hash=sha256:{each.sha256}" for each in (wheel, sdist))
            self.lock.write_text(f"one==1.0 {digests}\n")
            options = ("--upstream", upstream.url, "--store", "store")
            status, out, err = self.run_reqpi("drift", "requirements.txt", *options)
            self.assertEqual((status, out), (0, ""), err)
            address = address_of(self.lock.read_bytes())
            status, out, err = self.run_reqpi("drift", address, "--json", *options)
            self.assertEqual((status, json.loads(out)), (0, {"address": address, "findings": [], "unknown": []}), err)
            status, out, err = self.run_reqpi("drift", address[::-1], *options)
            self.assertEqual((status, out), (3, ""), err)
