"""The author of an sdist: it has more than one Cargo.lock, or names crates for another registry."""

from __future__ import annotations

from tests.crates_case import CratesCase
from tests.crates_registry import build_crate
from tests.fake_upstream import Distribution
from tests.fake_upstream.distributions import sdist_of_files
from tests.rust_sdists import CRATES_IO, WORDS, cargo_lock, maturin_sdist

EVIL = build_crate("made-evil", "1.0.0")
EVIL_LOCK = cargo_lock("evil", "1.0.0", (EVIL,))
OTHER = "sparse+https://crates.example.org/index/"


class SeveralLocksTests(CratesCase):
    """Only the Cargo.lock that cargo uses for the build admits crates."""

    crates = (*CratesCase.crates, EVIL)

    async def refuses_evil(self, sdist: Distribution) -> None:
        """The crate is refused, though the sdist is in the store and the registry has the crate."""
        self.offer("bad", sdist)
        self.address = await self.committed("bad==1.0")
        self.assertEqual((await self.ask(f"simple/bad/{sdist.filename}")).status, 200)
        self.assertEqual((await self.take(EVIL)).status, 410)
        self.assertEqual((await self.index_of(EVIL.name)).status, 403)
        self.assertNotIn(EVIL.name, self.registries.asked)
        self.assertIsNone(await self.store.size(EVIL.sha256))

    async def test_a_bundled_crate_brings_a_lock_of_its_own(self) -> None:
        """It is further from the top of the sdist."""
        more = {"vendor/evil/Cargo.lock": EVIL_LOCK, "a/Cargo.lock": EVIL_LOCK}
        await self.refuses_evil(maturin_sdist("bad", "1.0", more=more))
        self.assertEqual((await self.take(WORDS)).status, 200)

    async def test_an_sdist_without_rust_has_a_lock(self) -> None:
        """Nothing compiles Rust in it, so its Cargo.lock admits nothing."""
        files = {"setup.py": b"from setuptools import setup; setup()", "Cargo.lock": EVIL_LOCK.encode()}
        await self.refuses_evil(Distribution("bad-1.0.tar.gz", sdist_of_files("bad", "1.0", files)))

    async def test_a_lock_outside_of_the_top_folder(self) -> None:
        """It is a member of the archive, and not of the project."""
        await self.refuses_evil(maturin_sdist("bad", "1.0", lock=None, more={"../Cargo.lock": EVIL_LOCK}))


class OtherRegistryTests(CratesCase):
    """A crate of another registry has the name of a crate of the default one."""

    async def test_a_crate_of_another_registry_is_not_in_the_default_index(self) -> None:
        """A client that reads the default index would take it for the crate of that name there."""
        twin = build_crate("made-words", "1.0.2", source="pub fn other() {}\n")
        self.registries.add(twin, registry=OTHER)
        self.offer("bad", maturin_sdist("bad", "1.0", lock=cargo_lock("bad", "1.0.0", (twin,), source=OTHER)))
        self.address = await self.committed("bad==1.0")
        self.assertEqual((await self.index_of("made-words")).status, 403)
        self.assertEqual((await self.take(WORDS)).status, 410)
        self.assertEqual((await self.take(twin)).body, twin.content)

    async def test_a_release_of_both_registries_keeps_its_own_bytes(self) -> None:
        """The digest decides, and each index has its own line."""
        twin = build_crate("made-words", "1.0.2", source="pub fn other() {}\n")
        self.registries.add(twin, registry=OTHER)
        both = cargo_lock("bad", "1.0.0", (WORDS,), source=CRATES_IO)
        both += (
            f'\n[[package]]\nname = "made-words"\nversion = "1.0.2"\nsource = "{OTHER}"\nchecksum = "{twin.sha256}"\n'
        )
        self.offer("bad", maturin_sdist("bad", "1.0", lock=both))
        self.address = await self.committed("bad==1.0")
        line = (await self.index_of("made-words")).body
        self.assertIn(WORDS.sha256.encode(), line)
        self.assertNotIn(twin.sha256.encode(), line)
        self.assertEqual([(await self.take(each)).body for each in (WORDS, twin)], [WORDS.content, twin.content])
