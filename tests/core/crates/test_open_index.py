"""The lines of an index that cargo may choose from."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.index import read_open_index

OTHER = "sparse+https://crates.example/index/"


def line(vers: str = "1.0.0", name: str = "Made", **members: Any) -> bytes:
    return json.dumps({"name": name, "vers": vers, "cksum": "0" * 64, "deps": []} | members).encode()


def dep(registry: Any) -> dict[str, Any]:
    return {"name": "b", "req": "1", "registry": registry}


class OpenIndexTests(SynchronousTestCase):
    """A registry may list anything: what would lead cargo elsewhere is left out."""

    def test_every_release_is_offered_in_any_letter_case(self) -> None:
        found = read_open_index(b"\n".join([line(), line("2.0.0", "made"), line("3.0.0", "other")]), "made", [])
        self.assertEqual([(each.name, each.vers) for each in found.values()], [("Made", "1.0.0"), ("made", "2.0.0")])

    def test_dependencies_of_registries_that_may_be_asked_are_offered(self) -> None:
        named = "https://crates.example/git"
        body = b"\n".join([line(deps=[dep(None)]), line("2.0.0", deps=[dep(OTHER)]), line("3.0.0", deps=[dep(named)])])
        self.assertEqual(len(read_open_index(body, "made", ["", OTHER, f"registry+{named}"])), 3)

    def test_other_registries_are_left_out(self) -> None:
        """The line names a registry that is not allowed, or is not a line."""
        hostile = ([dep("ssh://host.example/index")], [dep(OTHER), dep(1)], ["x"], {"a": dep(None)}, None, "x")
        for deps in hostile:
            self.assertEqual(read_open_index(line(deps=deps), "made", [""]), {})
        for broken in (b"", b"[]", b"{", b"[" * 100_000, line(cksum="0"), line(vers=1)):
            self.assertEqual(read_open_index(broken, "made", [""]), {})
