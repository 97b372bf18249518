"""The files that a lock admits. Before a change to :mod:`reqpi.core.admission`, write the attack here."""

from __future__ import annotations

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.admission import admits, admitted_page, needs_publishers, undecided
from reqpi.core.model import Lock
from reqpi.core.provenance.publishers import Publisher
from tests.distributions import a_commitment, a_file, a_page, digest_of

GOOD, EVIL = b"what the lock was made with", b"what an attacker would like to slip in"


def lock(*lines: str) -> Lock:
    return a_commitment(*lines).lock


class VersionTests(SynchronousTestCase):
    """A pin admits the files of its version, compared as PEP 440 has it, and of no other."""

    def admitted(self, requirement: str, *filenames: str) -> list[str]:
        page = a_page(*(a_file(filename) for filename in filenames))
        return [file.filename for file in admitted_page(lock(requirement), page).files]

    def test_another_version_is_not_admitted(self) -> None:
        files = ["six-1.0.tar.gz", "six-1.1.tar.gz", "six-1.0.1.tar.gz", "six-1.0rc1.tar.gz", "six-1.0.post1.tar.gz"]
        self.assertEqual(self.admitted("six==1.0", *files), ["six-1.0.tar.gz"])

    def test_a_version_is_admitted_however_it_is_spelled(self) -> None:
        files = ["six-1.0.tar.gz", "six-1.0.0-py3-none-any.whl", "six-v1.0.zip", "six-0!1.0.tar.bz2"]
        self.assertEqual(self.admitted("six==1.0.0.0", *files), files)

    def test_a_local_version_is_admitted_by_its_own_pin_alone(self) -> None:
        files = ["six-1.0.tar.gz", "six-1.0+cpu.tar.gz", "six-1.0+cpu-py3-none-any.whl", "six-1.0+gpu.tar.gz"]
        self.assertEqual(self.admitted("six==1.0", *files), files[:1])
        self.assertEqual(self.admitted("six==1.0+cpu", *files), files[1:3])

    def test_an_epoch_is_part_of_the_version(self) -> None:
        self.assertEqual(self.admitted("six==1!1.0", "six-1.0.tar.gz", "six-1!1.0.tar.gz"), ["six-1!1.0.tar.gz"])

    def test_triple_equals_compares_text(self) -> None:
        files = ["six-1.0.tar.gz", "six-1.0.0.tar.gz", "six-1.0+cpu.tar.gz"]
        self.assertEqual(self.admitted("six===1.0", *files), ["six-1.0.tar.gz"])

    def test_two_pins_of_a_project_admit_both_versions(self) -> None:
        both = lock('six==1.0 ; python_version < "3"', 'six==2.0 ; python_version >= "3"')
        page = admitted_page(both, a_page(*(a_file(f"six-{version}.tar.gz") for version in ("1.0", "1.5", "2.0"))))
        self.assertEqual([str(file.version) for file in page.files], ["1.0", "2.0"])

    def test_a_project_that_is_not_pinned_has_nothing(self) -> None:
        self.assertEqual(admitted_page(lock("attrs==1.0"), a_page(a_file("six-1.0.tar.gz"))).files, ())

    def test_what_upstream_says_beside_the_files_is_kept(self) -> None:
        page = a_page(a_file("six-1.0.tar.gz", size=7, yanked="old", provenance="https://example.org/p"))
        self.assertEqual(admitted_page(lock("six==1.0"), page), page)


