"""An https page that links to plain http, where the network can change the bytes."""

from __future__ import annotations

from attrs import evolve

from reqpi.core.errors import NothingUpstream
from reqpi.core.frozen_pages import dump, load
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.learn_sessions import LearnSessions
from reqpi.shelf.open_index import OpenIndex
from reqpi.storage.memory import MemoryStore
from tests.attacks.upstream_case import TwoUpstreamsCase, at
from tests.fake_upstream import Style


class DowngradeTests(TwoUpstreamsCase):
    """The page of ``s`` comes over https; its files are on ``a``, over http."""

    def setUp(self) -> None:
        super().setUp()
        self.s = self.upstream(tls=True)
        self.names._addresses |= {"s.example.org": ["127.0.0.1"]}  # type: ignore[operator]
        self.plain = at("a.example", self.a.url).replace("simple/", "files/")
        self.s.style = Style(prefix=self.plain, core_metadata=None)
        self.s_url = at("s.example.org", self.s.url)
        assert self.s.authority is not None
        self.settings = {"default": self.s_url, "upstreams": {"a": self.a_url}}
        self.settings |= {"certificates": self.s.authority.read_bytes(), "file_hosts": {"": self.hosts(self.plain)}}

    async def test_a_pin_without_a_digest_does_not_follow_it(self) -> None:
        """Even if the page has a digest of the file; the message says what to write."""
        for style in (self.s.style, evolve(self.s.style, forms="html"), evolve(self.s.style, digest=None)):
            self.s.style = style
            errors = await self.everything(self.shelf(**self.settings), "thing==1.0")
            self.assertIn(f"its link to {self.thing.filename} is plain http", errors[0])
            self.assertIn("--generate-hashes", errors[0])
        self.assertEqual(self.a.connections, 0)

    async def test_a_base_of_the_page_does_not_hide_it(self) -> None:
        """The links are relative to a ``<base>`` over http."""
        self.s.style = evolve(self.s.style, forms="html", base=True)
        self.assertTrue(await self.everything(self.shelf(**self.settings), "thing==1.0"))
        self.assertEqual(self.a.connections, 0)

    async def test_a_later_index_does_not_take_its_place(self) -> None:
        """The network cannot choose the index by changing a link."""
        lines = (f"--index-url {self.s_url}", f"--extra-index-url {self.a_url}", "thing==1.0")
        self.assertTrue(await self.everything(self.shelf(**self.settings), *lines))
        self.assertEqual(self.a.asked("simple"), [])

    async def test_a_pin_with_a_digest_follows_it(self) -> None:
        """The digest decides. What is frozen is what the record has."""
        shelf = self.shelf(**self.settings)
        self.assertEqual(await self.everything(shelf), [])
        page = await shelf.page(await self.committed(shelf), "thing")
        self.assertEqual(load(dump(page), self.project), page)

    async def test_a_page_over_http_links_as_it_likes(self) -> None:
        """The operator chose http."""
        self.assertEqual(await self.everything(self.shelf(), "thing==1.0"), [])

    async def test_the_open_index_does_not_follow_it(self) -> None:
        """There is no lock, so there is no digest."""
        store, outside = MemoryStore(self.clock.seconds), self.outside(**self.settings)
        sessions, files = LearnSessions(store, self.clock), FileParts.over(store, outside, self.clock)
        index = OpenIndex(sessions, outside, files, self.clock)
        session = await sessions.begin(None)
        try:
            await index.page(session, "thing")
        except NothingUpstream as error:
            self.assertIn("plain http", str(error))
        else:
            self.fail("there is a page")
