"""A lock may name what the operator named; the message about anything else lists that."""

from __future__ import annotations

from attrs import evolve
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import NotAllowed
from reqpi.core.interfaces import Indexes
from reqpi.core.model import Archive, Digest, Git, Lock, Pin
from reqpi.core.report import Defect
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.allowed.own_addresses import Here
from reqpi.upstream.offline import Offline

DEFAULT, EXTRA = "https://me:secret@one.example/simple/", "https://two.example:443/simple"
OUTSIDE = AllowedUpstreams(
    DEFAULT, {"extra": EXTRA}, built_in="https://builtin.example/simple", hosts=Hosts.read(["git.example"], "")
)


def pin(name: str, *indexes: str, source: Archive | Git | None = None, line: int = 1, document: str = "") -> Pin:
    return Pin(canonicalize_name(name), "1.0", indexes=indexes, source=source, line=line, text=name, document=document)


def refused(*pins: Pin, outside: AllowedUpstreams = OUTSIDE) -> tuple[Defect, ...]:
    return outside.policy.denies(Lock(b"", "requirements.txt", pins))


class IndexTests(SynchronousTestCase):
    """``--index-url`` and the like."""

    def test_an_upstream_is_known_in_every_spelling(self) -> None:
        """Its password is no part of it."""
        for url in (
            "https://one.example/simple",
            "https://ONE.example:443/simple//",
            EXTRA,
            "https://two.example/simple/",
        ):
            self.assertEqual(refused(pin("a", url)), (), url)
        self.assertEqual(refused(pin("a")), ())

    def test_the_index_that_pip_has_built_in_stands_for_the_default_one(self) -> None:
        """uv.lock names it always."""
        url = "https://builtin.example/simple"
        self.assertEqual(refused(pin("a", url)), ())
        policy = OUTSIDE.policy
        self.assertEqual(policy.upstream(url), policy.upstream(""))
        named = AllowedUpstreams(DEFAULT, {"own": url}, built_in=url).policy
        self.assertNotEqual(named.upstream(url), named.upstream(""))

    def test_another_is_a_defect_that_names_those_there_are(self) -> None:
        """Without passwords."""
        [defect] = refused(pin("a", "https://me:secret@three.example/simple?token=secret", line=7, document="a.txt"))
        self.assertEqual((defect.line, defect.document, defect.text), (7, "a.txt", "a"))
        self.assertIn("https://three.example/simple is not among", defect.problem)
        for words in ("https://one.example/simple", "extra (https://two.example:443/simple)", "--upstream NAME=URL"):
            self.assertIn(words, defect.advice)
        self.assertNotIn("secret", str(defect))

    def test_nearly_the_same_is_another(self) -> None:
        """Plain http, another port, another path, a longer host."""
        for url in (
            *("http://one.example/simple", "https://one.example:8443/simple", "https://one.example/simple/x"),
            *("https://one.example.org/simple", "https://one.example/", "https://one.example/Simple", "https://[", "x"),
        ):
            self.assertEqual(len(refused(pin("a", url))), 1, url)

    def test_it_is_told_once_for_each_document(self) -> None:
        """And not once for each of 300 pins."""
        pins = [pin(f"p{n}", "https://three.example/", line=n, document=doc) for doc in ("a", "b") for n in range(300)]
        self.assertEqual([(each.document, each.line) for each in refused(*pins)], [("a", 0), ("b", 0)])

    def test_without_any_upstream_that_is_said(self) -> None:
        """Offline, on a host without pip."""
        [defect] = refused(pin("a", EXTRA), outside=AllowedUpstreams())
        self.assertIn("there is none", defect.advice)


DIGEST = frozenset({Digest("sha256", "0" * 64)})


class ForeignTests(SynchronousTestCase):
    """An index that the operator does not have, and pins with digests."""

    def test_a_pin_with_a_digest_may_name_any(self) -> None:
        """It is looked for at the operator's, by its digest."""
        foreign = evolve(pin("a", "https://three.example/"), digests=DIGEST)
        self.assertEqual(refused(foreign), ())
        self.assertEqual(OUTSIDE.policy.indexes_for(foreign), Indexes((), ("", EXTRA)))

    def test_no_form_of_a_lock_has_a_foreign_index_asked(self) -> None:
        """Whatever else it contains."""
        for named in (["https://three.example/"], [EXTRA, "https://three.example/"], ["https://[", "x", ""]):
            indexes = OUTSIDE.policy.indexes_for(evolve(pin("a", *named), digests=DIGEST))
            self.assertEqual(
                {OUTSIDE.policy.upstream(index) is None for index in (*indexes.named, *indexes.further)}, {False}
            )

    def test_the_operators_own_indexes_are_each_asked_once(self) -> None:
        """The default one has two spellings."""
        known = evolve(pin("a", "https://one.example/simple", "https://three.example"), digests=DIGEST)
        self.assertEqual(OUTSIDE.policy.indexes_for(known), Indexes(("https://one.example/simple",), (EXTRA,)))

    def test_one_note_for_each_index(self) -> None:
        """Without passwords, and whatever the number of pins."""
        pins = [evolve(pin(f"p{n}", "https://me:secret@three.example/"), digests=DIGEST) for n in range(300)]
        [note] = OUTSIDE.policy.notes(Lock(b"", "uv.lock", tuple(pins)))
        self.assertIn(
            "https://three.example/ is not contacted: the files of p0, p1, p2, p3, p4 and 295 more", note.message
        )
        self.assertNotIn("secret", str(note))


