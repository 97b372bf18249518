"""Operations on commitments: what a commitment sees, it sees forever, and sees nothing else."""

from __future__ import annotations

import gc
from weakref import ref

from attrs import evolve
from twisted.internet.defer import Deferred, gatherResults

from reqpi.core import export, locks
from reqpi.core.address import address_of
from reqpi.core.errors import (
    BrokenLock,
    DigestMismatch,
    NotAdmitted,
    NothingUpstream,
    NotServed,
    StoreTrouble,
    UnknownAddress,
    UpstreamTrouble,
)
from reqpi.core.model import Commitment
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.shelf.records import lock_record
from reqpi.shelf.shelf import Shelf
from tests.distributions import a_file, a_page, digest_of
from tests.fake_index import PlainUpstream
from tests.shelf.case import FILES, SDIST, WHEEL, ShelfCase


class CommitTests(ShelfCase):
    """A lock is kept under its address, once, whole or not at all."""

    async def test_the_address_is_that_of_the_bytes(self) -> None:
        document = b"six==1.0  # as it is\r\n"
        commitment, created = await self.shelf.commit(document)
        self.assertEqual((commitment.address, created), (address_of(document), True))
        self.assertEqual((await self.another_shelf().commitment(commitment.address)).lock.document, document)

    async def test_a_cold_lock_is_read_once_however_many_ask_for_it(self) -> None:
        commitment = await self.committed("six==1.0")
        cold = self.another_shelf()
        found = await gatherResults([Deferred.fromCoroutine(cold.commitment(commitment.address)) for _ in range(50)])
        self.assertEqual(len(set(map(id, found))), 1)

    async def test_the_largest_lock_there_may_be_stays_in_memory(self) -> None:
        """Otherwise each request would read it again."""
        document = b"six==1.0\n" + b"# " + b"x" * (8 << 20)
        await self.shelf.commit(document)
        found = [await self.shelf.commitment(address_of(document)) for _ in range(2)]
        self.assertIs(*found)

    async def test_the_second_time_nothing_is_new(self) -> None:
        await self.committed("six==1.0")
        _, created = await self.shelf.commit(b"six==1.0\n")
        self.assertFalse(created)

    async def test_a_defective_lock_leaves_nothing_behind(self) -> None:
        await self.assert_raises(BrokenLock, self.shelf.commit(b"six>=1.0\n"))
        self.assertIsNone(await self.store.get(lock_record(address_of(b"six>=1.0\n"))))

    async def test_an_address_that_nobody_committed_is_unknown(self) -> None:
        for address in (address_of(b"never"), "..", "", "\u0663" * 64, address_of(b"x").upper()):
            await self.assert_raises(UnknownAddress, self.shelf.commitment(address))

    async def test_a_lock_whose_bytes_changed_in_the_store_is_not_served(self) -> None:
        commitment = await self.committed("six==1.0")
        await self.store.replace(lock_record(commitment.address), b"attrs==1.0\n")
        await self.assert_raises(StoreTrouble, self.another_shelf().commitment(commitment.address))

    async def test_a_lock_that_was_removed_is_unknown_soon_after(self) -> None:
        commitment = await self.committed("six==1.0")
        await self.shelf.commitment(commitment.address)
        await self.store.delete(lock_record(commitment.address))
        self.clock.advance(60)
        await self.assert_raises(UnknownAddress, self.shelf.commitment(commitment.address))

    async def test_use_is_noted_now_and_then(self) -> None:
        commitment = await self.committed("six==1.0")
        self.clock.advance(60)
        await self.shelf.commitment(commitment.address)
        self.assertEqual(await self.store.last_used(lock_record(commitment.address)), 60)
        self.clock.advance(60)
        await self.shelf.commitment(commitment.address)
        self.assertEqual(await self.store.last_used(lock_record(commitment.address)), 120)

    async def test_use_is_noted_by_a_clock_that_was_set_back_too(self) -> None:
        """Otherwise a lock that is in use would be swept."""
        commitment = await self.committed("six==1.0")
        lease = self.shelf.lease(commitment)
        assert lease is not None
        self.assertTrue(lease.holds(9))
        self.assertFalse(lease.holds(-3600))

    async def test_a_lock_is_in_memory_no_longer_than_commitments_keep_it(self) -> None:
        """Its pages, its exports and its lease are small, and the lock may be large: they do not hold on to it."""
        self.shelf = Shelf(self.store, self.upstream, self.clock, "this", in_memory=1)
        exports: DerivedCache[bytes] = DerivedCache(100)
        commitment = await self.committed("six==1.0")
        await self.shelf.page(commitment, "six")
        exports.put(commitment, "export", b"", 0)
        lease = self.shelf.lease(commitment)
        held, address = ref(commitment), commitment.address
        del commitment
        await self.committed("idna==3.0")
        gc.collect()
        self.assertIsNone(held())
        self.assertIsNotNone(lease)
        again = await self.shelf.commitment(address)
        self.assertIsNone(exports.get(again, "export"))


