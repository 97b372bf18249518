"""The documented nginx in front of replicas: which of them it asks."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

from twisted.trial.unittest import SynchronousTestCase

from tests.nginx import Nginx, shipped
from tests.storage.scratch import scratch

DOCUMENTED = Path(__file__).parents[2] / "docs" / "replicas.md"


class NginxTests(SynchronousTestCase):
    """Two servers that answer with their names."""

    def setUp(self) -> None:
        self.servers = [self.serving(name) for name in ("one", "two")]
        places = [f"127.0.0.1:{server.server_address[1]}" for server in self.servers]
        self.nginx = Nginx(scratch(self) / "nginx", places)
        self.addCleanup(self.nginx.stop)

    def serving(self, name: str) -> ThreadingHTTPServer:
        class Named(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Named)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def asked(self, path: str) -> str:
        with urlopen(f"{self.nginx.url}{path}", timeout=240) as response:
            return str(response.read().decode())

    def test_each_path_has_its_server_and_another_one_if_that_is_gone(self) -> None:
        paths = [f"/{number:064x}/simple/six/" for number in range(40)]
        first = [self.asked(path) for path in paths]
        self.assertEqual([self.asked(path) for path in paths], first)
        self.assertEqual(set(first), {"one", "two"})
        self.servers[0].shutdown()
        self.servers[0].server_close()
        self.assertEqual({self.asked(path) for path in paths}, {"two"})

    def test_the_page_has_what_is_tested(self) -> None:
        """The directives that decide which server is asked."""
        self.assertIn("hash $uri consistent;", DOCUMENTED.read_text("utf-8"))
        self.assertIn("hash $uri consistent;", shipped(8443, ["10.0.0.11:2000", "10.0.0.12:2000"]))
        self.assertNotIn("http_503", shipped(8443, ["10.0.0.11:2000", "10.0.0.12:2000"]))
