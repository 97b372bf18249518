"""The line of an index that is made from a crate is the one that a registry has."""

from __future__ import annotations

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.claims import differences
from reqpi.core.crates.crate_archive import BrokenCrate, CrateFile, crate_files
from reqpi.core.crates.index import read_index
from reqpi.core.crates.local_registry import index_line, read_manifest
from reqpi.core.crates.model import Crate
from tests.crates_registry import MadeCrate, build_crate

DATA = Path(__file__).parents[2] / "data" / "crates"


def as_crate(made: MadeCrate) -> Crate:
    return Crate(made.name, made.version, made.sha256)


def line_of(made: MadeCrate) -> bytes:
    crate = as_crate(made)
    return index_line(read_manifest(crate_files(made.content, crate), crate), crate)


class IndexLineTests(SynchronousTestCase):
    """Cargo.toml in, line out."""

    def test_the_manifest_of_a_published_crate_gives_the_line_of_its_registry(self) -> None:
        """Made by cargo package and cargo's own index for it."""
        published = json.loads((DATA / "b.index").read_bytes())
        crate = Crate("b", published["vers"], published["cksum"])
        manifest = read_manifest([CrateFile("Cargo.toml", (DATA / "b.Cargo.toml").read_bytes())], crate)
        line = index_line(manifest, crate)
        [read] = read_index(line, "b").values()
        self.assertEqual(differences(read, (DATA / "b.Cargo.toml").read_bytes()), ())
        made = json.loads(line)
        self.assertEqual((made["features2"], made["v"]), ({"weak": ["renamed?/std", "dep:renamed"]}, 2))
        self.assertEqual(made["features"], {"plain": ["weak"]})
        renamed = next(dep for dep in made["deps"] if dep["name"] == "renamed")
        self.assertEqual((renamed["package"], renamed["optional"], renamed["req"]), ("a-one", True, "1.2"))
        kinds = sorted((dep["kind"], dep["name"]) for dep in made["deps"])
        self.assertEqual(kinds, sorted((dep["kind"], dep["name"]) for dep in published["deps"]))

    def test_a_made_crate_gives_the_line_that_the_tests_registry_has(self) -> None:
        made = build_crate("some-crate", "1.2.3", {"other": "^1"}, features={"std": []})
        [read] = read_index(line_of(made), "some-crate").values()
        self.assertEqual((read.vers, read.cksum), ("1.2.3", made.sha256))
        self.assertEqual(json.loads(made.line)["deps"][0]["name"], json.loads(read.text)["deps"][0]["name"])

    def test_the_native_library_that_a_crate_links_is_in_its_line(self) -> None:
        manifest = b'[package]\nname = "some-sys"\nversion = "1.0.0"\nlinks = "some"\nrust-version = "1.70"\n'
        line = json.loads(line_of(build_crate("some-sys", "1.0.0", files={"Cargo.toml": manifest})))
        self.assertEqual((line["links"], line["rust_version"]), ("some", "1.70"))

    def test_a_manifest_that_is_not_that_of_the_crate_is_refused(self) -> None:
        for manifest in (
            b'[package]\nname = "other"\nversion = "1.0.0"\n',
            b'[package]\nname = "some"\nversion = "1.0.1"\n',
            b"[package]\n",
            b"package = 1\n",
            b"not toml",
            b"\xff",
            b'[package]\nname = "some"\nversion = "1.0.0"\n[features]\na = 1\n',
            b'[package]\nname = "some"\nversion = "1.0.0"\n[dependencies]\na = 1\n',
            b'[package]\nname = "some"\nversion = "1.0.0"\n[target]\na = 1\n',
            b"a = " + b"[" * 10_000,
        ):
            with self.subTest(manifest=manifest[:40]), self.assertRaises(BrokenCrate):
                line_of(build_crate("some", "1.0.0", files={"Cargo.toml": manifest}))

    def test_build_metadata_of_a_version_may_differ(self) -> None:
        """Cargo ignores it when it compares versions."""
        manifest = b'[package]\nname = "some"\nversion = "1.0.0+own"\n'
        self.assertEqual(json.loads(line_of(build_crate("some", "1.0.0", files={"Cargo.toml": manifest})))["deps"], [])
