"""Another user of the machine, who connects to the proxy of ``reqpi run``, and looks for what it left behind."""

from __future__ import annotations

from pathlib import Path

from tests.attacks.proxy_case import ProxyCase


class NeighbourProxyTests(ProxyCase):
    def test_nothing_is_served_without_the_password(self) -> None:
        """The neighbour found the port, and sends no password, a wrong one, and the password as that of a server."""
        wrong = "Proxy-Authorization: Basic cmVxcGk6eA=="
        words, err = self.child(f"""
page = f"{self.upstream.url}six/"
for login in ("", {wrong!r}, LOGIN.replace("Proxy-", "")):
    print(first(plain(page, "Host: localhost", login=login)))
    print(first(plain("files.example:443", "Host: files.example", method="CONNECT", login=login)))
    print(first(plain("/", "Host: localhost", login=login)))
print(first(plain(page, "Host: localhost")))
""")
        self.assertEqual(words, ["407"] * 9 + ["200"])
        self.assertNotIn("asked by", err)

    def test_the_authority_leaves_nothing_behind(self) -> None:
        """The neighbour, or the user's next program, looks for the key in the folder of the run, and later."""
        words, _ = self.child("""
folder = os.path.dirname(os.environ["SSL_CERT_FILE"])
files = os.listdir(folder)
print(folder, oct(os.stat(folder).st_mode)[-3:], len(files), "PRIVATE" in open(f"{folder}/{files[0]}").read())
""")
        folder, *rest = words
        self.assertEqual(rest, ["700", "1", "False"])
        self.assertFalse(Path(folder).exists())

    def test_a_child_that_outlives_the_run_has_no_proxy(self) -> None:
        """The child forks, and its own child keeps the password after the command has ended."""
        words, _ = self.child("print(proxy.port)")
        status, out, _ = self.run_reqpi("run", "requirements.txt", "--", "sh", "-c", "echo $HTTPS_PROXY")
        self.assertEqual(status, 0)
        self.assertNotIn(f":{words[0]}\n", out)
        self.assertEqual(self.start(program=["-c", f"""
import socket
print(socket.socket().connect_ex(("127.0.0.1", {words[0]})) != 0)
"""]).communicate(timeout=240)[0], "True\n")  # fmt: skip
