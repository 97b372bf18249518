"""``--token-file`` and ``REQPI_TOKEN``: the user's token goes to the server of ``--url``, and is printed nowhere."""

from __future__ import annotations

import sys
from argparse import Namespace
from base64 import b64decode
from pathlib import Path
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.inputs.own_token import log_in, with_token
from reqpi.client.errors import BadUsage
from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase

TOKEN = "reqpi_ci_" + "s" * 43
ADDRESS = address_of(DOCUMENT)


class UrlTests(SynchronousTestCase):
    def logged_in(self, url: str | None, path: Path | None = None) -> str | None:
        options = Namespace(url=url, token_file=path)
        log_in(options)
        return options.url  # type: ignore[no-any-return]

    def test_the_token_is_a_password_in_the_url(self) -> None:
        self.assertEqual(with_token("http://h:2000/x", "a/b@c"), "http://__token__:a%2Fb%40c@h:2000/x")
        self.assertEqual(with_token("http://[::1]:2000", "t"), "http://__token__:t@[::1]:2000")

    def test_a_login_in_the_url_and_a_url_that_is_none_stay_as_they_are(self) -> None:
        for url in ("http://me:secret@h", "http://[", "nonsense", ""):
            self.assertEqual(with_token(url, "t"), url)
        self.assertEqual(with_token("http://h", ""), "http://h")

    def test_a_file_takes_precedence_over_the_variable(self) -> None:
        self.patch_environ("REQPI_TOKEN", "other")
        path = Path(self.mktemp())
        path.write_text(f"{TOKEN}\n")
        self.assertEqual(self.logged_in("http://h", path), f"http://__token__:{TOKEN}@h")
        self.assertEqual(self.logged_in("http://h"), "http://__token__:other@h")
        self.assertIsNone(self.logged_in(None))

    def test_what_is_no_token_is_named_without_being_shown(self) -> None:
        path = Path(self.mktemp())
        for data in (b"", b"\n", b"two words", b"a\nb", b"\xff", b"x" * 20000, b"a\x1b[m"):
            path.write_bytes(data)
            error = self.assertRaises(BadUsage, self.logged_in, "http://h", path)
            self.assertEqual(error.title, f"{path} has no token")
        path.unlink()
        self.assertIn("cannot be read", self.assertRaises(BadUsage, self.logged_in, "http://h", path).title)
        self.assertIn("--url", self.assertRaises(BadUsage, self.logged_in, None, path).detail)

    def patch_environ(self, name: str, value: str) -> None:
        import os

        self.patch(os, "environ", os.environ | {name: value})


class CommandTests(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.environ["REQPI_TOKEN"] = TOKEN
        index = f"{self.server.url}/{ADDRESS}/simple/"
        known = {"address": ADDRESS, "index": index, "pins": 1, "without_digests": 0, "warnings": []}
        self.server.says("/locks", 201, known)
        self.server.says(f"/{ADDRESS}/refused", 200, {"address": ADDRESS, "refused": []})

    def logins(self) -> set[str]:
        headers = (seen.headers.get("Authorization", "") for seen in self.server.seen)
        return {b64decode(header.removeprefix("Basic ")).decode() for header in headers}

    def test_gethash_sends_it_and_prints_none_of_it(self) -> None:
        status, out, err = self.run_reqpi("gethash", "--url", self.server.url, "requirements.txt")
        self.assertEqual((status, out), (0, f"{self.server.url}/{ADDRESS}/simple/\n"), err)
        self.assertEqual(self.logins(), {f"__token__:{TOKEN}"})
        self.assertNotIn(TOKEN, err)

    def test_the_child_of_run_has_it_in_the_url_of_its_index(self) -> None:
        show = "import os; print(os.environ['PIP_INDEX_URL'])"
        words = ("run", "--url", self.server.url, "requirements.txt", "--", sys.executable, "-c", show)
        status, out, err = self.run_reqpi(*words)
        self.assertEqual(status, 0, err)
        self.assertEqual(urlsplit(out.strip()).password, TOKEN)
        self.assertEqual(self.logins(), {f"__token__:{TOKEN}"})
        self.assertNotIn(TOKEN, err)
