"""The crates of an address, as cargo asks for them."""

from __future__ import annotations

import json

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from reqpi.core.errors import UpstreamTrouble
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.maintenance.verify import Verification
from reqpi.shelf.records import crate_record
from reqpi.upstream.crates.offline import OfflineRegistries
from tests.crates_case import CratesCase
from tests.crates_registry import build_crate
from tests.distributions import digest_of
from tests.fake_upstream import Distribution, build_sdist
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist, setuptools_rust_sdist

OTHER = "sparse+https://crates.example.org/index/"


class RegistryTests(CratesCase):
    """An sdist that needs Rust, with its own Cargo.lock."""

    async def test_the_configuration_names_where_the_crates_are(self) -> None:
        reply = await self.ask("crates/config.json")
        self.assertEqual(reply.status, 200, reply)
        here = f"http://index.example.org/{self.address}/crates/dl"
        wanted = {"dl": f"{here}/{{crate}}/{{version}}/{{sha256-checksum}}.crate", "auth-required": False}
        self.assertEqual(json.loads(reply.body), wanted)

    async def test_an_index_file_has_the_line_of_the_admitted_release_alone(self) -> None:
        """A later release of the registry is not shown."""
        self.registries.add(build_crate("made-words", "1.0.3"))
        reply = await self.index_of("made-words")
        self.assertEqual((reply.status, reply.body), (200, WORDS.line + b"\n"), reply)

    async def test_a_crate_is_sent(self) -> None:
        for crate in self.crates:
            reply = await self.take(crate)
            self.assertEqual((reply.status, reply.body), (200, crate.content), reply)

    async def test_a_part_of_a_crate_and_its_head_are_sent(self) -> None:
        await self.take(WORDS)
        reply = await self.ask(f"crates/dl/made-words/1.0.2/{WORDS.sha256}.crate", Range="bytes=2-5")
        self.assertEqual((reply.status, reply.body), (206, WORDS.content[2:6]))
        reply = await self.ask(f"crates/dl/made-words/1.0.2/{WORDS.sha256}.crate", "HEAD")
        self.assertEqual((reply.status, reply.body), (200, b""))

    async def test_what_was_asked_for_once_needs_no_registry(self) -> None:
        """After a restart, without a network."""
        for crate in self.crates:
            await self.index_of(crate.name)
            await self.take(crate)
        self.restart(OfflineRegistries())
        for crate in self.crates:
            self.assertEqual((await self.index_of(crate.name)).body, crate.line + b"\n")
            self.assertEqual((await self.take(crate)).body, crate.content)

    async def test_what_was_never_asked_for_is_not_there_without_a_network(self) -> None:
        self.restart(OfflineRegistries())
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 403, reply)
        self.assertIn(b"offline", reply.body)

    async def test_a_line_is_frozen(self) -> None:
        """Its release is yanked later, and the line says what it said."""
        before = (await self.index_of("made-words")).body
        self.registries.indexes["", "made-words"] = evolve(WORDS, extra={"yanked": True}).line
        self.restart()
        self.assertEqual((await self.index_of("made-words")).body, before)

    async def test_a_registry_that_is_away_is_asked_again_later(self) -> None:
        async def away() -> None:
            raise UpstreamTrouble("crates.example.org cannot be reached")

        self.registries.before["made-words"] = away
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 503, reply)
        self.assertIn(b"cannot be reached", reply.body)
        del self.registries.before["made-words"]
        self.assertEqual((await self.index_of("made-words")).status, 200)

    async def test_a_registry_that_is_slow_is_waited_for_for_a_while(self) -> None:
        """cargo gives up after 30 s, and asks again after a 503."""
        answered: Deferred[None] = Deferred()

        async def slow() -> None:
            await answered

        self.registries.before["made-words"] = slow
        for ask in (self.index_of("made-words"), self.take(WORDS)):
            asking = Deferred.fromCoroutine(ask)
            while "made-words" not in self.registries.asked:
                await deferLater(reactor, 0)  # type: ignore[arg-type]
            while not asking.called:
                self.clock.advance(1)
                await deferLater(reactor, 0)  # type: ignore[arg-type]
            reply = await asking
            self.assertEqual(reply.status, 503, reply)
            self.assertIn(b"on the way", reply.body)
            self.assertIn(b"made-words", reply.body)
        self.assertEqual(self.registries.asked, ["made-words"])
        answered.callback(None)
        self.assertEqual((await self.take(WORDS)).status, 200)
        self.assertEqual(self.registries.asked, ["made-words", "made-words-1.0.2.crate"])

    async def test_letter_case_and_dashes_of_names_count(self) -> None:
        """The path of the index is in lower case, whatever the name of the crate is."""
        crate = build_crate("Made_Upper", "1.0.0")
        self.registries.add(crate)
        self.offer("shout", maturin_sdist(crates=(crate,)))
        self.restart()
        self.assertEqual((await self.index_of("made_upper")).body, crate.line + b"\n")
        self.assertEqual((await self.index_of("made-upper")).status, 403)
        self.assertEqual((await self.take(crate)).status, 200)

    async def test_the_configuration_of_cargo_replaces_its_default_registry(self) -> None:
        reply = await self.ask("cargo/config.toml")
        self.assertEqual(reply.status, 200, reply)
        self.assertIn(f'registry = "sparse+http://index.example.org/{self.address}/crates/"', reply.body.decode())
        self.assertIn('[source.crates-io]\nreplace-with = "reqpi"\n', reply.body.decode())

    async def test_other_paths_are_no_paths(self) -> None:
        for path in ("crates/x", "crates/ma/xx/made-words", "crates/dl/made-words", "cargo/x", "crates/registry/x"):
            self.assertIn((await self.ask(path)).status, (403, 404), path)
        self.assertEqual((await self.ask("crates/config.json", "POST")).status, 405)

    async def test_an_address_without_a_lock_has_no_crates(self) -> None:
        """In words that cargo shows, so not 410."""
        self.address = "0" * 64
        self.assertEqual((await self.ask("crates/config.json")).status, 403)
        self.assertEqual((await self.index_of("made-words")).status, 403)


