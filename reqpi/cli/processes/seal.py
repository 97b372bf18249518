"""``--seal``: a child that reaches the index of its lock, and no other place on a network.

On Linux, the child is in a user and a network namespace of its own, in which there is only loopback. A small program,
:mod:`reqpi.cli.processes.sealed_start`, makes them, passes its listening sockets to us, and becomes the command: so the
command is our own child process, with our terminal and in our process group. :mod:`.forwarder` is its way out.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from reqpi.cli.messages import tell_remark
from reqpi.cli.processes import sealed_start
from reqpi.cli.processes.child import PASSED_ON, Start
from reqpi.cli.processes.forwarder import Forwarder, Opening
from reqpi.cli.processes.seal_advice import advice, reason
from reqpi.client.errors import BadUsage
from reqpi.client.target import target_of
from reqpi.core.env_vars import is_loopback

__all__ = ["NotSealed", "add_seal", "check_seal", "sealing"]

_LONGEST_ANSWER = 100
_MOST_OPENINGS = 8


class NotSealed(BadUsage):
    """The command cannot be sealed: the kernel, or the container that this process is in, does not allow it."""


def add_seal(parser: argparse.ArgumentParser) -> None:
    """Add ``--seal`` and ``--seal=auto``."""
    # As two options: a value that may be left out would be the file after it.
    parser.add_argument(
        "--seal",
        action="store_const",
        const="always",
        help="run the command in a network namespace from which only the index can be reached (Linux)",
    )
    parser.add_argument(
        "--seal=auto",
        dest="seal",
        action="store_const",
        const="auto",
        help="the same where the kernel allows it, and otherwise without, after a remark",
    )


def check_seal(options: argparse.Namespace) -> None:
    """Raise an error if the command is to be sealed and ``--url`` is a server on another machine.

    :raises BadUsage: it is.
    """
    if options.seal and options.url:
        _opening_of(options.url)


@contextmanager
def sealing(
    seal: str | None, urls: Sequence[str], *, quiet: bool, on_sealed: Callable[[], None] = lambda: None
) -> Iterator[Start]:
    """Yield the function that starts the child. The child's way out ends with the block.

    :param seal: the value of ``--seal``; ``None``: start it as any other program.
    :param urls: of the index and of the proxy: what the child can reach.
    :param quiet: make no remark if ``--seal=auto`` does not seal.
    :param on_sealed: is called once the child runs, and is sealed.
    :raises BadUsage: the index is on another machine.
    """
    if seal is None:
        yield subprocess.Popen
        return
    openings = [_opening_of(url) for url in urls]
    with Forwarder() as forwarder:

        def start(command: Sequence[str], *, env: Mapping[str, str], stdout: TextIO | None) -> subprocess.Popen[bytes]:
            try:
                child = _sealed(command, env, stdout, openings, forwarder)
            except NotSealed as error:
                if seal != "auto":
                    raise
                if not quiet:
                    tell_remark(f"{error.title}; it runs without the seal")
                return subprocess.Popen(command, env=env, stdout=stdout)  # noqa: S603 - it is the user's own command
            on_sealed()
            return child

        yield start


def _opening_of(url: str) -> Opening:
    """Return the opening for a server on this machine, which has the same URL inside."""
    target = target_of(url)
    host = target.host
    if not is_loopback(host):
        raise BadUsage(
            f"--seal: the index is on {host}, and a sealed command reaches only this machine's loopback",
            "Leave out --url: the server inside this process fetches what the lock pins. It can use that index as its "
            "upstream: --upstream followed by the index URL of the lock.",
        )
    inside = "127.0.0.1" if host.endswith("localhost") else host
    return Opening(inside, target.port, (host, target.port))


def _sealed(
    command: Sequence[str],
    environ: Mapping[str, str],
    stdout: TextIO | None,
    openings: Sequence[Opening],
    forwarder: Forwarder,
) -> subprocess.Popen[bytes]:
    """Start ``command`` sealed.

    :raises NotSealed: the kernel does not allow it.
    :raises OSError: the command cannot be run.
    """
    if sys.platform != "linux":
        raise NotSealed("--seal: only Linux can seal a command", advice())
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            child = _started(command, environ, stdout, openings, theirs)
        try:
            listeners = _listeners_of(ours, child)
            _map_user(child.pid)
        except NotSealed:
            child.kill()
            child.wait()
            raise
        for listener, opening in zip(listeners, openings, strict=True):
            forwarder.forward(listener, opening.outside)
        return _running(ours, child, command)


def _started(
    command: Sequence[str],
    environ: Mapping[str, str],
    stdout: TextIO | None,
    openings: Sequence[Opening],
    channel: socket.socket,
) -> subprocess.Popen[bytes]:
    """Start the program that becomes ``command``. Signals wait until it does."""
    numbers = {getattr(signal, name) for name in PASSED_ON}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        return subprocess.Popen(  # noqa: S603 - it is the user's own command
            [
                *(sys.executable, "-I", "-S", sealed_start.__file__, str(channel.fileno())),
                " ".join(str(int(number)) for number in sorted(numbers - before)),
                " ".join(f"{opening.host},{opening.port}" for opening in openings),
                *command,
            ],
            env=environ,
            stdout=stdout,
            pass_fds=(channel.fileno(),),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _listeners_of(channel: socket.socket, child: subprocess.Popen[bytes]) -> list[socket.socket]:
    """Return the child's listening sockets."""
    answer, numbers, _, _ = socket.recv_fds(channel, _LONGEST_ANSWER, _MOST_OPENINGS, socket.MSG_CMSG_CLOEXEC)
    if answer == b"sealed":
        return [socket.socket(fileno=number) for number in numbers]
    step, _, number = answer.decode().partition(" ")
    raise _not_sealed(step, reason(int(number)) if number else f"it ended with status {child.wait()}")


