"""A page's transcripts, as its MyST markdown has them.

What is played, in the order of the page, in a folder that is empty at first:

- A fenced block ``console``. A line that begins with ``$`` is a command; lines below it that begin with ``>`` continue
  it; all up to the next command is what it prints. ``…`` stands for anything: alone on a line for any number of lines,
  in a line for any characters.
- A ``{code-block}`` with a ``:caption:`` is a file of that name.
- Comments, which readers of the page do not see. ``% needs: uv`` skips the page where there is no such program.
  ``% run: COMMAND`` is a command that must succeed, whatever it prints. ``% terminal: server`` says that the next
  block belongs to a terminal of that name: its command is left running once it has printed what the block shows, and
  is interrupted when the same terminal is given another. ``% host: git.example.org`` is a host of git repositories
  that the page calls so.

A command that fails must be followed by ``$ echo $?``: the reader sees the status, and no ``…`` can hide a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import field, frozen

__all__ = ["Command", "Left", "Page", "Written", "read"]

_FENCE = re.compile(r"(`{3,})(.*)")
_COMMENT = re.compile(r"% (needs|run|terminal|host): (.+)")


@frozen
class Command:
    """A command of the main terminal.

    :param line: where it is on the page, from 1.
    :param expected: what it prints, by lines; ``None``: whatever it likes.
    """

    line: int
    text: str
    expected: Sequence[str] | None


@frozen
class Left:
    """A command that is left running in another terminal once it has printed ``expected``."""

    terminal: str
    command: Command


@frozen
class Written:
    """A file that the reader is told to write."""

    name: str
    text: str


@frozen
class Page:
    """What is to be played of one page.

    :param needs: the programs without which it cannot be.
    :param host: what it calls the host of its git repositories; empty where it has none.
    """

    needs: Sequence[str] = ()
    host: str = ""
    steps: Sequence[Command | Left | Written] = field(default=(), repr=False)


def read(path: Path) -> Page:
    """The transcripts of the page at ``path``.

    :raises ValueError: a block is no transcript, or a fence is not closed.
    """
    needs: list[str] = []
    steps: list[Command | Left | Written] = []
    terminal: str | None = None
    host = ""
    lines = iter(enumerate(path.read_text("utf-8").splitlines(), 1))
    for number, line in lines:
        if comment := _COMMENT.fullmatch(line):
            kind, text = comment.groups()
            if kind == "needs":
                needs.append(text)
            elif kind == "host":
                host = text
            elif kind == "run":
                steps.append(Command(number, text, None))
            else:
                terminal = text
        elif fence := _FENCE.fullmatch(line):
            body = _body(lines, fence[1], f"{path}:{number}")
            if fence[2] == "console":
                commands = list(_commands(body, number + 1, str(path)))
                steps += [Left(terminal, command) for command in commands] if terminal else commands
                terminal = None
            elif fence[2].startswith("{code-block}"):
                steps += _written(body)
    return Page(needs, host, steps)


def _body(lines: Iterator[tuple[int, str]], fence: str, where: str) -> list[str]:
    body: list[str] = []
    for _, line in lines:
        if line == fence:
            return body
        body.append(line)
    raise ValueError(f"{where}: the block is not closed")


def _commands(body: Sequence[str], first: int, path: str) -> Iterator[Command]:
    starts = [at for at, line in enumerate(body) if line.startswith("$ ")]
    if not starts or starts[0]:
        raise ValueError(f"{path}:{first}: a transcript begins with a command")
    for start, stop in zip(starts, [*starts[1:], len(body)], strict=True):
        end = start + 1
        while end < stop and body[end].startswith("> "):
            end += 1
        text = "\n".join(line[2:] for line in body[start:end])
        yield Command(first + start, text, tuple(line.rstrip() for line in body[end:stop]))


def _written(body: Sequence[str]) -> Iterator[Written]:
    options = [line for line in body if line.startswith(":")]
    captions = [line.removeprefix(":caption:").strip() for line in options if line.startswith(":caption:")]
    content = body[len(options) :]
    while content and not content[0]:
        content = content[1:]
    for name in captions:
        yield Written(name, "".join(f"{line}\n" for line in content))