class RefusedTests(CratesCase):
    """Crates that are not admitted."""

    async def test_a_crate_that_no_lock_names_is_refused_in_words(self) -> None:
        """cargo shows 512 bytes of a 403 in an index, and nothing of a 404 or 410."""
        self.registries.add(build_crate("made-other", "1.0.0"))
        reply = await self.index_of("made-other")
        self.assertEqual(reply.status, 403, reply)
        self.assertIn(b"the crate made-other is not admitted by lock", reply.body[:512])
        self.assertEqual(self.registries.asked, [])

    async def test_a_release_that_no_lock_names_is_refused(self) -> None:
        crate = build_crate("made-words", "1.0.3")
        self.registries.add(crate)
        reply = await self.take(crate)
        self.assertEqual(reply.status, 410, reply)
        self.assertIn(b"made-words 1.0.3 is not admitted", reply.body)

    async def test_a_refused_crate_is_counted(self) -> None:
        await self.index_of("made-other")
        await self.index_of("made-other")
        refused = json.loads((await self.ask("refused")).body)["refused"]
        self.assertEqual([(each["filename"], each["count"]) for each in refused], [("made-other", 2)])

    async def test_a_rust_sdist_without_a_cargo_lock_is_named(self) -> None:
        self.offer("bare", maturin_sdist("bare", "1.0", lock=None))
        self.address = await self.committed("bare==1.0")
        problem = json.loads((await self.index_of("made-words")).body)
        self.assertIn("bare-1.0.tar.gz", problem["detail"])
        self.assertIn("reqpi gethash requirements.txt Cargo.lock", problem["detail"])

    async def test_a_release_that_the_registry_lacks_is_named(self) -> None:
        del self.registries.indexes["", "made-words"]
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 403, reply)
        self.registries.indexes["", "made-words"] = build_crate("made-words", "1.0.3").line
        reply = await self.index_of("made-words")
        self.assertEqual(reply.status, 403, reply)
        self.assertIn(b"has no crate made-words 1.0.2", reply.body)


