"""An error has an id, by which the operator finds it in the log; and the log may be lines of JSON."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.timestamps import timestamp
from reqpi.server.json_log import json_line, with_worker
from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.json_access_log import JsonAccessLog
from tests.web.case import WebCase


class RequestIdTests(WebCase):
    """A response that is an error has one, and no other response."""

    async def test_an_error_has_one_in_its_header_and_its_body(self) -> None:
        reply = await self.ask(f"/{self.address}/simple/seven/")
        sent = str(reply["X-Request-ID"])
        self.assertRegex(sent, r"^[0-9a-f]{16}$")
        self.assertEqual(json.loads(reply.body)["request_id"], sent)
        again = await self.ask(f"/{self.address}/simple/seven/")
        self.assertNotEqual(str(again["X-Request-ID"]), sent)

    async def test_a_success_has_none(self) -> None:
        for _ in range(2):
            self.assertIsNone((await self.ask(f"/{self.address}/simple/six/"))["X-Request-ID"])

    async def test_the_id_of_a_client_is_not_believed(self) -> None:
        """It could have the operator find another request."""
        reply = await self.ask(f"/{self.address}/simple/seven/", X_Request_ID="chosen")
        self.assertNotEqual(str(reply["X-Request-ID"]), "chosen")

    async def test_the_id_of_a_trusted_proxy_is_kept(self) -> None:
        self.site.trust_proxy = True
        for sent in ("0f" * 16, "edge-7.3_a"):
            reply = await self.ask(f"/{self.address}/simple/seven/", X_Request_ID=sent)
            self.assertEqual(str(reply["X-Request-ID"]), sent)

    async def test_an_id_of_a_proxy_that_is_not_plain_is_replaced(self) -> None:
        """A proxy may pass on what its client has sent."""
        self.site.trust_proxy = True
        for sent in ("x" * 65, 'a"b', "a b", "<script>", "-rf", "%0a", "\u00e9"):
            reply = await self.ask(f"/{self.address}/simple/seven/", X_Request_ID=sent)
            self.assertRegex(str(reply["X-Request-ID"]), r"^[0-9a-f]{16}$")

    async def test_the_log_has_the_id_of_a_fault(self) -> None:
        async def broken(*_: object, **__: object) -> Any:
            raise ValueError("its cause")

        self.store.get = broken  # type: ignore[method-assign]
        with capturedLogs() as events:
            reply = await self.ask(f"/{'f' * 64}/simple/six/")
        self.assertEqual(reply.status, 500)
        self.flushLoggedErrors(ValueError)
        [event] = [event for event in events if "request_id" in event]
        self.assertEqual(event["request_id"], str(reply["X-Request-ID"]))
        self.assertNotIn("its cause", reply.body.decode())


class JsonLogTests(SynchronousTestCase):
    """Each line is an object."""

    def test_an_event_is_one_line(self) -> None:
        with capturedLogs() as events:
            from twisted.logger import Logger

            Logger("reqpi.tests").warn("two\nlines, \x1b[31m and {it}", it="\x7f", request_id="0a1b")
        line = json_line(events[0] | {"log_time": 1_000_000_000.5})
        self.assertEqual(line.count("\n"), 1)
        self.assertTrue(line.isascii() and line[:-1].isprintable())
        self.assertEqual(
            json.loads(line),
            {
                "time": "2001-09-09T01:46:40.500Z",
                "level": "warn",
                "namespace": "reqpi.tests",
                "message": "two\nlines, \x1b[31m and \x7f",
                "request_id": "0a1b",
            },
        )

    def test_a_failure_has_its_traceback_apart(self) -> None:
        from twisted.logger import Logger

        with capturedLogs() as events:
            try:
                raise ValueError("a fault")
            except ValueError:
                Logger("reqpi.tests").failure("it failed")
        self.flushLoggedErrors(ValueError)
        found = json.loads(json_line(events[0]))
        self.assertEqual((found["level"], found["message"]), ("critical", "it failed"))
        self.assertIn("ValueError: a fault", found["traceback"])

    def test_a_line_of_a_worker_has_its_number(self) -> None:
        self.assertEqual(json.loads(with_worker('{"level": "info"}', 2)), {"worker": 2, "level": "info"})
        self.assertEqual(json.loads(with_worker("Fatal \x1b error", 2))["message"], "Fatal \x1b error")


class JsonAccessLogTests(SynchronousTestCase):
    """A response has a line with the same members in both ways."""

    def setUp(self) -> None:
        self.lines: list[str] = []
        self.log: AccessLog = JsonAccessLog(Clock(), self.lines.append, stamp=timestamp)

    def test_a_response_of_the_fast_path(self) -> None:
        for line, response in (
            ("GET /a HTTP/1.1", '200 5 "-" "pip/1 (\\"x\\")"'),
            (f"GET /learn/{'a' * 32}/ HTTP/1.1", '304 - "-" "-"'),
        ):
            self.log.note_ready("192.0.2.1", "", self.log.text_of(line, response), 0.0)
        self.log.flush()
        first, second = map(json.loads, "".join(self.lines).splitlines())
        self.assertEqual(
            first,
            {
                "time": "1970-01-01T00:00:00.000Z",
                "level": "info",
                "namespace": "reqpi.access",
                "client": "192.0.2.1",
                "method": "GET",
                "target": "/a",
                "protocol": "HTTP/1.1",
                "status": 200,
                "bytes": 5,
                "agent": 'pip/1 ("x")',
            },
        )
        self.assertEqual((second["target"], second["bytes"]), ("/learn/aaaaaa.../", 0))


class JsonBothWaysTests(WebCase):
    """So it is with a real site."""

    async def test_an_error_has_its_id_in_the_access_log(self) -> None:
        lines: list[str] = []
        for log, read in (
            (AccessLog(self.clock, lines.append), lambda line: line.rpartition(" ")[2].strip()),
            (
                JsonAccessLog(self.clock, lines.append, stamp=timestamp),
                lambda line: str(json.loads(line)["request_id"]),
            ),
        ):
            self.site.access = log
            reply = await self.ask(f"/{self.address}/simple/seven/")
            log.flush()
            self.assertEqual(read(lines.pop()), str(reply["X-Request-ID"]))

    async def test_a_response_of_the_ordinary_stack(self) -> None:
        lines: list[str] = []
        self.site.access = log = JsonAccessLog(self.clock, lines.append, stamp=timestamp)
        await self.ask("/livez", User_Agent="probe", Referer='"')
        log.flush()
        found = json.loads(lines[0])
        self.assertEqual((found["target"], found["status"], found["bytes"]), ("/livez", 200, 3))
        self.assertEqual((found["agent"], found["referrer"], found["seconds"]), ("probe", '"', 0.0))
        self.assertNotIn("request_id", found)
