"""What a crate inherits from the workspace of its repository."""

from __future__ import annotations

import tomllib
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.inheritance import inherits, without_workspace

ROOT = """
[workspace.package]
version = "1.2.3"
edition = "2021"
readme = "README.md"
badges = { maintenance = { status = "none" } }
[workspace.dependencies]
two = { path = "two", default-features = false, features = ["extra"] }
three = "3"
[workspace.lints.rust]
unsafe_code = "forbid"
"""

MEMBER = """
[package]
name = "one"
version.workspace = true
edition = { workspace = true }
readme.workspace = true
[lints]
workspace = true
[dependencies]
two = { workspace = true, features = ["more", "extra"], optional = true }
own = "1"
[dev-dependencies]
three.workspace = true
[target.'cfg(unix)'.build-dependencies]
two = { workspace = true, default-features = true }
"""


class InheritanceTests(SynchronousTestCase):
    """A member of a workspace, in a folder below that of the workspace."""

    def member(self, text: str, root: str = ROOT) -> dict[str, Any]:
        return without_workspace(tomllib.loads(text), tomllib.loads(root)["workspace"], "..")

    def test_all_values_are_put_in_their_places(self) -> None:
        found = self.member(MEMBER)
        self.assertEqual(
            found["package"], {"name": "one", "version": "1.2.3", "edition": "2021", "readme": "../README.md"}
        )
        two = {"path": "../two", "default-features": False, "features": ["extra", "more"], "optional": True}
        self.assertEqual(found["dependencies"], {"two": two, "own": "1"})
        self.assertEqual(found["dev-dependencies"], {"three": {"version": "3"}})
        built = found["target"]["cfg(unix)"]["build-dependencies"]["two"]
        self.assertEqual(built, {"path": "../two", "default-features": True, "features": ["extra"]})
        self.assertEqual(found["lints"], {"rust": {"unsafe_code": "forbid"}})
        self.assertTrue(inherits(tomllib.loads(MEMBER)))
        self.assertFalse(inherits(found))

    def test_a_crate_by_itself_inherits_nothing(self) -> None:
        for text in (
            "",
            "package = 1",
            "target = 1\ndependencies = 2",
            '[package]\nversion = "1"',
            "dependencies.a = '1'",
        ):
            self.assertFalse(inherits(tomllib.loads(text)), text)

    def test_a_value_that_the_workspace_lacks_is_named(self) -> None:
        for text in ("[package]\nlicense.workspace = true", "[dependencies]\nlicense.workspace = true"):
            error = self.assertRaises(ValueError, self.member, text)
            self.assertIn("no `license`", str(error))

    def test_a_workspace_of_another_form_is_an_error(self) -> None:
        for root in ("workspace.package = 1", "workspace.package.version = 1\nworkspace.dependencies = []"):
            self.assertRaises(TypeError, self.member, "[package]\nversion.workspace = true", root)
