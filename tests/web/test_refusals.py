"""What is refused and why: in words that reach the user of pip and of uv, and can break nothing on their way."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs, formatEvent

from reqpi.core.errors import HostUnreachable, StoreFull, StoreTrouble, UpstreamTrouble
from tests.web.case import FILES, SDIST, WHEEL, WebCase
from tests.web.wire import Wire


def raising(error: Exception) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


class Policy(WebCase):
    async def counted(self) -> dict[tuple[str, str | None], int]:
        document = json.loads((await self.under("/refused")).body)
        self.assertEqual(document["address"], self.address)
        return {(entry["project"], entry["filename"]): entry["count"] for entry in document["refused"]}

    async def test_a_project_that_is_not_pinned_is_410_and_counted(self) -> None:
        """uv prints the words and stops; after a 404 it would go on to the next index."""
        for _ in range(2):
            reply = await self.under("/simple/Flask/")
            problem = self.assert_problem(reply, 410, f"flask is not in lock {self.address[:8]}")
            self.assertIn("flask==<version>", problem["detail"])
        await self.under(f"/simple/flask/{SDIST}")
        self.assertEqual(await self.counted(), {("flask", None): 3})

    async def test_a_file_that_is_not_admitted_is_410_and_counted(self) -> None:
        """Upstream has it: the page leaves it out, and the path refuses it. So does that of its metadata."""
        self.assertIn("six-2.0.tar.gz", self.upstream.pages["six"].by_filename)
        for suffix in ("", ".metadata"):
            reply = await self.under(f"/simple/six/six-2.0.tar.gz{suffix}")
            problem = self.assert_problem(reply, 410, f"six-2.0.tar.gz is not admitted by lock {self.address[:8]}")
            self.assertIn("pins six 1.0", problem["detail"])
        self.assertEqual(await self.counted(), {("six", "six-2.0.tar.gz"): 2})
        self.assertNotIn("https://files.example.org/six-2.0.tar.gz", self.upstream.asked)

    async def on(self, wire: Wire, path: str, agent: str, **headers: str) -> int:
        """The status of an answer on a connection that stays."""
        wire.say(self.request(f"/{self.address}/simple/{path}", User_Agent=agent, **headers))
        return (await wire.reply()).status

    async def test_pip_asking_about_itself_last_is_a_quiet_404(self) -> None:
        """Until pip 26: on a connection of its own, while that of the command is open."""
        for agent in ('pip/23.2 {"a":"b"}', 'pip/23.2 {"a":"b"}'):  # the second time the page is a ready answer
            command, question = await self.wire(), await self.wire()
            self.assertEqual(await self.on(command, "six/", agent), 200)
            self.assertEqual(await self.on(question, "pip/", agent), 404)
            command.transport.abortConnection()
        self.assertEqual(await self.counted(), {})

    async def test_pip_asking_about_itself_first_is_no_refusal_once_its_command_follows(self) -> None:
        """Since pip 26. The second time the command gets a ready answer."""
        for agent in ('pip/26.3 {"a":"b"}', 'pip/26.4 {"a":"b"}'):
            question, command = await self.wire(), await self.wire()
            self.assertEqual(await self.on(question, "pip/", agent), 410)
            self.assertEqual(await self.counted(), {("pip", None): 1})
            self.assertEqual(await self.on(command, "six/", agent), 200)
            self.assertEqual(await self.counted(), {})

    async def test_any_other_client_that_asks_for_pip_is_refused_and_counted(self) -> None:
        """A command that wants it, on its only connection; another pip; another client; one that comes much later."""
        command = await self.wire()
        self.assertEqual(await self.on(command, "six/", "pip/26.3"), 200)
        self.assertEqual(await self.on(command, "pip/", "pip/26.3"), 410)
        command.transport.abortConnection()
        await command.ended
        self.assertEqual(await self.on(await self.wire(), "pip/", "pip/20.3"), 410)
        self.assertEqual(await self.on(await self.wire(), "six/", "pip/26.3"), 200)
        self.assertEqual(await self.on(await self.wire(), "pip/", "uv/0.9"), 410)
        self.assertEqual(await self.on(await self.wire(), "six/", "uv/0.9"), 200)
        self.clock.advance(11)
        self.assertEqual(await self.on(await self.wire(), "six/", "pip/20.3"), 200)
        self.assertEqual(await self.counted(), {("pip", None): 3})

    async def test_behind_a_proxy_pip_gets_the_benefit_of_the_doubt(self) -> None:
        """All connections are the proxy's."""
        self.assertEqual(await self.on(await self.wire(), "pip/", "pip/26.3", X_Forwarded_For="192.0.2.1"), 404)
        self.assertEqual(await self.counted(), {})

    async def test_what_was_admitted_is_not_counted(self) -> None:
        """Nor is asking what was refused."""
        for path in ("", "/lock", "/simple/", "/simple/six/", f"/simple/six/{WHEEL}"):
            self.assertEqual((await self.under(path)).status, 200)
        self.assertEqual(await self.counted(), {})

    async def test_an_address_nobody_committed_is_410(self) -> None:
        """On every route under it, if it has the 64 hex digits of an address."""
        for address in ("0" * 64, self.address.upper()):
            for path in ("", "/lock", "/requirements.txt", "/refused", "/simple/", "/simple/six/", "/simple/six/x.whl"):
                reply = await self.ask(f"/{quote(address)}{path}")
                problem = self.assert_problem(reply, 410)
                self.assertEqual(problem["title"], f"no lock has the address {address[:8]}")
                self.assertIn("Commit the lock first", problem["detail"])

    async def test_an_sdist_has_no_metadata_file(self) -> None:
        """404, since no lock is to blame."""
        self.assert_problem(await self.under(f"/simple/six/{SDIST}.metadata"), 404)

    async def test_no_name_can_split_a_response(self) -> None:
        """Neither line breaks nor control characters nor 10 kB of it reach the status line."""
        for name in (
            "a\r\nSet-Cookie: x=y",
            "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            "caf\u00e9\u2028",
            "\x00\x1b[2J",
            "a" * 10_000,
        ):
            for path in (
                f"/{self.address}/simple/six/{quote(name)}",
                f"/{self.address}/simple/{quote(name)}/",
                f"/{quote(name)}/lock",
            ):
                wire = await self.wire()
                wire.say(self.request(path) + self.request("/nowhere/at/all"))
                reply = await wire.reply()
                self.assertIn(reply.status, (404, 410), path)
                self.assertIsNone(reply["Set-Cookie"])
                self.assertRegex(reply.reason, r"^[ -~]{1,120}$")
                json.loads(reply.body)
                self.assert_problem(await wire.reply(), 404)


