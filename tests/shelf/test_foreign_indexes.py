"""A lock that names an index or a host that the operator does not have: digests decide, nothing foreign is asked."""

from __future__ import annotations

from attrs import evolve

from reqpi.core.errors import BrokenLock, NotAdmitted, NotAllowed, NothingUpstream
from reqpi.core.model import Archive, Commitment, Digest, Lock, Pin
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.allowed.own_addresses import Here
from tests.distributions import a_file, a_page, digest_of
from tests.shelf.case import SDIST, WHEEL, ShelfCase
from tests.shelf.test_url_sources import SIX, SourcesCase

FOREIGN = "https://foreign.example.org/simple"
CORP = "https://corp.example.org/simple"
OUTSIDE = AllowedUpstreams(
    "https://default.example.org/simple", {"corp": CORP}, hosts=Hosts.read(["git.example.org"], "")
)


def hashed(*contents: bytes) -> str:
    return " ".join(f"--hash={digest_of(content)}" for content in contents)


class ForeignCase(ShelfCase):
    """A default index and one more. Foreign has files too, and every one of them is evil."""

    def setUp(self) -> None:
        super().setUp()
        self.evil = a_file("six-1.0-cp312-none-any.whl", b"evil")
        self.upstream.indexes = {FOREIGN: {SIX: a_page(self.evil)}, CORP: {}}
        self.upstream.policy = OUTSIDE.policy

    def assert_not_asked(self, index: str = FOREIGN) -> None:
        self.assertEqual([each for each in self.upstream.asked if index in each], [])


class DigestsDecideTests(ForeignCase):
    """An index that the operator does not have, and pins with digests."""

    async def test_files_come_from_the_operators_index(self) -> None:
        commitment = await self.committed(f"--index-url {FOREIGN}", f"six==1.0 {hashed(SDIST, WHEEL)}")
        page = await self.shelf.page(commitment, "six")
        self.assertEqual({(file.filename, file.index) for file in page.files}, {(each.filename, "") for each in
                         self.upstream.pages[SIX].files})  # fmt: skip
        self.assertEqual(await self.taken(self.shelf, commitment, "six-1.0.tar.gz"), SDIST)
        self.assert_not_asked()

    async def test_they_are_the_same_once_they_are_frozen(self) -> None:
        commitment = await self.committed(f"--index-url {FOREIGN}", f"six==1.0 {hashed(SDIST)}")
        first = await self.shelf.page(commitment, "six")
        self.assertEqual(await self.another_shelf().page(commitment, "six"), first)

    async def test_a_file_with_another_digest_is_not_admitted(self) -> None:
        """Uploading the name to the operator's index achieves nothing."""
        self.upstream.offer(
            a_page(a_file("six-1.0.tar.gz", b"theirs"), a_file("six-1.0-py3-none-any.whl", WHEEL)), b"", WHEEL
        )
        commitment = await self.committed(f"--index-url {FOREIGN}", f"six==1.0 {hashed(SDIST, WHEEL)}")
        page = await self.shelf.page(commitment, "six")
        self.assertEqual([file.filename for file in page.files], ["six-1.0-py3-none-any.whl"])
        await self.assert_raises(NotAdmitted, self.shelf.file(commitment, "six", "six-1.0.tar.gz"))

    async def test_where_no_upstream_has_the_digest_that_is_said_and_foreign_is_not_asked(self) -> None:
        """Though it has a file of that very digest."""
        commitment = await self.committed(f"--index-url {FOREIGN}", f"six==1.0 {hashed(b'evil')}")
        await self.assert_raises(NothingUpstream, self.shelf.page(commitment, "six"))
        self.assertEqual(set(self.upstream.asked), {"six", f"{CORP} six"})

    async def test_a_further_upstream_is_asked_only_while_digests_are_missing(self) -> None:
        """It need not hear of every project of every lock."""
        commitment = await self.committed(f"--index-url {FOREIGN}", f"six==1.0 {hashed(SDIST, WHEEL)}")
        await self.shelf.page(commitment, "six")
        self.assert_not_asked(CORP)

    async def test_a_further_upstream_may_have_what_the_default_one_has_not(self) -> None:
        ours = a_file("six-1.0-cp311-none-any.whl", b"ours")
        self.upstream.indexes[CORP] = {SIX: a_page(ours)}
        commitment = await self.committed(f"--index-url {FOREIGN}", f"six==1.0 {hashed(b'ours')}")
        (file,) = (await self.shelf.page(commitment, "six")).files
        self.assertEqual((file.filename, file.index), (ours.filename, CORP))

    async def test_an_index_that_the_operator_has_stays_the_only_one_for_the_pins_that_name_it(self) -> None:
        self.upstream.indexes[CORP] = {SIX: a_page(a_file("six-1.0.tar.gz", SDIST))}
        commitment = await self.committed(f"--index-url {CORP}", f"six==1.0 {hashed(SDIST)}")
        await self.shelf.page(commitment, "six")
        self.assertEqual(self.upstream.asked, [f"{CORP} six"])

    async def test_one_note_names_the_index(self) -> None:
        lines = [f"six==1.0 {hashed(SDIST)}", f"idna==1.0 {hashed(SDIST)}"]
        commitment = await self.committed(f"--index-url {FOREIGN}", *lines)
        [note] = self.shelf.notes(commitment.lock)
        self.assertEqual(note.line, 2)
        self.assertIn(f"{FOREIGN} is not contacted", note.message)
        self.assertIn("six and idna", note.message)


