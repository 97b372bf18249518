"""Which releases an advisory affects, compared with OSV's own rules and with the specifiers of PEP 440."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.model import CRATES, PYPI
from reqpi.core.advisories.ordering import VERSION_RULES
from reqpi.core.advisories.reading import AdvisoryReader
from tests.advisories import a_document, a_package, a_range, dumped

ORDER = {"introduced": 0, "last_affected": 1, "fixed": 2}

PARTS = ("", "", "", "a1", "b2", "rc1", ".post1", ".dev3", "rc1.dev2", "a1.post2.dev1")
PRERELEASES = ("", "", "", "-alpha", "-alpha.1", "-alpha.beta", "-beta.2", "-beta.11", "-rc.1", "-0.3.7")

Item = Mapping[str, Any]


class EvaluatingTests(SynchronousTestCase):
    """One package, some ranges and versions, and the releases that are affected."""

    def affected(self, item: Item, versions: Iterable[str], ecosystem: str = PYPI, name: str = "one") -> list[str]:
        index = _index(a_document("X-1", item))
        return [version for version in versions if index.affecting(ecosystem, name, version)]

    def test_a_range_ends_before_the_version_that_fixes(self) -> None:
        item = a_package("one", a_range(("introduced", "1.2"), ("fixed", "1.10")))
        self.assertEqual(self.affected(item, ("1.1", "1.2", "1.2.0", "1.9.9", "1.10", "2")), ["1.2", "1.2.0", "1.9.9"])

    def test_a_range_includes_its_last_affected_version(self) -> None:
        item = a_package("one", a_range(("introduced", "0"), ("last_affected", "2.0")))
        self.assertEqual(self.affected(item, ("0.dev1", "2", "2.0.0", "2.0.post1", "2.1")), ["0.dev1", "2", "2.0.0"])

    def test_events_come_in_any_order(self) -> None:
        item = a_package(
            "one",
            a_range(("fixed", "3"), ("introduced", "2"), ("fixed", "1"), ("introduced", "0"), ("introduced", "5")),
        )
        self.assertEqual(
            self.affected(item, ("0.1", "1", "1.5", "2", "2.9", "3", "4", "5", "6")), ["0.1", "2", "2.9", "5", "6"]
        )

    def test_nothing_is_affected_beyond_all_limits(self) -> None:
        item = a_package("one", a_range(("introduced", "1"), ("limit", "2"), ("limit", "1.5")))
        self.assertEqual(self.affected(item, ("0.9", "1", "1.9", "2", "3")), ["1", "1.9"])
        item = a_package("one", a_range(("introduced", "1"), ("limit", "*")))
        self.assertEqual(self.affected(item, ("0.9", "1", "99")), ["1", "99"])

    def test_listed_versions_are_compared_as_versions(self) -> None:
        item = a_package("one", versions=("1.0", "2.0RC1", "2013b", "v3.0"))
        self.assertEqual(
            self.affected(item, ("1", "1.0.0", "1.0.1", "2rc1", "2013B", "2013b0", "3")),
            ["1", "1.0.0", "2rc1", "2013B", "2013b0", "3"],
        )

    def test_versions_count_in_addition_to_ranges(self) -> None:
        item = a_package("one", a_range(("introduced", "2"), ("fixed", "3")), versions=("1.0",))
        self.assertEqual(self.affected(item, ("1.0", "2.5", "3")), ["1.0", "2.5"])

    def test_the_label_of_a_local_version_does_not_hide_it(self) -> None:
        """``torch==2.1.0+cpu`` is another build of 2.1.0."""
        builds = ("2.1.0+cpu", "2.1.1+cpu")
        for item in (
            a_package("one", versions=("2.1.0",)),
            a_package("one", a_range(("introduced", "2"), ("last_affected", "2.1.0"))),
            a_package("one", a_range(("introduced", "2"), ("fixed", "2.1.1"))),
        ):
            self.assertEqual(self.affected(item, builds), ["2.1.0+cpu"])

    def test_a_local_version_can_be_the_one_that_fixes(self) -> None:
        item = a_package("one", a_range(("introduced", "0"), ("fixed", "2.1.0+patched.2")))
        versions = ("2.1.0", "2.1.0+patched.1", "2.1.0+patched.2", "2.1.1")
        self.assertEqual(self.affected(item, versions), ["2.1.0", "2.1.0+patched.1"])

    def test_a_text_that_is_no_version_is_affected_from_the_beginning_on(self) -> None:
        """A pin with ``===``: OSV sorts such a version before all others."""
        item = a_package("one", a_range(("introduced", "0"), ("fixed", "1.0")))
        self.assertEqual(self.affected(item, ("dog-1.0",)), ["dog-1.0"])
        self.assertEqual(self.affected(a_package("one", versions=("Dog-1.0",)), ("dog-1.0", "cat")), ["dog-1.0"])

    def test_a_bound_that_cannot_be_read_makes_a_range_longer(self) -> None:
        item = a_package("one", a_range(("introduced", "x y"), ("fixed", "x z")))
        self.assertEqual(self.affected(item, ("0.1", "9")), ["0.1", "9"])

    def test_ranges_of_commits_are_no_versions(self) -> None:
        item = a_package("one", a_range(("introduced", "0"), kind="GIT"))
        self.assertEqual(self.affected(item, ("1.0",)), [])

    def test_crates_are_compared_by_semver(self) -> None:
        item = a_package(
            "one_two", a_range(("introduced", "1.0.0-0"), ("fixed", "1.10.0"), kind="SEMVER"), ecosystem=CRATES
        )
        versions = ("0.9.0", "1.0.0-alpha", "1.0.0", "1.9.0+build.5", "1.10.0-rc.1", "1.10.0", "1.10.0+x")
        expected = ["1.0.0-alpha", "1.0.0", "1.9.0+build.5", "1.10.0-rc.1"]
        self.assertEqual(self.affected(item, versions, CRATES, "one_two"), expected)
        self.assertEqual(self.affected(item, versions, CRATES, "One-Two"), expected)
        self.assertEqual(self.affected(item, versions, PYPI, "one-two"), [])

    def test_it_agrees_with_the_rules_of_osv(self) -> None:
        """Three hundred ranges with a dozen versions each, for each ecosystem."""
        for ecosystem, version, key in ((PYPI, _pypi, Version), (CRATES, _crate, VERSION_RULES[CRATES].key)):
            chance = random.Random(ecosystem)
            for _ in range(300):
                ranges = [_random_range(chance, version) for _ in range(chance.choice((1, 1, 2)))]
                listed = [version(chance) for _ in range(chance.choice((0, 0, 2)))]
                asked = [version(chance) for _ in range(12)]
                item = a_package("one", *ranges, versions=listed, ecosystem=ecosystem)
                expected = [each for each in asked if _by_the_rules(item, each, key)]
                self.assertEqual(self.affected(item, asked, ecosystem), expected, item)

    def test_it_agrees_with_specifiers(self) -> None:
        """A range from one version to another is a specifier set, for local versions too."""
        chance = random.Random(440)
        ends = (("fixed", "<"), ("last_affected", "<="))
        for _ in range(300):
            first, last = sorted((_pypi(chance), _pypi(chance)), key=Version)
            kind, sign = chance.choice(ends)
            if Version(first) == Version(last) and kind == "fixed":
                continue
            asked = [f"{_pypi(chance)}{chance.choice(('', '+cpu'))}" for _ in range(12)]
            specifier = SpecifierSet(f">={first}", prereleases=True), f"{sign}{last}"
            item = a_package("one", a_range(("introduced", first), (kind, last)))
            expected = [each for each in asked if specifier[0].contains(each) and _ends(each, specifier[1])]
            self.assertEqual(self.affected(item, asked), expected, item)


def _ends(version: str, specifier: str) -> bool:
    """Return whether a version is below an end: ``<`` of PEP 440 excludes the prereleases of the end, OSV does not."""
    end = Version(specifier.lstrip("<="))
    return Version(version) < end if specifier[1] != "=" else Version(Version(version).public) <= end


def _by_the_rules(item: Item, version: str, key: Callable[[str], Any]) -> bool:
    """Evaluate an advisory as the pseudo-code of OSV's schema does."""
    listed = any(key(each) == key(version) for each in item["versions"])
    return listed or any(_in_range(each["events"], version, key) for each in item["ranges"])


