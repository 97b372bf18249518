"""``/runs/<token>/crates``: the crates of an address for one build, and the receipt of those that it took."""

from __future__ import annotations

import json

from reqpi.core.receipts.model import Receipt
from reqpi.core.receipts.reading import read_receipt
from tests.crates_case import CratesCase
from tests.crates_registry import MadeCrate, index_path
from tests.rust_sdists import GREET, WORDS
from tests.web.in_memory import InMemory
from tests.web.wire import Reply

__all__ = ["CrateRunsCase"]


class CrateRunsCase(CratesCase):
    """A run of the lock at ``self.address``."""

    async def setUp(self) -> None:
        await super().setUp()
        self.run_path = await self.begun(self.address)

    async def begun(self, address: str, **headers: str) -> str:
        """Begin a run; its path."""
        reply = await InMemory(self.site).ask(f"/{address}/runs", "POST", **{"Content-Length": "0"}, **headers)
        self.assertEqual(reply.status, 201, reply)
        return f"/runs/{json.loads(reply.body)['token']}"

    async def in_run(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """Ask for a path below the run."""
        self.pass_time()
        return await InMemory(self.site).ask(f"{self.run_path}/{path}", method, **headers)

    async def take_in_run(self, crate: MadeCrate, **headers: str) -> Reply:
        """Ask for a crate below the run."""
        return await self.in_run(f"crates/dl/{crate.name}/{crate.version}/{crate.sha256}.crate", **headers)

    async def receipt(self, **headers: str) -> Receipt:
        """The receipt of the run."""
        reply = await self.in_run("receipt", **headers)
        self.assertEqual(reply.status, 200, reply)
        return read_receipt(reply.body)


class CratesOfRunsTests(CrateRunsCase):
    """An sdist that needs Rust, with its own Cargo.lock."""

    async def test_cargo_stays_below_the_run(self) -> None:
        """Every URL in a configuration is one of the run."""
        here = f"http://index.example.org{self.run_path}/crates"
        for path in ("crates/config.json", "crates/registry/0123456789abcdef/config.json"):
            config = json.loads((await self.in_run(path)).body)
            dl = f"{here}/dl/{{crate}}/{{version}}/{{sha256-checksum}}.crate"
            self.assertEqual(config, {"dl": dl, "auth-required": False})
        written = (await self.in_run("cargo/config.toml")).body.decode()
        self.assertIn(f"sparse+{here}/", written)
        self.assertNotIn(self.address, written)

    async def test_crates_are_as_below_the_address_and_in_the_receipt(self) -> None:
        """Parts and valid copies are counted apart, and HEAD takes nothing."""
        for crate in self.crates:
            self.assertEqual((await self.in_run(f"crates/{index_path(crate.name)}")).body, crate.line + b"\n")
        self.assertEqual((await self.take_in_run(GREET)).body, GREET.content)
        await self.take_in_run(WORDS)
        await self.take_in_run(WORDS, Range="bytes=2-5")
        await self.take_in_run(WORDS, **{"If-None-Match": f'"{WORDS.sha256}"'})
        await self.in_run(f"crates/dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate", "HEAD")
        receipt = await self.receipt()
        found = {
            each.filename: (each.sha256, each.size, each.purl, each.count, each.partial, each.unchanged)
            for each in receipt.taken
        }
        purl = "pkg:cargo/{0.name}@{0.version}?checksum={0.sha256}"
        expected = {
            GREET.filename: (GREET.sha256, len(GREET.content), purl.format(GREET), 1, 0, 0),
            WORDS.filename: (WORDS.sha256, len(WORDS.content), purl.format(WORDS), 1, 1, 1),
        }
        self.assertEqual((found, receipt.refused, receipt.complete), (expected, (), True))

    async def test_what_is_refused_is_in_the_receipt(self) -> None:
        path = "crates/se/rd/serde"
        reply = await self.in_run(path, **{"User-Agent": "cargo/1.95.0"})
        self.assertEqual(reply.status, 403, reply)
        [refused] = (await self.receipt()).refused
        self.assertEqual((refused.url, refused.agent, refused.count), (path, "cargo/1.95.0", 1))

    async def test_cargo_is_told_that_a_run_has_ended(self) -> None:
        """It shows the body of 403 in an index, and of 410 among files."""
        await self.in_run("", "DELETE")
        for path, status in (
            ("crates/config.json", 403),
            ("crates/ma/de/made-words", 403),
            (f"crates/dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate", 410),
        ):
            reply = await self.in_run(path)
            self.assertEqual(reply.status, status, path)
            self.assertIn(b"no such run", reply.body)
