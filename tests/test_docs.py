"""The documentation says what is: its shell transcripts are played, and its reference names everything there is."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi import cli
from reqpi.cli import statuses
from reqpi.server.twistd import Options
from reqpi.web import routes
from tests.transcripts import Stage, read
from tests.transcripts.stage import program

DOCS = Path(__file__).parents[1] / "docs"
APART = ("unshare", "--net", "--map-root-user")
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts and read(path).steps)


class ReferenceTests(SynchronousTestCase):
    """Nothing that a user can name is missing from the reference, and nothing is there that is gone."""

    def test_every_option_of_the_server_has_a_row(self) -> None:
        """With its variable, and in no other page's words."""
        rows = re.findall(r"^\| `--([a-z-]+)[^`]*`[^|]*\| `(REQPI_[A-Z_]+)` \|", _page("options"), re.MULTILINE)
        names = {name.rstrip("=") for name in Options().longOpt} - {"help", "version"}
        self.assertEqual({name: f"REQPI_{name.upper().replace('-', '_')}" for name in names}, dict(rows))

    def test_every_command_has_a_section(self) -> None:
        """Under its own name."""
        self.assertEqual(re.findall(r"^## reqpi ([\w-]+)$", _page("commands"), re.MULTILINE), list(cli.COMMANDS))

    def test_every_exit_status_has_a_row(self) -> None:
        """Whatever command it is of."""
        numbers = {str(value) for value in vars(statuses).values() if isinstance(value, int)}
        self.assertEqual(set(re.findall(r"^\| `(\d+)` \|", _page("commands"), re.MULTILINE)), numbers)

    def test_every_route_has_a_section(self) -> None:
        """As the module that has them all on one screen lists them."""
        listed = re.findall(r"^ +(GET|POST|DELETE) +(/\S*)", Path(routes.__file__).read_text("utf-8"), re.MULTILINE)
        self.assertEqual(re.findall(r"^## `(GET|POST|DELETE) (/\S*)`$", _page("http"), re.MULTILINE), listed)
        klein = {str(rule.rule).replace("<path:path>", "<path>") for rule in routes.Routes.app.url_map.iter_rules()}
        self.assertEqual(klein - {path.rstrip("/") or "/" for _, path in listed}, set())


@pytest.mark.clients
class TranscriptTests(SynchronousTestCase):
    """What a page shows is what happens."""


def _played(path: Path) -> None:
    """Play one page, on a stage of its own."""
    page = read(path)
    missing = [name for name in ("bash", *page.needs) if program(name) is None]
    if missing:
        raise SkipTest(f"{path.name} needs {' and '.join(missing)}, which is not here")
    if "unshare" in page.needs and subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        raise SkipTest(f"{path.name} needs a network namespace, and this system lets us make none")
    if find_spec("ensurepip") is None:
        raise SkipTest(f"{path.name} makes environments, and this Python has no ensurepip")
    with Stage(page.host) as stage:
        try:
            stage.play(page)
        except AssertionError as error:
            raise AssertionError(f"{path.relative_to(DOCS)}, {error}") from None


def _page(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text("utf-8")


for _path in PAGES:
    _name = "test_" + re.sub(r"\W", "_", str(_path.relative_to(DOCS).with_suffix("")))

    def _test(self: TranscriptTests, path: Path = _path) -> None:
        """Word for word, in an empty folder."""
        _played(path)

    _test.__name__ = _name
    setattr(TranscriptTests, _name, _test)
