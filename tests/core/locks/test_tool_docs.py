"""The pages on poetry.lock, pdm.lock and Pipfile.lock explain the rules that there are."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.locks.rules import entries, requirements, sources, tools
from tests.core.locks.tool_table import REFUSED

DOCS = Path(__file__).parents[3] / "docs"


def names(*modules: object) -> set[str]:
    """The names of the rules in modules."""
    return {rule.name for module in modules for rule in vars(module).values() if isinstance(rule, requirements.Rule)}


class ToolDocsTests(SynchronousTestCase):
    """No rule without a row, no rule without an example."""

    def test_every_rule_is_explained(self) -> None:
        """In the table of the rules of these formats, each once."""
        page = next(page for name in ("locks-pipfile.md", "locks.md") if (page := DOCS / name).exists())
        rows = page.read_text("utf-8").split("## Rules for poetry.lock")[1].split("\n## ")[0]
        self.assertEqual(sorted(re.findall(r"^\| `([a-z-]+)` \|", rows, re.MULTILINE)), sorted(names(tools)))

    def test_every_rule_has_an_example(self) -> None:
        """All those of these formats, and all that they share with other locks of tools."""
        shown = {defect.split(" ")[1] for broken in REFUSED.values() for defect in broken.split(", ")}
        of_pylock_alone = {entries.SPELLING.name, entries.IDENTITY.name}
        self.assertEqual(names(tools, entries) - shown, of_pylock_alone)

    def test_no_name_means_two_rules(self) -> None:
        """A defect carries the name alone."""
        self.assertEqual(names(tools) & names(requirements, sources, entries), set())
