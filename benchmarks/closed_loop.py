"""A client of our own, for what wrk cannot do: it waits for the body of an answer to HEAD, and has no fixed rate."""

from __future__ import annotations

import selectors
import socket
import time
from urllib.parse import urlsplit

from benchmarks.load import Load, Sample
from benchmarks.processes import Process

__all__ = ["Connection", "ask_in_loop", "percentile"]


class Connection:
    """Kept open; one request at a time, always the same."""

    def __init__(self, load: Load, method: str = "GET") -> None:
        where = urlsplit(load.url)
        self.socket = socket.create_connection((where.hostname or "", where.port or 80), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"{method} {where.path} HTTP/1.1", f"Host: {where.netloc}"]
        lines += [f"{name}: {value}" for name, value in load.headers.items()]
        self._request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._head = method == "HEAD"
        self._answer, self._left = b"", -1
        self.began = 0.0

    def send(self) -> None:
        """The request, whose answer is then due."""
        self.began = time.perf_counter()
        self._answer, self._left = b"", -1
        self.socket.sendall(self._request)

    def receive(self) -> int:
        """Take what came.

        :returns: the bytes of the answer, once it is whole; else 0.
        :raises SystemExit: it is no success, or does not say how long it is.
        """
        self._answer += self.socket.recv(1 << 18)
        if self._left < 0 and b"\r\n\r\n" in self._answer:
            head = self._answer.partition(b"\r\n\r\n")[0]
            self._left = len(head) + 4 + self._length(head.lower())
        return len(self._answer) if len(self._answer) >= self._left > 0 else 0

    def _length(self, head: bytes) -> int:
        if head[9:12] not in (b"200", b"304"):
            raise SystemExit(f"the server answered {head[:60]!r}")
        if self._head or head[9:12] == b"304":
            return 0
        for line in head.split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return int(line.partition(b":")[2])
        raise SystemExit("the answer does not say how long it is")


def ask_in_loop(load: Load, method: str, server: Process) -> Sample:
    """Ask on all connections, each again as soon as it is answered, from this process."""
    used, took, volume = server.cpu(), [], 0
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        connections = [Connection(load, method) for _ in range(load.connections)]
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
            each.send()
        while time.perf_counter() < began + load.seconds:
            for key, _ in selector.select(1.0):
                each = key.data
                if whole := each.receive():
                    took.append(time.perf_counter() - each.began)
                    volume += whole
                    each.send()
        for each in connections:
            each.socket.close()
    seconds = time.perf_counter() - began
    p50, p99 = (percentile(took, share) * 1e3 for share in (0.5, 0.99))
    return Sample(len(took), seconds, volume, p50, p99, 0, server.cpu() - used)


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of them do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
