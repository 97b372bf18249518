"""A server that limits how much one client may do: the client waits for as long as it says, within a bound."""

from __future__ import annotations

from reqpi.client import ServerTrouble, commit, exchange
from tests.client.case import ALONE, ClientTestCase

LIMITED = {"type": "urn:reqpi:too-many-requests", "title": "too many commits", "detail": "Wait.", "limit": "commits"}
PROBLEM = "application/problem+json"


class LimitedTests(ClientTestCase):
    """The server answers 429, or 503 for a limit on what all clients have together."""

    def setUp(self) -> None:
        super().setUp()
        self.waited: list[float] = []
        self.patch(exchange, "sleep", self.waited.append)

    def limits(self, status: int, seconds: str, **more: object) -> None:
        headers = {"Retry-After": seconds}
        self.server.says("/locks", status, LIMITED | {"status": status} | more, PROBLEM, **headers)

    def test_a_limited_client_waits_and_tries_again(self) -> None:
        for status in (429, 503):
            index = self.server.takes(ALONE[0].data)
            taken = self.server.said("/locks")
            self.limits(status, "7")
            self.server.then("/locks", taken)
            self.assertEqual(commit(self.server.url, ALONE).index_url, index)
            self.assertEqual(self.waited, [7])
            self.waited.clear()

    def test_it_does_not_wait_for_long(self) -> None:
        """The title says why, and the detail what to do."""
        for seconds, waited in (("25", [25, 25]), ("61", []), ("0", []), ("99999", []), ("soon", []), ("-1", [])):
            self.limits(429, seconds)
            error = self.assertRaises(ServerTrouble, commit, self.server.url, ALONE)
            self.assertIn("too many commits", error.title)
            self.assertEqual(self.waited, waited, seconds)
            self.waited.clear()

    def test_other_trouble_is_reported_at_once(self) -> None:
        """A 503 with Retry-After may have any reason."""
        self.server.says("/locks", 503, {"title": "away", "status": 503}, PROBLEM, **{"Retry-After": "7"})
        self.assertRaises(ServerTrouble, commit, self.server.url, ALONE)
        self.assertEqual(self.waited, [])