def _not_sealed(step: str, why: str) -> NotSealed:
    """Return the error of a step that failed."""
    does = {
        "namespaces": "create a user and a network namespace",
        "loopback": "bring loopback up in a network namespace of its own",
        "ports": "listen on loopback in a network namespace of its own",
        "user": "keep its user in a user namespace of its own",
    }.get(step, "start Python")
    return NotSealed(f"--seal: the command cannot {does}: {why}", advice())


def _map_user(pid: int) -> None:
    """Give the users and groups of a process in a new user namespace the numbers that they have here.

    All of them if this process may (root), so that files have their owners; otherwise its own user and group.
    """
    folder = Path("/proc", str(pid))
    try:
        for kind, own in (("uid", os.geteuid()), ("gid", os.getegid())):
            ours = Path("/proc/self", f"{kind}_map").read_text().splitlines()
            everyone = "".join(f"{first} {first} {count}\n" for first, _, count in map(str.split, ours))
            try:
                (folder / f"{kind}_map").write_text(everyone)
            except PermissionError:
                if kind == "gid":
                    # The kernel requires this of processes without privileges: see user_namespaces(7).
                    (folder / "setgroups").write_text("deny")
                (folder / f"{kind}_map").write_text(f"{own} {own} 1\n")
    except OSError as error:
        raise _not_sealed("user", reason(error.errno or 0)) from error


def _running(channel: socket.socket, child: subprocess.Popen[bytes], command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Let the child become the command, and return it.

    :raises OSError: the command cannot be run.
    """
    try:
        channel.send(b"1")
        answer = channel.recv(_LONGEST_ANSWER)  # empty: it has become the command, or was ended by a signal
    except ConnectionError:
        answer = b""
    if answer:
        child.wait()
        number = int(answer.split()[1])
        # OSError makes the class of the number: FileNotFoundError for ENOENT.
        raise OSError(number, os.strerror(number), command[0])
    return child
