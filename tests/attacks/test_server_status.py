"""A server that reports its state, and lies: it reaches neither the terminal nor the memory of its operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.commands.status import lines_of
from reqpi.cli.messages import visible
from reqpi.client.status import status_of
from tests.cli.test_status import NOW, REPORT

HOSTILE: tuple[Any, ...] = (
    None, True, -1, 1e308, 1 << 4000, "x" * 100_000, "\x1b[2J\x1b]0;title\x07", [], [[]], {}, {"a": {}}, {"x\x1b": "y"},
)  # fmt: skip


def spoiled(report: dict[str, Any], value: Any) -> Iterator[dict[str, Any]]:
    """Yield the report with each of its values, at any depth, replaced."""
    for name, before in report.items():
        yield report | {name: value}
        if isinstance(before, dict):
            yield from (report | {name: inner} for inner in spoiled(before, value))
        if isinstance(before, list):
            yield report | {name: [value] * 5000}
            yield from (report | {name: [inner]} for each in before for inner in spoiled(each, value))


class StatusAttackTests(SynchronousTestCase):
    """The report is read without trust."""

    def test_values_of_any_type_and_size(self) -> None:
        """The server sends the wrong type, a number that no clock has, or a megabyte of text."""
        for value in HOSTILE:
            for report in spoiled(REPORT, value):
                lines = [visible(line) for line in lines_of(status_of(report), NOW)]
                self.assertLess(len(lines), 1100)
                for line in lines:
                    self.assertTrue(line.isprintable())
                    self.assertLess(len(line), 600_000)

    def test_terminal_escapes(self) -> None:
        """The server would rewrite the screen of its operator."""
        report = json.loads(json.dumps(REPORT).replace("example", "\\u001b[2J"))
        shown = "".join(visible(line) for line in lines_of(status_of(report), NOW))
        self.assertNotIn("\x1b", shown)
        self.assertIn("\\x1b[2J", shown)
