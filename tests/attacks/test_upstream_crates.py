"""A registry of crates that lies, and sdists whose Cargo.lock is an attack."""

from __future__ import annotations

import gzip
import tomllib
from urllib.parse import urlsplit

from attrs import evolve

from reqpi.core.crates.index import LARGEST_LINE
from tests.crates_case import CratesCase
from tests.crates_registry import MadeCrate, build_crate
from tests.fake_upstream import faults
from tests.fake_upstream.exchange import Answer
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist
from tests.upstream.crates.case import LoopbackCase

EVIL = build_crate("made-words", "1.0.2", source='fn main() { panic!("evil") }\n')
"""Other bytes of a crate that a Cargo.lock names."""


class LyingRegistryTests(LoopbackCase):
    """The registry is the attacker's."""

    async def test_another_checksum_is_refused_and_nothing_is_fetched(self) -> None:
        """The index and the bytes agree with each other, and not with the Cargo.lock."""
        self.registry.add_crate(EVIL)
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 403, reply)
        self.assertIn(b"other bytes for the crate made-words 1.0.2", reply.body[:512])
        for sha256 in (WORDS.sha256, EVIL.sha256):
            self.assertEqual((await self.take(WORDS, sha256)).status, 410)
        self.assertEqual(self.registry.asked("crates/"), [])
        self.assertEqual([name async for name in self.store.all() if name == EVIL.sha256], [])

    async def test_other_bytes_under_the_right_checksum_are_neither_sent_nor_kept(self) -> None:
        """The index says what the Cargo.lock says."""
        self.registry.add_crate(evolve(EVIL, extra={"cksum": WORDS.sha256}))
        reply = await self.take(WORDS)
        self.assertEqual(reply.status, 410, reply)
        self.assertIn(b"made-words-1.0.2.crate", reply.body[:512])
        for sha256 in (WORDS.sha256, EVIL.sha256):
            self.assertIsNone(await self.store.size(sha256))

    async def test_a_line_of_megabytes_is_ignored(self) -> None:
        """And so is a line of another crate, or of none."""
        long = evolve(WORDS, extra={"features": {"x": ["y" * (LARGEST_LINE + 1)]}})
        self.registry.add_crate(long)
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 403, reply)
        self.assertIn(b"has no crate made-words 1.0.2", reply.body)
        self.registry.add_crate(evolve(WORDS, extra={"name": "made-other"}))
        self.assertEqual((await self.index_of("made-words")).status, 403)

    async def test_a_file_of_the_index_that_expands_without_end_is_refused(self) -> None:
        """80 MiB in 80 KiB."""
        self.registry.healthy_answer = lambda _: Answer(  # type: ignore[method-assign]
            200, {"Content-Encoding": "gzip"}, gzip.compress(b"\n" * (80 << 20))
        )
        self.assertEqual((await self.index_of("made-words")).status, 403)

    async def test_an_endless_file_of_the_index_is_cut_off(self) -> None:
        self.registry.fail("index", faults.Endless())
        reply = await self.index_of("made-words")
        self.assertGreaterEqual(reply.status, 400, reply)

    async def test_a_template_to_a_private_host_is_blocked(self) -> None:
        """The operator named the registry's own port, and no other one of this machine."""
        secret = self.a_registry()
        self.registry = self.a_registry(download=f"{secret.origin}/crates/{{crate}}-{{version}}.crate")
        self.restart()
        reply = await self.take(WORDS)
        self.assertEqual(reply.status, 410, reply)
        self.assertEqual(secret.connections, 0)

    async def test_a_redirect_to_a_private_host_is_blocked(self) -> None:
        """From the file of the index, and from the crate."""
        secret = self.a_registry()
        for where, place in (("index", secret.url), ("crate", f"{secret.origin}/crates/made-words-1.0.2.crate")):
            self.registry.fail(where, faults.Status(302, {"Location": place}))
            self.restart()
            self.assertGreaterEqual((await self.take(WORDS)).status, 400)
            self.registry.heal(where)
        self.assertEqual(secret.connections, 0)

    async def test_a_template_of_another_scheme_is_refused(self) -> None:
        for place in ("file:///etc/{crate}", "ftp://example.org", "//{crate}", "http://[", "http://a b/", "data:,x"):
            self.registry.download = place
            self.restart()
            reply = await self.take(WORDS)
            self.assertGreaterEqual(reply.status, 400, place)
            self.assertNotEqual(reply.status, 500, (place, reply))

    async def test_a_template_with_a_login_sends_none(self) -> None:
        """The registry would choose what is sent to another host."""
        host = urlsplit(self.registry.origin).netloc
        self.registry.download = f"http://me:secret@{host}/crates/{{crate}}-{{version}}.crate"
        self.restart()
        await self.take(WORDS)
        self.assertEqual([each for each in self.registry.requests if "authorization" in each.headers], [])


class PrivateRegistryTests(LoopbackCase):
    """The registry requires a login, which the server has, and the attacker is a client that commits a Cargo.lock."""

    async def test_a_guess_learns_neither_versions_nor_digests(self) -> None:
        """With the digest that an error shows, the next Cargo.lock would get the crate."""
        self.registry = self.a_registry(token="secret")
        self.restart(self.source(f"{self.registry.url},token={self.token_file('secret')}"))
        answers = []
        for crate in (
            evolve(EVIL, name="made-words"),
            evolve(EVIL, version="9.9.9"),
            build_crate("made-none", "1.0.0"),
        ):
            commitment, _ = await self.shelf.commit(cargo_lock("bare", "1.0.0", (crate,)).encode())
            self.address = commitment.address
            reply = await self.index_of(crate.name)
            self.assertEqual(reply.status, 403, reply)
            self.assertNotIn(WORDS.sha256.encode(), reply.body)
            shown = reply.body.decode().replace(crate.name, "NAME").replace(crate.version, "VERSION")
            answers.append(shown.replace(crate.sha256, "DIGEST").replace(reply["X-Request-ID"] or "?", "ID"))
        self.assertEqual(len(set(answers)), 1, answers)


