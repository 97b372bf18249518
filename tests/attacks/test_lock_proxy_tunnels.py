"""A lock, or the code that it installs, that uses tunnels of the proxy of ``reqpi run`` in unusual ways."""

from __future__ import annotations

import socket
import sys

from reqpi.core.address import address_of
from tests.attacks.proxy_case import RAW, ProxyCase

FRAMES = """
PREFACE = b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes(9)

def frames(where):
    with socket.create_connection((proxy.hostname, proxy.port), 20) as client:
        if not where:
            client.sendall(PREFACE)
            return said(client)
        client.sendall(f"CONNECT {where} HTTP/1.1\\r\\n{LOGIN}\\r\\n\\r\\n".encode())
        client.recv(1 << 16)
        context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        with context.wrap_socket(client, server_hostname=where.partition(":")[0]) as inside:
            inside.sendall(PREFACE)
            return said(inside)
"""

OUTLIVES = """
def opened(where):
    client = socket.create_connection((proxy.hostname, proxy.port), 20)
    client.sendall(f"CONNECT {where} HTTP/1.1\\r\\n{LOGIN}\\r\\n\\r\\n".encode())
    client.recv(1 << 16)
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    return context.wrap_socket(client, server_hostname=where.partition(":")[0])

def asked(inside):
    inside.settimeout(60)
    try:
        inside.sendall(b"GET / HTTP/1.1\\r\\nHost: a.example\\r\\n\\r\\n")
        return first(inside.recv(1 << 16).decode("latin-1"))
    except OSError:
        return "closed"

used, unused = opened("a.example:443"), opened("a.example:443")
print(asked(used), flush=True)
if os.fork():
    os._exit(3)
sys.stdin.readline()
print(asked(used), asked(unused), flush=True)
try:
    opened("a.example:443")
    print("reached", flush=True)
except OSError:
    print("refused", flush=True)
"""


class TunnelTests(ProxyCase):
    def test_no_spelling_of_this_machine_is_reached(self) -> None:
        """A setup.py spells an address of this machine in a form that only a resolver understands."""
        with socket.create_server(("127.0.0.1", 0)) as secret:
            port = secret.getsockname()[1]
            words, _ = self.child(f"""
for host in ("[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0.0.0.0", "127.0.0.1.", "localhost.localdomain"):
    print(inner(f"{{host}}:{port}", f"{{host}}:{port}", "/", sni=host.strip("[]").rstrip(".")))
    print(first(plain(f"http://{{host}}:{port}/", "Host: x")))
""")
            secret.setblocking(False)
            self.assertRaises(BlockingIOError, secret.accept)
        self.assertEqual(words, ["403"] * 14)

    def test_http_2_is_spoken_in_no_way(self) -> None:
        """A setup.py offers no protocol, sends frames of HTTP/2 without asking, and asks for an upgrade."""
        words, _ = self.child(
            FRAMES
            + """
print(tunnel("a.example:443", "a.example", "/", alpn=()).partition("|")[0] or "none")
print(inner("a.example:443", "a.example", "/", alpn=()))
for answer in (frames("a.example:443"), frames("")):
    print(first(answer), "HTTP/2" in answer)
upgrade = ("Host: a.example", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
print(first(plain("http://a.example/", *upgrade)))
"""
        )
        self.assertEqual(words[:2], ["none", "403"])
        for status, spoken in (words[2:4], words[4:6]):
            self.assertIn(status, ("400", "407", "505", "closed"))
            self.assertEqual(spoken, "False")
        self.assertEqual(words[6:], ["403"])

    def test_a_file_of_another_lock_in_the_same_store_is_not_served(self) -> None:
        """A setup.py asks for a file that the user has from another lock, by its URL and by the other address."""
        file = self.upstream.wheel("idna", "3.10")
        other = f"idna==3.10 --hash=sha256:{file.sha256}\n"
        (self.folder / "other.txt").write_text(other)
        self.assertEqual(self.run_reqpi("fetch", "-q", "-o", "files", "other.txt")[0], 0)
        self.upstream.forget()
        url = f"{self.upstream.file_url(file)}"
        below = f"{address_of(other.encode())}/simple/idna/{file.filename}"
        words, _ = self.child(f"""
index = urlsplit(os.environ["PIP_INDEX_URL"])
for target in ({url!r}, {url!r} + ".metadata", f"http://{{index.hostname}}:{{index.port}}/{below}"):
    answer = plain(target, "Host: x")
    print(first(answer), "PK" in answer)
""")
        self.assertEqual(words, ["403", "False"] * 3)
        self.assertEqual(self.upstream.asked(file.filename), [])

    def test_a_child_that_outlives_the_run_has_no_tunnel(self) -> None:
        """The child opens two tunnels and forks; its own child uses them, and opens a third, after the run."""
        process = self.start("run", "-q", "requirements.txt", "--", sys.executable, "-c", RAW + OUTLIVES)
        assert process.stdout is not None
        assert process.stdin is not None
        self.assertEqual(process.stdout.readline(), "403\n")
        self.assertEqual(process.wait(60), 3)
        process.stdin.write("\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), "closed closed\n")
        self.assertEqual(process.stdout.readline(), "refused\n")