class DigestTests(SynchronousTestCase):
    """A pin with digests admits the files that have one of them, and a wheel that was added later is none of these."""

    def test_a_file_of_another_digest_is_not_admitted(self) -> None:
        pinned = lock(f"six==1.0 --hash={digest_of(GOOD)}")
        self.assertTrue(admits(pinned, a_file("six-1.0.tar.gz", GOOD)))
        self.assertFalse(admits(pinned, a_file("six-1.0.tar.gz", EVIL)))

    def test_the_digest_of_one_version_does_not_admit_another(self) -> None:
        pinned = lock(
            f'six==1.0 ; python_version < "3" --hash={digest_of(GOOD)}',
            f'six==2.0 ; python_version >= "3" --hash={digest_of(EVIL)}',
        )
        self.assertFalse(admits(pinned, a_file("six-1.0.tar.gz", EVIL)))
        self.assertTrue(admits(pinned, a_file("six-2.0.tar.gz", EVIL)))

    def test_the_digest_of_one_project_does_not_admit_another(self) -> None:
        pinned = lock(f"six==1.0 --hash={digest_of(GOOD)}", f"attrs==1.0 --hash={digest_of(EVIL)}")
        self.assertFalse(admits(pinned, a_file("six-1.0.tar.gz", EVIL)))

    def test_a_file_without_a_sha256_is_not_admitted_even_where_the_lock_has_no_digests(self) -> None:
        self.assertFalse(admits(lock("six==1.0"), a_file("six-1.0.tar.gz", None)))

    def test_an_upstream_cannot_pair_the_sha512_of_a_lock_with_the_sha256_of_something_else(self) -> None:
        """The file would be fetched, stored and served under its sha256, which was not compared with the lock."""
        pinned = lock(f"six==1.0 --hash={digest_of(GOOD, 'sha512')}")
        claimed = a_file("six-1.0.tar.gz", digests=frozenset({digest_of(EVIL), digest_of(GOOD, "sha512")}))
        self.assertFalse(admits(pinned, claimed))
        self.assertTrue(undecided(pinned, claimed))

    def test_a_sha512_counts_once_it_was_measured(self) -> None:
        pinned = lock(f"six==1.0 --hash={digest_of(GOOD, 'sha512')}")
        both = frozenset({digest_of(GOOD), digest_of(GOOD, "sha512")})
        self.assertTrue(admits(pinned, a_file("six-1.0.tar.gz", digests=both, measured=True)))


class IndexTests(SynchronousTestCase):
    """Where a pin has no digests, the index that a file was listed on counts; where it has some, they decide."""

    ONE, TWO = "https://one.example.org/simple", "https://two.example.org/simple"

    def admitted(self, pinned: Lock, content: bytes = GOOD) -> list[str]:
        """From which of three indexes the file is admitted."""
        file = a_file("six-1.0.tar.gz", content)
        return [index for index in ("", self.ONE, self.TWO) if admits(pinned, evolve(file, index=index))]

    def test_a_pin_without_digests_admits_no_file_of_an_index_that_it_does_not_name(self) -> None:
        self.assertEqual(self.admitted(lock("six==1.0")), [""])
        self.assertEqual(self.admitted(lock(f"--index-url {self.ONE}", "six==1.0")), [self.ONE])
        self.assertEqual(self.admitted(lock(f"--extra-index-url {self.ONE}", "six==1.0")), ["", self.ONE])

    def test_a_file_of_any_index_is_admitted_by_its_digest_and_no_other_file_is(self) -> None:
        pinned = lock(f"--index-url {self.ONE}", f"six==1.0 --hash={digest_of(GOOD)}")
        self.assertEqual(self.admitted(pinned), ["", self.ONE, self.TWO])
        self.assertEqual(self.admitted(pinned, EVIL), [])