class LocalCommandTests(LoopbackCase):
    """The user is the operator, and the Cargo.lock of an sdist names a registry of the attacker's choice."""

    async def test_a_registry_on_a_private_address_is_not_asked(self) -> None:
        """Nor one over plain http, nor a git repository; a public one would be."""
        source = self.source(local=True)
        host = urlsplit(self.a_registry().origin).netloc
        for registry in (
            f"sparse+https://{host}/index/",
            "sparse+https://localhost/index/",
            "sparse+https://10.0.0.1/",
            "sparse+http://crates.example.org/",
            "sparse+https://me:secret@crates.example.org/",
            "registry+https://crates.example.org/index",
            "sparse+file:///etc/",
        ):
            trouble = await self.trouble(source.lines("made-words", registry, ["1.0.2"]))
            self.assertIn("is not among the registries of crates", trouble.title, registry)
            self.assertNotIn("secret", str(trouble))


class HostileSdistTests(CratesCase):
    """The Cargo.lock inside an sdist is the attacker's."""

    async def with_lock(self, text: str, *crates: MadeCrate) -> None:
        self.registries.add(*crates)
        self.offer("bad", maturin_sdist("bad", "1.0", lock=text))
        self.address = await self.committed("bad==1.0")

    async def test_a_hundred_thousand_packages_are_refused_in_words(self) -> None:
        """Neither memory nor time goes to a Cargo.lock that no project has."""
        package = '[[package]]\nname = "a{0}"\nversion = "1.0.0"\n\n'
        await self.with_lock("version = 4\n\n" + "".join(package.format(number) for number in range(100_000)))
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 403, reply)
        self.assertIn(b"bad-1.0.tar.gz", reply.body)

    async def test_a_broken_cargo_lock_is_named_with_its_line(self) -> None:
        for text in ("version = 4\n[[package", "\ufeff[[package]]", 'version = 4\n[[package]]\nname = "a/../b"\n'):
            await self.with_lock(text)
            reply = await self.index_of("made-words")
            self.assertEqual(reply.status, 403, reply)
            self.assertIn(b"Line ", reply.body, text)

    async def test_the_url_of_a_registry_cannot_write_cargos_configuration(self) -> None:
        """It has quotes and line breaks in it."""
        source = 'sparse+https://x.example/\\"\\n[net]\\noffline=true\\n#'
        await self.with_lock(cargo_lock("bad", "1.0.0", (WORDS,), source=source))
        await self.ask("simple/bad/bad-1.0.tar.gz")
        reply = await self.ask("cargo/config.toml")
        self.assertEqual(reply.status, 200)
        self.assertEqual(set(tomllib.loads(reply.body.decode())), {"source"})

    async def test_a_crate_of_another_lock_is_not_admitted_though_the_store_has_it(self) -> None:
        """A neighbour's lock admits it; a guess of its digest gets nothing here."""
        mine = self.address
        other = build_crate("made-other", "1.0.0")
        await self.with_lock(cargo_lock("bad", "1.0.0", (other,)), other)
        self.assertEqual((await self.take(other)).status, 200)
        self.address = mine
        self.assertEqual((await self.take(other)).status, 410)
        self.assertEqual((await self.take(WORDS)).status, 200)

    async def test_two_locks_with_two_digests_of_a_release_get_one(self) -> None:
        """The index of a crate has one digest for a release: the crate of the other lock is refused."""
        self.offer("bad", maturin_sdist("bad", "1.0", crates=(EVIL,)))
        self.address = await self.committed("shout==1.0", "bad==1.0")
        for filename in ("shout/shout-1.0.tar.gz", "bad/bad-1.0.tar.gz"):
            await self.ask(f"simple/{filename}")
        self.assertEqual((await self.index_of("made-words")).body, WORDS.line + b"\n")
        self.assertEqual((await self.take(WORDS)).body, WORDS.content)
        reply = await self.take(WORDS, EVIL.sha256)
        self.assertEqual(reply.status, 410)
        self.assertIn(b"Two Cargo.locks disagree", reply.body)

    async def test_names_that_would_leave_their_folder_are_no_crates(self) -> None:
        for path in (
            "crates/..%2f/x",
            "crates/%2e%2e/%2e%2e/x",
            "crates/ma/de/made%00words",
            f"crates/dl/../1.0.2/{WORDS.sha256}.crate",
            f"crates/dl/made-words/1.0.2/{WORDS.sha256}.crate/x",
            f"crates/dl/{'a' * 300}/1.0.2/{WORDS.sha256}.crate",
            "crates/registry/0123456789abcdef/ma/de/made-words",
        ):
            self.assertIn((await self.ask(path)).status, (403, 404, 410), path)


class StoreWriterTests(CratesCase):
    """Someone can write to the store."""

    async def test_a_line_of_other_bytes_is_not_believed(self) -> None:
        """Nor is the line of another crate in its place."""
        for crate in self.crates:
            await self.index_of(crate.name)
        for line in (EVIL, GREET):
            for name in [name async for name in self.store.names(f"crates/{self.address}/")]:
                await self.store.replace(name, f"{line.sha256}\n{line.line.decode()}\n".encode())
            self.restart()
            reply = await self.index_of("made-words")
            self.assertEqual(reply.status, 503, reply)
            self.assertIn(b"damaged", reply.body)
            self.assertNotIn(b"evil", reply.body)
            self.assertGreaterEqual((await self.take(WORDS)).status, 400)