class NoDigestTests(ForeignCase):
    """Without digests nothing would say which file is meant."""

    async def test_a_foreign_index_is_a_defect(self) -> None:
        for lines in (
            [f"--index-url {FOREIGN}", "six==1.0"],
            [f"--extra-index-url {FOREIGN}", "six==1.0"],
        ):
            broken = await self.assert_raises(BrokenLock, self.committed(*lines))
            self.assertEqual([defect.rule for defect in broken.defects], ["unknown-upstream"])
        self.assertEqual(self.upstream.asked, [])

    async def test_digests_of_other_pins_do_not_help(self) -> None:
        lock = Lock(b"", "test", (pinned("six", digest_of(SDIST)), pinned("idna")))
        [defect] = self.upstream.denies(lock)
        self.assertIn("idna has no digest", defect.problem)

    async def test_a_pin_that_takes_from_two_indexes_gets_no_file_by_another_pins_digest(self) -> None:
        """The one pin has files from CORP by digest; to the other CORP is the second index, which does not count."""
        good, bad = a_file("six-1.0-cp311-none-any.whl", b"good"), a_file("six-1.0-cp310-none-any.whl", b"bad")
        self.upstream.indexes[CORP] = {SIX: a_page(good, bad)}
        by_digest = Pin(SIX, "1.0", digests=frozenset({digest_of(b"good")}), indexes=(CORP,), text="six==1.0")
        by_order = Pin(SIX, "1.0", indexes=("", CORP), text="six==1.0")
        for pins in ((by_digest, by_order), (by_order, by_digest), (evolve(by_digest, indexes=("", CORP)), by_order)):
            page = await self.shelf.page(Commitment("d" * 63 + str(id(pins) % 10), Lock(b"", "test", pins)), "six")
            names = {file.filename for file in page.files}
            self.assertIn("six-1.0.tar.gz", names)
            self.assertNotIn(bad.filename, names)


