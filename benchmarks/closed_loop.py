"""A client for loads that wrk cannot generate: wrk waits for a body after HEAD, and cannot send at a fixed rate."""

from __future__ import annotations

import selectors
import socket
import time
from urllib.parse import urlsplit

from benchmarks.load import Load, Sample
from benchmarks.machine import on_load_core
from benchmarks.processes import Process

_UNKNOWN, _UNTIL_CLOSED, _CHUNKED = -1, -2, -3  # instead of a length
_LAST_CHUNK = b"\r\n0\r\n\r\n"

__all__ = ["Connection", "ask_at_rate", "ask_in_loop", "percentile", "with_those_missed"]


class Connection:
    """A connection that sends the same request repeatedly, one at a time; it is reused if the server keeps it open."""

    def __init__(self, load: Load, method: str = "GET") -> None:
        where = urlsplit(load.url)
        self._place = (where.hostname or "", where.port or 80)
        self.socket = self._connected()
        lines = [f"{method} {where.path} HTTP/1.1", f"Host: {where.netloc}"]
        lines += [f"{name}: {value}" for name, value in load.headers.items()]
        self._request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._head = method == "HEAD"
        self._came, self._left = b"", _UNKNOWN
        self.began = 0.0

    def send(self) -> None:
        """Send the request, on a new connection if the server closed the last one."""
        self.began = time.perf_counter()
        if self._left == _UNTIL_CLOSED:
            self.socket.close()
            self.socket = self._connected()
        self._came, self._left = b"", _UNKNOWN
        self.socket.sendall(self._request)

    def receive(self) -> int:
        """Read the bytes that have arrived.

        :returns: the size of the response in bytes, head included, once it is complete; otherwise 0.
        :raises SystemExit: the status is neither 200 nor 304, the length is missing, or the response is truncated.
        """
        came = self.socket.recv(1 << 18)
        self._came += came
        if self._left == _UNKNOWN and b"\r\n\r\n" in self._came:
            head = self._came.partition(b"\r\n\r\n")[0]
            length = self._length(head.lower())
            self._left = length if length < 0 else len(head) + 4 + length
        whole = {_CHUNKED: self._came.endswith(_LAST_CHUNK), _UNTIL_CLOSED: not came, _UNKNOWN: False}
        if whole.get(self._left, len(self._came) >= self._left):
            return len(self._came)
        if not came:
            raise SystemExit("the server closed the connection before the response was complete")
        return 0

    def _length(self, head: bytes) -> int:
        if head[9:12] not in (b"200", b"304"):
            raise SystemExit(f"the server answered {head[:60]!r}")
        lines = head.split(b"\r\n")
        if b"connection: close" in lines:
            return _UNTIL_CLOSED
        if self._head or head[9:12] == b"304":
            return 0
        if b"transfer-encoding: chunked" in lines:
            return _CHUNKED
        for line in lines:
            if line.startswith(b"content-length:"):
                return int(line.partition(b":")[2])
        raise SystemExit("the response has no Content-Length, is not chunked, and does not close the connection")

    def _connected(self) -> socket.socket:
        made = socket.create_connection(self._place, timeout=30)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def ask_in_loop(load: Load, method: str, server: Process) -> Sample:
    """Send requests from this process on all connections, the next one as soon as the last is answered."""
    used, took, volume = server.cpu(), [], 0
    with on_load_core(), selectors.DefaultSelector() as selector:
        began = time.perf_counter()
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
                    before = each.socket
                    each.send()
                    if each.socket is not before:
                        selector.unregister(before)
                        selector.register(each.socket, selectors.EVENT_READ, each)
        seconds = time.perf_counter() - began
        for each in connections:
            each.socket.close()
    return _sample(took, seconds, volume, server.cpu() - used)


def ask_at_rate(load: Load, rate: float, server: Process) -> Sample:
    """Send requests on one connection at fixed times, ``rate`` a second."""
    used, took, volume = server.cpu(), [], 0
    with on_load_core():
        connection = Connection(load)
        began = due = time.perf_counter()
        while due < began + load.seconds:
            time.sleep(max(due - time.perf_counter(), 0.0))
            connection.send()
            while not (whole := connection.receive()):
                continue
            now = time.perf_counter()
            took += with_those_missed(now - connection.began, 1 / rate)
            volume += whole
            due = max(due + 1 / rate, now)
        connection.socket.close()
    return _sample(took, now - began, volume, server.cpu() - used)


def with_those_missed(seconds: float, interval: float) -> list[float]:
    """Return a response time, and those of the requests that it delayed, which would have waited for the rest of it.

    Without them, a server that stalls for a second would count as one slow response among many. This is HdrHistogram's
    correction for coordinated omission.

    :param seconds: the response time.
    :param interval: seconds between two requests.
    """
    return [seconds - missed * interval for missed in range(int(seconds / interval) + 1)]


def _sample(took: list[float], seconds: float, volume: int, cpu: float) -> Sample:
    p50, p99 = (percentile(took, share) * 1e3 for share in (0.5, 0.99))
    return Sample(len(took), seconds, volume, p50, p99, 0, cpu)


def percentile(values: list[float], share: float) -> float:
    """Return the value that the fraction ``share`` of the values does not exceed; 0 if there are no values."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
