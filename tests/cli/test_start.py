"""How little is imported: ``gethash`` stands in other people's build scripts, once for every build."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.process import DOCUMENT, CommandTestCase

# urllib.request is for proxies alone; the others would each cost more than the whole command.
HEAVY = {"asyncio", "attr", "attrs", "dataclasses", "klein", "packaging", "platformdirs", "treq", "twisted",
         "urllib.request", "zope"}  # fmt: skip

PROGRAM = "import sys; from reqpi.cli import main; status = main(sys.argv[1:]); print(status, *sys.modules)"


class StartTests(CommandTestCase):
    """What a command does not need, it does not import."""

    def imported(self, *arguments: str) -> set[str]:
        """The modules that are there after a command, in a process of its own."""
        unmeasured = {name: value for name, value in self.environ.items() if not name.startswith("COVERAGE_")}
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=self.folder,
            env=unmeasured,  # coverage imports more than the command does
            capture_output=True,
            text=True,
            check=True,
        )
        status, *modules = result.stdout.splitlines()[-1].split()
        self.assertEqual(status, "0", result.stderr)
        return set(modules)

    def test_gethash_needs_the_standard_library_alone(self) -> None:
        """And not all of that."""
        self.server.takes(DOCUMENT)
        imported = self.imported("gethash", "--url", self.server.url, "requirements.txt")
        self.assertEqual(imported & HEAVY, set())
        self.assertLess({"reqpi.cli.commands.gethash", "reqpi.client", "reqpi.core.address"}, imported)

    def test_run_through_another_server_needs_no_twisted(self) -> None:
        """The reactor comes with the server inside, or not at all."""
        index = self.server.takes(DOCUMENT)
        self.server.says(f"/{index.split('/')[3]}/refused", 200, {"refused": []})
        imported = self.imported("run", "--url", self.server.url, "requirements.txt", "--", "true")
        self.assertEqual(imported & HEAVY, set())

    def test_check_needs_no_server(self) -> None:
        """Nor what servers are made of."""
        self.assertEqual(self.imported("check", "requirements.txt") & {"twisted", "klein", "treq", "zope"}, set())
