"""Which crates a lock admits, sdist by sdist."""

from __future__ import annotations

from hashlib import sha256

from reqpi.shelf.crates.admitted import AdmittedOfLocks
from reqpi.storage.memory import MemoryStore
from tests.core.metadata.test_pkg_info import a_tar
from tests.crates_case import CratesCase
from tests.crates_registry import MadeCrate, build_crate
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist

PYPROJECT = b'[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n'
OTHER = build_crate("made-other", "1.0.0")
URL = "https://files.example.org/both.tar.gz"


def project(folder: str, crate: str) -> list[tuple[str, bytes]]:
    """A project in a folder of an archive, with its own Cargo.lock."""
    return [(f"top/{folder}/pyproject.toml", PYPROJECT), (f"top/{folder}/Cargo.lock", crate.encode())]


class TwoProjectsTests(CratesCase):
    """One archive has two projects, each in a subdirectory with a Cargo.lock of its own."""

    async def test_each_has_the_crates_of_its_own_cargo_lock(self) -> None:
        """They have one digest, so they differ in their subdirectories alone."""
        locks = {"a": cargo_lock("a", "1.0.0", [WORDS]), "b": cargo_lock("b", "1.0.0", [GREET])}
        data = a_tar(*(file for folder, text in locks.items() for file in project(folder, text)))
        self.upstream.files[f"archive+{URL}"] = data
        digest = sha256(data).hexdigest()
        lines = [f"{name} @ {URL}#sha256={digest}&subdirectory={name}" for name in locks]
        commitment = await self.shelf.commitment(await self.committed(*lines))
        admitted = AdmittedOfLocks(self.shelf, self.clock)
        found = {
            file.project: [crate.name for crate in (await admitted.of_sdists(commitment, [file])).crates.crates]
            for file in await admitted.sdists(commitment)
        }
        self.assertEqual(found, {"a": [WORDS.name], "b": [GREET.name]})


class CountingStore(MemoryStore):
    """A store that counts how often it is asked for the size of a blob."""

    asked = 0

    async def size(self, sha256: str) -> int | None:
        self.asked += 1
        return await super().size(sha256)


class KnownSdistTests(CratesCase):
    """An sdist that is known to be in the store is not looked for at each request."""

    async def setUp(self) -> None:
        await super().setUp()
        self.counting = CountingStore(self.clock.seconds)
        self.store = self.counting
        self.restart()
        self.offer("mute", maturin_sdist("mute", "1.0", crates=(OTHER,)))
        self.registries.add(OTHER)
        self.address = await self.committed("shout==1.0", "mute==1.0")
        self.commitment = await self.shelf.commitment(self.address)
        self.admitted = AdmittedOfLocks(self.shelf, self.clock)

    async def looked(self, crate: MadeCrate) -> int:
        """Look whether a crate is admitted; return how often the store was asked for a blob."""
        self.pass_time()
        before = self.counting.asked
        found = await self.admitted.satisfying(
            self.commitment, lambda crates: crates.admits(crate.name, crate.version, crate.sha256)
        )
        self.assertTrue(found.crates.admits(crate.name, crate.version, crate.sha256))
        return self.counting.asked - before

    async def test_the_store_is_not_asked_again_for_crates_of_a_known_sdist(self) -> None:
        await self.shelf.hold(self.commitment, "shout", "shout-1.0.tar.gz")
        self.assertGreater(await self.looked(WORDS), 0)
        self.assertEqual([await self.looked(GREET), await self.looked(WORDS)], [0, 0])

    async def test_an_sdist_that_arrives_later_counts_at_once(self) -> None:
        """Another process may have fetched it, so nothing tells."""
        await self.shelf.hold(self.commitment, "shout", "shout-1.0.tar.gz")
        await self.looked(WORDS)
        await self.shelf.hold(self.commitment, "mute", "mute-1.0.tar.gz")
        await self.looked(OTHER)

    async def test_an_sdist_that_was_removed_is_missed_after_a_minute(self) -> None:
        await self.shelf.hold(self.commitment, "shout", "shout-1.0.tar.gz")
        await self.looked(WORDS)
        await self.store.repair(self.sdist.sha256)
        self.assertEqual(len((await self.admitted.here(self.commitment)).crates.crates), 2)
        self.clock.advance(61)
        self.assertEqual((await self.admitted.here(self.commitment)).crates.crates, ())
