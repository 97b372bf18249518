"""A server that is not ready yet is asked again, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reqpi.client import ServerTrouble, polling
from reqpi.client.archive import take_archive
from reqpi.client.build_requirements import build_requirements
from reqpi.client.learning import taken
from reqpi.client.listing import pages
from reqpi.client.polling import PAUSE, Patience, poll
from reqpi.client.sboms import take_sbom
from tests.client.case import ClientTestCase

ADDRESS = "a" * 64
PENDING = {"type": "urn:reqpi:pending", "title": "wait", "status": 503, "detail": "", "pending": True}
TROUBLE = {"type": "urn:reqpi:upstream-trouble", "title": "upstream is away", "status": 503, "detail": ""}
OLDER = {"type": "about:blank", "title": "the page of six is on the way", "status": 503, "detail": ""}


class _Polling(ClientTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.seconds = 0.0
        self.patch(polling, "monotonic", lambda: self.seconds)
        self.patch(polling, "sleep", self.passes)

    def passes(self, seconds: float) -> None:
        self.seconds += seconds


class PollTests(_Polling):
    """:func:`reqpi.client.polling.poll`."""

    def outcomes(self, *troubles: ServerTrouble | None, patience: Patience) -> int:
        """Poll, and return how many of these were asked for; the last one comes again and again."""
        asked: list[ServerTrouble | None] = []

        def attempt() -> ServerTrouble | None:
            asked.append(troubles[min(len(asked), len(troubles) - 1)])
            return asked[-1]

        self.assertIs(poll(attempt, lambda outcome: outcome, patience), asked[-1])
        return len(asked)

    def trouble(self, **said: bool) -> ServerTrouble:
        trouble = ServerTrouble("no")
        trouble.__dict__.update(said)
        return trouble

    def test_a_good_outcome_ends_it(self) -> None:
        self.assertEqual(self.outcomes(self.trouble(pending=True), None, patience=Patience()), 2)
        self.assertEqual(self.seconds, PAUSE)

    def test_pending_and_other_trouble_have_bounds_of_their_own(self) -> None:
        patience = Patience(pending=5, otherwise=3)
        self.assertEqual(self.outcomes(self.trouble(pending=True), patience=patience), 5)
        self.assertEqual(self.outcomes(self.trouble(), patience=patience), 3)

    def test_final_trouble_ends_it(self) -> None:
        self.assertEqual(self.outcomes(self.trouble(final=True, pending=True), patience=Patience(9, 9)), 1)

    def test_time_is_a_bound(self) -> None:
        self.assertEqual(self.outcomes(self.trouble(), patience=Patience(otherwise=100, seconds=5 * PAUSE)), 6)


class CallerTests(_Polling):
    """Each caller has the bounds that it had when its loop was its own."""

    def requests(self, call: Callable[[], object], path: str, problem: dict[str, object]) -> int:
        """Return how many requests are made of a server that answers this problem each time."""
        self.server.seen.clear()
        self.server.says(path, 503, problem, "application/problem+json")
        self.assertRaises(ServerTrouble, call)
        self.assertEqual({seen.path for seen in self.server.seen}, {path})
        return len(self.server.seen)

    def assert_bounds(self, call: Callable[[], object], path: str, pending: int, otherwise: int) -> None:
        """Both bounds; a final answer ends it; an older server, which says ``pending`` in its title alone."""
        self.assertEqual(self.requests(call, path, PENDING), pending)
        self.assertEqual(self.requests(call, path, OLDER), pending)
        self.assertEqual(self.requests(call, path, TROUBLE), otherwise)
        self.assertEqual(self.requests(call, path, {**TROUBLE, "final": True}), 1)

    def test_lists_of_files(self) -> None:
        self.assert_bounds(partial(pages, self.server.url, ADDRESS), f"/{ADDRESS}/files.json", 60, 7)

    def test_sboms(self) -> None:
        path = f"/{ADDRESS}/sbom.cdx.json"
        self.assert_bounds(partial(take_sbom, self.server.url, path), path, 60, 1)

    def test_build_requirements(self) -> None:
        path = f"/{ADDRESS}/build-requirements"
        self.assert_bounds(partial(build_requirements, self.server.url, ADDRESS), path, 60, 1)

    def test_a_learn_session(self) -> None:
        """For ten minutes."""
        self.assert_bounds(partial(taken, self.server.url, "b" * 32), f"/learn/{'b' * 32}/", 301, 301)

    def test_archives(self) -> None:
        path, to = f"/{ADDRESS}/wheelhouse.tar", self.home / "wheelhouse.tar"
        self.assert_bounds(partial(take_archive, self.server.url, path, to, 1 << 20), path, 6, 6)

    def test_an_answer_that_is_not_json_is_other_trouble(self) -> None:
        """A proxy before the server has a page of its own."""
        path = f"/{ADDRESS}/files.json"
        self.server.says(path, 503, b"<html>", "text/html")
        self.assertRaises(ServerTrouble, pages, self.server.url, ADDRESS)
        self.assertEqual(len(self.server.seen), 7)
