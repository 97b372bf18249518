"""``reqpi completion``: the scripts, in the shells that they are for."""

from __future__ import annotations

import subprocess
from shutil import which

from twisted.trial.unittest import SkipTest

from reqpi.cli import COMMANDS
from tests.cli.process import CommandTestCase

BASH = """
source ./script
function_of() { complete -p reqpi | sed 's/.*-F \\([^ ]*\\).*/\\1/'; }
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
"$(function_of)" reqpi "${COMP_WORDS[COMP_CWORD]}" ""
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "source ./script; complete --do-complete (string join ' ' -- $argv)"


class CompletionTests(CommandTestCase):
    def script(self, shell: str) -> None:
        """Write the script for a shell that is here."""
        if which(shell) is None:
            raise SkipTest(f"there is no {shell} here")
        status, out, err = self.run_reqpi("completion", shell)
        self.assertEqual((status, err), (0, ""))
        (self.folder / "script").write_text(out)

    def said(self, *command: str) -> list[str]:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=240, check=False
        )
        self.assertEqual(done.stderr, "")
        return [line.partition("\t")[0] for line in done.stdout.split("\n") if line]

    def bash(self, *words: str) -> set[str]:
        return set(self.said("bash", "--norc", "-c", BASH, "bash", *words))

    def fish(self, *words: str) -> set[str]:
        return set(self.said("fish", "--no-config", "-c", FISH, *words))

    def test_bash_completes_commands_options_choices_and_files(self) -> None:
        self.script("bash")
        (self.folder / "wheels").mkdir()
        self.assertEqual(self.bash("reqpi", ""), set(COMMANDS))
        self.assertEqual(self.bash("reqpi", "learn", "--ex"), {"--exclude-newer", "--exit-code"})
        self.assertEqual(self.bash("reqpi", "server", "--learn"), {"--learning"})
        self.assertEqual(self.bash("reqpi", "env", "--shell", "po"), {"powershell"})
        self.assertEqual(self.bash("reqpi", "check", "req"), {"requirements.txt"})
        self.assertEqual(self.bash("reqpi", "fetch", "--output", ""), {"wheels"})

    def test_fish_completes_commands_options_choices_and_files(self) -> None:
        self.script("fish")
        (self.folder / "wheels").mkdir()
        self.assertEqual(self.fish("reqpi", "che"), {"check"})
        self.assertEqual(self.fish("reqpi", "learn", "--ex"), {"--exclude-newer", "--exit-code"})
        self.assertEqual(self.fish("reqpi", "check", "req"), {"requirements.txt"})
        self.assertEqual(self.fish("reqpi", "fetch", "--output", "w"), {"wheels/"})

    def test_zsh_can_read_its_script(self) -> None:
        """With every command in it."""
        self.script("zsh")
        self.assertEqual(self.said("zsh", "--no-rcs", "-n", "./script"), [])
        text = (self.folder / "script").read_text()
        for command in COMMANDS:
            self.assertIn(f"{command})", text)

    def test_without_shtab_it_says_what_to_install(self) -> None:
        """Everything else works without it."""
        program = "import sys; sys.modules['shtab'] = None; import reqpi.cli as r; sys.exit(r.main(sys.argv[1:]))"
        process = self.start("completion", "bash", program=["-c", program])
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, out), (2, ""))
        self.assertIn("pip install 'shtab>=1.13'", err)