class Upstream(WebCase):
    async def test_a_project_upstream_has_not_is_410(self) -> None:
        """Asking again will not help, and a 404 would send uv elsewhere."""
        self.address = await self.committed("nothing==1.0", "six==9.9")
        self.assert_problem(await self.under("/simple/nothing/"), 410, "the upstream has no project nothing")
        problem = self.assert_problem(await self.under("/simple/six/"), 410)
        self.assertIn("pins 9.9; the newest versions upstream: 2.0, 1.0", problem["detail"])

    async def test_trouble_upstream_is_503_for_a_moment(self) -> None:
        """pip and uv ask again, pip when it is told to. Once upstream is back the same path answers."""
        self.upstream.before["six"] = raising(UpstreamTrouble("upstream said 502", "It is ill."))
        for path in ("/simple/six/", f"/simple/six/{WHEEL}", "/requirements.txt"):
            reply = await self.under(path)
            self.assert_problem(reply, 503, "upstream said 502")
            self.assertIn(int(reply["Retry-After"] or 0), range(1, 6))
        del self.upstream.before["six"]
        self.assertEqual((await self.under("/simple/six/")).status, 200)

    async def test_a_host_that_is_away_is_one_line_of_the_log(self) -> None:
        """Of each minute, and with no representation of a Python object."""
        for project in ("six", "flask", "attrs"):
            self.upstream.before[project] = raising(HostUnreachable("files.example.org cannot be reached", "refused"))
        address = await self.committed("six==1.0", "flask==1.0", "attrs==1.0")
        with capturedLogs() as logged:
            for project in ("six", "flask", "attrs"):
                self.assert_problem(await self.ask(f"/{address}/simple/{project}/"), 503)
            self.clock.advance(61)
            self.assert_problem(await self.ask(f"/{address}/simple/six/"), 503)
        said = [
            str(formatEvent(event)).partition(" (request ")[0]
            for event in logged
            if event["log_level"] >= LogLevel.warn
        ]
        self.assertEqual(said, [f"/{address}/simple/six/: files.example.org cannot be reached: refused"] * 2)

    async def test_other_trouble_is_reported_for_each_project(self) -> None:
        """An operator looks for the project that a user cannot install."""
        for project in ("six", "flask"):
            self.upstream.before[project] = raising(UpstreamTrouble("files.example.org answered 500"))
        address = await self.committed("six==1.0", "flask==1.0")
        with capturedLogs() as logged:
            for project in ("six", "flask"):
                self.assert_problem(await self.ask(f"/{address}/simple/{project}/"), 503)
        self.assertEqual(len([event for event in logged if event["log_level"] == LogLevel.warn]), 2)

    async def test_a_slow_upstream_is_reported_in_words(self) -> None:
        """The object that waited for it is of no use to an operator."""
        gate: Deferred[None] = Deferred()

        async def held() -> None:
            await gate

        self.upstream.before["six"] = held
        with capturedLogs() as logged:
            wire = await self.wire()
            wire.say(self.request(f"/{self.address}/simple/six/"))
            while not wire.received:
                self.clock.advance(1)
                await self.turn()
            self.assert_problem(await wire.reply(), 503)
        [said] = [str(formatEvent(event)) for event in logged if event["log_level"] == LogLevel.warn]
        self.assertRegex(said, r"Ask again in a moment\. \(request [0-9a-f]{16}\)$")
        gate.callback(None)

    async def test_trouble_with_a_file_is_503_before_any_of_it(self) -> None:
        """With nothing about it that looks like a success: no length, range or ETag of the file."""
        self.upstream.before[FILES[1].url] = raising(UpstreamTrouble("upstream hung up"))
        wire = await self.wire()
        wire.say(self.request(f"/{self.address}/simple/six/{WHEEL}", Range="bytes=5-"))
        while not wire.received:
            self.clock.advance(1)
            await self.turn()
        self.assert_problem(await wire.reply(), 503, "upstream hung up")