class FrozenTests(ShelfCase):
    """A commitment never sees other files of a project than it saw the first time."""

    async def test_a_wheel_that_is_added_later_stays_invisible(self) -> None:
        commitment = await self.committed("six==1.0")
        first = await self.shelf.page(commitment, "six")
        late = a_file("six-1.0-cp314-cp314-win_amd64.whl", b"late")
        self.upstream.offer(a_page(*FILES, late), SDIST, WHEEL, b"late")
        self.assertEqual(await self.another_shelf().page(commitment, "six"), first)
        await self.assert_raises(NotAdmitted, self.another_shelf().file(commitment, "six", late.filename))

    async def test_it_is_served_with_upstream_gone(self) -> None:
        commitment = await self.committed("six==1.0")
        first = await self.shelf.page(commitment, "six")
        content = await self.taken(self.shelf, commitment, "six-1.0.tar.gz")
        later = self.another_shelf(PlainUpstream())
        self.assertEqual(await later.page(commitment, "six"), first)
        self.assertEqual(await self.taken(later, commitment, "six-1.0.tar.gz"), content)

    async def test_a_store_that_can_only_be_read_still_serves_what_it_has(self) -> None:
        commitment = await self.committed("six==1.0")
        page = await self.shelf.page(commitment, "six")
        await self.taken(self.shelf, commitment, "six-1.0.tar.gz")
        for name in ("use", "create", "replace", "touch", "begin"):
            self.patch(self.store, name, self.read_only)
        later = self.another_shelf(PlainUpstream())
        found = await later.commitment(commitment.address)
        self.assertEqual(await later.page(found, "six"), page)
        self.assertEqual(await self.taken(later, found, "six-1.0.tar.gz"), SDIST)

    async def read_only(self, *_: object) -> None:
        raise StoreTrouble("read-only")

    async def test_upstream_is_asked_once(self) -> None:
        commitment = await self.committed("six==1.0")
        for shelf in (self.shelf, self.shelf, self.another_shelf()):
            await shelf.page(commitment, "six")
        self.assertEqual(self.upstream.asked, ["six"])

    async def test_upstream_is_told_which_files_the_lock_has(self) -> None:
        """A page from earlier may lack some of them."""
        sha256 = digest_of(SDIST)
        await self.shelf.page(await self.committed(f"six==1.0 --hash=sha256:{sha256.hex}"), "six")
        self.assertEqual(self.upstream.wanted, [{sha256}])

    async def test_two_replicas_that_see_different_pages_serve_the_same(self) -> None:
        """Both have asked upstream before either has written anything down."""
        commitment = await self.committed("six==1.0")
        other_origin = PlainUpstream()
        other_origin.offer(a_page(FILES[0]), SDIST)
        gates: list[Deferred[None]] = [Deferred(), Deferred()]
        self.upstream.before["six"] = lambda: gates[0]
        other_origin.before["six"] = lambda: gates[1]
        asked = [
            Deferred.fromCoroutine(shelf.page(commitment, "six"))
            for shelf in (self.shelf, self.another_shelf(other_origin))
        ]
        for gate in gates:
            gate.callback(None)
        first, second = [await one for one in asked]
        self.assertEqual(first, second)

    async def test_every_wheel_promises_core_metadata(self) -> None:
        page = await self.shelf.page(await self.committed("six==1.0"), "six")
        self.assertEqual([file.core_metadata for file in page.files], [None, True])

    async def test_nothing_is_frozen_where_upstream_has_nothing_that_is_admitted(self) -> None:
        commitment = await self.committed("six==2.0")
        error = await self.assert_raises(NothingUpstream, self.shelf.page(commitment, "six"))
        self.assertIn("pins 2.0; the newest versions upstream: 1.0", error.detail)
        self.upstream.offer(a_page(a_file("six-2.0.tar.gz", b"2")), b"2")
        self.assertEqual(len((await self.shelf.page(commitment, "six")).files), 1)

    async def test_digests_that_upstream_does_not_have_are_told_from_versions_that_it_does_not_have(self) -> None:
        commitment = await self.committed(f"six==1.0 --hash={digest_of(b'other')}")
        error = await self.assert_raises(NothingUpstream, self.shelf.page(commitment, "six"))
        self.assertIn("none with a digest that the lock contains", error.detail)

    async def test_nothing_is_frozen_while_one_of_two_versions_is_missing(self) -> None:
        """It would stay invisible forever."""
        commitment = await self.committed('six==1.0 ; python_version < "3"', 'six==2.0 ; python_version >= "3"')
        error = await self.assert_raises(NothingUpstream, self.shelf.page(commitment, "six"))
        self.assertIn("six 2.0", error.title)
        self.upstream.offer(a_page(*FILES, a_file("six-2.0.tar.gz", b"2")), SDIST, WHEEL, b"2")
        self.assertEqual(len((await self.shelf.page(commitment, "six")).files), 3)

    async def test_a_project_that_upstream_does_not_have(self) -> None:
        commitment = await self.committed("nosuch==1.0")
        error = await self.assert_raises(NothingUpstream, self.shelf.page(commitment, "nosuch"))
        self.assertIn("no project nosuch", error.title)

    async def test_who_waits_too_long_is_told_to_ask_again_and_finds_it_done(self) -> None:
        commitment = await self.committed("six==1.0")
        gate: Deferred[None] = Deferred()
        self.upstream.before["six"] = lambda: gate
        asked = Deferred.fromCoroutine(self.shelf.page(commitment, "six"))
        self.clock.advance(11)
        await self.assert_raises(UpstreamTrouble, asked)
        gate.callback(None)
        self.assertEqual(len((await self.shelf.page(commitment, "six")).files), 2)
        self.assertEqual(self.upstream.asked, ["six"])

    async def test_a_file_that_a_page_names_several_times_is_marked_as_used_once(self) -> None:
        """In an object store each mark is a request or four, and the wheels of a release promise the same metadata."""
        promised = digest_of(b"Name: six")
        wheels = [
            a_file(f"six-1.0-cp3{minor}-cp3{minor}-any.whl", b"%d" % minor, core_metadata=promised)
            for minor in range(10, 20)
        ]
        self.upstream.offer(a_page(*wheels), *(b"%d" % minor for minor in range(10, 20)))
        marked: list[str] = []
        touch = self.store.touch

        async def noted(*sha256s: str) -> None:
            marked.extend(sha256s)
            await touch(*sha256s)

        self.store.touch = noted  # type: ignore[method-assign]
        await self.shelf.page(await self.committed("six==1.0"), "six")
        self.assertEqual(sorted(marked), sorted([promised.hex, *(str(wheel.sha256) for wheel in wheels)]))


