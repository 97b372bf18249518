"""``reqpi check --closed``: a lock pins everything that its releases require."""

from __future__ import annotations

import json
from typing import Any

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase
from tests.fake_upstream import Upstream

LINUX = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11")


def unmet(requirement: str = "urllib3<3,>=1.21.1", **more: Any) -> dict[str, Any]:
    fields = {"release": "requests 2.31.0", "requirement": requirement, "reason": "not pinned", "kind": "requirement"}
    return fields | {"line": 1, "text": "requests==2.31.0", "document": "", "environments": []} | more


class ReportedTests(CommandTestCase):
    """What it prints of what a server says."""

    def says(self, *requirements: dict[str, Any], query: str = "", **more: Any) -> None:
        self.server.takes(DOCUMENT, status=200)
        report = {"closed": not requirements, "environments": ["linux x86_64, CPython 3.11"], "unmet": requirements}
        report |= {"unknown": [], "troubles": []}
        self.server.says(f"/{address_of(DOCUMENT)}/closed{query}", 200, report | more)

    def checked(self, *options: str) -> tuple[int, str, str]:
        return self.run_reqpi("check", "--closed", "--url", self.server.url, "requirements.txt", *options)

    def test_a_closed_lock(self) -> None:
        self.says(unknown=["b 1: its requirements cannot be determined"])
        status, out, err = self.checked()
        self.assertEqual((status, err), (0, "reqpi: b 1: its requirements cannot be determined\n"))
        self.assertEqual(out.splitlines()[1:], ["requirements.txt: closed for linux x86_64, CPython 3.11"])
        self.assertEqual(self.checked("-q"), (0, "", ""))

    def test_what_is_not_met(self) -> None:
        """At the line of the pin that requires it, with where that is so."""
        self.says(
            unmet(),
            unmet("setuptools", release="six-1.tar.gz", kind="build", environments=["a", "b", "c"]),
            unmet("a\x1b[2J"),
        )
        status, _, err = self.checked()
        self.assertEqual(status, 9)
        self.assertEqual(
            err.splitlines(),
            [
                "requirements.txt:1: requests 2.31.0 requires urllib3<3,>=1.21.1: not pinned",
                "requirements.txt:1: six-1.tar.gz is built with setuptools: not pinned (a, b and 1 more)",
                "requirements.txt:1: requests 2.31.0 requires a\\x1b[2J: not pinned",
                "requirements.txt: 3 defects",
            ],
        )

    def test_the_target_goes_to_the_server(self) -> None:
        self.says(unmet(), query="?platform=manylinux_2_28_x86_64&python-version=3.11")
        self.assertEqual(self.checked(*LINUX)[0], 9)

    def test_what_could_not_be_fetched(self) -> None:
        self.says(closed=False, troubles=["the requirements of a-1.whl are not known"])
        status, _, err = self.checked()
        self.assertEqual((status, err), (3, "reqpi: the requirements of a-1.whl are not known\n"))

    def test_json(self) -> None:
        self.says(unmet(), more=1)
        status, out, err = self.checked("--json")
        self.assertEqual((status, err), (9, ""))
        document = json.loads(out)
        self.assertEqual((document["pins"], document["closed"]["more"]), (1, 1))
        self.assertEqual(document["closed"]["unmet"], [unmet()])

    def test_options_that_do_not_go_together(self) -> None:
        for options in (
            ("--platform", "win_amd64"),
            ("--strict-builds", "--each", "requirements.txt", "other.txt"),
            ("--closed", "--each", "other.txt"),
            ("--closed", "--url", self.server.url, "--offline"),
        ):
            self.assertEqual(self.run_reqpi("check", "requirements.txt", *options)[0], 2, options)


class ServedHereTests(CommandTestCase):
    """By a server inside the process."""

    def test_an_upstream(self) -> None:
        with Upstream() as upstream:
            upstream.wheel("one", "1.0", requires=["two>=2"])
            upstream.wheel("two", "1.0")
            options = ("--closed", "--upstream", upstream.url, "--store", "store", "requirements.txt")
            self.lock.write_text("one==1.0\ntwo==1.0\n")
            status, _, err = self.run_reqpi("check", *options)
            self.assertEqual(status, 9, err)
            self.assertRegex(
                err, r"(?m)^requirements.txt:1: one 1.0 requires two>=2: pinned to 1.0, which does not satisfy it \("
            )
            self.lock.write_text("two==1.0\n")
            status, out, err = self.run_reqpi("check", "--strict-builds", *options, *LINUX)
            self.assertEqual((status, err), (0, ""), out)
            self.assertIn("requirements.txt: closed for linux x86_64, CPython 3.11\n", out)
