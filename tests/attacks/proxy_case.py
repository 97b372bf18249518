"""Raw requests to the proxy of a run, from a child that has its password and from a neighbour who has not."""

from __future__ import annotations

import sys

from tests.cli.test_run_inside import InsideTestCase

__all__ = ["ProxyCase"]

RAW = r"""
import base64, os, socket, ssl, sys
from urllib.parse import urlsplit

proxy = urlsplit(os.environ["HTTPS_PROXY"])
LOGIN = "Proxy-Authorization: Basic " + base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()

def said(connection):
    data = b""
    try:
        while piece := connection.recv(1 << 16):
            data += piece
    except OSError:
        pass
    return data.decode("latin-1")

def first(text):
    return text.split(" ")[1] if text.startswith("HTTP/") else "closed"

def plain(target, *fields, method="GET", login=LOGIN):
    with socket.create_connection((proxy.hostname, proxy.port), 20) as client:
        lines = (f"{method} {target} HTTP/1.1", *fields, *([login] if login else []), "Connection: close", "", "")
        client.sendall("\r\n".join(lines).encode("latin-1"))
        return said(client)

def tunnel(where, host, path, sni=None, alpn=("h2", "http/1.1"), trusting=True, method="GET"):
    with socket.create_connection((proxy.hostname, proxy.port), 20) as client:
        client.sendall(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n{LOGIN}\r\n\r\n".encode())
        answer = client.recv(1 << 16).decode()
        if " 200 " not in answer:
            return answer
        context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"] if trusting else None)
        context.check_hostname = sni is None
        context.set_alpn_protocols(list(alpn))
        name = where.rpartition(":")[0].strip("[]")
        with context.wrap_socket(client, server_hostname=sni or name) as inside:
            fields = f"Host: {host}\r\nUser-Agent: attacker/1\r\nConnection: close\r\n\r\n"
            inside.sendall(f"{method} {path} HTTP/1.1\r\n{fields}".encode())
            return (inside.selected_alpn_protocol() or "") + "|" + said(inside)

def inner(*arguments, **more):
    return first(tunnel(*arguments, **more).partition("|")[2])
"""


class ProxyCase(InsideTestCase):
    """The command is a program of the attacker."""

    def child(self, program: str, *options: str) -> tuple[list[str], str]:
        """Run a program behind the proxy; the words that it prints, and the messages of ``run``."""
        status, out, err = self.run_reqpi(
            "run", *options, "requirements.txt", "--", sys.executable, "-c", RAW + program
        )
        self.assertEqual(status, 0, err)
        return out.split(), err
