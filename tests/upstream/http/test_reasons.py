"""Why a request failed, in words that a person can read."""

from __future__ import annotations

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseFailed
from twisted.web.http import _DataLoss

from reqpi.upstream.http.reasons import ENDED_EARLY, reasons_of


class ReasonsTests(SynchronousTestCase):
    """As Twisted and OpenSSL have them."""

    def assert_says(self, words: str, *reasons: Exception) -> None:
        self.assertEqual(reasons_of(Failure(ResponseFailed([Failure(reason) for reason in reasons]))), words)

    def test_a_body_that_ended_early(self) -> None:
        self.assert_says(ENDED_EARLY, _DataLoss(), _DataLoss("Chunked decoder in 'BODY' state"))

    def test_a_connection_that_was_lost(self) -> None:
        self.assert_says("Connection to the other side was lost in a non-clean fashion", ConnectionLost())
        self.assert_says(f"Connection was closed cleanly; {ENDED_EARLY}", ConnectionDone(), _DataLoss())

    def test_tls(self) -> None:
        self.assert_says("certificate verify failed", SSL.Error([("SSL routines", "", "certificate verify failed")]))
        self.assert_says("TLS failed", SSL.Error())

    def test_another(self) -> None:
        """What has no reasons within it is its own."""
        self.assertEqual(reasons_of(Failure(ValueError("odd"))), "odd")
        self.assertEqual(len(reasons_of(Failure(ValueError("x" * 9999)))), 500)
