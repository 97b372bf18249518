"""``reqpi run --url``: the environment, what was refused, and what stops it before anything runs."""

from __future__ import annotations

import sys

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase

ADDRESS = address_of(DOCUMENT)


class EnvironmentTests(CommandTestCase):
    """The command sees the index of its lock."""

    def seen_by_command(self, url: str, name: str) -> str:
        self.server.says(f"/{ADDRESS}/refused", 200, {"refused": []})
        program = f"import os; print(os.environ[{name!r}])"
        status, out, err = self.run_reqpi("run", "--url", url, "requirements.txt", "--", sys.executable, "-c", program)
        self.assertEqual((status, err), (0, "reqpi: 0 refused\n"))
        return out.strip()

    def test_the_index_is_that_of_the_lock(self) -> None:
        """For pip, and for uv."""
        index = self.server.takes(DOCUMENT)
        self.assertEqual(self.seen_by_command(self.server.url, "PIP_INDEX_URL"), index)
        self.assertEqual(self.seen_by_command(self.server.url, "UV_DEFAULT_INDEX"), index)

    def test_a_login_in_the_url_is_handed_on(self) -> None:
        """The command would have to ask the user for it again."""
        index = self.server.takes(DOCUMENT)
        found = self.seen_by_command(self.server.url.replace("//", "//me:secret@"), "PIP_INDEX_URL")
        self.assertEqual(found, index.replace("//", "//me:secret@"))

    def test_urls_of_files_in_the_lock_are_not_for_another_server(self) -> None:
        """There is no proxy for them, because the files of that server are not here."""
        document = DOCUMENT + b"tool @ https://files.example/tool-1.0.tar.gz --hash=sha256:" + b"a" * 64 + b"\n"
        self.lock.write_bytes(document)
        self.server.takes(document)
        self.server.says(f"/{address_of(document)}/refused", 200, {"refused": []})
        status, _, err = self.run_reqpi("run", "--url", self.server.url, "requirements.txt", "--", "true")
        self.assertEqual(status, 0)
        self.assertIn("reqpi: the lock has URLs of files: a program that uses them downloads from there", err)


class RefusedTests(CommandTestCase):
    """At the end, and on stderr: what the lock lacks."""

    def run_command(self, *command: str) -> tuple[int, str, str]:
        return self.run_reqpi("run", "--url", self.server.url, "requirements.txt", "--", *command)

    def refusing(self, *refused: tuple[str, int, str | None]) -> dict[str, object]:
        entries = [
            {"project": name, "filename": None, "reason": "not pinned", "count": count, "line": line}
            for name, count, line in refused
        ]
        return {"address": ADDRESS, "refused": entries}

    def test_lines_that_could_be_pasted(self) -> None:
        """Below a comment; the command's own status is passed on."""
        self.server.takes(DOCUMENT)
        for path in ("refused", "refused?suggest=1"):
            self.server.says(f"/{ADDRESS}/{path}", 200, self.refusing(("idna", 1, "idna==3.10"), ("attrs", 2, None)))
        status, out, err = self.run_command("sh", "-c", "echo no >&2; exit 1")
        self.assertEqual((status, out), (1, ""))
        said, comment, *lines, count = err.splitlines()
        self.assertEqual(count, "reqpi: 2 refused")
        self.assertEqual((said, lines), ("no", ["idna==3.10", "# attrs==<version>"]))
        self.assertRegex(comment, r"^# .*requirements\.txt")

    def test_what_was_refused_before_is_not_told(self) -> None:
        """The lock was there already, and somebody else had asked."""
        self.server.takes(DOCUMENT, status=200)
        after = self.refusing(("idna", 5, "idna==3.10"), ("attrs", 3, "attrs==25.1.0"))
        self.server.says(f"/{ADDRESS}/refused", 200, self.refusing(("idna", 5, None), ("attrs", 2, None)))
        self.server.says_then(f"/{ADDRESS}/refused", 200, after)
        self.server.says(f"/{ADDRESS}/refused?suggest=1", 200, after)
        _, _, err = self.run_command("true")
        self.assertEqual(err.splitlines()[1:], ["attrs==25.1.0", "reqpi: 1 refused"])

    def test_without_a_suggestion_the_project_is_named(self) -> None:
        """The server could not ask its upstream."""
        self.server.takes(DOCUMENT)
        self.server.says(f"/{ADDRESS}/refused", 200, self.refusing(("idna", 1, None)))
        self.server.says(f"/{ADDRESS}/refused?suggest=1", 503, {"title": "upstream is away"})
        _, _, err = self.run_command("true")
        self.assertEqual(err.splitlines()[-2], "# idna==<version>")

    def test_a_server_that_is_gone_does_not_change_the_status(self) -> None:
        """The command did its work; that we cannot tell what was refused is a message."""
        self.server.takes(DOCUMENT)
        status, _, err = self.run_command("true")
        self.assertEqual(status, 0)
        self.assertIn("the list of refused requests is not available", err)


class NothingRunsTests(CommandTestCase):
    """Where the lock is not served, the command is not run."""

    def fails(self, *arguments: str) -> tuple[int, str]:
        status, out, err = self.run_reqpi("run", *arguments)
        self.assertEqual(out, "")
        self.assertNotIn("Traceback", err)
        return status, err

    def test_a_broken_lock(self) -> None:
        """1, with every defect."""
        self.server.denies({"line": 1, "text": "six", "problem": "no version", "advice": "Write six==1.17.0."})
        status, err = self.fails("--url", self.server.url, "requirements.txt", "--", "echo", "ran")
        self.assertEqual(status, 1)
        self.assertIn("requirements.txt:1: no version: six\n", err)

    def test_another_address(self) -> None:
        """4."""
        self.server.takes(DOCUMENT, address="0" * 64)
        self.assertEqual(self.fails("--url", self.server.url, "requirements.txt", "--", "echo", "ran")[0], 4)

    def test_usage(self) -> None:
        """2: no command, no file, options that contradict each other."""
        self.server.takes(DOCUMENT)
        for arguments in (
            ["requirements.txt"],
            ["requirements.txt", "--"],
            ["requirements.txt", "echo", "ran"],
            ["--", "echo", "ran"],
            ["missing.txt", "--", "echo", "ran"],
            ["--offline", "--url", self.server.url, "requirements.txt", "--", "echo", "ran"],
        ):
            self.assertEqual(self.fails(*arguments)[0], 2, arguments)
        self.assertEqual(self.server.seen, [])