class UndecidedTests(SynchronousTestCase):
    """A file is measured where its listing says too little, and only there."""

    def test_a_file_without_digests_is_measured(self) -> None:
        self.assertTrue(undecided(lock("six==1.0"), a_file("six-1.0.tar.gz", None)))
        self.assertTrue(undecided(lock(f"six==1.0 --hash={digest_of(GOOD)}"), a_file("six-1.0.tar.gz", None)))

    def test_a_file_of_another_version_is_never_fetched_to_be_measured(self) -> None:
        self.assertFalse(undecided(lock("six==1.0"), a_file("six-1.1.tar.gz", None)))
        self.assertFalse(undecided(lock("attrs==1.0"), a_file("six-1.0.tar.gz", None)))

    def test_a_file_with_a_sha256_is_not_measured_where_the_lock_leaves_digests_open(self) -> None:
        self.assertFalse(undecided(lock("six==1.0"), a_file("six-1.0.tar.gz", GOOD)))

    def test_a_file_whose_sha256_is_wrong_is_not_measured_where_the_lock_has_only_sha256(self) -> None:
        self.assertFalse(undecided(lock(f"six==1.0 --hash={digest_of(GOOD)}"), a_file("six-1.0.tar.gz", EVIL)))

    def test_a_claim_that_speaks_against_a_file_spares_the_download(self) -> None:
        pinned = lock(f"six==1.0 --hash={digest_of(GOOD, 'sha512')}")
        claimed = a_file("six-1.0.tar.gz", digests=frozenset({digest_of(EVIL), digest_of(EVIL, "sha512")}))
        self.assertFalse(undecided(pinned, claimed))

    def test_what_was_measured_is_decided(self) -> None:
        pinned = lock(f"six==1.0 --hash={digest_of(GOOD, 'sha512')}")
        self.assertFalse(undecided(pinned, evolve(a_file("six-1.0.tar.gz", EVIL), measured=True)))


OURS = Publisher.of({"kind": "GitHub", "repository": "six/six", "workflow": "release.yml"})
THEIRS = Publisher.of({"kind": "GitHub", "repository": "evil/six", "workflow": "release.yml"})


class IdentityTests(SynchronousTestCase):
    """A pin with identities admits the files of which one of these publishers has an attestation that was verified."""

    def setUp(self) -> None:
        plain = lock(f"six==1.0 --hash={digest_of(GOOD)}")
        self.lock = evolve(plain, pins=tuple(evolve(pin, identities=(OURS,)) for pin in plain.pins))
        self.file = a_file("six-1.0.tar.gz", GOOD, provenance="https://index.example.org/p")

    def test_the_right_bytes_without_an_attestation_are_not_admitted(self) -> None:
        self.assertFalse(admits(self.lock, self.file))

    def test_the_attestation_of_another_publisher_admits_nothing(self) -> None:
        self.assertFalse(admits(self.lock, evolve(self.file, publishers=(THEIRS,))))

    def test_the_attestation_of_the_publisher_admits_the_file(self) -> None:
        self.assertTrue(admits(self.lock, evolve(self.file, publishers=(THEIRS, OURS))))

    def test_the_attestation_of_other_bytes_admits_nothing(self) -> None:
        other = a_file("six-1.0.tar.gz", EVIL, publishers=(OURS,))
        self.assertFalse(admits(self.lock, other))

    def test_a_claim_that_the_lock_does_not_name_does_not_matter(self) -> None:
        known = Publisher.of({**OURS.members, "environment": "release"})
        self.assertTrue(admits(self.lock, evolve(self.file, publishers=(known,))))

    def test_a_claim_that_the_publisher_lacks_does(self) -> None:
        named = Publisher.of({**OURS.members, "environment": "release"})
        asking = evolve(self.lock, pins=tuple(evolve(pin, identities=(named,)) for pin in self.lock.pins))
        self.assertFalse(admits(asking, evolve(self.file, publishers=(OURS,))))

    def test_the_same_repository_elsewhere_is_another_publisher(self) -> None:
        elsewhere = evolve(OURS, kind="GitLab")
        self.assertFalse(admits(self.lock, evolve(self.file, publishers=(elsewhere,))))

    def test_it_is_not_downloaded_to_find_out(self) -> None:
        """Measuring its bytes would say nothing about who published them."""
        self.assertFalse(undecided(self.lock, self.file))
        self.assertTrue(needs_publishers(self.lock, self.file))

    def test_publishers_are_not_asked_for_where_no_pin_names_any(self) -> None:
        self.assertFalse(needs_publishers(lock("six==1.0"), self.file))
        self.assertFalse(needs_publishers(self.lock, a_file("six-1.0.tar.gz", EVIL)))
        both = evolve(self.lock, pins=(*self.lock.pins, *lock("six==1.0").pins))
        self.assertFalse(needs_publishers(both, self.file))
