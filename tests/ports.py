"""Ports of loopback for programs that must be told theirs before they start."""

from __future__ import annotations

import socket
from contextlib import ExitStack

__all__ = ["free_ports"]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different, and that nobody else is given for a minute.

    Each has a connection behind it that was closed at this end, and so waits (RFC 9293, TIME-WAIT): the system deals
    such a port out neither to a listener nor to a connection that asks for any, while one who names it gets it.
    """
    with ExitStack() as held:
        listeners = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [_waiting(listener) for listener in listeners]


def _waiting(listener: socket.socket) -> int:
    with socket.create_connection(listener.getsockname()) as far:
        listener.accept()[0].close()
        far.recv(1)
    port: int = listener.getsockname()[1]
    return port
