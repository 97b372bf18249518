"""The player of transcripts itself: it sees every difference, and leaves nothing behind."""

from __future__ import annotations

import os
import re
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.transcripts import Page, Stage, difference, read
from tests.transcripts.pages import Command, Left, Written
from tests.transcripts.stage import program

PAGE = """\
# A page

% needs: uv
% host: git.example.org
% run: mkdir -p here

```{code-block} text
:caption: lock.txt

six==1.17.0
```

```sh
not played
```

% terminal: server

```console
$ serve
…ready
```

```console
$ cat <<EOF
> hello
> EOF
hello
$ false
```
"""


class DifferenceTests(SynchronousTestCase):
    """A line is as the page has it, but for what the page leaves open."""

    def differ(self, expected: str, actual: str) -> bool:
        return bool(difference(expected.splitlines(), actual.splitlines()))

    def test_what_is_the_same_is_no_difference(self) -> None:
        """Nothing printed is the same as nothing expected, too."""
        self.assertFalse(self.differ("a\nb", "a\nb"))
        self.assertFalse(self.differ("", ""))

    def test_any_other_line_is_one(self) -> None:
        """Changed, missing, added, or in another place."""
        for actual in ("a\nc", "a", "a\nb\nb", "b\na", "", "a \nb"):
            self.assertTrue(self.differ("a\nb", actual), actual)

    def test_dots_in_a_line_stand_for_any_characters_of_it(self) -> None:
        """None included; what is around them has to be there, in order, and once for each."""
        for actual in ("http://x/simple/", "http:///simple/", "http://simple/simple/"):
            self.assertFalse(self.differ("http://…/simple/", actual), actual)
        for actual in ("http://simple/", "http://x/simple/y", "http://x\n/simple/"):
            self.assertTrue(self.differ("http://…/simple/", actual), actual)
        self.assertFalse(self.differ("a…b…c", "a1b2c"))
        self.assertTrue(self.differ("a…b…b", "a1b"))

    def test_dots_alone_stand_for_any_lines(self) -> None:
        """At either end and between; a line that comes again later is found."""
        for expected in ("…\nend", "…\nb\n…\nend", "b\n…", "…", "b\n…\nb\nend"):
            self.assertFalse(self.differ(expected, "b\nc\nb\nend"), expected)
        self.assertTrue(self.differ("…\nb", "b\nc"))
        self.assertTrue(self.differ("…\nd\n…", "b\nc"))

    def test_the_difference_shows_the_lines_that_are_wrong(self) -> None:
        """As a diff, from what the page says to what the program did."""
        shown = difference(["pins: …", "old"], ["pins: 2", "new"])
        self.assertIn("\n pins: 2\n-old\n+new", shown)


class ReadTests(SynchronousTestCase):
    """What a page has the reader do."""

    def page(self, text: str) -> Page:
        path = Path(self.mktemp())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return read(path)

    def test_everything_is_there_in_its_order(self) -> None:
        """Files, hidden commands, terminals, commands of several lines; other blocks are not."""
        page = self.page(PAGE)
        self.assertEqual((page.needs, page.host), (["uv"], "git.example.org"))
        self.assertEqual(
            page.steps,
            [
                Command(5, "mkdir -p here", None),
                Written("lock.txt", "six==1.17.0\n"),
                Left("server", Command(20, "serve", ("…ready",))),
                Command(25, "cat <<EOF\nhello\nEOF", ("hello",)),
                Command(29, "false", ()),
            ],
        )

    def test_a_block_that_is_no_transcript_is_an_error(self) -> None:
        """It would never be played, and nobody would know."""
        for text in ("```console\nreqpi check\n```\n", "```console\n```\n", "```console\n$ reqpi\n"):
            self.assertRaises(ValueError, self.page, text)


class StageTests(SynchronousTestCase):
    """Commands are run for real, and held to what the page says of them."""

    def setUp(self) -> None:
        if program("bash") is None:
            raise SkipTest("there is no bash here")

    def play(self, transcript: str) -> None:
        path = Path(self.mktemp())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(transcript, "utf-8")
        with Stage() as stage:
            stage.play(read(path))

    def console(self, transcript: str) -> str:
        return f"```console\n{transcript}\n```\n"

    def fails(self, transcript: str) -> str:
        return str(self.assertRaises(AssertionError, self.play, transcript))

    def test_a_shell_keeps_its_variables_and_its_folder(self) -> None:
        """From one block to the next."""
        self.play(self.console("$ mkdir sub && cd sub\n$ X=1") + self.console("$ echo $X ${PWD##*/}\n1 sub"))

    def test_another_output_fails_and_is_shown(self) -> None:
        """With the line of the page."""
        error = self.fails("\n" + self.console("$ echo one; echo 2 >&2\none\ntwo"))
        self.assertIn("line 3: $ echo one", error)
        self.assertIn("-two\n+2", error)

    def test_a_command_that_fails_unnoticed_is_an_error(self) -> None:
        """Even where its output may be anything."""
        self.assertIn("ends with 3", self.fails(self.console("$ (exit 3)\n…")))
        self.assertIn("ends with 1", self.fails("% run: false\n"))
        self.play(self.console("$ (exit 3)\n$ echo $?\n3"))

    def test_output_of_reqpi_is_reqpis(self) -> None:
        """What is played is the program of this checkout."""
        printed = "<stdin>: 1 pin, 1 without digests, address ebf206bd…"
        self.play(self.console(f"$ echo six==1.17.0 | reqpi check -\n{printed}"))
        self.assertIn(
            "+<stdin>: 1 pin", self.fails(self.console("$ echo six==1.17.0 | reqpi check -\n<stdin>: 2 pins, …"))
        )

    def test_a_command_that_is_left_running_ends_with_ctrl_c(self) -> None:
        """When its terminal is wanted again."""
        loop = "trap 'echo bye > bye; exit' INT; echo started; while :; do sleep 0.05; done"
        block = f"% terminal: other\n\n```console\n$ {loop}\nstarted\n```\n"
        self.play(block + block.replace(loop, "echo started; cat bye") + self.console("$ cat bye\nbye"))

    def test_nothing_runs_once_the_page_is_over(self) -> None:
        """What was left running, put in the background, or ignores Ctrl-C; also where the page fails."""
        path = Path(self.mktemp())
        path.parent.mkdir(parents=True, exist_ok=True)
        stubborn = f"trap '' INT TERM; echo $BASHPID >> {path}; echo started; while :; do sleep 0.05; done"
        other = f"% terminal: other\n\n```console\n$ {stubborn}\nstarted\n```\n"
        background = self.console(f"$ ({stubborn}) > log &\n$ until grep started log; do sleep 0.05; done\nstarted")
        self.fails(other + background + self.console("$ echo one\ntwo"))
        started = [int(number) for number in re.findall(r"\d+", path.read_text())]
        self.assertEqual(len(started), 2)
        for number in started:
            self.assertFalse(_runs(number), number)


def _runs(number: int) -> bool:
    """Whether a process is there, and is no zombie."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{number}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
