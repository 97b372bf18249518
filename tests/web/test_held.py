"""Holding through HTTP: asked for with a lock, and told by the address."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import deferLater

from tests.distributions import a_file, a_page
from tests.fake_upstream.distributions import build_wheel
from tests.web.case import CONTENTS, WHEEL, WebCase


class HeldTests(WebCase):
    """``POST /locks?hold=1`` and ``GET /<address>/held``."""

    async def held(self, query: str = "") -> dict[str, Any]:
        """The verdict, once no hold is under way."""
        from twisted.internet import reactor

        while True:
            reply = await self.under(f"/held{query}")
            self.assertEqual((reply.status, reply["Cache-Control"]), (200, "no-store"), reply.body)
            document: dict[str, Any] = json.loads(reply.body)
            if document.get("holding") is None:
                return document
            self.clock.advance(1)
            await deferLater(reactor, 0.001)

    async def hold(self, query: str) -> None:
        reply = await self.ask(f"/locks?{query}", "POST", b"six==1.0\n")
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(json.loads(reply.body)["address"], self.address)

    async def test_nothing_is_held_unasked(self) -> None:
        document = await self.held()
        self.assertEqual((document["complete"], document["missing"][0]["project"]), (False, "six"))
        self.assertIsNone(document["closed"])
        self.assertEqual(self.upstream.asked, [])

    async def test_all_of_it(self) -> None:
        await self.hold("hold=1")
        document = await self.held()
        self.assertEqual([each["filename"] for each in document["missing"]], [WHEEL])  # it is no zip archive
        self.assertTrue(document["missing"][0]["reason"])
        self.assertEqual((document["files"], document["size"]), (2, sum(map(len, CONTENTS.values()))))

    async def test_filters(self) -> None:
        """Both say what they are about."""
        query = "python-version=2.7&only-binary=:all:"
        await self.hold(f"hold=1&{query}")
        document = await self.held(f"?{query}")
        self.assertEqual(document["filters"], {"python-version": ["2.7"], "only-binary": [":all:"]})
        self.assertEqual((document["complete"], document["files"], document["unfit"]), (True, 0, ["six 1.0"]))
        self.assertFalse(document["platforms"])

    async def test_whether_the_lock_is_closed(self) -> None:
        """It is known once everything is held, and no upstream is asked for it."""
        wheel = build_wheel("needy", "1.0", ["urllib3<3"])
        self.upstream.offer(a_page(a_file("needy-1.0-py3-none-any.whl", wheel, "needy"), project="needy"), wheel)
        reply = await self.ask("/locks?hold=1", "POST", b"needy==1.0\n")
        self.address = json.loads(reply.body)["address"]
        document = await self.held()
        asked = list(self.upstream.asked)
        (unmet,) = document["closed"]["unmet"]
        self.assertEqual((document["complete"], document["closed"]["closed"], unmet["requirement"]),
                         (True, False, "urllib3<3"))  # fmt: skip
        await self.held("?python-version=3.12")
        self.assertEqual(self.upstream.asked, asked)

    async def test_a_filter_that_means_nothing(self) -> None:
        """Nothing is committed with it."""
        for reply in (
            await self.under("/held?platform=a/b"),
            await self.ask("/locks?hold=1&platform=a/b", "POST", b"attrs==1.0\n"),
        ):
            problem = self.assert_problem(reply, 400, "no such filter")
            self.assertIn("platform: 'a/b' is not a valid tag", problem["detail"])
        self.assertEqual([name async for name in self.store.names("locks/")], [f"locks/{self.address}"])

    async def test_an_unknown_address(self) -> None:
        reply = await self.ask(f"/{'0' * 64}/held")
        self.assertEqual(reply.status, 410)
