"""What the tests of archives and git have in common."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.upstreams import Upstreams
from tests.sourcehost import SourceHost
from tests.upstream.case import UpstreamCase, reactor

__all__ = ["SourceCase", "unpacked"]


class SourceCase(UpstreamCase):
    """One host of sources, which the operator allows, and everything real but the clock."""

    timeout = 240

    def setUp(self) -> None:
        super().setUp()
        self.host = self.a_host()

    def a_host(self) -> SourceHost:
        host = SourceHost()
        self.addCleanup(host.close)
        return host

    def upstreams(self, *hosts: SourceHost, allow: tuple[str, ...] = (), **more: Any) -> Upstreams:
        """The outside, with these hosts allowed and trusted.

        :param allow: more hosts.
        :param more: see :class:`AllowedUpstreams`.
        """
        trusted = hosts or (self.host,)
        settings = {
            "hosts": Hosts.read([*(host.name for host in trusted), *allow], "--allow-host"),
            "certificates": b"".join(host.authority.read_bytes() for host in trusted),
            **more,
        }
        return self.made(AllowedUpstreams(**settings), reactor)

    def made(self, outside: AllowedUpstreams, names: Any) -> Upstreams:
        """The outside, closed at the end.

        :param names: in place of the reactor.
        """
        upstreams = Upstreams(outside, names, self.clock)
        self.addCleanup(lambda: Deferred.fromCoroutine(upstreams.close()))
        return upstreams

    def folder(self) -> Path:
        """An empty one."""
        path = Path(self.mktemp()).absolute()
        path.mkdir()
        return path

    async def timestamp(self) -> None:
        """Let others go on."""
        await deferLater(reactor, 0.01)

    async def bytes_of(self, upstreams: Upstreams, url: str) -> bytes:
        transfer = await upstreams.open(url)
        try:
            data = b"".join([piece async for piece in transfer])
        finally:
            transfer.close()
        self.assertIn(transfer.size, (None, len(data)))
        return data


def unpacked(data: bytes) -> dict[str, bytes | str]:
    """What is in a ``.tar.gz``: files, and links with where they lead to."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        found: dict[str, bytes | str] = {}
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                found[member.name] = file.read()
            elif member.issym():
                found[member.name] = f"-> {member.linkname}"
        return found
