"""Crates as components of an SBOM: their purls, what needs what, and the annotations of Hermeto."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.crates.model import Crate, GitCrate, LocalCrate
from reqpi.core.crates.reading import cargo_lock
from reqpi.core.crates.sbom import (
    CARGO,
    GENERATED,
    ComponentCrates,
    main_package,
    purl_of_crate,
    with_committed,
    with_crates,
)
from reqpi.core.crates.sdist import SdistCargoLock
from reqpi.core.diff import changes, contents_of_sbom
from reqpi.core.model import Digest
from reqpi.core.report import Document
from reqpi.core.sbom import Component, Sbom, cyclonedx, merged, spdx
from reqpi.core.sbom.reading import read_sbom
from tests.core.locks.cargo_table import COMMIT, A, B, lock, needs, package
from tests.core.sbom.valid import flaws_of_cyclonedx, flaws_of_spdx

ONE, TWO = f"pkg:cargo/one@1.0.0?checksum={A}", f"pkg:cargo/two@1.0.0?checksum={B}"
SDIST = "pkg:pypi/orjson@3.9.9"
EMPTY = Sbom("k", components=(Component(SDIST, "orjson", "3.9.9"), Component("pkg:pypi/six@1", "six", "1")))
MINE = package("orjson", "3.9.9", "", "", needs("one"))
LOCK = cargo_lock(lock(package("one", more=needs("two")), package("two", checksum=B), MINE))


def edges_of(document: bytes, main: str = "mine") -> set[tuple[str, str]]:
    """The edges of an SBOM with the crates of a document; crates without their qualifiers."""
    made = with_crates(EMPTY, [ComponentCrates(cargo_lock(document), SDIST, main)])
    return {
        (one.partition("?")[0].rpartition("/")[2], two.partition("?")[0].rpartition("/")[2]) for one, two in made.edges
    }


def digests_of(sbom: Sbom) -> dict[str, set[Digest]]:
    """The digests of each component, whose files have no URL."""
    named = (each for each in sbom.components if each.purl)
    return {each.purl: {digest for file in each.artifacts for digest in file.digests} for each in named}


class PurlTests(SynchronousTestCase):
    """The identifiers are those that Hermeto writes: the checksum is hex digits alone."""

    def test_each_kind(self) -> None:
        purls = {
            Crate("cfg-if", "1.0.0", A): f"pkg:cargo/cfg-if@1.0.0?checksum={A}",
            Crate("Cfg_If", "1.0.0+x", A): f"pkg:cargo/Cfg_If@1.0.0%2Bx?checksum={A}",
            Crate("one", "1.0.0", A, "registry+https://example.org/index"): "pkg:cargo/one@1.0.0?checksum="
            f"{A}&repository_url=https://example.org/index",
            Crate("one", "1.0.0", A, "sparse+https://example.org/"): f"pkg:cargo/one@1.0.0?checksum={A}&repository_url="
            "sparse%2Bhttps://example.org/",
            GitCrate("one", "1.0.0", "https://example.org/one.git", COMMIT, "branch=x"): "pkg:cargo/one@1.0.0?vcs_url="
            f"git%2Bhttps://example.org/one.git%40{COMMIT}",
            LocalCrate("one", "1.0.0"): "pkg:cargo/one@1.0.0",
        }
        self.assertEqual({crate: purl_of_crate(crate) for crate in purls}, purls)


class EdgeTests(SynchronousTestCase):
    """The sdist reaches every crate."""

    def test_the_sdist_stands_for_its_own_package(self) -> None:
        made = with_crates(EMPTY, [ComponentCrates(LOCK, SDIST, "orjson")])
        self.assertEqual([each.purl for each in made.components], sorted([ONE, TWO, SDIST, "pkg:pypi/six@1"]))
        self.assertEqual(made.edges, ((ONE, TWO), (SDIST, ONE)))
        self.assertEqual(made.tops, (SDIST, "pkg:pypi/six@1"))

    def test_members_of_a_workspace_are_components(self) -> None:
        """As Hermeto has them; the sdist needs those that no other member needs."""
        member = package("core", "0.1.0", "", "", needs("one"))
        document = lock(package("one"), member, package("py", "0.1.0", "", "", needs("core")))
        found = edges_of(document)
        self.assertEqual(found, {("orjson@3.9.9", "py@0.1.0"), ("py@0.1.0", "core@0.1.0"), ("core@0.1.0", "one@1.0.0")})

    def test_crates_that_need_each_other_are_reached(self) -> None:
        """Development dependencies may lead back; a crate that nothing needs is the sdist's own."""
        document = lock(package("one", more=needs("two")), package("two", more=needs("one")), package("three"))
        top = {("orjson@3.9.9", "one@1.0.0"), ("orjson@3.9.9", "three@1.0.0")}
        self.assertEqual(edges_of(document), top | {("one@1.0.0", "two@1.0.0"), ("two@1.0.0", "one@1.0.0")})

    def test_a_crate_of_two_sdists_is_one_component(self) -> None:
        made = with_crates(
            EMPTY, [ComponentCrates(LOCK, SDIST, "orjson"), ComponentCrates(LOCK, "pkg:pypi/six@1", "orjson")]
        )
        self.assertEqual(len(made.components), 4)
        self.assertEqual(made.edges, ((ONE, TWO), (SDIST, ONE), ("pkg:pypi/six@1", ONE)))

    def test_a_committed_lock_has_no_sdist(self) -> None:
        made = with_crates(EMPTY, [ComponentCrates(LOCK)])
        self.assertEqual(made.edges, ((ONE, TWO), ("pkg:cargo/orjson@3.9.9", ONE)))
        self.assertEqual(with_crates(EMPTY, [ComponentCrates(LOCK, "pkg:pypi/unknown@1")]), made)

    def test_nothing_changes_without_crates(self) -> None:
        self.assertEqual(with_crates(EMPTY, []), EMPTY)


