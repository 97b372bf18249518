"""Another user of the machine, who connects to the proxy of ``reqpi run``, and looks for what it left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from twisted.trial.unittest import SynchronousTestCase

from reqpi.web.proxy.certificates import RunAuthority
from tests.attacks.proxy_case import ProxyCase

PAUSE = """
import json, os, sys
print(json.dumps([os.environ["HTTPS_PROXY"], os.environ["SSL_CERT_FILE"], os.getpid()]), flush=True)
sys.stdin.read()
"""
"""A child that waits until its standard input ends."""

OTHER_USER = """
import encodings.idna, json, os, socket, sys
port, *places = sys.argv[1:]
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
found = []
for line in ("GET http://localhost/ HTTP/1.1", "CONNECT files.example:443 HTTP/1.1"):
    with socket.create_connection(("127.0.0.1", int(port)), 20) as client:
        client.sendall(f"{line}\\r\\nHost: files.example\\r\\nConnection: close\\r\\n\\r\\n".encode())
        found.append(client.makefile("rb").readline().decode().split()[1])
for place in places:
    try:
        with open(place, "rb") as file:
            found.append("PRIVATE" in file.read().decode("latin-1"))
    except PermissionError:
        found.append("forbidden")
print(json.dumps(found))
"""
"""Another user, if this one may become one: requests without the password, and files of the run and of its child."""


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

    def test_another_user_gets_no_file_no_tunnel_and_no_password(self) -> None:
        """The neighbour requests a file and a tunnel, and reads the folder of the run and the child's environment."""
        process = self.start("run", "-q", "requirements.txt", "--", sys.executable, "-c", PAUSE)
        assert process.stdout is not None
        proxy, bundle, pid = json.loads(process.stdout.readline())
        asked = [sys.executable, "-c", OTHER_USER, str(urlsplit(proxy).port), bundle, f"/proc/{pid}/environ"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=240)
        process.communicate("", timeout=240)
        self.assertEqual(process.returncode, 0)
        found = json.loads(done.stdout)
        self.assertEqual(found[:2], ["407", "407"])
        self.assertEqual(found[2:], ["forbidden"] * 2 if os.geteuid() == 0 else [False] * 2)


class AuthorityTests(SynchronousTestCase):
    """The certificates alone, which may be copied by anyone who saw them."""

    def test_the_certificates_are_of_use_to_no_one_else(self) -> None:
        """The neighbour has the certificates of a run, and wants to sign with them or to use them in the next run."""
        first, second = RunAuthority(), RunAuthority()
        self.assertNotIn(b"PRIVATE", first.pem)
        own, other = (x509.load_pem_x509_certificate(each.pem) for each in (first, second))
        self.assertNotEqual(own.public_key(), other.public_key())
        self.assertEqual(_constraints(own).path_length, 0)
        self.assertLessEqual((own.not_valid_after_utc - own.not_valid_before_utc).total_seconds(), 80 * 3600)
        leaf = first._leaf("a.example")
        self.assertFalse(_constraints(leaf).ca)
        leaf.verify_directly_issued_by(own)
        self.assertRaises(InvalidSignature, leaf.verify_directly_issued_by, other)


def _constraints(certificate: x509.Certificate) -> Any:
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
