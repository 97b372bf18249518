"""What was refused, as the server tells it."""

from __future__ import annotations

from reqpi.client import ReportedRefusal, ServerTrouble, refused
from tests.client.case import ClientTestCase

ADDRESS = "0" * 64


class RefusedTests(ClientTestCase):
    """The list is read into values, and what is odd in it into nothing."""

    def test_a_project_and_a_file(self) -> None:
        """With the line that would admit the one, and none for the other."""
        entries = [
            {"project": "six", "filename": None, "reason": "not pinned", "count": 2, "line": "six==1.17.0"},
            {"project": "attrs", "filename": "attrs-1.0.zip", "reason": "other version", "count": 1, "line": None},
        ]
        self.server.says(f"/reqpi/{ADDRESS}/refused?suggest=1", 200, {"address": ADDRESS, "refused": entries})
        self.assertEqual(
            refused(f"{self.server.url}/reqpi/", ADDRESS, suggest=True),
            (
                ReportedRefusal("six", None, "not pinned", 2, "six==1.17.0"),
                ReportedRefusal("attrs", "attrs-1.0.zip", "other version", 1, None),
            ),
        )

    def test_nonsense_is_no_refusal(self) -> None:
        """The wrong types do not get through."""
        for entries in (None, 7, {"six": 1}, [7, "six"]):
            self.server.says(f"/{ADDRESS}/refused", 200, {"refused": entries})
            self.assertEqual(refused(self.server.url, ADDRESS), ())

    def test_an_unknown_address(self) -> None:
        """The server's words, as an error."""
        self.server.says(f"/{ADDRESS}/refused", 410, {"title": "no lock 00000000"}, "application/problem+json")
        error = self.assertRaises(ServerTrouble, refused, self.server.url, ADDRESS)
        self.assertIn("410: no lock 00000000", error.title)
