"""The program that a sealed child begins as: it leaves the network, opens its listening sockets, becomes the command.

It is run by its path, by Python without ``site``: ``sealed_start.py CHANNEL SIGNALS OPENINGS COMMAND …``. It imports
nothing of ReqPI, has one thread, and remains no process of its own. CHANNEL is a socket to the parent. Two things are
sent there: the listening sockets, or the step that failed with its error number; then the error number if COMMAND
cannot be run. Between them the parent answers with one byte, when it has mapped the user.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from errno import ENOSYS
from fcntl import ioctl

_NEW_USER = 0x10000000
_NEW_NETWORK = 0x40000000
# linux/sockios.h and linux/if.h
_SET_FLAGS = 0x8914
_UP = 1


def main(words: Sequence[str]) -> int:
    """Become the command.

    :returns: a status that the parent does not look at, if there is no command to become.
    """
    channel_number, signals, openings, *command = words
    environ = _environ()
    channel = socket.socket(fileno=int(channel_number))
    channel.set_inheritable(False)
    listeners: list[socket.socket] = []
    step = "namespaces"
    try:
        _leave_network()
        step = "loopback"
        _raise_loopback()
        step = "ports"
        listeners += map(_listener, openings.split())
    except OSError as error:
        channel.send(f"{step} {error.errno}".encode())
        return 1
    socket.send_fds(channel, [b"sealed"], [listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()
    if not channel.recv(1):
        return 1
    _restore_signals({int(number) for number in signals.split()})
    try:
        os.execvpe(os.fsencode(command[0]), [os.fsencode(word) for word in command], environ)  # noqa: S606 - no shell
    except OSError as error:
        channel.send(f"command {error.errno}".encode())
    return 1


def _environ() -> dict[bytes, bytes]:
    """Return the environment that the parent passed. Python may have added ``LC_CTYPE`` to its own (:pep:`538`)."""
    with open("/proc/self/environ", "rb") as file:  # pathlib is slow to import
        entries = file.read().split(b"\0")
    return {name: value for name, found, value in (entry.partition(b"=") for entry in entries) if found}


def _leave_network() -> None:
    """Move this process into a user and a network namespace of its own."""
    if hasattr(os, "unshare"):  # Python 3.12
        os.unshare(_NEW_USER | _NEW_NETWORK)
        return
    try:
        import ctypes  # noqa: PLC0415 - only older Pythons need it
    except ImportError as error:
        raise OSError(ENOSYS, str(error)) from error
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER | _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "unshare")


def _raise_loopback() -> None:
    """Bring loopback up. The kernel then gives it 127.0.0.1 and ::1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        ioctl(control, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def _listener(opening: str) -> socket.socket:
    """Return a listening socket of an opening, which is an address of loopback and a port: ``127.0.0.1,49152``."""
    host, _, port = opening.partition(",")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family)


def _restore_signals(blocked: set[int]) -> None:
    """Undo what Python and the parent changed. A signal that arrived meanwhile takes effect now."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