def _in_range(events: Sequence[Item], version: str, key: Callable[[str], Any]) -> bool:
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and not any(key(version) < key(limit) for limit in limits):
        return False
    vulnerable = False
    pairs = [next(iter(event.items())) for event in events if "limit" not in event]
    first = [(kind, each) for kind, each in pairs if each == "0"]
    rest = sorted((pair for pair in pairs if pair[1] != "0"), key=lambda pair: (key(pair[1]), ORDER[pair[0]]))
    for kind, each in (*first, *rest):
        if kind == "introduced" and (each == "0" or key(version) >= key(each)):
            vulnerable = True
        elif (kind == "fixed" and key(version) >= key(each)) or (kind == "last_affected" and key(version) > key(each)):
            vulnerable = False
    return vulnerable


def _random_range(chance: random.Random, version: Callable[[random.Random], str]) -> Item:
    kinds = [
        "introduced",
        *(chance.choice(("introduced", "fixed", "last_affected")) for _ in range(chance.randint(0, 4))),
    ]
    events = [(kind, version(chance)) for kind in kinds]
    if chance.random() < 0.3:
        events[0] = ("introduced", "0")
    if chance.random() < 0.2:
        events.append(("limit", version(chance)))
    chance.shuffle(events)
    return a_range(*events)


def _pypi(chance: random.Random) -> str:
    numbers = ".".join(str(chance.randint(0, 3)) for _ in range(chance.randint(1, 3)))
    epoch = "1!" if chance.random() < 0.05 else ""
    return f"{epoch}{'1' if numbers == '0' else numbers}{chance.choice(PARTS)}"


def _crate(chance: random.Random) -> str:
    numbers = ".".join(str(chance.randint(0, 3)) for _ in range(3))
    return f"{numbers}{chance.choice(PRERELEASES)}{chance.choice(('', '', '+build.7'))}"


def _index(*documents: Mapping[str, Any]) -> AdvisoryIndex:
    reader = AdvisoryReader()
    return AdvisoryIndex.of(reader.read(dumped(document)) for document in documents)
