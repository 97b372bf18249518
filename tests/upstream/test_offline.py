"""Offline, nothing is available, and no one waits for it."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import NotFound, UpstreamTrouble
from reqpi.upstream.offline import Offline


class NowhereTests(SynchronousTestCase):
    """It fails at once, in words for people."""

    def failed(self, asked: Deferred[object]) -> UpstreamTrouble:
        error = self.failureResultOf(asked, UpstreamTrouble).value
        assert isinstance(error, UpstreamTrouble)
        return error

    def test_there_is_no_page(self) -> None:
        """That is not to say that there is no such project."""
        error = self.failed(Deferred.fromCoroutine(Offline().page("thing")))  # type: ignore[arg-type]
        self.assertNotIsInstance(error, NotFound)
        self.assertEqual(error.title, "thing is not in the store")
        self.assertIn("offline", error.detail)

    def test_there_is_no_file(self) -> None:
        """It is called by its name; a query might be a signature."""
        error = self.failed(Deferred.fromCoroutine(Offline().open("https://h/a/thing-1.0.tar.gz?sig=x/y", 5, 6)))
        self.assertEqual(error.title, "thing-1.0.tar.gz is not in the store")

    def test_nobody_asks_again(self) -> None:
        """The next attempt would bring the same."""
        self.assertTrue(self.failed(Deferred.fromCoroutine(Offline().open("https://h/x"))).final)

    def test_it_has_a_name_for_people(self) -> None:
        """The server's log says what its upstream is."""
        self.assertIn("--offline", Offline().name)