class AttackTests(ShelfCase):
    """Nothing reaches a client through an address unless the lock admits it, and no byte unless its digest is right."""

    async def test_the_file_behind_the_page_is_guarded_as_the_page_is(self) -> None:
        evil = a_file("six-2.0.tar.gz", b"evil")
        self.upstream.offer(a_page(*FILES, evil), SDIST, WHEEL, b"evil")
        commitment = await self.committed("six==1.0")
        await self.assert_raises(NotAdmitted, self.shelf.file(commitment, "six", evil.filename))
        self.assertNotIn(evil.url, self.upstream.asked)

    async def test_the_metadata_behind_the_page_is_guarded_as_the_page_is(self) -> None:
        evil = a_file("six-2.0-py3-none-any.whl", b"evil")
        self.upstream.offer(a_page(*FILES, evil), SDIST, WHEEL, b"evil")
        commitment = await self.committed("six==1.0")
        await self.assert_raises(NotAdmitted, self.shelf.metadata(commitment, "six", evil.filename))

    async def test_a_file_that_another_lock_had_fetched_is_guarded_too(self) -> None:
        """A file in the store is not admitted because it is there."""
        strict = await self.committed(f"six==1.0 --hash={digest_of(SDIST)}")
        loose = await self.committed("six==1.0")
        await self.taken(self.shelf, loose, "six-1.0-py3-none-any.whl")
        await self.assert_raises(NotAdmitted, self.shelf.file(strict, "six", "six-1.0-py3-none-any.whl"))

    async def test_a_page_that_was_tampered_with_in_the_store_admits_no_more(self) -> None:
        strict = await self.committed(f"six==1.0 --hash={digest_of(SDIST)}")
        loose = await self.committed("six==1.0")
        for commitment in (strict, loose):
            await self.shelf.page(commitment, "six")
        wide = await self.store.get(f"frozen/{loose.address}/six")
        await self.store.replace(f"frozen/{strict.address}/six", wide or b"")
        page = await self.another_shelf().page(strict, "six")
        self.assertEqual([file.filename for file in page.files], ["six-1.0.tar.gz"])

    async def test_wrong_bytes_of_the_right_length_are_neither_delivered_nor_kept(self) -> None:
        commitment = await self.committed("six==1.0")
        self.upstream.files[FILES[0].url] = b"X" * len(SDIST)
        await self.assert_raises(DigestMismatch, self.shelf.file(commitment, "six", "six-1.0.tar.gz"))
        self.assertEqual([sha256 async for sha256 in self.store.all()], [])

    async def test_the_sha512_of_a_lock_is_held_against_the_very_bytes_that_are_served(self) -> None:
        """Upstream pairs the lock's sha512 with the sha256 of something else, which another lock had fetched before."""
        evil = b"evil, but of this sha256"
        loose = await self.committed("six==1.0")
        self.upstream.offer(a_page(a_file("six-1.0.tar.gz", evil)), evil)
        await self.taken(self.shelf, loose, "six-1.0.tar.gz")
        strict = await self.committed(f"six==1.0 --hash={digest_of(SDIST, 'sha512')}")
        lie = a_file("six-1.0.tar.gz", digests=frozenset({digest_of(evil), digest_of(SDIST, "sha512")}))
        self.upstream.offer(a_page(lie), evil)
        await self.assert_raises(UpstreamTrouble, self.shelf.page(strict, "six"))
        await self.assert_raises(UpstreamTrouble, self.shelf.file(strict, "six", "six-1.0.tar.gz"))

    async def test_names_that_are_no_names_reach_nothing(self) -> None:
        commitment = await self.committed("six==1.0")
        for name in ("..", ".", "six/..", "six\n", "", "-", "six\x00", "s" * 5000, "\u0441ix"):
            await self.assert_raises(NotServed, self.shelf.page(commitment, name))
        for filename in ("..", "six-1.0.tar.gz/..", "../six/six-1.0.tar.gz", "", "SIX-1.0.tar.gz", "six-1.0.tar.gz\n"):
            await self.assert_raises(NotAdmitted, self.shelf.file(commitment, "six", filename))
        self.assertEqual(self.upstream.asked, ["six"])


