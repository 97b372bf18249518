"""Build requirements through HTTP."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred

from tests.distributions import a_file, a_page
from tests.fake_upstream.distributions import build_sdist, build_wheel
from tests.web.case import WebCase

LOCK = b"# pins\nbuilt==1.0\n"
SDIST = build_sdist("built", "1.0", build_requires=["one>=1", "two; sys_platform == 'win32'"])


class BuildRequirementsTests(WebCase):
    """``GET /<address>/build-requirements``, and the warnings of ``POST /locks``."""

    async def setUp(self) -> None:
        await super().setUp()
        self.upstream.offer(a_page(a_file("built-1.0.tar.gz", SDIST, "built"), project="built"), SDIST)

    async def posted(self) -> tuple[str, list[dict[str, Any]]]:
        document = json.loads((await self.ask("/locks", "POST", LOCK)).body)
        return document["address"], document["warnings"]

    async def test_what_is_lacking(self) -> None:
        address, _ = await self.posted()
        reply = await self.ask(f"/{address}/build-requirements")
        self.assertEqual((reply.status, reply["Content-Type"], reply["Cache-Control"]),
                         (200, "application/json", "no-store"))  # fmt: skip
        document = json.loads(reply.body)
        (sdist,) = document["sdists"]
        self.assertEqual((sdist["filename"], sdist["must_be_built"], sdist["declared"], sdist["unread"]),
                         ("built-1.0.tar.gz", True, True, []))  # fmt: skip
        self.assertEqual(sdist["requires"], ["one>=1", "two; sys_platform == 'win32'"])
        self.assertEqual(
            [(each["requirement"], each["state"], each["lacking"]) for each in document["requirements"]],
            [("one>=1", "missing", True), ('two; sys_platform == "win32"', "missing", False)],
        )
        self.assertEqual((document["address"], document["complete"], document["filters"]), (address, False, {}))

    async def test_filters(self) -> None:
        address, _ = await self.posted()
        query = "platform=win_amd64&python-version=3.12"
        document = json.loads((await self.ask(f"/{address}/build-requirements?{query}")).body)
        self.assertEqual([each["lacking"] for each in document["requirements"]], [True, True])
        self.assertEqual(document["filters"], {"platform": ["win_amd64"], "python-version": ["3.12"]})
        self.assert_problem(await self.ask(f"/{address}/build-requirements?platform=a/b"), 400, "no such filter")

    async def test_to_commit_waits_for_nothing_and_says_what_is_known(self) -> None:
        """The first time nothing is."""
        address, warnings = await self.posted()
        self.assertEqual((warnings, self.upstream.asked), ([], []))
        self.assertEqual((await self.posted())[1], [])
        self.assertEqual(self.upstream.asked, [])
        document = json.loads((await self.ask(f"/{address}/build-requirements")).body)
        self.assertEqual((await self.posted())[1], document["warnings"])
        (warning,) = document["warnings"]
        self.assertEqual((warning["line"], warning["text"], warning["document"]), (2, "built==1.0", ""))
        self.assertIn("one>=1", warning["message"])
        self.assertNotIn("two", warning["message"])

    async def test_no_longer_than_the_client_wants_to_wait(self) -> None:
        """As RFC 7240 has it; what means nothing is passed over."""
        address, _ = await self.posted()
        gate: Deferred[None] = Deferred()

        async def hook() -> None:
            await gate

        self.upstream.before["built"] = hook
        for prefer, seconds in (
            *(("wait=1", 1), ("respond-async, wait=2", 2), ("WAIT = 3; x=y", 3), ("wait=soon", 10)),
            *(("wait=1, wait-ms=200", 0.2), ("wait-ms=3000", 3), ("wait-ms=0.2", 10)),
        ):
            wire = await self.wire()
            asked = self.request(f"/{address}/build-requirements", Prefer=prefer)
            wire.say(asked)
            while not any(call.getTime() == self.clock.seconds() + seconds for call in self.clock.getDelayedCalls()):
                await self.turn()
            self.clock.advance(seconds)
            problem = self.assert_problem(await wire.reply(), 503)
            self.assertEqual((problem["type"], problem["pending"]), ("urn:reqpi:pending", True))
        gate.callback(None)
        self.assertEqual((await self.ask(f"/{address}/build-requirements", Prefer="wait=1")).status, 200)

    async def test_only_what_a_build_may_need(self) -> None:
        """The warnings are the same; the sdist beside a wheel is not requested."""
        sdist, wheel = build_sdist("both", "1.0"), build_wheel("both", "1.0")
        files = (a_file("both-1.0.tar.gz", sdist, "both"), a_file("both-1.0-py3-none-any.whl", wheel, "both"))
        self.upstream.offer(a_page(*files, project="both"), sdist, wheel)
        address = json.loads((await self.ask("/locks", "POST", LOCK + b"both==1.0\n")).body)["address"]
        needed = json.loads((await self.ask(f"/{address}/build-requirements?needed=1")).body)
        self.assertEqual([each["filename"] for each in needed["sdists"]], ["built-1.0.tar.gz"])
        self.assertNotIn(files[0].url, self.upstream.asked)
        known = json.loads((await self.ask("/locks", "POST", LOCK + b"both==1.0\n")).body)["warnings"]
        whole = json.loads((await self.ask(f"/{address}/build-requirements")).body)
        self.assertEqual([each["filename"] for each in whole["sdists"]], ["built-1.0.tar.gz", "both-1.0.tar.gz"])
        self.assertEqual((needed["warnings"], known), (whole["warnings"], whole["warnings"]))

    async def test_an_unknown_address(self) -> None:
        self.assert_problem(await self.ask(f"/{'0' * 64}/build-requirements"), 410)

    async def test_what_upstream_has_not(self) -> None:
        address = await self.committed("nothing==1.0")
        self.assert_problem(await self.ask(f"/{address}/build-requirements"), 410)