class SeveralTests(CratesCase):
    """Several sdists, and committed Cargo.locks."""

    async def test_sdists_that_the_store_has_are_read_first(self) -> None:
        """No other sdist is fetched if they admit the crate."""
        self.offer("whisper", setuptools_rust_sdist())
        self.address = await self.committed("shout==1.0", "whisper==2.0")
        await self.ask(f"simple/shout/{self.sdist.filename}")
        self.assertEqual((await self.index_of("made-words")).status, 200)
        self.assertFalse([each for each in self.upstream.asked if each.endswith("whisper-2.0.tar.gz")])

    async def test_each_sdist_admits_its_own_releases(self) -> None:
        """Of one crate two releases, as soon as both sdists are in the store."""
        newer = build_crate("made-words", "1.5.0")
        self.registries.add(newer)
        self.offer("whisper", setuptools_rust_sdist(crates=(GREET, newer)))
        self.address = await self.committed("shout==1.0", "whisper==2.0")
        await self.ask(f"simple/shout/{self.sdist.filename}")
        self.assertEqual((await self.index_of("made-words")).body, WORDS.line + b"\n")
        self.assertEqual((await self.take(newer)).status, 200)  # whisper is fetched for it
        both = (await self.index_of("made-words")).body
        self.assertEqual(sorted(both.splitlines()), sorted([WORDS.line, newer.line]))

    async def test_a_committed_cargo_lock_admits_its_crates(self) -> None:
        """It serves an sdist that ships none."""
        self.offer("bare", maturin_sdist("bare", "1.0", lock=None))
        self.address = await self.committed_together("bare==1.0\n", cargo_lock("bare", "1.0.0"))
        self.assertEqual((await self.index_of("made_greet")).body, GREET.line + b"\n")
        self.assertEqual((await self.take(WORDS)).body, WORDS.content)

    async def test_a_cargo_lock_alone_is_a_lock(self) -> None:
        commitment, _ = await self.shelf.commit(cargo_lock("bare", "1.0.0").encode())
        self.address = commitment.address
        self.assertEqual((await self.take(WORDS)).body, WORDS.content)

    async def test_an_sdist_without_rust_is_not_fetched(self) -> None:
        content = build_sdist("plain", "1.0")
        self.offer("plain", Distribution("plain-1.0.tar.gz", content))
        self.address = await self.committed("plain==1.0")
        for name in ("made-words", "made_greet", "made-other"):
            self.assertEqual((await self.index_of(name)).status, 403)
        self.assertEqual(self.upstream.asked, ["plain", "https://files.example.org/plain-1.0.tar.gz"])
        self.assertIsNone(await self.store.size(digest_of(content).hex))

    async def test_requests_for_unknown_crates_ask_upstreams_once_in_a_while(self) -> None:
        """An sdist that cannot be obtained is not requested again for each of them."""
        self.upstream.files.clear()
        await self.index_of("made-other")
        asked = len(self.upstream.asked)
        for name in ("made-a", "made-b", "made-c"):
            await self.index_of(name)
        self.assertEqual(len(self.upstream.asked), asked)
        self.clock.advance(10)
        await self.index_of("made-other")
        self.assertGreater(len(self.upstream.asked), asked)

    async def test_an_sdist_that_cannot_be_obtained_blocks_no_other(self) -> None:
        self.offer("whisper", setuptools_rust_sdist())
        self.address = await self.committed("shout==1.0", "whisper==2.0")
        self.upstream.files = {url: data for url, data in self.upstream.files.items() if "whisper" not in url}
        self.assertEqual((await self.index_of("made-words")).status, 200)

    async def test_another_registry_has_its_own_index(self) -> None:
        """A crate of the same name and version may be in both."""
        mine = build_crate("made-words", "1.0.2", source="pub fn mine() {}\n")
        self.registries.add(mine, registry=OTHER)
        lock = cargo_lock("bare", "1.0.0", (mine,), source=OTHER)
        self.address = await self.committed_together("shout==1.0\n", lock)
        await self.ask(f"simple/shout/{self.sdist.filename}")
        self.assertEqual((await self.index_of("made-words")).body, WORDS.line + b"\n")
        config = (await self.ask("cargo/config.toml")).body.decode()
        self.assertIn(f'registry = "{OTHER}"\nreplace-with = "reqpi-', config)
        place = config.rpartition(f"{self.address}/")[2].partition('"')[0]
        self.assertEqual((await self.ask(f"{place}ma/de/made-words")).body, mine.line + b"\n")
        self.assertEqual((await self.ask(f"{place}config.json")).status, 200)
        self.assertEqual((await self.take(mine)).body, mine.content)
        self.assertEqual((await self.take(WORDS)).body, WORDS.content)


class LastingTests(CratesCase):
    """Crates in the store."""

    async def test_a_sweep_keeps_the_crates_of_the_locks_that_stay(self) -> None:
        await self.take(WORDS)
        self.clock.advance(7200)
        await self.shelf.commitment(self.address)
        await Sweep(self.store, self.clock, 3600).run()
        self.assertIsNotNone(await self.store.size(WORDS.sha256))

    async def test_a_sweep_removes_the_crates_of_a_lock_that_goes(self) -> None:
        await self.take(WORDS)
        self.clock.advance(7200)
        await Sweep(self.store, self.clock, 3600).run()
        self.assertIsNone(await self.store.size(WORDS.sha256))
        self.assertEqual([name async for name in self.store.names(crate_record(self.address))], [])

    async def test_a_damaged_line_is_found_and_made_again(self) -> None:
        await self.index_of("made-words")
        (record,) = [name async for name in self.store.names(crate_record(self.address))]
        await self.store.replace(record, b"junk")
        self.restart()
        self.assertEqual((await self.index_of("made-words")).status, 503)
        verdict = await Verification(self.store, repair=True).run()
        self.assertEqual([(each.name, each.repaired) for each in verdict.damages], [(record, True)])
        self.assertEqual((await self.index_of("made-words")).status, 200)
