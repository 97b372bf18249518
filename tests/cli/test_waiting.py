"""What holding says on its way."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.inputs import waiting
from reqpi.core import targets
from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase


class FiltersTests(SynchronousTestCase):
    """They are written down twice, for the sake of starting at once."""

    def test_they_are_the_same(self) -> None:
        self.assertEqual(waiting.FILTERS, targets.FILTERS)


class UnmetTests(CommandTestCase):
    """``gethash --hold`` warns of what no pin meets."""

    def held(self, unmet: int) -> tuple[int, str, str]:
        address = address_of(DOCUMENT)
        index = f"{self.server.url}/{address}/simple/"
        answer = {"address": address, "index": index, "pins": 1, "warnings": []}
        self.server.says("/locks?hold=1", 200, answer)
        one = {
            "release": "six 1.17.0",
            "requirement": "two>=2",
            "reason": "not pinned",
            "kind": "requirement",
            "line": 1,
        }
        report = {"closed": not unmet, "unmet": [one] * unmet}
        self.server.says(f"/{address}/held", 200, {"complete": True, "holding": None, "held": 1, "closed": report})
        return self.run_reqpi("gethash", "--hold", "--url", self.server.url, "requirements.txt")

    def test_a_warning_for_each(self) -> None:
        status, out, err = self.held(1)
        self.assertEqual((status, out.count("/simple/")), (0, 1), err)
        self.assertIn("requirements.txt:1: warning: six 1.17.0 requires two>=2: not pinned\n", err)

    def test_no_more_than_can_be_read(self) -> None:
        status, _, err = self.held(25)
        self.assertEqual((status, err.count("requires two>=2")), (0, 20))
        self.assertIn("reqpi: and 5 more: reqpi check --closed lists them\n", err)

    def test_a_closed_lock(self) -> None:
        self.assertNotIn("warning", self.held(0)[2])


class RemarksTests(CommandTestCase):
    """``gethash --hold`` passes on what a server says about crates."""

    def test_a_line_for_each_remark(self) -> None:
        address = address_of(DOCUMENT)
        index = f"{self.server.url}/{address}/simple/"
        self.server.says("/locks?hold=1", 200, {"address": address, "index": index, "pins": 1, "warnings": []})
        remarks = ["bare-1.0.tar.gz: it needs Rust\x1b[2J", 7]
        self.server.says(f"/{address}/held", 200, {"complete": True, "holding": None, "held": 1, "remarks": remarks})
        status, _, err = self.run_reqpi("gethash", "--hold", "--url", self.server.url, "requirements.txt")
        self.assertEqual(status, 0)
        self.assertIn("reqpi: bare-1.0.tar.gz: it needs Rust", err)
        self.assertNotIn("\x1b", err)
