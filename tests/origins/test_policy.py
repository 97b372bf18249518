"""What a lock may name is what the operator named, and a lock that names something else is told what there is."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.errors import Defect
from reqpi.model import Archive, Digest, Git, Lock, Pin
from reqpi.origins.hosts import Hosts
from reqpi.origins.nowhere import Nowhere
from reqpi.origins.outside import Outside

DEFAULT, EXTRA = "https://me:secret@one.example/simple/", "https://two.example:443/simple"
OUTSIDE = Outside(
    DEFAULT, {"extra": EXTRA}, built_in="https://builtin.example/simple", hosts=Hosts.read(["git.example"], "")
)


def pin(name: str, *indexes: str, source: Archive | Git | None = None, line: int = 1, document: str = "") -> Pin:
    return Pin(canonicalize_name(name), "1.0", indexes=indexes, source=source, line=line, text=name, document=document)


def refused(*pins: Pin, outside: Outside = OUTSIDE) -> tuple[Defect, ...]:
    return outside.policy.refuses(Lock(b"", "requirements.txt", pins))


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
        named = Outside(DEFAULT, {"own": url}, built_in=url).policy
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
        [defect] = refused(pin("a", EXTRA), outside=Outside())
        self.assertIn("there is none", defect.advice)


class HostTests(SynchronousTestCase):
    """Archives and repositories."""

    def test_every_pin_of_a_host_that_is_not_allowed_is_a_defect(self) -> None:
        """With what the operator could do."""
        digests = frozenset({Digest("sha256", "0" * 64)})
        defects = refused(
            pin("a", source=Archive("https://files.example/a.tar.gz", digests), line=1),
            pin("b", source=Git("https://git.example/b", "ab" * 20), line=2),
            pin("c", source=Git("https://git.example:8443/c", "ab" * 20), line=3),
        )
        self.assertEqual([defect.line for defect in defects], [1, 3])
        self.assertIn("--allow-host files.example", defects[0].advice)
        self.assertIn("--allow-host git.example:8443", defects[1].advice)

    def test_there_is_an_end_to_them(self) -> None:
        """Nobody mends more at a time."""
        source = Git("https://files.example/b", "ab" * 20)
        self.assertEqual(len(refused(*(pin("a", source=source, line=n) for n in range(5000)))), 1000)


class OfflineTests(SynchronousTestCase):
    """``--offline``."""

    def test_the_policy_is_the_same(self) -> None:
        """A lock does not become another by the network's being away."""
        lock = Lock(b"", "requirements.txt", (pin("a", "https://three.example/"), pin("b", EXTRA)))
        self.assertEqual(Nowhere(OUTSIDE.policy).refuses(lock), OUTSIDE.policy.refuses(lock))
        self.assertEqual(len(Nowhere(OUTSIDE.policy).refuses(lock)), 1)
