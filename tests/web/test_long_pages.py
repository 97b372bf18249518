"""Pages that take a while: nobody else waits for them, and they are rendered once."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.threadable import isInIOThread

from reqpi.web import index
from reqpi.web.pages.frame import Frame
from tests.distributions import a_file, a_page
from tests.web.case import WebCase

JSON = "application/vnd.pypi.simple.v1+json"

FILES = 5000


class LongPages(WebCase):
    def threads_of(self, owner: Any, name: str) -> list[bool]:
        """Note of each call of a function whether it is in the reactor's thread, in which everybody would wait.

        How often the reactor goes round meanwhile says less: on a busy machine that is rare.
        """
        in_reactor: list[bool] = []
        function = getattr(owner, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            in_reactor.append(isInIOThread())
            return function(*args, **kwargs)

        self.patch(owner, name, called)
        return in_reactor

    async def test_a_page_of_5000_files_is_not_rendered_in_everybodys_time(self) -> None:
        """It takes tenths of a second: the reactor goes on meanwhile."""
        files = [a_file(f"many-1.0-{number}-py3-none-any.whl", project="many") for number in range(FILES)]
        self.upstream.offer(a_page(*files, project="many"), *[b""] * FILES)
        self.address = await self.committed("many==1.0")
        in_reactor = self.threads_of(index, "_represent")
        for accept in (JSON, "text/html"):
            first = await self.under("/simple/many/", Accept=accept)
            again = await self.under("/simple/many/", Accept=accept)
            self.assertEqual(again.body, first.body)
        self.assertEqual(in_reactor, [False, False])
        page = json.loads((await self.under("/simple/many/", Accept=JSON)).body)
        self.assertEqual(len(page["files"]), FILES)

    async def test_clients_that_come_at_once_share_one_rendering(self) -> None:
        """uv asks on many connections; each gets the same page."""
        self.address = await self.committed_to_many(300)
        await self.under("/lock")
        asking = [Deferred.fromCoroutine(self.under("/simple/many/", Accept=JSON)) for _ in range(20)]
        replies = await gatherResults(asking)
        self.assertEqual(len({reply.body for reply in replies}), 1)
        self.assertEqual(self.upstream.asked, ["many"])

    async def test_a_client_that_leaves_does_not_take_the_page_from_the_others(self) -> None:
        """The rendering goes on for them."""
        self.address = await self.committed_to_many(300)
        leaving, staying = await self.wire(), await self.wire()
        for wire in (leaving, staying):
            wire.say(self.request(f"/{self.address}/simple/many/"))
        while not self.upstream.asked:
            await self.turn()
        leaving.transport.abortConnection()
        self.assertEqual((await staying.reply()).status, 200)

    async def test_a_lock_of_5000_pins_is_shown(self) -> None:
        """As many of them as a person reads, with the number of all; and nobody waits for it."""
        self.address = await self.committed(*(f"project-{number}==1.0" for number in range(5000)))
        in_reactor = self.threads_of(Frame, "rendered")
        reply = await self.under()
        self.assertIn(b"5,000 pins, of which the first 25 are shown", reply.body)
        self.assertIn(b"project-1016", reply.body)
        self.assertEqual(in_reactor, [False])

    async def test_a_project_that_is_pinned_5000_times_is_shown_so_far(self) -> None:
        """It is the rows that are many then, and not the projects."""
        lines = (f'six==1.{number} ; python_version == "3.{number}"' for number in range(5000))
        self.address = await self.committed(*lines)
        self.assertEqual((await self.under("/")).body.count(b'<th scope="row"><a href="pins/six">'), 25)
