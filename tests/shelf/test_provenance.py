"""Provenance objects: kept under an address, verified offline, and reported."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.task import deferLater

from reqpi.core import sbom
from reqpi.core.errors import BrokenLock, NotAdmitted, UpstreamTrouble
from reqpi.core.export.admitted import files
from reqpi.core.export.pylock import pylock as exported
from reqpi.core.frozen_pages import load_all
from reqpi.core.listing_check import flaws_of
from reqpi.core.model import Commitment
from reqpi.core.provenance.publishers import Publisher
from reqpi.core.targets import InstallTarget
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.maintenance.verify import StoreVerdict, Verification
from reqpi.shelf.records import page_record, provenance_record
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.holding import Holds
from reqpi.shelf.whole_lock.sboms import Sboms
from tests.attested import OURS, SDIST, WHEEL, changed, offer, pylock, without_library
from tests.fake_index import PlainUpstream
from tests.shelf.case import ShelfCase, whole

LOCK = f"{SDIST.project}==0.0.19\n{WHEEL.project}==0.0.1.dev137\n".encode()


class ProvenanceCase(ShelfCase):
    """A shelf over an upstream that has two real files with their real provenance objects."""

    timeout = 240

    def setUp(self) -> None:
        super().setUp()
        offer(self.upstream, SDIST, WHEEL)

    async def lock(self, document: bytes = LOCK, shelf: Shelf | None = None) -> Commitment:
        commitment, _ = await (shelf or self.shelf).commit(document)
        return commitment

    async def hold(self, commitment: Commitment) -> None:
        for each in (SDIST, WHEEL):
            await self.shelf.hold(commitment, each.project, each.filename)

    def gone(self) -> Shelf:
        """Return the shelf as it is after a restart, when the upstream is gone."""
        return self.another_shelf(PlainUpstream())


class KeptTests(ProvenanceCase):
    """What was kept once is there forever."""

    async def test_it_is_served_when_the_upstream_is_gone(self) -> None:
        commitment = await self.lock()
        self.assertEqual(
            await self.shelf.provenance.object(commitment, SDIST.project, SDIST.filename), SDIST.provenance
        )
        self.assertEqual(
            await self.gone().provenance.object(commitment, SDIST.project, SDIST.filename), SDIST.provenance
        )

    async def test_a_page_is_frozen_without_asking_for_it(self) -> None:
        """No page waits for it."""
        commitment = await self.lock()
        (file,) = (await self.shelf.page(commitment, SDIST.project)).files
        self.assertEqual(file.provenance, SDIST.file.provenance)
        self.assertNotIn(SDIST.file.provenance, self.upstream.asked)

    async def test_it_is_kept_in_the_background_once_its_page_is_frozen(self) -> None:
        self.shelf.provenance.keep_in_background()
        commitment = await self.lock()
        await self.shelf.page(commitment, SDIST.project)
        self.clock.advance(0)
        self.assertEqual(self.upstream.asked, [SDIST.project])
        self.clock.advance(20)  # the client has what it needs by then
        while await self.store.get(provenance_record(commitment.address, SDIST.file)) is None:
            self.clock.advance(0)
            await deferLater(reactor, 0)  # type: ignore[arg-type]
        self.assertEqual(
            await self.gone().provenance.object(commitment, SDIST.project, SDIST.filename), SDIST.provenance
        )

    async def test_nothing_is_kept_in_the_background_after_the_end(self) -> None:
        self.shelf.provenance.keep_in_background()
        self.shelf.provenance.stop()
        await self.shelf.page(await self.lock(), SDIST.project)
        self.clock.advance(20)
        self.assertEqual(self.upstream.asked, [SDIST.project])

    async def test_what_waits_when_the_server_ends_is_left(self) -> None:
        """Nothing is left on the clock."""
        self.shelf.provenance.keep_in_background()
        await self.shelf.page(await self.lock(), SDIST.project)
        self.shelf.provenance.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_the_object_of_a_file_that_the_lock_does_not_admit_is_refused(self) -> None:
        commitment = await self.lock(LOCK.replace(b"0.0.19", b"0.0.18"))
        offer(self.upstream, evolve(SDIST, filename="pypi_attestations-0.0.18.tar.gz"))
        await self.assert_raises(NotAdmitted, self.shelf.provenance.object(commitment, SDIST.project, SDIST.filename))

    async def test_what_the_upstream_changes_later_changes_nothing(self) -> None:
        commitment = await self.lock()
        await self.shelf.provenance.object(commitment, SDIST.project, SDIST.filename)
        self.upstream.files[str(SDIST.file.provenance)] = WHEEL.provenance
        again = self.another_shelf()
        self.assertEqual(await again.provenance.object(commitment, SDIST.project, SDIST.filename), SDIST.provenance)

    async def test_a_sweep_keeps_it_as_long_as_its_lock(self) -> None:
        commitment = await self.lock()
        await self.hold(commitment)
        self.clock.advance(100_000)
        await self.shelf.commitment(commitment.address)
        await Sweep(self.store, self.clock, 500).run()
        shelf = self.gone()
        self.assertEqual(await shelf.provenance.object(commitment, SDIST.project, SDIST.filename), SDIST.provenance)
        self.clock.advance(100_000)
        await Sweep(self.store, self.clock, 500).run()
        self.assertEqual([name async for name in self.store.names(provenance_record(commitment.address))], [])
        self.assertEqual([blob async for blob in self.store.all()], [])


class HeldTests(ProvenanceCase):
    """A hold keeps the objects, and reports who published."""

    async def verdict(self, shelf: Shelf, commitment: Commitment) -> dict[str, Any]:
        holds = Holds(shelf, self.store, self.clock)
        return (await holds.verdict(commitment, InstallTarget())).as_json()

    async def test_who_published_is_known_with_the_upstream_gone(self) -> None:
        commitment = await self.lock()
        await self.hold(commitment)
        document = json.loads(json.dumps(await self.verdict(self.gone(), commitment)))
        self.assertFalse(document["missing"])
        self.assertEqual(document["publishers"][1], {**OURS.members, "filename": SDIST.filename})
        self.assertEqual(document["publishers"][0]["kind"], "CircleCI")

    async def test_an_attestation_that_does_not_verify_is_reported(self) -> None:
        self.upstream.files[str(SDIST.file.provenance)] = changed(SDIST.provenance, b"signature")
        commitment = await self.lock()
        await self.hold(commitment)
        document = await self.verdict(self.shelf, commitment)
        self.assertFalse(document["missing"])
        self.assertEqual([each["filename"] for each in document["publishers"]], [WHEEL.filename])
        self.assertIn(f"the attestations of {SDIST.filename} do not verify", document["remarks"][0])

    async def test_an_object_that_the_upstream_does_not_have_makes_no_file_missing(self) -> None:
        del self.upstream.files[str(SDIST.file.provenance)]
        commitment = await self.lock()
        await self.hold(commitment)
        self.assertFalse((await self.verdict(self.shelf, commitment))["missing"])

    async def test_the_sbom_says_who_published_and_does_not_change(self) -> None:
        commitment = await self.lock()
        await self.hold(commitment)
        written = await Sboms(self.shelf, self.store, self.clock).written(commitment, None, sbom.cyclonedx)
        components = json.loads(written.body)["components"]
        named = {
            component["name"]: [each["value"] for each in component["properties"] if each["name"] == "reqpi:publisher"]
            for component in components
        }
        self.assertEqual(named[SDIST.project], ["GitHub trailofbits/pypi-attestations release.yml"])
        self.assertIn("github.com/CircleCI-Public/sign-and-publish-examples", named[WHEEL.project][0])
        self.assertTrue(written.complete)
        again = await Sboms(self.gone(), self.store, self.clock).written(commitment, None, sbom.cyclonedx)
        self.assertEqual(again.body, written.body)

    async def test_an_sbom_is_not_final_while_an_object_may_still_come(self) -> None:
        async def away() -> None:
            raise UpstreamTrouble("the upstream is away")

        commitment = await self.lock()
        self.upstream.before[str(SDIST.file.provenance)] = away
        for each in (SDIST, WHEEL):
            await whole(await self.shelf.file(commitment, each.project, each.filename))
        written = await Sboms(self.shelf, self.store, self.clock).written(commitment, None, sbom.cyclonedx)
        self.assertFalse(written.complete)


class VerifiedTests(ProvenanceCase):
    """``reqpi verify --attestations`` looks at what a store keeps."""

    async def verified(self) -> StoreVerdict:
        return await Verification(self.store, attestations=True).run()

    async def test_all_of_it_is_right(self) -> None:
        await self.hold(await self.lock())
        verdict = await self.verified()
        self.assertEqual((verdict.attested, verdict.left), (2, 0))

    async def test_one_changed_byte_is_found(self) -> None:
        self.upstream.files[str(SDIST.file.provenance)] = changed(SDIST.provenance, b"signature")
        commitment = await self.lock()
        await self.hold(commitment)
        verdict = await self.verified()
        (damage,) = verdict.damages
        self.assertEqual((damage.kind, damage.name), ("provenance object", f"{commitment.address}/{SDIST.filename}"))
        self.assertEqual(verdict.attested, 1)

    async def test_a_file_that_needs_an_attestation_and_has_none_is_found(self) -> None:
        commitment = await self.lock(pylock(OURS))
        await self.shelf.page(commitment, SDIST.project)
        self.assertEqual((await self.verified()).left, 0)
        await self.store.delete(provenance_record(commitment.address, SDIST.file))
        (damage,) = (await self.verified()).damages
        self.assertIn("no attestation is of a publisher that the lock names", damage.problem)
        self.assertEqual((await Verification(self.store).run()).left, 0)


class IdentityTests(ProvenanceCase):
    """The publishers that a lock names."""

    async def test_the_page_is_the_same_with_the_upstream_gone(self) -> None:
        commitment = await self.lock(pylock(OURS))
        first = await self.shelf.page(commitment, SDIST.project)
        again = self.gone()
        self.assertEqual(await again.page(await again.commitment(commitment.address), SDIST.project), first)
        self.assertEqual(len(first.files), 1)

    async def test_a_list_that_was_frozen_before_is_served_once_the_object_is_kept(self) -> None:
        """An earlier version froze it, and asked for no attestation."""
        commitment = await self.lock(pylock(OURS))
        plain = await self.lock(pylock())
        await self.shelf.page(plain, SDIST.project)
        frozen = await self.store.get(page_record(plain.address, plain.lock.pins[0].project))
        await self.store.replace(page_record(commitment.address, plain.lock.pins[0].project), frozen or b"")
        await self.store.delete(page_record(plain.address, plain.lock.pins[0].project))
        self.assertEqual(len((await self.shelf.page(commitment, SDIST.project)).files), 1)

    async def test_the_exported_lock_names_them_too(self) -> None:
        commitment = await self.lock(pylock(OURS))
        document = exported(commitment, await self.shelf.pages(commitment), "https://here.example.org/a/").decode()
        self.assertIn('repository = "trailofbits/pypi-attestations"', document)

    async def test_a_client_checks_the_list_of_files_with_what_the_server_says_of_their_publishers(self) -> None:
        commitment = await self.lock(pylock(OURS))
        listed = load_all(files(commitment, await self.shelf.pages(commitment)))
        self.assertEqual(list(flaws_of(commitment.lock, listed)), [])
        bare = {
            name: evolve(page, files=tuple(evolve(each, publishers=()) for each in page.files))
            for name, page in listed.items()
        }
        self.assertIn("does not admit", next(flaws_of(commitment.lock, bare)))

    async def test_a_claim_that_the_object_does_not_make_is_not_met(self) -> None:
        asked = Publisher.of({**OURS.members, "environment": "release"})
        commitment = await self.lock(pylock(asked))
        await self.assert_raises(UpstreamTrouble, self.shelf.page(commitment, SDIST.project))

    async def test_without_the_library_such_a_lock_has_a_defect_that_names_it(self) -> None:
        with without_library():
            broken = await self.assert_raises(BrokenLock, self.shelf.commit(pylock(OURS)))
            await self.shelf.commit(pylock())
        (defect,) = broken.defects
        self.assertEqual((defect.line, defect.rule), (3, "attestation-identity"))
        self.assertIn("pypi-attestations", defect.advice)

    async def test_without_the_library_no_publisher_is_reported(self) -> None:
        with without_library():
            commitment = await self.lock()
            await self.hold(commitment)
            verdict = await Holds(self.shelf, self.store, self.clock).verdict(commitment, InstallTarget())
        self.assertEqual((verdict.complete, verdict.publishers), (True, ()))
        offline = self.gone()
        self.assertEqual(await offline.provenance.object(commitment, SDIST.project, SDIST.filename), SDIST.provenance)

    async def test_the_publisher_of_a_file_can_be_asked_for(self) -> None:
        """A policy can require one."""
        commitment = await self.lock(f"{SDIST.project}==0.0.19\nsix==1.0\n".encode())
        (publisher,) = await self.shelf.provenance.publishers(commitment, SDIST.project, SDIST.filename)
        self.assertTrue(publisher.is_named_by(OURS))
        self.assertEqual(await self.shelf.provenance.publishers(commitment, "six", "six-1.0.tar.gz"), ())
