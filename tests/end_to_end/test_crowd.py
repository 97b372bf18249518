"""Many clients for one large file that is not here yet: one fetch, little memory, right bytes for all."""

from __future__ import annotations

import asyncio
import hashlib
import os
from time import monotonic
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.test_object_store import ObjectStoreCase

_CLIENTS = int(os.environ.get("REQPI_TEST_CROWD", "200"))
_SIZE = int(os.environ.get("REQPI_TEST_CROWD_MB", "8")) << 20


@pytest.mark.clients  # 1.6 GB through loopback: once a run is enough
@pytest.mark.xdist_group("heavy")
@pytest.mark.figures
class CrowdTests(EndToEnd):
    """``REQPI_TEST_CROWD_MB=200`` makes the file as large as it says; ``REQPI_TEST_CROWD=1000``, more clients."""

    def test_one_fetch_for_200_clients(self) -> None:
        """The server holds neither the file nor a copy for each client."""
        file = self.upstream.wheel("large", "1.0", files={"large.bin": os.urandom(_SIZE)})
        index = self.committed("large==1.0\n")
        self.get(f"{index}large/")
        began = monotonic()
        firsts, digests = asyncio.run(_crowd(f"{index}large/{file.filename}"))
        seconds, resident = monotonic() - began, self.server.resident()
        print(
            f"{_CLIENTS} clients, {len(file.content) >> 20} MiB: first byte after {min(firsts):.2f} to "
            f"{max(firsts):.2f} s, all after {seconds:.1f} s, {resident >> 20} MiB resident at most"
        )
        self.assertEqual(digests, {file.sha256})
        self.assertEqual(len(self.upstream.asked(file.filename)), 1)
        self.assertLess(resident, (200 << 20) + max(0, _CLIENTS - 200) * (1 << 17))


@pytest.mark.clients
@pytest.mark.xdist_group("heavy")
@pytest.mark.figures
class SlowTests(EndToEnd):
    """``REQPI_TEST_SLOW_MB=3000`` makes the file as large as it says, and takes some minutes and 10 GB of memory."""

    def test_50_slow_readers(self) -> None:
        """Each takes a piece now and then: the server holds neither the file nor a copy for each of them."""
        size = int(os.environ.get("REQPI_TEST_SLOW_MB", "16")) << 20
        file = self.upstream.wheel("large", "1.0", files={"large.bin": os.urandom(size)})
        index = self.committed("large==1.0\n")
        self.get(f"{index}large/")
        began = monotonic()
        taken = asyncio.run(_slowly(f"{index}large/{file.filename}", size / 8))
        seconds, resident = monotonic() - began, self.server.resident()
        print(
            f"{len(taken)} slow readers of {len(file.content) >> 20} MiB: all after {seconds:.0f} s, "
            f"{resident >> 20} MiB resident at most"
        )
        self.assertEqual({digest for _, digest in taken}, {file.sha256})
        self.assertEqual(len(self.upstream.asked(file.filename)), 1)
        self.assertLess(resident, 200 << 20)


@pytest.mark.clients
@pytest.mark.figures
@pytest.mark.xdist_group("heavy")
class FromAfarTests(ObjectStoreCase):
    """The file is in an object store, and there is no cache before it."""

    def test_200_slow_readers(self) -> None:
        """A stream from an object store holds more than a MiB of what nobody has read: there are not so many."""
        size = 5 << 20
        file = self.upstream.wheel("large", "1.0", files={"large.bin": os.urandom(size)})
        lock = "large==1.0\n"
        self.served(f"{self.committed(lock)}large/{file.filename}")
        self.server.stop()
        self.server = self.started()
        began = monotonic()
        taken = asyncio.run(_slowly(f"{self.committed(lock)}large/{file.filename}", size / 8, _CLIENTS))
        seconds, resident = monotonic() - began, self.server.resident()
        print(f"{_CLIENTS} slow readers from an object store: {seconds:.0f} s, {resident >> 20} MiB resident at most")
        self.assertEqual({digest for _, digest in taken}, {file.sha256})
        self.assertLess(resident, 200 << 20)


async def _slowly(url: str, bytes_per_second: float, count: int = 50) -> list[tuple[float, str]]:
    return await asyncio.gather(*(_take(url, monotonic(), bytes_per_second) for _ in range(count)))


async def _crowd(url: str) -> tuple[list[float], set[str]]:
    began = monotonic()
    taken = await asyncio.gather(*(_take(url, began) for _ in range(_CLIENTS)))
    return [first for first, _ in taken], {digest for _, digest in taken}


async def _take(url: str, began: float, bytes_per_second: float = 0.0) -> tuple[float, str]:
    """When the first byte of the body came, in seconds, and the sha256 of all that came.

    :param bytes_per_second: at most so many are taken; 0: as many as come.
    """
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    computed, first = hashlib.sha256(), 0.0
    while data := await reader.read(1 << 16):
        first = first or monotonic() - began
        computed.update(data)
        if bytes_per_second:
            await asyncio.sleep(len(data) / bytes_per_second)
    writer.close()
    return first, computed.hexdigest() if head.startswith(b"HTTP/1.1 200 ") else head.decode("ascii", "replace")