class OurOwn(WebCase):
    async def test_a_full_store_is_507(self) -> None:
        """Whoever runs the server can do something about it."""
        self.store.create = raising_with(StoreFull("no room left", "Make some."))  # type: ignore[method-assign]
        self.assert_problem(await self.under("/simple/six/"), 507, "no room left")
        self.assert_problem(await self.ask("/locks", "POST", b"six==1.1\n"), 507, "no room left")

    async def test_a_store_in_trouble_is_503(self) -> None:
        """A page that cannot be read now may be read in a moment."""
        self.store.get = raising_with(StoreTrouble("the store is ill"))  # type: ignore[method-assign]
        self.assert_problem(await self.under("/simple/six/"), 503, "the store is ill")

    async def test_a_fault_of_ours_says_nothing_and_is_logged(self) -> None:
        """What it was is for the log, not for whoever asked; klein's routes and the index alike."""
        for path in ("/simple/six/", f"/simple/six/{WHEEL}", "/requirements.txt", ""):
            self.store.get = raising_with(RuntimeError("secret"))  # type: ignore[method-assign]
            reply = await self.under(path)
            problem = self.assert_problem(reply, 500, "internal error")
            self.assertNotIn("secret", str(problem) + str(reply.headers))
            (failure,) = self.flushLoggedErrors(RuntimeError)
            self.assertEqual(str(failure.value), "secret")


def raising_with(error: Exception) -> Callable[..., Awaitable[None]]:
    async def fail(*_: object) -> None:
        raise error

    return fail