class HostTests(SynchronousTestCase):
    """Archives and repositories."""

    PINS = (
        pin("a", source=Archive("https://files.example/a.tar.gz", DIGEST), line=1),
        pin("b", source=Git("https://git.example/b", "ab" * 20), line=2),
        pin("c", source=Git("https://git.example:8443/c", "ab" * 20), line=3),
        pin("d", source=Git("https://git.example:8443/d", "ab" * 20), line=4),
    )

    def test_a_host_that_is_not_allowed_is_a_note(self) -> None:
        """With what the operator could do, once for each host."""
        self.assertEqual(refused(*self.PINS), ())
        notes = OUTSIDE.policy.notes(Lock(b"", "requirements.txt", self.PINS))
        self.assertEqual([note.line for note in notes], [1, 3])
        self.assertIn("--allow-host files.example", notes[0].message)
        self.assertIn("c and d", notes[1].message)
        self.assertIn("--allow-host git.example:8443", notes[1].message)

    def test_nothing_is_taken_from_it(self) -> None:
        """The reason names the option, in upper and lower case as it is written."""
        source = Git("https://Files.example/b", "ab" * 20)
        error = self.assertRaises(NotAllowed, OUTSIDE.policy.allow, pin("b", source=source), source)
        self.assertIn("b is not served: nothing is taken from Files.example", error.title)
        self.assertIn("Start the server with --allow-host Files.example", error.detail)
        self.assertRaises(Denied, OUTSIDE.policy.check, source.url)

    def test_there_is_an_end_to_defects_and_notes(self) -> None:
        """No one fixes more at a time."""
        wrong = [pin("a", source=Git("http://files.example/b", "ab" * 20), line=n) for n in range(5000)]
        self.assertEqual(len(refused(*wrong)), 1000)
        many = [pin("a", source=Git(f"https://h{n}.example/b", "ab" * 20), line=n) for n in range(5000)]
        self.assertEqual(len(OUTSIDE.policy.notes(Lock(b"", "requirements.txt", tuple(many)))), 1000)


class LocalTests(SynchronousTestCase):
    """The user is the operator: what a lock names on the public internet needs no option."""

    LOCAL = evolve(OUTSIDE, local=True)

    def test_sources_are_allowed_with_a_note(self) -> None:
        """One for each host."""
        lock = Lock(b"", "requirements.txt", HostTests.PINS)
        notes = [note.message for note in self.LOCAL.policy.notes(lock)]
        self.assertEqual(
            notes,
            [
                "a: taken from files.example, as the lock names it",
                "c and d: taken from git.example:8443, as the lock names it",
            ],
        )
        for each in HostTests.PINS:
            assert each.source is not None
            self.LOCAL.policy.allow(each, each.source)
            self.LOCAL.policy.check(each.source.url)

    def test_an_index_is_asked_in_the_order_of_the_lock(self) -> None:
        """And, where there are digests, after the operator's own."""
        named = pin("a", "https://one.example/simple", "https://three.example/simple")
        self.assertEqual(refused(named, outside=self.LOCAL), ())
        self.assertEqual(self.LOCAL.policy.indexes_for(named), Indexes(named.indexes))
        hashed = evolve(named, digests=DIGEST)
        self.assertEqual(
            self.LOCAL.policy.indexes_for(hashed),
            Indexes(("https://one.example/simple",), (EXTRA, "https://three.example/simple")),
        )
        [note] = self.LOCAL.policy.notes(Lock(b"", "uv.lock", (hashed,)))
        self.assertIn("/simple is asked for those files of a that no other upstream has, as the lock", note.message)
        [note] = self.LOCAL.policy.notes(Lock(b"", "requirements.txt", (named,)))
        self.assertEqual(note.message, "https://three.example/simple is asked for a, as the lock names it")
        self.assertEqual(note.level, "note")

    def test_plain_http_needs_the_option(self) -> None:
        """Anyone along the path could answer."""
        [defect] = refused(pin("a", "http://three.example/simple"), outside=self.LOCAL)
        self.assertIn("add --upstream NAME=URL", defect.advice)
        self.assertNotIn("operator", str(defect))
        hashed = evolve(pin("a", "http://three.example/simple"), digests=DIGEST)
        self.assertNotIn("http://three.example/simple", self.LOCAL.policy.indexes_for(hashed).further)

    def test_an_address_of_an_earlier_run_is_the_default_index(self) -> None:
        """It was on another port."""
        here = evolve(self.LOCAL, here=Here(loopback=True)).policy
        index = f"http://127.0.0.1:50123/{'a' * 64}/simple"
        self.assertEqual(here.upstream(index), here.upstream(""))
        self.assertIsNone(here.upstream(f"http://10.0.0.1:50123/{'a' * 64}/simple"))


class OfflineTests(SynchronousTestCase):
    """``--offline``."""

    def test_the_policy_is_the_same(self) -> None:
        """A lock does not become another by the network's being away."""
        lock = Lock(b"", "requirements.txt", (pin("a", "https://three.example/"), pin("b", EXTRA)))
        self.assertEqual(Offline(OUTSIDE.policy).denies(lock), OUTSIDE.policy.denies(lock))
        self.assertEqual(len(Offline(OUTSIDE.policy).denies(lock)), 1)
