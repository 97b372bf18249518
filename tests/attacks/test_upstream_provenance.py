"""An upstream that lies about who published a file: what it lists is not kept, or proves nothing."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from attrs import evolve

from reqpi.core.address import address_of as sha256_of
from reqpi.core.errors import NothingUpstream, NotServed, StoreTrouble, UpstreamTrouble
from reqpi.core.model import Commitment
from reqpi.shelf.records import provenance_record
from tests.attested import OURS, SDIST, WHEEL, changed, offer, pylock
from tests.distributions import a_page
from tests.shelf.case import ShelfCase

LOCK = f"{SDIST.project}==0.0.19\n".encode()

Change = Callable[[dict[str, Any]], object]


def with_statement(change: Change) -> bytes:
    """Return the object of the sdist with another statement, which no one has signed."""
    document = json.loads(SDIST.provenance)
    envelope = document["attestation_bundles"][0]["attestations"][0]["envelope"]
    statement = json.loads(b64decode(envelope["statement"]))
    change(statement)
    envelope["statement"] = b64encode(json.dumps(statement).encode()).decode()
    return json.dumps(document).encode()


class ProvenanceCase(ShelfCase):
    """A shelf over an upstream that has a real file with its real provenance object."""

    timeout = 240

    def setUp(self) -> None:
        super().setUp()
        offer(self.upstream, SDIST, WHEEL)

    async def of(self, provenance: bytes, lock: bytes = LOCK) -> tuple[Commitment, str]:
        """Have another provenance object upstream; return a commitment, and the name of the file."""
        self.clock.advance(60)  # a failure is remembered for a while
        self.upstream.files[str(SDIST.file.provenance)] = provenance
        commitment, _ = await self.shelf.commit(lock)
        return commitment, SDIST.filename


class KeptObjectTests(ProvenanceCase):
    """An object that is about another file is not kept."""

    async def assert_not_kept(self, provenance: bytes, why: str) -> None:
        commitment, filename = await self.of(provenance)
        error = await self.assert_raises(
            UpstreamTrouble, self.shelf.provenance.object(commitment, SDIST.project, filename)
        )
        self.assertIn(why, str(error))
        self.assertTrue(error.final)
        self.assertIsNone(await self.store.get(provenance_record(commitment.address, SDIST.file)))

    async def test_the_object_of_another_file(self) -> None:
        """The upstream has a file attested by the attestation of another one."""
        await self.assert_not_kept(WHEEL.provenance, "not about 'pypi_attestations-0.0.19.tar.gz'")

    async def test_the_right_name_with_another_sha256(self) -> None:
        """The upstream lists the object of other bytes under the same name."""
        other = with_statement(lambda statement: statement["subject"][0]["digest"].update(sha256="0" * 64))
        await self.assert_not_kept(other, "it is about a file with the sha256 000")

    async def test_a_second_subject(self) -> None:
        """The upstream has one attestation stand for two files."""
        both = with_statement(lambda statement: statement["subject"].append(statement["subject"][0]))
        await self.assert_not_kept(both, "about 2 files")

    async def test_an_endless_object(self) -> None:
        """The upstream fills the memory."""
        await self.assert_not_kept(b" " * (1 << 18) + SDIST.provenance, "sent too much")

    async def test_many_bundles(self) -> None:
        """The upstream has a server verify thousands of signatures."""
        document = json.loads(SDIST.provenance)
        document["attestation_bundles"] = [{"publisher": {"kind": "GitHub"}, "attestations": [{}]}] * 17
        await self.assert_not_kept(json.dumps(document).encode(), "attestation_bundles: there are 17")

    async def test_a_publisher_with_odd_claims(self) -> None:
        """The upstream has a name shown that is not what was verified, or one without end."""
        for claims in (
            {"repository": "a\x1b[2J"},
            {"repository": "a" * 301},
            {f"k{n}": "x" for n in range(20)},
            {"kind": ""},
        ):
            document = json.loads(SDIST.provenance)
            document["attestation_bundles"][0]["publisher"].update(claims)
            await self.assert_not_kept(json.dumps(document).encode(), "publisher")

    async def test_nested_and_junk_objects(self) -> None:
        """The upstream breaks the reader."""
        for junk in (b"", b"[]", b"{}", b"[" * 100_000, b'{"version":1,"version":1}', b"\xff", b'{"version": true}'):
            commitment, filename = await self.of(junk)
            await self.assert_raises(UpstreamTrouble, self.shelf.provenance.object(commitment, SDIST.project, filename))

    async def test_a_link_in_the_clear(self) -> None:
        """Someone between the upstream and the server replaces an object that is linked without TLS."""
        file = evolve(SDIST.file, provenance="http://index.example.org/p")
        self.upstream.offer(a_page(file, project=SDIST.project), SDIST.content)
        commitment, _ = await self.shelf.commit(LOCK)
        await self.assert_raises(
            UpstreamTrouble, self.shelf.provenance.object(commitment, SDIST.project, SDIST.filename)
        )
        self.assertNotIn("http://index.example.org/p", self.upstream.asked)

    async def test_a_file_without_an_object_has_none(self) -> None:
        """A client asks for what no index lists."""
        commitment, _ = await self.shelf.commit(b"six==1.0\n")
        await self.assert_raises(NotServed, self.shelf.provenance.object(commitment, "six", "six-1.0.tar.gz"))

    async def test_a_client_that_asks_again_and_again_causes_no_request_each_time(self) -> None:
        """A client uses the server to send requests to an upstream that has a wrong object."""
        commitment, filename = await self.of(WHEEL.provenance)
        for _ in range(5):
            await self.assert_raises(UpstreamTrouble, self.shelf.provenance.object(commitment, SDIST.project, filename))
        self.assertEqual(self.upstream.asked.count(str(SDIST.file.provenance)), 1)


class PublisherTests(ProvenanceCase):
    """A lock that names the publisher of a file admits no file that someone else may have published."""

    async def assert_refused(self, provenance: bytes) -> None:
        commitment, _ = await self.of(provenance, pylock(OURS))
        error = await self.assert_raises(NothingUpstream, self.shelf.page(commitment, SDIST.project))
        self.assertIn("GitHub trailofbits/pypi-attestations release.yml", str(error))
        for name in (SDIST.filename, f"{SDIST.filename}.metadata"):
            await self.assert_raises(NothingUpstream, self.shelf.file(commitment, SDIST.project, name))
        self.assertIsNone(await self.store.size(str(SDIST.file.sha256)))

    async def test_the_attested_file_is_admitted(self) -> None:
        """The upstream lies about nothing: the page has the file."""
        commitment, filename = await self.of(SDIST.provenance, pylock(OURS))
        (file,) = (await self.shelf.page(commitment, SDIST.project)).files
        self.assertEqual([str(each) for each in file.publishers], [str(OURS)])
        self.assertEqual(await self.taken_file(commitment, filename), SDIST.content)

    async def taken_file(self, commitment: Commitment, filename: str) -> bytes:
        response = await self.shelf.file(commitment, SDIST.project, filename)
        return b"".join([piece async for piece in response.read(0, response.size)])

    async def test_one_byte_of_the_signature_is_changed(self) -> None:
        """The upstream has no signature of the publisher, and makes one up."""
        await self.assert_refused(changed(SDIST.provenance, b"signature"))

    async def test_one_byte_of_the_certificate_is_changed(self) -> None:
        """The upstream makes up a certificate."""
        await self.assert_refused(changed(SDIST.provenance, b"certificate"))

    async def test_a_statement_that_no_one_signed(self) -> None:
        """The upstream has the signature of one statement stand for another one."""
        await self.assert_refused(with_statement(lambda statement: statement.update(predicate={"more": 1})))

    async def test_another_publisher_is_claimed(self) -> None:
        """The upstream writes the name of the publisher over that of the one who has signed."""
        evil = evolve(OURS, claims=(("repository", "evil/pypi-attestations"), ("workflow", "release.yml")))
        commitment, _ = await self.of(
            SDIST.provenance.replace(b"trailofbits/pypi-attestations", b"evil/pypi-attestations"), pylock(evil)
        )
        await self.assert_raises(NothingUpstream, self.shelf.page(commitment, SDIST.project))

    async def test_a_second_bundle_that_proves_nothing(self) -> None:
        """The upstream adds the publisher that the lock names to a valid object, with an attestation of no worth."""
        document = json.loads(WHEEL.provenance)
        document["attestation_bundles"].append(
            {"publisher": OURS.members, "attestations": document["attestation_bundles"][0]["attestations"]}
        )
        self.upstream.files[str(WHEEL.file.provenance)] = json.dumps(document).encode()
        commitment, _ = await self.shelf.commit(pylock(OURS, of=WHEEL))
        await self.assert_raises(NothingUpstream, self.shelf.page(commitment, WHEEL.project))

    async def test_an_object_that_is_late_does_not_hide_the_file_forever(self) -> None:
        """The upstream withholds an object while a page is frozen: nothing is frozen without it."""
        del self.upstream.files[str(SDIST.file.provenance)]
        commitment, _ = await self.shelf.commit(pylock(OURS))
        await self.assert_raises(UpstreamTrouble, self.shelf.page(commitment, SDIST.project))
        offer(self.upstream, SDIST)
        self.clock.advance(60)
        self.assertEqual(len((await self.shelf.page(commitment, SDIST.project)).files), 1)


class StoreTests(ProvenanceCase):
    """The store is trusted no more than the upstream."""

    async def test_a_frozen_list_that_names_a_publisher_proves_nothing(self) -> None:
        """Someone writes the publisher into the frozen list, and another object into the store."""
        commitment, _ = await self.of(SDIST.provenance, pylock(OURS))
        await self.shelf.page(commitment, SDIST.project)
        forged = changed(SDIST.provenance, b"signature")
        incoming = await self.store.begin()
        await incoming.write(forged)
        digest = sha256_of(forged)
        await incoming.keep(digest)
        await self.store.replace(provenance_record(commitment.address, SDIST.file), digest.encode())
        again = self.another_shelf()
        commitment = await again.commitment(commitment.address)
        self.assertEqual((await again.page(commitment, SDIST.project)).files, ())

    async def test_the_object_of_another_file_is_damage(self) -> None:
        """Someone has the record of a file name the object of another one."""
        commitment, filename = await self.of(SDIST.provenance)
        await self.shelf.provenance.object(commitment, SDIST.project, filename)
        other, _ = await self.shelf.commit(f"{WHEEL.project}==0.0.1.dev137\n".encode())
        await self.shelf.provenance.object(other, WHEEL.project, WHEEL.filename)
        known = await self.store.get(provenance_record(other.address, WHEEL.file))
        await self.store.replace(provenance_record(commitment.address, SDIST.file), known or b"")
        await self.assert_raises(StoreTrouble, self.shelf.provenance.object(commitment, SDIST.project, filename))
