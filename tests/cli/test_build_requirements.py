"""``reqpi build-requirements``: lines for a requirements file, and a status."""

from __future__ import annotations

import json
from collections.abc import Sequence
from threading import Event
from typing import Any

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase
from tests.client.scripted import Said


def wanted(requirement: str, **more: Any) -> dict[str, Any]:
    fields = {
        "requirement": requirement,
        "state": "missing",
        "versions": [],
        "lacking": True,
        "wanted_by": ["a.tar.gz"],
    }
    return fields | more


class BuildRequirementsTests(CommandTestCase):
    """What it prints of what a server says."""

    def says(self, requirements: list[dict[str, Any]], sdists: Sequence[dict[str, Any]] = (), **more: Any) -> None:
        self.server.takes(DOCUMENT, status=200)
        self.path = f"/{address_of(DOCUMENT)}/build-requirements"
        answer = {"complete": not requirements, "sdists": sdists, "requirements": requirements, "warnings": []}
        self.server.says(self.path, 200, answer | more)

    def asked(self, *options: str) -> tuple[int, str, str]:
        return self.run_reqpi("build-requirements", "--url", self.server.url, "requirements.txt", *options)

    def test_nothing_is_lacking(self) -> None:
        self.says([])
        expected = "reqpi: 0 sdists, 0 without a wheel; 0 build requirements, 0 lacking\n"
        self.assertEqual(self.asked(), (0, "", expected))

    def test_lines_to_be_pinned(self) -> None:
        """What is lacking, then, as comments, what is so somewhere."""
        self.says(
            [
                wanted("hatchling>=1", wanted_by=["a.tar.gz", "b.tar.gz", "c.tar.gz", "d.tar.gz"]),
                wanted("setuptools>=77", state="differs", versions=["60"]),
                wanted("cython", lacking=False),
                wanted("wheel", state="pinned", versions=["0.45"], lacking=False),
            ],
            [{"filename": "a.tar.gz", "must_be_built": True, "unread": ["setup.py computes setup_requires"]},
             {"filename": "b.tar.gz", "must_be_built": False, "unread": ["not told"]}],
        )  # fmt: skip
        status, out, err = self.asked()
        self.assertEqual(status, 7)
        self.assertEqual(
            out.splitlines(),
            [
                "hatchling>=1  # a.tar.gz, b.tar.gz, c.tar.gz and 1 more",
                "setuptools>=77  # a.tar.gz; the lock pins 60",
                "# Needed only if no wheel fits, or on some platforms or Python versions:",
                "# cython  # a.tar.gz",
            ],
        )
        self.assertEqual(
            err.splitlines(),
            [
                "reqpi: a.tar.gz: setup.py computes setup_requires",
                "reqpi: 2 sdists, 1 without a wheel; 4 build requirements, 2 lacking",
            ],
        )
        self.assertIn("reqpi: pinned: wheel: 0.45\n", self.asked("--verbose")[2])

    def test_json(self) -> None:
        self.says([wanted("a")], other=1)
        status, out, err = self.asked("--json")
        self.assertEqual((status, err), (7, ""))
        self.assertEqual((json.loads(out)["other"], json.loads(out)["requirements"]), (1, [wanted("a")]))

    def test_something_that_could_not_be_had(self) -> None:
        self.says([], [{"filename": "a.tar.gz", "must_be_built": True, "unread": ["upstream is away"]}], complete=False)
        status, out, err = self.asked()
        self.assertEqual((status, out), (3, ""))
        self.assertIn("reqpi: a.tar.gz: upstream is away\n", err)

    def test_filters_go_to_the_server(self) -> None:
        self.says([])
        self.server.says(f"{self.path}?no-binary=%3Aall%3A", 200, {"complete": True})
        self.assertEqual(self.asked("--no-binary", ":all:")[0], 0)
        self.assertEqual(self.server.seen[-1].path, f"{self.path}?no-binary=%3Aall%3A")

    def test_an_older_server(self) -> None:
        self.server.takes(DOCUMENT)
        status, out, err = self.asked()
        self.assertEqual((status, out), (3, ""))
        self.assertIn("is not a ReqPI server", err)

    def test_nothing_that_a_terminal_obeys(self) -> None:
        self.says([wanted("a\x1b[2J", wanted_by=["b\n"])])
        self.assertEqual(self.asked()[1], "a\\x1b[2J  # b\\n\n")


class GethashTests(CommandTestCase):
    """``reqpi gethash`` warns where a lock that is new to the server lacks something."""

    def setUp(self) -> None:
        super().setUp()
        self.path = f"/{address_of(DOCUMENT)}/build-requirements?needed=1"
        self.note = {"line": 1, "text": "six==1.17.0", "message": "it lacks one", "document": ""}

    def gethash(self) -> tuple[int, str, str]:
        return self.run_reqpi("gethash", "--url", self.server.url, "requirements.txt")

    def test_of_a_new_lock_it_asks(self) -> None:
        """For a twentieth of a second, only for what may be lacking, and goes on whatever is answered."""
        index = self.server.takes(DOCUMENT)
        self.server.says(self.path, 200, {"warnings": [self.note]})
        warning = "requirements.txt:1: warning: it lacks one: six==1.17.0\n"
        seen = {self.gethash() for _ in range(5)}  # on a busy machine an answer may take longer
        self.assertIn((0, f"{index}\n", warning), seen)
        self.assertEqual(self.server.seen[-1].headers["Prefer"], "wait=1, wait-ms=50")
        for status, answer in ((503, {"title": "on the way"}), (200, []), (200, {"warnings": "x"}), (302, {})):
            self.server.says(self.path, status, answer)
            self.assertEqual(self.gethash(), (0, f"{index}\n", ""))

    def test_it_does_not_wait_for_a_server_that_is_busy(self) -> None:
        """The server answers only once the command has ended: a command that waited for it would never end."""
        index = self.server.takes(DOCUMENT)
        self.server.says(self.path, 200, {"warnings": [self.note]})
        said, ended = self.server.said, Event()
        self.addCleanup(ended.set)

        def late(path: str) -> Said:
            if path == self.path:
                ended.wait(60)
            return said(path)

        self.patch(self.server, "said", late)
        self.assertEqual(self.gethash(), (0, f"{index}\n", ""))
        self.assertIn(self.path, [seen.path for seen in self.server.seen])

    def test_with_hold_it_waits_until_the_server_knows(self) -> None:
        """The files are there by then."""
        address = address_of(DOCUMENT)
        index = f"{self.server.url}/{address}/simple/"
        self.server.says("/locks?hold=1", 201, {"address": address, "index": index, "pins": 1, "warnings": []})
        self.server.says(f"/{address}/held", 200, {"complete": True, "holding": None})
        self.server.says(self.path, 200, {"warnings": [self.note]})
        status, out, err = self.run_reqpi("gethash", "--hold", "--url", self.server.url, "requirements.txt")
        self.assertEqual((status, out), (0, f"{index}\n"))
        self.assertIn("warning: it lacks one", err)
        self.assertEqual(self.server.seen[-1].headers["Prefer"], "wait=10, wait-ms=10000")

    def test_of_a_lock_that_the_server_had_it_asks_nothing_more(self) -> None:
        """The answer to the commit says it."""
        index = self.server.takes(DOCUMENT, status=200, warnings=[self.note])
        self.assertEqual(self.gethash()[:2], (0, f"{index}\n"))
        self.assertEqual([seen.path for seen in self.server.seen], ["/locks"])
