"""Registries on loopback: what is asked, with which login, and how often."""

from __future__ import annotations

from reqpi.core.crates.commits import CrateCommit
from reqpi.core.errors import Misconfigured
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.crates.allowed import read_crates
from reqpi.upstream.crates.offline import OfflineRegistries
from tests.crates_registry import build_crate
from tests.rust_sdists import GREET, WORDS
from tests.upstream.crates.case import LoopbackCase


class RegistriesTests(LoopbackCase):
    """Healthy ones."""

    async def test_crates_come_from_the_registry(self) -> None:
        for crate in self.crates:
            self.assertEqual((await self.index_of(crate.name)).body, crate.line + b"\n")
            self.assertEqual((await self.take(crate)).body, crate.content)

    async def test_every_form_of_the_template_is_understood(self) -> None:
        for form in (
            "{origin}/crates",
            "{origin}/{crate}/{version}",
            "{origin}/{prefix}/{crate}-{version}",
            "{origin}/{lowerprefix}/{crate}.{version}.crate",
            "{origin}/by-digest/{sha256-checksum}",
        ):
            self.registry.download = form
            self.address = await self.committed("shout==1.0", f"# {form}")
            self.restart()
            for crate in self.crates:
                await self.store.remove(crate.sha256, float("inf"))
                self.assertEqual((await self.take(crate)).body, crate.content, form)

    async def test_the_configuration_is_read_once_for_many_crates(self) -> None:
        for crate in self.crates:
            await self.take(crate)
        self.assertEqual(len(self.registry.asked("config.json")), 1)

    async def test_a_registry_has_a_name_for_the_limits_of_tokens(self) -> None:
        """That of its option, in any spelling of its URL; the default one has one before cargo was asked for it."""
        source = self.source("corp=https://crates.corp.example/index/")
        for registry, name in (
            ("", "crates:default"),
            ("sparse+https://crates.corp.example/index/", "crates:corp"),
            ("registry+https://CRATES.corp.example:443/index", "crates:corp"),
            ("registry+https://other.example:8443/index", "other.example:8443"),
            (CrateCommit("https://git.corp.example/greetings.git", "7" * 40).file.url, "git.corp.example"),
        ):
            self.assertEqual(source.name(registry), name, registry)

    async def test_an_index_file_is_revalidated_for_another_lock(self) -> None:
        """With its ETag, to which the registry answers 304."""
        await self.index_of("made-words")
        self.address = await self.committed("shout==1.0", "# another")
        self.assertEqual((await self.index_of("made-words")).body, WORDS.line + b"\n")
        requests = self.registry.asked("made-words")
        self.assertEqual(["if-none-match" in each.headers for each in requests], [False, True])

    async def test_a_cached_index_file_without_a_release_is_not_used(self) -> None:
        """The release may be new, whatever the registry says about what it sent before."""
        self.registry.remove_crate(WORDS)
        self.assertEqual((await self.index_of("made-words")).status, 403)
        self.registry.add_crate(WORDS)
        self.assertEqual((await self.index_of("made-words")).status, 200)

    async def test_the_whole_index_file_of_a_crate_is_there_for_a_choice(self) -> None:
        """By its name in lower case, and from the same registries as for a lock."""
        capital = self.registry.add_crate(build_crate("Made_Capital", "1.0.0"))
        source = self.source(f"mine={self.registry.url}")
        for _ in range(2):
            whole = await source.whole("made_capital", f"sparse+{self.registry.url}")
            self.assertEqual(whole, capital.line + b"\n")
        trouble = await self.trouble(source.whole("made_capital", "sparse+https://crates.example.org/"))
        self.assertIn("is not among the registries", trouble.title)
        trouble = await self.trouble(OfflineRegistries().whole("made_capital", ""))
        self.assertIn("offline", trouble.detail)

    async def test_a_registry_of_another_lock_needs_its_name_in_the_options(self) -> None:
        """A lock can name any URL; the server asks none but those of its operator."""
        source = self.source(f"mine={self.registry.url}")
        lines = await source.lines("made-words", f"sparse+{self.registry.url}", ["1.0.2"])
        self.assertEqual(lines["1.0.2"].cksum, WORDS.sha256)
        trouble = await self.trouble(source.lines("made-words", "sparse+https://crates.example.org/", ["1.0.2"]))
        self.assertIn("crates.example.org/ is not among the registries", trouble.title)
        self.assertIn("--crates NAME=URL", trouble.detail)

    async def test_the_default_registry_is_looked_for_when_a_crate_is_needed(self) -> None:
        """Once, and not at the start."""
        found: list[str] = []

        def find() -> str:
            found.append(self.registry.url)
            return self.registry.url

        source = self.source(find=find)
        self.assertEqual(found, [])
        for _ in range(2):
            self.assertIn("1.0.2", await source.lines("made-words", "", ["1.0.2"]))
        self.assertEqual(found, [self.registry.url])

    async def test_without_a_default_registry_the_option_is_named(self) -> None:
        def find() -> str:
            raise Misconfigured("no registry of crates is known", "Name it with --crates URL.")

        self.restart(self.source(find=find))
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 403, reply)
        self.assertIn(b"--crates URL", reply.body)


