"""docs/locks.md explains the rules that there are."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.locks.rules import requirements, sources
from tests.core.locks import table_together
from tests.core.locks.test_pip_differential import LOOSER
from tests.core.locks.test_table import REFUSED

PAGE = Path(__file__).parents[3] / "docs" / "locks.md"
RULES = {
    rule.name
    for module in (requirements, sources)
    for rule in vars(module).values()
    if isinstance(rule, requirements.Rule)
}


class DocsTests(SynchronousTestCase):
    """No rule without a row, no row without a rule, no rule without an example."""

    def test_every_rule_is_explained(self) -> None:
        """The first column of the tables of rules has each name once."""
        rejected, looser = PAGE.read_text("utf-8").split("## What is rejected")[1].split("## Where ReqPI accepts")
        rows = re.compile(r"^\| `([a-z0-9-]+)` \|", re.MULTILINE)
        self.assertEqual(sorted(rows.findall(rejected)), sorted(RULES))
        self.assertEqual(sorted(rows.findall(looser)), sorted(LOOSER))

    def test_every_rule_has_an_example(self) -> None:
        """The table of documents shows each rule except those on size and on cost."""
        refused = [*REFUSED.values(), *table_together.REFUSED.values()]
        shown = {rule.split(" ")[1] for broken in refused for rule in broken.split(", ")}
        self.assertEqual(RULES - shown, {"too-many", "too-costly", "more-defects"})
