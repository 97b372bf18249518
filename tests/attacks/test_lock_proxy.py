"""A lock, or the code that it installs, that asks the proxy of ``reqpi run`` for more than the lock pins."""

from __future__ import annotations

import socket
from threading import Thread

from tests.attacks.proxy_case import ProxyCase


class LockProxyTests(ProxyCase):
    def setUp(self) -> None:
        super().setUp()
        self.secret = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.secret.close)
        self.port = self.secret.getsockname()[1]
        self.reached: list[object] = []
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while True:
                connection, _ = self.secret.accept()
                self.reached.append(connection)
        except OSError:
            return

    def test_connect_reaches_no_port_and_no_address(self) -> None:
        """A setup.py asks for a tunnel to a service on loopback, on a private network, and to ports of mail and ssh."""
        words, err = self.child(f"""
for where in ("127.0.0.1:{self.port}", "localhost:{self.port}", "[::1]:{self.port}", "10.0.0.1:22", "mail.example:25"):
    print(inner(where, where, "/"))
for where in ("nowhere", "host:0", "host:65536", "ho st:443", "a@b:443", "host:-1", ":443", "x/y:443"):
    print(first(plain(where, method="CONNECT")))
""")
        self.assertEqual(words, ["403"] * 5 + ["400"] * 8)
        self.assertEqual(self.reached, [])
        self.assertIn("# reqpi: 10.0.0.1 was asked by attacker: not in this lock\n", err)

    def test_absolute_http_reaches_no_address(self) -> None:
        """A setup.py sends whole URLs of services on this machine, other schemes, other methods, and no URL at all."""
        words, _ = self.child(f"""
print(first(plain("http://127.0.0.1:{self.port}/", "Host: x")))
print(first(plain("http://169.254.169.254/latest/meta-data/", "Host: 127.0.0.1")))
print(first(plain("{self.upstream.url}six/", "Host: x", "Content-Length: 0", method="POST")))
print(first(plain("{self.upstream.url}six/", "Host: x", method="DELETE")))
print(first(plain("/{"0" * 64}/simple/six/", "Host: 127.0.0.1")))
print(first(plain("ftp://files.example/", "Host: files.example")))
""")
        self.assertEqual(words, ["403", "403", "403", "403", "400", "400"])
        self.assertEqual(self.reached, [])
        self.assertEqual([request.method for request in self.upstream.requests if request.method != "GET"], [])

    def test_names_that_differ_are_refused(self) -> None:
        """A setup.py opens a tunnel to one host, and names another one in TLS, in Host, or in the request target."""
        words, err = self.child("""
print(inner("a.example:443", "b.example", "/"), inner("a.example:443", "a.example", "/", sni="b.example"))
print(inner("a.example:443", "a.example:8443", "/"), inner("a.example:443", "a.example", "https://b.example/"))
print(inner("a.example:443", "A.example:443", "/"))
print(tunnel("a.example:443", "a.example", "/").partition("|")[0])
print(tunnel("a.example:443", "a.example", "/", alpn=["h2"]).partition("|")[0] or "none")
""")
        self.assertEqual(words, ["421", "421", "421", "421", "403", "http/1.1", "none"])
        self.assertIn("# reqpi: a.example was asked by attacker", err)

    def test_the_index_of_another_lock_is_not_served(self) -> None:
        """A setup.py asks for what another lock could install, from an index that this lock does not name."""
        words, err = self.child(f"""
base = "{self.upstream.url}"
other = base.replace("/simple/", "/other/")
print(first(plain(base + "six/", "Host: x")), first(plain(base + "idna/", "Host: x")))
print(first(plain(other + "six/", "Host: x")))
print(first(plain(base.replace("/simple/", "/files/idna-3.10.tar.gz"), "Host: x")))
file = base.replace("/simple/", "/files/{self.wheel.filename}")
print(first(plain(file, "Host: x")), first(plain(file + ".metadata", "Host: x")), first(plain(file + "?x", "Host: x")))
print(first(plain(file.replace("1.17.0", "1.18.0"), "Host: x")))
""")
        self.assertEqual(words, ["200", "410", "403", "403", "200", "200", "403", "410"])
        self.assertIn("idna==3.10\n", err)

    def test_a_denied_file_does_not_come_through_the_proxy(self) -> None:
        """A setup.py asks for a file of the lock that the operator denies, at its URL and on its page."""
        asking = f"""
base = "{self.upstream.url}"
file = base.replace("/simple/", "/files/{self.wheel.filename}")
for url in (base + "six/", file, file + ".metadata"):
    print(first(plain(url, "Host: x")))
"""
        self.assertEqual(self.child(asking)[0], ["200", "200", "200"])
        self.assertEqual(self.run_reqpi("deny", f"sha256:{self.wheel.sha256}", "--because", "it mines coins")[0], 0)
        words, err = self.child(asking)
        self.assertEqual(words, ["410", "410", "410"])
        self.assertIn("is denied: it mines coins", err)

    def test_a_head_that_never_ends_is_bounded(self) -> None:
        """A setup.py sends 17 KiB of a head, to fill the memory of the run."""
        words, _ = self.child("""
print(first(plain("a.example:443", *[f"X-{n}: {'x' * 1000}" for n in range(17)], method="CONNECT")))
print("x-reqpi-refused: " in tunnel("a.example:443", "a.example", "/").lower())
""")
        self.assertEqual(words, ["431", "True"])