class LoginTests(LoopbackCase):
    """A registry that requires a token for everything."""

    async def test_a_token_is_sent_with_every_request(self) -> None:
        self.registry = self.a_registry(token="Bearer abc")
        self.restart(self.source(f"{self.registry.url},token={self.token_file('Bearer abc')}"))
        self.assertEqual((await self.index_of("made-words")).status, 200)
        self.assertEqual((await self.take(GREET)).status, 200)

    async def test_without_a_token_the_advice_names_the_option(self) -> None:
        self.registry = self.a_registry(token="Bearer abc")
        self.restart()
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 403, reply)
        self.assertIn(b"--crates", reply.body)

    async def test_the_login_of_a_netrc_file_is_sent(self) -> None:
        self.registry = self.a_registry(token="Basic eHg=")
        self.restart(self.source(logins={"127.0.0.1": "Basic eHg="}))
        self.assertEqual((await self.take(GREET)).status, 200)

    async def test_a_token_leaves_its_registry_for_no_other_host(self) -> None:
        """The template names another port, which the operator did not name."""
        other = self.a_registry()
        self.registry = self.a_registry(token="secret", download=f"{other.origin}/crates/{{crate}}-{{version}}.crate")
        token = self.token_file("secret")
        self.restart(
            self.source(
                f"{self.registry.url},token={token}",
                hosts=Hosts.read([other.origin.partition("//")[2]], "--allow-host"),
            )
        )
        self.assertEqual((await self.take(GREET)).status, 200)
        self.assertEqual([each.headers.get("authorization") for each in other.asked("crate")], [None])
        await self.store.remove(GREET.sha256, float("inf"))
        host = other.origin.partition("//")[2]
        self.restart(self.source(f"{self.registry.url},token={token},files={host}"))
        self.assertEqual((await self.take(GREET)).status, 200)
        self.assertEqual(other.asked("crate")[-1].headers.get("authorization"), "secret")

    def test_values_that_cannot_be_used_are_named(self) -> None:
        for words in (
            ["ftp://crates.example.org/"],
            ["=https://crates.example.org/"],
            ["https://a.example.org/", "https://b.example.org/"],
            ["a=https://a.example.org/", "a=https://b.example.org/"],
            ["https://a.example.org/,user=me"],
            ["https://a.example.org/,files=a/b"],
            ["https://me:secret@"],
        ):
            error = self.assertRaises(Misconfigured, read_crates, words)
            self.assertIn("--crates", error.title, words)
            self.assertNotIn("secret", str(error))

    async def test_a_file_without_a_token_is_named(self) -> None:
        for content in ("", "a\nb", "\u2603"):
            path = self.token_file(content)
            error = self.assertRaises(Misconfigured, self.source, f"{self.registry.url},token={path}")
            self.assertIn(str(path), error.title)
        self.assertRaises(Misconfigured, self.source, f"{self.registry.url},token=/nowhere/at/all")
