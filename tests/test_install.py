"""How to install ReqPI: in one place, and never by a name that another project has on the public index."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.extras import EXTRAS, advice_for

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "install.md"
BY_NAME = re.compile(r"\b(?:pip3?|pipx|uv|poetry|pdm)\b[^\n`]*? (?:install|add)\b[^\n`]*?[ '\"]reqpi(?![-\w/.])")
"""A command that asks an index for the name ``reqpi``; a path to a wheel file is not one."""


class InstallTests(SynchronousTestCase):
    """A user who follows any page or message gets this project."""

    def test_no_page_and_no_message_installs_reqpi_by_its_name(self) -> None:
        wrong = [
            f"{path.relative_to(ROOT)}: {found[0]}"
            for path in _texts()
            for found in BY_NAME.finditer(path.read_text("utf-8"))
        ]
        self.assertEqual(wrong, [])

    def test_the_readme_and_the_first_pages_link_to_the_page(self) -> None:
        for name in ("README.md", "docs/index.md", "docs/tutorial.md", "docs/stores.md", "docs/reference/commands.md"):
            self.assertRegex((ROOT / name).read_text("utf-8"), r"\]\([./a-z]*install\.md", name)

    def test_the_extras_and_their_advice_are_those_of_pyproject(self) -> None:
        optional = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        self.assertEqual({extra: [requirement] for extra, requirement in EXTRAS.items()}, optional)
        page = PAGE.read_text("utf-8")
        for extra, requirement in EXTRAS.items():
            self.assertIn(f"pip install '{requirement}'", advice_for(extra))
            self.assertRegex(page, rf"\| `{extra}` \| {Requirement(requirement).name} \|")


def _texts() -> Iterator[Path]:
    """Every file that a user reads, and every module that may print."""
    yield ROOT / "README.md"
    yield from (path for path in (ROOT / "docs").rglob("*.md") if path != PAGE)
    yield from (ROOT / "newsfragments").glob("*.md")
    yield from (ROOT / "reqpi").rglob("*.py")
