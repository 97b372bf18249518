"""A lock, or a build that it starts, that asks the proxy of ``reqpi run`` for crates that no Cargo.lock pins."""

from __future__ import annotations

from reqpi.core.errors import UpstreamTrouble
from tests.crates_registry import build_crate
from tests.proxied_crates_case import ProxiedCratesCase
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist

NEWER = build_crate("made-words", "1.0.3")
SERDE = build_crate("serde", "1.0.0")
PRIVATE = "sparse+https://crates.example.org/index/"
OTHER = build_crate("secret-words", "1.0.0")


class LockProxyCrateTests(ProxiedCratesCase):
    """The registries have more than the lock names."""

    async def setUp(self) -> None:
        await super().setUp()
        self.registries.add(NEWER, SERDE)
        self.registries.add(OTHER, registry=PRIVATE)
        self.registries.places[""] = ("https://mirror.example.org/index", "https://static.example.org/crates")
        self.registries.places[PRIVATE] = ("https://crates.example.org/index/", "https://crates.example.org/files")
        await self.original_index(WORDS.name)  # the sdist is in the store now
        self.registries.asked.clear()

    async def test_a_crate_that_no_cargo_lock_names_is_refused(self) -> None:
        """A build script asks for another crate by its original URLs."""
        for url in (f"{self.index}se/rd/serde", self.file_url(SERDE), "https://mirror.example.org/index/se/rd/serde"):
            reply = await self.get(url)
            self.assertIn(reply.status, (403, 410), url)
            self.assertTrue(reply["X-ReqPI-Refused"], url)
            self.assertNotIn(SERDE.sha256.encode(), reply.body)
        self.assertNotIn("serde", self.registries.asked)
        self.assertNotIn(SERDE.filename, self.registries.asked)

    async def test_another_version_is_refused(self) -> None:
        """A build script asks for a release that is newer than the pinned one, and for other bytes of that one."""
        for url in (
            self.file_url(NEWER),
            f"{self.index}dl/{NEWER.name}/{NEWER.version}/{NEWER.sha256}.crate",
            f"{self.index}dl/{WORDS.name}/{WORDS.version}/{NEWER.sha256}.crate",
        ):
            reply = await self.get(url)
            self.assertIn(reply.status, (403, 410), url)
            self.assertTrue(reply["X-ReqPI-Refused"], url)
        self.assertEqual((await self.original_index(WORDS.name)).body, WORDS.line + b"\n")
        self.assertNotIn(NEWER.filename, self.registries.asked)

    async def test_the_registry_of_another_host_is_refused(self) -> None:
        """A build script asks a registry that no Cargo.lock of this lock names, though the server may ask it."""
        for url in (
            "https://crates.example.org/index/config.json",
            "https://crates.example.org/index/se/cr/secret-words",
            f"https://crates.example.org/index/dl/secret-words/1.0.0/{OTHER.sha256}.crate",
            "https://crates.example.org/files/secret-words/1.0.0/download",
            f"https://crates.example.org/index/dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate",
        ):
            reply = await self.get(url)
            self.assertEqual(reply.status, 403, url)
            self.assertTrue(reply["X-ReqPI-Refused"], url)
        self.assertNotIn("secret-words", self.registries.asked)

    async def test_the_path_of_one_host_is_not_that_of_another(self) -> None:
        """A build script asks other hosts for the paths of the registry, and the registry for other paths."""
        path = self.file_url(WORDS).removeprefix("https://static.example.org")
        for url in (
            f"https://evil.example.org{path}",
            f"https://static.example.org:8443{path}",
            f"https://static.example.org/other{path}",
            f"{self.file_url(WORDS)}/more",
            f"{self.file_url(WORDS)}?other",
            f"{self.index}config.json?other",
            f"{self.index}ma/de/made-words/x",
            f"{self.index}dl/made-words",
            f"{self.index}registry/0123456789abcdef/config.json",
            f"{self.index}api/v1/crates",
            self.index,
        ):
            reply = await self.get(url)
            self.assertIn(reply.status, (403, 404, 410), url)
            self.assertTrue(reply["X-ReqPI-Refused"], url)

    async def test_nothing_can_be_published(self) -> None:
        """A build script sends crates to the registry."""
        for method in ("PUT", "POST", "DELETE"):
            reply = await self.get(f"{self.index}api/v1/crates/new", method)
            self.assertEqual(reply.status, 403)

    async def test_a_registry_that_names_the_url_of_another_registry_gets_none_of_its_crates(self) -> None:
        """The registry of one crate says that its files are where another one has them."""
        committed = cargo_lock("own", "1.0.0", (OTHER,), source=PRIVATE)
        self.address = await self.committed_together("shout==1.0\n", committed)
        self.registries.places[PRIVATE] = ("https://crates.example.org/index/", "https://static.example.org/crates")
        reply = await self.get("https://static.example.org/crates/secret-words/1.0.0/download")
        self.assertEqual((reply.status, reply.body), (200, OTHER.content))
        reply = await self.get("https://crates.example.org/index/ma/de/made-words")
        self.assertEqual(reply.status, 403, reply)

    async def test_a_template_that_is_one_long_row_of_markers_costs_little(self) -> None:
        """The registry wants a URL to be matched in many ways, or URLs that take all memory."""
        for many in (100, 9000):
            template = "https://static.example.org/" + "{crate}" * many
            self.registries.places[""] = ("https://mirror.example.org/index", template)
            reply = await self.get(f"https://static.example.org/{'made-words' * 99}x")
            self.assertEqual(reply.status, 403)

    async def test_a_registry_that_is_away_lets_nothing_pass(self) -> None:
        """The registry does not say where its crates are; refusals of other hosts do not wait for it each time."""

        async def away() -> None:
            raise UpstreamTrouble("crates.example.org cannot be reached")

        self.registries.before["config.json"] = away
        site = self.proxy()
        self.proxy = lambda: site  # type: ignore[method-assign]
        for _ in range(3):
            self.assertEqual((await self.get("https://elsewhere.example.org/x")).status, 403)
        self.assertEqual(self.registries.asked, ["config.json"])
        self.assertEqual((await self.original_index(WORDS.name)).status, 200)

    async def test_a_lock_without_crates_has_no_registry(self) -> None:
        """A build script of a lock without Rust asks the usual registry."""
        self.offer("plain", maturin_sdist("plain", crates=(), lock=cargo_lock("plain", "1.0.0", ())))
        self.address = await self.committed("plain==1.0")
        for url in (f"{self.index}config.json", f"{self.index}ma/de/made-words", self.file_url(GREET)):
            reply = await self.get(url)
            self.assertEqual(reply.status, 403, url)
            self.assertTrue(reply["X-ReqPI-Refused"], url)
        self.assertEqual(self.registries.asked, [])
