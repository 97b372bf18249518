"""Events are counted, and nothing from outside becomes a name there."""

from __future__ import annotations

import ast

from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.counts import OTHER, REASONS, ServerCounts
from tests.test_floors import PACKAGE


class CountsTests(SynchronousTestCase):
    """Events are counted by their kind."""

    def test_a_refusal_is_counted_by_its_reason(self) -> None:
        counts = ServerCounts()
        counts.refused("requests")
        counts.refused("requests")
        counts.refused("quota")
        self.assertEqual(counts.refusals, {"requests": 2, "quota": 1})

    def test_an_unknown_reason_is_counted_without_its_text(self) -> None:
        """It may have come from outside, and there may be any number of them."""
        counts = ServerCounts()
        counts.refused("a" * 64)
        self.assertEqual(counts.refusals, {OTHER: 1})

    def test_two_servers_of_a_process_count_for_themselves(self) -> None:
        one, other = ServerCounts(), ServerCounts()
        one.refused("requests")
        self.assertEqual(other.refusals, {})

    def test_every_reason_in_the_code_has_a_row(self) -> None:
        calls = (
            node.args[0]
            for path in PACKAGE.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "refused"
            if node.args
        )
        named = {node.value for node in calls if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        self.assertLessEqual(named, set(REASONS))
