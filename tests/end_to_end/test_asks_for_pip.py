"""Who asks for pip, and is told that it was refused."""

from __future__ import annotations

import pytest

from tests.end_to_end import clients
from tests.end_to_end.case import EndToEnd

pytestmark = pytest.mark.clients


class AsksForPipTests(EndToEnd):
    """pip itself, at the end of a command; and a command that wants a pip."""

    def pip(self, index: str, *arguments: str) -> clients.Done:
        python = clients.environment("pip", "pip") / "python"
        command = [python, "-m", "pip", *arguments, "--index-url", index, "--cache-dir", str(self.folder / "cache")]
        environ = {"PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "0"}
        return clients.run(command, self.folder, environ)

    def test_its_own_question_is_no_refusal_and_any_other_is(self) -> None:
        index = self.committed()
        for number in (1, 2):  # the second time the pages are ready answers
            (self.folder / "cache").mkdir(exist_ok=True)
            for check in (self.folder / "cache").glob("selfcheck/*"):
                check.unlink()
            done = self.pip(index, "install", "--no-deps", "--target", f"got{number}", "top==1.0")
            self.assertEqual(done.status, 0, done.said)
            self.assertEqual(len(self.server.logged("/simple/pip/")), number)
            self.assertEqual(self.refused(index), set())
        self.assertNotEqual(self.pip(index, "download", "--no-deps", "pip").status, 0)
        self.assertEqual(self.refused(index), {"pip"})

    def test_uv_never_asks_for_itself(self) -> None:
        index = self.committed()
        uv, python = clients.environment("uv", "uv"), clients.environment("pip", "pip") / "python"
        command = [uv / "uv", "pip", "install", "--python", python, "--target", "got", "--default-index", index, "pip"]
        done = clients.run([*command, "--no-cache"], self.folder, {"UV_NO_CONFIG": "1"})
        self.assertIn("pip is not in lock", done.said)
        self.assertEqual(self.refused(index), {"pip"})
