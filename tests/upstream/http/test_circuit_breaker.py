"""A host that does not answer costs one client its time, and no other."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError, TimeoutError
from twisted.internet.interfaces import IProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse
from zope.interface import implementer

from reqpi.core.errors import UpstreamTrouble
from reqpi.upstream.http.agents import Agents
from reqpi.upstream.http.client import HttpClient

DEAD, OTHER = "http://dead.example.org/simple/", "http://other.example.org/simple/"


class Response:
    """An error: an answer all the same."""

    code = 500
    length = 0
    headers = Headers()

    def deliverBody(self, protocol: IProtocol) -> None:
        """It is empty."""
        protocol.connectionLost(Failure(ResponseDone()))


@implementer(IAgent)
class Agent:
    """An agent that fails as specified, and counts requests."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.error: Exception | None = TimeoutError()

    def request(self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: object = None) -> object:
        """One request."""
        self.asked.append(uri)
        return succeed(Response()) if self.error is None else fail(Failure(self.error))


class SilentTests(TestCase):
    """It opens after one time-out, lets one request try, and closes after an answer of any kind."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.agent = Agent()
        self.http = HttpClient(Agents.same(self.agent), self.clock)

    def asked(self, url: str = DEAD) -> UpstreamTrouble:
        failure = self.failureResultOf(Deferred.fromCoroutine(self.http.get(url, {})), UpstreamTrouble)
        trouble: UpstreamTrouble = failure.value
        return trouble

    def test_who_comes_second_is_told_at_once(self) -> None:
        """No second connection is tried, the words say when one will be, and asking again at once is no use."""
        self.assertFalse(self.asked().final)
        trouble = self.asked()
        self.assertEqual(len(self.agent.asked), 1)
        self.assertEqual((trouble.title, trouble.final), ("dead.example.org cannot be reached", True))
        self.assertIn("asked again in 10 s", trouble.detail)

    def test_another_host_is_asked_all_the_same(self) -> None:
        """And another port of the same."""
        self.asked()
        self.asked(OTHER)
        self.asked("http://dead.example.org:8080/simple/")
        self.assertEqual(len(self.agent.asked), 3)

    def test_one_request_tries_again(self) -> None:
        """The pause grows to a minute, and no further."""
        self.asked()
        for pause in (10, 20, 40, 60, 60):
            before = len(self.agent.asked)
            self.clock.advance(pause - 0.5)
            self.asked()
            self.assertEqual(len(self.agent.asked), before, f"asked within {pause} s")
            self.clock.advance(0.5)
            self.asked()
            self.assertEqual(len(self.agent.asked), before + 1, f"not asked after {pause} s")

    def test_while_one_tries_the_others_do_not(self) -> None:
        """They would all wait."""
        self.asked()
        self.clock.advance(10)
        waiting: Deferred[IResponse] = Deferred()
        self.patch(self.agent, "request", lambda *_: waiting)
        trying = Deferred.fromCoroutine(self.http.get(DEAD, {}))
        self.assertNoResult(trying)
        self.assertTrue(self.asked().final)
        waiting.errback(TimeoutError())
        self.failureResultOf(trying, UpstreamTrouble)

    def test_an_answer_ends_it(self) -> None:
        """An error is an answer; so is a refused connection, which costs no time."""
        for error in (None, ConnectionRefusedError()):
            self.agent.error = TimeoutError()
            self.asked()
            self.clock.advance(10)
            self.agent.error = error
            before = len(self.agent.asked)
            self.asked()
            self.asked()
            self.asked()
            self.assertEqual(len(self.agent.asked), before + 3)