class HereTests(ForeignCase):
    """This server's own addresses are the default index."""

    HERE = f"http://localhost:2000/{'a' * 64}/simple/"

    def setUp(self) -> None:
        super().setUp()
        here = Here("https://reqpi.example.org/p")
        here.listen("127.0.0.1", 2000, secure=False)
        self.upstream.policy = evolve(OUTSIDE, here=here).policy

    async def test_a_lock_that_names_one_is_taken_without_a_note(self) -> None:
        """With digests and without."""
        for index in (
            self.HERE,
            f"https://reqpi.example.org/p/{'b' * 64}/simple",
            "http://[::1]:2000/learn/xyz/simple",
        ):
            for digests in ("", hashed(SDIST)):
                commitment = await self.committed(f"--index-url {index}", f"six==1.0 {digests}")
                self.assertEqual(self.shelf.notes(commitment.lock), ())
                self.assertEqual(self.upstream.policy.upstream(index), self.upstream.policy.upstream(""))  # type: ignore[union-attr]

    async def test_another_servers_address_is_another_index(self) -> None:
        """Another host, port, scheme or prefix; and what is no address."""
        for index in (
            *(f"http://other.example.org:2000/{'a' * 64}/simple/", f"http://localhost:2001/{'a' * 64}/simple/"),
            *(f"https://localhost:2000/{'a' * 64}/simple/", f"https://reqpi.example.org/{'a' * 64}/simple/"),
            *(
                f"https://reqpi.example.org.evil.example/p/{'a' * 64}/simple",
                f"http://localhost:2000/{'a' * 63}/simple",
            ),
            *(f"http://localhost:2000/x/{'a' * 64}/simple", f"http://localhost:2000/{'a' * 64}/simple/x"),
        ):
            broken = await self.assert_raises(BrokenLock, self.committed(f"--index-url {index}", "six==1.0"))
            self.assertEqual([defect.rule for defect in broken.defects], ["unknown-upstream"], index)

    async def test_the_advice_is_not_to_add_it_as_an_upstream(self) -> None:
        index = f"http://other.example.org/{'a' * 64}/simple/"
        broken = await self.assert_raises(BrokenLock, self.committed(f"--index-url {index}", "six==1.0"))
        [defect] = broken.defects
        self.assertIn("--no-emit-index-url", defect.advice)
        self.assertIn("--url http://other.example.org", defect.advice)
        self.assertNotIn("--upstream", defect.advice)


class SourceTests(SourcesCase):
    """An archive or a commit on a host that the operator has not allowed."""

    def setUp(self) -> None:
        super().setUp()
        self.upstream.policy = OUTSIDE.policy

    async def test_the_lock_is_taken_with_a_note_that_names_the_option(self) -> None:
        document = f"six @ {self.sdist.source.url} {hashed(b'')}"  # type: ignore[union-attr]
        commitment = await self.committed("idna==1.0 " + hashed(b""), document)
        [note] = self.shelf.notes(commitment.lock)
        self.assertEqual(note.line, 2)
        self.assertIn("--allow-host files.example.org", note.message)
        self.assertIn("six", note.message)

    async def test_it_is_refused_when_asked_for_and_nothing_is_asked(self) -> None:
        """Not the index either, for a release of the same project."""
        commitment = Commitment("e" * 64, Lock(b"", "test", (self.sdist, Pin(SIX, "1.0", text="six==1.0"))))
        error = await self.assert_raises(NotAllowed, self.shelf.page(commitment, "six"))
        self.assertIn("files.example.org", error.title)
        self.assertIn("--allow-host files.example.org", error.detail)
        self.assertEqual(self.upstream.asked, [])

    async def test_once_the_host_is_allowed_it_is_served(self) -> None:
        """The refusal is not remembered."""
        commitment = Commitment("e" * 64, Lock(b"", "test", (self.sdist,)))
        await self.assert_raises(NotAllowed, self.shelf.page(commitment, "six"))
        self.upstream.policy = evolve(OUTSIDE, hosts=Hosts.read(["files.example.org"], "")).policy
        self.assertEqual(len((await self.shelf.page(commitment, "six")).files), 1)

    async def test_a_source_that_is_wrong_in_itself_stays_a_defect(self) -> None:
        pin = Pin(
            SIX, "", source=Archive("http://git.example.org/six-1.0.zip", frozenset({digest_of(b"")})), text="six @"
        )
        [defect] = self.upstream.denies(Lock(b"", "test", (pin,)))
        self.assertEqual(defect.rule, "host-not-allowed")


def pinned(name: str, *digests: Digest) -> Pin:
    return Pin(SIX.__class__(name), "1.0", digests=frozenset(digests), indexes=(FOREIGN,), text=f"{name}==1.0")