class MeasuredTests(ShelfCase):
    """A file of which upstream says too little is fetched and measured before it is listed."""

    async def test_a_file_without_a_digest_is_listed_with_its_own(self) -> None:
        self.upstream.offer(a_page(evolve(FILES[0], digests=frozenset(), size=None)), SDIST)
        commitment = await self.committed("six==1.0")
        (file,) = (await self.shelf.page(commitment, "six")).files
        self.assertEqual((file.sha256, file.size), (digest_of(SDIST).hex, len(SDIST)))
        self.upstream.files.clear()
        self.assertEqual(await self.taken(self.shelf, commitment, file.filename), SDIST)

    async def test_a_sha512_in_the_lock_finds_its_file_by_the_files_own_bytes(self) -> None:
        commitment = await self.committed(f"six==1.0 --hash={digest_of(SDIST, 'sha512')}")
        page = await self.shelf.page(commitment, "six")
        self.assertEqual([file.filename for file in page.files], ["six-1.0.tar.gz"])

    async def test_other_versions_are_not_fetched(self) -> None:
        self.upstream.offer(a_page(a_file("six-1.0.tar.gz", None), a_file("six-2.0.tar.gz", None)), SDIST, b"2")
        await self.shelf.page(await self.committed("six==1.0"), "six")
        self.assertEqual(self.upstream.asked, ["six", "https://files.example.org/six-1.0.tar.gz"])

    async def test_one_that_cannot_be_had_stops_the_freezing(self) -> None:
        """Leaving it out would hide it forever."""
        self.upstream.offer(a_page(FILES[0], a_file("six-1.0.zip", None)), SDIST, b"")
        self.upstream.before["https://files.example.org/six-1.0.zip"] = self.trouble
        commitment = await self.committed("six==1.0")
        await self.assert_raises(UpstreamTrouble, self.shelf.page(commitment, "six"))
        self.assertIsNone(await self.store.get(f"frozen/{commitment.address}/six"))

    async def trouble(self) -> None:
        error = UpstreamTrouble("no")
        error.final = True
        raise error