class MainPackageTests(SynchronousTestCase):
    """The package that is the sdist itself, as Hermeto determines it."""

    def test_each_manifest(self) -> None:
        for manifest, name in {
            b'[package]\nname = "orjson"\n': "orjson",
            b'[workspace.package]\nname = "no"\n': "orjson-3.9",
            b"[package]\nname = 1\n": "orjson-3.9",
            b"package = 1\n": "orjson-3.9",
            b"\xff": "orjson-3.9",
            b"a" + b".a" * 100_000 + b" = 1": "orjson-3.9",
            None: "orjson-3.9",
        }.items():
            self.assertEqual(main_package(SdistCargoLock("orjson-3.9.9/Cargo.lock", b"", manifest)), name)
        self.assertEqual(main_package(SdistCargoLock("x/src/_rs/Cargo.lock", b"")), "_rs")


class DocumentTests(SynchronousTestCase):
    """CycloneDX and SPDX."""

    def setUp(self) -> None:
        git = package("lib", source=f"git+https://example.org/lib#{COMMIT}", checksum="")
        committed = ComponentCrates(cargo_lock(lock(git)))
        self.made = with_crates(EMPTY, [ComponentCrates(LOCK, SDIST, "orjson"), committed], annotate=True)

    def test_both_formats_are_valid_and_read_again(self) -> None:
        self.assertEqual(flaws_of_cyclonedx(cyclonedx(self.made)), [])
        self.assertEqual(flaws_of_spdx(spdx(self.made)), [])
        for write in (cyclonedx, spdx):
            read = read_sbom(write(self.made)).sbom
            self.assertEqual(digests_of(read), digests_of(self.made), write)
            self.assertLessEqual(set(self.made.edges), set(read.edges))

    def test_annotations_name_the_backend(self) -> None:
        said = {each.name: each.annotations for each in self.made.components}
        self.assertEqual(said, {"one": (CARGO,), "two": (CARGO,), "lib": (CARGO,), "orjson": (), "six": ()})
        self.assertFalse(any(each.annotations for each in with_crates(EMPTY, [ComponentCrates(LOCK)]).components))

    def test_nothing_says_that_a_crate_is_a_wheel(self) -> None:
        self.assertNotIn(b"pip:package", cyclonedx(self.made) + spdx(self.made))

    def test_merging_keeps_crates(self) -> None:
        other = with_crates(EMPTY, [ComponentCrates(cargo_lock(lock(package("four"))))])
        names = [component.name for component in merged([self.made, other]).components]
        self.assertEqual(sorted(names), ["four", "lib", "one", "orjson", "six", "two"])

    def test_a_crate_and_a_project_of_one_name_are_two(self) -> None:
        """orjson is a project of the index, and may be a crate."""
        without = with_crates(EMPTY, [ComponentCrates(cargo_lock(lock(package("orjson"), package("Six"))))])
        for write in (cyclonedx, spdx):
            found = changes(contents_of_sbom(write(EMPTY)), contents_of_sbom(write(without)))
            self.assertEqual([each.project for each in found], ["cargo:Six", "cargo:orjson"])


class CommittedTests(SynchronousTestCase):
    """The crates of a committed Cargo.lock are listed in the SBOM of an address."""

    def test_they_are_components(self) -> None:
        whole = locks.read_together([Document("a.txt", b"six==1\n"), Document("Cargo.lock", lock(package("one")))])
        self.assertEqual([each.name for each in with_committed(EMPTY, whole).components], ["one", "orjson", "six"])
        self.assertEqual(with_committed(EMPTY, locks.read(b"six==1\n")), EMPTY)


class GeneratedTests(SynchronousTestCase):
    """A lock that cargo made during the fetch is noted, as Hermeto does."""

    def test_each_crate_of_a_generated_lock_says_so_in_every_format(self) -> None:
        """That another lock pins one of them too changes nothing."""
        own = cargo_lock(lock(package("two", checksum=B)))
        needed = [ComponentCrates(LOCK, SDIST, "orjson", generated=True), ComponentCrates(own, "pkg:pypi/six@1")]
        made = with_crates(EMPTY, needed, annotate=True)
        for write in (cyclonedx, spdx):
            read = read_sbom(write(made)).sbom
            annotated = {each.purl for each in read.components if GENERATED in each.annotations}
            self.assertEqual(annotated, {ONE, TWO})
        self.assertNotIn(GENERATED.encode(), cyclonedx(with_crates(EMPTY, needed[1:], annotate=True)))
