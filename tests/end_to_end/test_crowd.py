"""Many clients for one large file that is not here yet: one fetch, little memory, right bytes for all."""

from __future__ import annotations

import asyncio
import hashlib
import os
from time import monotonic
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.case import EndToEnd

_CLIENTS = 200
_SIZE = int(os.environ.get("REQPI_TEST_CROWD_MB", "20")) << 20


@pytest.mark.clients  # 4 GB through loopback: once a run is enough
class CrowdTests(EndToEnd):
    """``REQPI_TEST_CROWD_MB=200`` makes the file as large as it says."""

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
        self.assertLess(resident, 200 << 20)


async def _crowd(url: str) -> tuple[list[float], set[str]]:
    began = monotonic()
    taken = await asyncio.gather(*(_take(url, began) for _ in range(_CLIENTS)))
    return [first for first, _ in taken], {digest for _, digest in taken}


async def _take(url: str, began: float) -> tuple[float, str]:
    """When the first byte of the body came, in seconds, and the sha256 of all that came."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    computed, first = hashlib.sha256(), 0.0
    while data := await reader.read(1 << 16):
        first = first or monotonic() - began
        computed.update(data)
    writer.close()
    return first, computed.hexdigest() if head.startswith(b"HTTP/1.1 200 ") else head.decode("ascii", "replace")
