"""Crates at their original URLs, through the proxy of a run: what a cargo without a configuration asks for."""

from __future__ import annotations

import json

from reqpi.core.crates.index import DownloadTemplate
from reqpi.core.crates.model import Crate
from reqpi.upstream.crates.offline import OfflineRegistries
from reqpi.web.proxy.events import RefusedRequest, TakenCrate
from tests.crates_registry import build_crate
from tests.proxied_crates_case import ProxiedCratesCase
from tests.rust_sdists import WORDS, cargo_lock

OTHER = "sparse+https://crates.example.org/index/"
TEMPLATES = (
    "https://static.example.org/crates",
    "https://static.example.org/{crate}/{crate}-{version}.crate",
    "https://static.example.org/{prefix}/{crate}/{version}/download",
    "https://static.example.org/{lowerprefix}/{crate}-{version}",
    "https://static.example.org/by-digest/{sha256-checksum}",
    "https://user:secret@static.example.org:443/{crate}/{version}?token=x",
    "https://{crate}.static.example.org/{version}.crate",
)


class OriginalCrateTests(ProxiedCratesCase):
    """A lock with one sdist, whose Cargo.lock names two crates of cargo's default registry."""

    async def test_the_index_and_the_crates_answer_at_the_url_that_cargo_has_built_in(self) -> None:
        """The sdist was not even taken; the configuration leads to crates on the same host."""
        reply = await self.get(f"{self.index}config.json")
        config = json.loads(reply.body)
        place = f"{self.index}dl/{{crate}}/{{version}}/{{sha256-checksum}}.crate"
        self.assertEqual((reply.status, config), (200, {"dl": place, "auth-required": False}))
        for crate in self.crates:
            self.assertEqual((await self.original_index(crate.name)).body, crate.line + b"\n")
            reply = await self.get(f"{self.index}dl/{crate.name}/{crate.version}/{crate.sha256}.crate")
            self.assertEqual((reply.status, reply.body), (200, crate.content))

    async def test_crates_are_at_the_urls_of_their_registry_whatever_its_template_is(self) -> None:
        await self.original_index(WORDS.name)
        for template in TEMPLATES:
            self.registries.places[""] = ("https://mirror.example.org/index", template)
            for crate in self.crates:
                url = DownloadTemplate(template).url(Crate(crate.name, crate.version, crate.sha256))
                reply = await self.get(url.replace("user:secret@", ""))
                self.assertEqual((reply.status, reply.body), (200, crate.content), url)

    async def test_the_registry_of_the_operator_answers_too(self) -> None:
        """A machine may have a cargo that is configured for a mirror."""
        self.registries.places[""] = ("https://mirror.example.org/index", TEMPLATES[0])
        await self.original_index(WORDS.name)
        reply = await self.get("https://mirror.example.org/index/config.json")
        place = "https://mirror.example.org/index/dl/{crate}/{version}/{sha256-checksum}.crate"
        self.assertEqual(json.loads(reply.body)["dl"], place)
        reply = await self.get("https://mirror.example.org/index/ma/de/made-words")
        self.assertEqual(reply.body, WORDS.line + b"\n")

    async def test_a_registry_of_a_committed_cargo_lock_answers_at_its_own_url(self) -> None:
        private = build_crate("made-words", "2.0.0")
        self.registries.add(private, registry=OTHER)
        self.address = await self.committed_together("", cargo_lock("own", "1.0.0", (private,), source=OTHER))
        reply = await self.get("https://crates.example.org/index/ma/de/made-words")
        self.assertEqual(reply.body, private.line + b"\n")
        reply = await self.get(f"https://crates.example.org/index/dl/made-words/2.0.0/{private.sha256}.crate")
        self.assertEqual(reply.body, private.content)
        self.assertEqual((await self.original_index("made-words")).status, 403)

    async def test_what_was_asked_for_once_needs_no_registry(self) -> None:
        for crate in self.crates:
            await self.original_index(crate.name)
            await self.get(f"{self.index}dl/{crate.name}/{crate.version}/{crate.sha256}.crate")
        self.restart(OfflineRegistries())
        self.assertEqual((await self.get(f"{self.index}config.json")).status, 200)
        for crate in self.crates:
            self.assertEqual((await self.original_index(crate.name)).body, crate.line + b"\n")
            reply = await self.get(f"{self.index}dl/{crate.name}/{crate.version}/{crate.sha256}.crate")
            self.assertEqual(reply.body, crate.content)

    async def test_a_crate_that_was_sent_is_reported(self) -> None:
        """Also a part of it, and a copy that is still valid; the index is not a thing of its own."""
        url = f"{self.index}dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate"
        await self.original_index(WORDS.name)
        await self.get(url)
        await self.get(url, Range="bytes=2-5")
        await self.get(url, **{"If-None-Match": f'"{WORDS.sha256}"'})
        await self.get(url, "HEAD")
        crate = Crate(WORDS.name, WORDS.version, WORDS.sha256)
        hows = ("count", "partial", "unchanged")
        self.assertEqual(self.events, [TakenCrate(crate, url, len(WORDS.content), how) for how in hows])

    async def test_a_refusal_is_reported_and_counted_as_below_the_address(self) -> None:
        await self.original_index("serde")
        [event] = self.events
        self.assertIsInstance(event, RefusedRequest)
        self.assertEqual([each.project for each in await self.shelf.refused(self.address)], ["serde"])
