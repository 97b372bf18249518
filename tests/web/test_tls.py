"""The same room over TLS, where Twisted's transports behave in other ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import SSL4ClientEndpoint, TCP4ClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions, PrivateCertificate

from reqpi.core.errors import StoreTrouble
from reqpi.web.http import connections
from reqpi.web.http.connections import Connections
from reqpi.web.http.refusal import LINGER
from reqpi.web.http.site_limits import SiteLimits
from tests.fake_upstream.authority import make_certificates
from tests.web import test_sendfile
from tests.web.case import LARGEST, WebCase
from tests.web.long_files import BUFFERS, LongFiles, failing_at
from tests.web.wire import CutOff, Wire


class TLSCase(WebCase):
    """It listens and asks with TLS."""

    def listening(self) -> Any:
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        make_certificates(folder)
        options = PrivateCertificate.loadPEM((folder / "server.pem").read_bytes()).options()
        return reactor.listenSSL(0, self.site, options, interface="127.0.0.1")  # type: ignore[attr-defined]

    async def wire(self) -> Wire:
        here = self.port.getHost()
        endpoint = SSL4ClientEndpoint(reactor, here.host, here.port, CertificateOptions())
        wire: Wire = await endpoint.connect(Factory.forProtocol(Wire))  # type: ignore[arg-type]
        self.wires.append(wire)
        return wire


class FilesOverTLS(TLSCase, test_sendfile.SentByKernel):
    """TLS has to see the bytes of a file: the kernel cannot send it by itself."""


class OverTLS(TLSCase, LongFiles):
    async def test_the_url_is_an_https_url(self) -> None:
        """What must be absolute is reached the way the client came."""
        reply = await self.ask("/locks", "POST", b"six==1.0\n")
        self.assertTrue(json.loads(reply.body)["index"].startswith("https://index.example.org/"), reply.body)

    async def test_a_client_that_does_not_read_is_not_read_for(self) -> None:
        """What TLS holds for it is bounded too."""
        wire = await self.asked()
        await self.turns()
        self.assertLess(self.store.pulled, BUFFERS)
        wire.transport.resumeProducing()
        self.assertEqual(len((await wire.reply()).body), self.store.bytes)

    async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(self) -> None:
        """The reading ends with the connection."""
        wire = await self.asked()
        await self.turns()
        wire.transport.abortConnection()
        await self.site.drained()
        self.assertEqual((self.store.readings, self.flushLoggedErrors()), (0, []))
        self.assertLess(self.store.pulled, BUFFERS)

    async def test_a_reading_that_fails_in_the_middle_cuts_the_connection(self) -> None:
        """Without a goodbye that could be taken for an end."""
        self.store.before = failing_at(100, StoreTrouble("the disk is gone"))
        wire = await self.wire()
        wire.say(self.request(self.path))
        with self.assertRaises(CutOff):
            await wire.reply()
        await self.site.drained()
        self.assertEqual(self.store.readings, 0)

    async def test_a_document_that_is_too_large_is_refused_in_words(self) -> None:
        """The refusal is not lost between TLS and the end of the connection."""
        wire = await self.wire()
        wire.say(self.request("/locks", "POST", Content_Length=str(LARGEST + 1)))
        self.assert_problem(await wire.reply(), 413)
        self.clock.advance(LINGER)
        await wire.ended

    async def test_a_client_that_leaves_after_a_refusal_is_forgotten(self) -> None:
        """Nobody is left to be cut off."""
        wire = await self.wire()
        wire.say(self.request("/locks", "POST", Content_Length=str(LARGEST + 1)))
        await wire.reply()
        wire.transport.abortConnection()
        await self.site.closed()
        self.clock.advance(LINGER)
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_a_flood_of_refused_connections_is_closed_at_once(self) -> None:
        """A client opens connections, begins no TLS on them, and keeps them."""
        self.patch(connections, "_MOST_REFUSED", 2)
        self.site.limits = SiteLimits(self.clock.seconds, connections=Connections(1))
        held = await self.wire()
        held.say(b"GET / HTTP/1.1\r\nHo")
        while all(each._between for each in self.site.open):  # a handshake makes a connection busy, too
            await self.turn()
        here = self.port.getHost()
        plain = TCP4ClientEndpoint(reactor, here.host, here.port)
        peers: list[Wire] = [await plain.connect(Factory.forProtocol(Wire)) for _ in range(5)]  # type: ignore[arg-type]
        for peer in peers[2:]:
            await peer.ended
        self.assertEqual([peer.over for peer in peers], [False, False, True, True, True])
        self.clock.advance(LINGER)
        for peer in peers[:2]:
            await peer.ended
        self.assertEqual(self.site.limits.connections.refused_open, 0)
        self.assertEqual(self.flushLoggedErrors(), [])