class RefusalTests(ShelfCase):
    """Refusals are counted and listed."""

    async def test_a_project_that_is_not_pinned(self) -> None:
        commitment = await self.committed("six==1.0")
        for name in ("Flask", "flask"):
            error = await self.assert_raises(NotAdmitted, self.shelf.page(commitment, name))
        self.assertEqual(error.title, f"flask is not in lock {commitment.short}")
        (refusal,) = await self.shelf.refused(commitment.address)
        self.assertEqual((refusal.project, refusal.filename, refusal.count), ("flask", None, 2))

    async def test_a_file_that_is_not_admitted(self) -> None:
        commitment = await self.committed("six==1.0")
        await self.assert_raises(NotAdmitted, self.shelf.file(commitment, "six", "six-2.0.tar.gz"))
        (refusal,) = await self.shelf.refused(commitment.address)
        self.assertEqual(refusal.filename, "six-2.0.tar.gz")

    async def test_a_pip_that_is_not_pinned_is_counted(self) -> None:
        """Whether pip asks about itself, HTTP knows."""
        commitment = await self.committed("six==1.0")
        await self.assert_raises(NotAdmitted, self.shelf.page(commitment, "pip"))
        await self.assert_raises(NotAdmitted, self.shelf.page(commitment, "pip"))
        self.shelf.forget_refusal(commitment.address, "pip")
        (refusal,) = await self.shelf.refused(commitment.address)
        self.assertEqual((refusal.project, refusal.count), ("pip", 1))
        self.shelf.forget_refusal(commitment.address, "pip")
        self.assertEqual(await self.shelf.refused(commitment.address), [])

    async def test_a_suggestion_is_the_newest_release_that_is_neither_a_pre_release_nor_yanked(self) -> None:
        versions = ("1.0", "1.9", "1.10", "2.0rc1")
        files = [a_file(f"six-{version}.tar.gz") for version in versions]
        self.upstream.offer(a_page(*files, a_file("six-1.11.tar.gz", yanked=True)), *[b""] * 5)
        self.assertEqual(await self.shelf.suggest(["six", "nosuch"]), {"six": "six==1.10"})


class ExportTests(ShelfCase):
    """The lock with every digest is a pure function of what was frozen."""

    async def requirements(self, shelf: Shelf, commitment: Commitment) -> bytes:
        return export.requirements(commitment, await shelf.pages(commitment))

    async def test_it_freezes_all_and_is_the_same_with_upstream_gone(self) -> None:
        self.upstream.offer(a_page(a_file("attrs-1.0.tar.gz", b"a", "attrs"), project="attrs"), b"a")
        commitment = await self.committed("six==1.0", "attrs==1.0")
        first = await self.requirements(self.shelf, commitment)
        self.assertEqual(first.count(b"--hash=sha256:"), 3)
        self.assertEqual(await self.requirements(self.another_shelf(PlainUpstream()), commitment), first)

    async def test_to_commit_to_it_is_to_commit_to_every_byte(self) -> None:
        commitment = await self.committed("six==1.0")
        tight = await self.requirements(self.shelf, commitment)
        late = a_file("six-1.0-cp314-cp314-win_amd64.whl", b"late")
        self.upstream.offer(a_page(*FILES, late), SDIST, WHEEL, b"late")
        page = await self.shelf.page(Commitment(address_of(tight), locks.read(tight)), "six")
        self.assertEqual({file.filename for file in page.files}, {file.filename for file in FILES})

    async def test_a_missing_upstream_is_told_as_it_is(self) -> None:
        commitment = await self.committed("six==1.0", "nosuch==1.0")
        error = await self.assert_raises(NothingUpstream, self.shelf.pages(commitment))
        self.assertIn("nosuch", error.title)
