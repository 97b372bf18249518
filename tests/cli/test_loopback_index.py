"""The index of crates for one cargo: who is answered, and what it remembers."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.processes.loopback_index import IndexUnknown, LoopbackIndex
from reqpi.core.crates.cargo_config import registry_key
from reqpi.core.crates.index import IndexLine, read_index
from reqpi.core.crates.model import Crate
from tests.rust_sdists import WORDS

OTHER = "sparse+https://crates.example/index/"


def lines(registry: str, name: str) -> Sequence[IndexLine]:
    if name == "away":
        raise IndexUnknown("the registry does not answer")
    return list(read_index(WORDS.line, name).values()) if registry == OTHER else ()


class LoopbackIndexTests(SynchronousTestCase):
    """An index for the default registry, which is empty, and another one."""

    def setUp(self) -> None:
        self.index = LoopbackIndex([OTHER], lines)
        served = self.index.served()
        self.url = urlsplit(served.__enter__())
        self.addCleanup(served.__exit__, None, None, None)

    def ask(self, path: str, method: str = "GET", *, host: str = "", named: str = "") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(str(self.url.hostname), self.url.port or 0, timeout=60)
        self.addCleanup(connection.close)
        connection.request(method, f"{host}{path}", headers={"Host": named or urlsplit(host).netloc or self.url.netloc})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def below(self, path: str) -> str:
        return f"{self.url.path}{path}"

    def test_the_lines_of_a_crate_are_sent_and_remembered(self) -> None:
        crate = Crate("made-words", "1.0.2", WORDS.sha256, OTHER)
        self.assertFalse(self.index.has_listed(crate))
        path = self.below(f"registry/{registry_key(OTHER)}/ma/de/made-words")
        self.assertEqual(self.ask(path), (200, WORDS.line + b"\n"))
        self.assertTrue(self.index.has_listed(crate))
        self.assertFalse(self.index.has_listed(Crate("made-words", "1.0.2", "0" * 64, OTHER)))

    def test_it_answers_as_a_proxy_for_itself_alone(self) -> None:
        path = self.below("config.json")
        status, body = self.ask(path, host=f"http://{self.url.netloc}")
        self.assertEqual((status, json.loads(body).keys()), (200, {"dl"}))
        for host in ("http://host.example", "http://127.0.0.1:1", "https://host.example"):
            self.assertEqual(self.ask(path, host=host)[0], 403)
        self.assertEqual(self.ask(path, named="host.example")[0], 403)
        self.assertEqual(self.ask("host.example:443", "CONNECT")[0], 501)

    def test_what_is_not_there_is_404(self) -> None:
        for path in (
            "/config.json",
            "/x/config.json",
            self.below(""),
            self.below("registry/"),
            self.below("registry/0123456789abcdef/config.json"),
            self.below("ma/de/made-words"),
            self.below("xx/xx/made-words"),
            self.below("../config.json"),
            self.below("dl/made-words/1.0.2"),
        ):
            self.assertEqual(self.ask(path)[0], 404, path)

    def test_what_cannot_be_obtained_is_a_refusal_with_the_reason(self) -> None:
        """cargo does not ask again, and shows it."""
        self.assertEqual(self.ask(self.below("aw/ay/away")), (403, b"the registry does not answer"))
        self.assertEqual(self.index.troubles, ["the registry does not answer"])
