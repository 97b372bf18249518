"""A line of an index is compared with the Cargo.toml of its crate: what cargo writes agrees, and each lie is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.claims import differences
from reqpi.core.crates.index import IndexLine, read_index
from tests.crates_registry import build_crate

DATA = Path(__file__).parents[2] / "data" / "crates"
(LINE,) = read_index((DATA / "b.index").read_bytes(), "b").values()
MANIFEST = (DATA / "b.Cargo.toml").read_bytes()


def changed(**members: Any) -> IndexLine:
    """The line with other members."""
    return IndexLine(LINE.vers, LINE.cksum, json.dumps(json.loads(LINE.text) | members))


def with_dependency(number: int, **members: Any) -> IndexLine:
    """The line with other members in one of its dependencies."""
    deps = json.loads(LINE.text)["deps"]
    deps[number] |= members
    return changed(deps=deps)


class AgreementTests(SynchronousTestCase):
    """What cargo 1.95 writes for one crate, in both places."""

    def test_renamed_optional_build_and_platform_dependencies_agree(self) -> None:
        self.assertEqual(differences(LINE, MANIFEST), ())

    def test_development_dependencies_are_not_compared(self) -> None:
        deps = [each for each in json.loads(LINE.text)["deps"] if each["kind"] != "dev"]
        self.assertEqual(differences(changed(deps=deps), MANIFEST), ())

    def test_new_features_may_stand_in_a_member_of_their_own(self) -> None:
        """Registries put those with `dep:` and `?` there, for older versions of cargo."""
        weak = {"weak": ["dep:renamed", "renamed?/std"]}
        self.assertEqual(differences(changed(features={"plain": ["weak"]}, features2=weak), MANIFEST), ())

    def test_an_implied_feature_may_stand_in_the_line(self) -> None:
        features = json.loads(LINE.text)["features"] | {"other": ["dep:other"]}
        self.assertEqual(differences(changed(features=features), MANIFEST), ())

    def test_requirements_are_compared_by_their_meaning(self) -> None:
        pairs = {"1": "^1", "1.x": "1.*", ">= 1 , <2": ">=1, <2", "=1.0.0": "=1.0.0", "*": "*", "~1.2": "~1.2"}
        for stated, listed in pairs.items():
            manifest = f'[package]\nname = "x"\nversion = "1.0.0"\n[dependencies]\ny = "{stated}"\n'
            deps = [{"name": "y", "req": listed}]
            line = IndexLine("1.0.0", "", json.dumps({"name": "x", "vers": "1.0.0", "deps": deps}))
            self.assertEqual(differences(line, manifest.encode()), (), stated)

    def test_the_crates_of_the_tests_agree(self) -> None:
        crate = build_crate("words", "1.0.0", {"letters": "1"}, features={"default": []})
        manifest = (
            b'[package]\nname = "words"\nversion = "1.0.0"\n[dependencies]\nletters = "1"\n[features]\ndefault = []\n'
        )
        (line,) = read_index(crate.line, "words").values()
        self.assertEqual(differences(line, manifest), ())


class DifferenceTests(SynchronousTestCase):
    """Each lie is one sentence that says where."""

    def test_each_difference_is_named(self) -> None:
        deps = json.loads(LINE.text)["deps"]
        added = {"name": "evil", "req": "^1", "features": [], "optional": False, "default_features": True}
        lies = {
            changed(deps=[*deps, added]): "the dependency evil is in the index only",
            changed(deps=deps[1:]): "the dependency renamed is in the Cargo.toml only",
            with_dependency(0, req="^1.3"): "the dependency renamed differs: req is ^1.3 in the index and ^1.2 in the "
            "Cargo.toml",
            with_dependency(0, optional=False): "the dependency renamed differs: optional is false in the index and "
            "true in the Cargo.toml",
            with_dependency(0, default_features=True): "the dependency renamed differs: default_features is true in "
            "the index and false in the Cargo.toml",
            with_dependency(0, features=["std"]): "the dependency renamed differs: features is [std] in the index and "
            "[std, x] in the Cargo.toml",
            with_dependency(0, package="a-two"): "the dependency renamed differs: package is a-two in the index and "
            "a-one in the Cargo.toml",
            with_dependency(2, req="*"): "the build dependency a-one differs: req is * in the index and >=1.0, <2 in "
            "the Cargo.toml",
            changed(features={"plain": ["weak"]}): "the feature weak is missing in the index and [dep:renamed, "
            "renamed?/std] in the Cargo.toml",
            changed(vers="9.0.0"): "the version is 9.0.0 in the index and 0.1.0-rc.1+b in the Cargo.toml",
        }
        self.assertEqual({line: differences(line, MANIFEST) for line in lies}, {line: (lies[line],) for line in lies})

    def test_another_platform_is_another_dependency(self) -> None:
        self.assertEqual(
            differences(with_dependency(3, target="cfg(unix)"), MANIFEST),
            (
                "the dependency a-one for cfg(any(unix,windows)) is in the Cargo.toml only",
                "the dependency a-one for cfg(unix) is in the index only",
            ),
        )

    def test_the_list_is_bounded_and_can_be_printed(self) -> None:
        features = {f"f{number}\x1b[2J": ["x" * 500] for number in range(1000)}
        found = differences(changed(features=features), MANIFEST)
        self.assertEqual(len(found), 21)
        self.assertTrue(all(each.isprintable() and len(each) < 250 for each in found))

    def test_what_cannot_be_read_is_a_difference(self) -> None:
        unreadable = ("the line of the index or the Cargo.toml cannot be read",)
        for members in ({"deps": 1}, {"deps": [1]}, {"deps": [{}]}, {"features": [1]}, {"features": {"x": "y"}}):
            self.assertEqual(differences(changed(**members), MANIFEST), unreadable, members)
        for manifest in (
            b"",
            b"\xff",
            b"[package]",
            b"package = 1",
            b"[package]\nname='b'\nversion='x'\n[target]\na=1",
        ):
            self.assertEqual(differences(LINE, manifest), unreadable, manifest)
        deep = IndexLine("1", "", '{"deps":' + "[" * 100_000)
        self.assertEqual(differences(deep, MANIFEST), unreadable)
