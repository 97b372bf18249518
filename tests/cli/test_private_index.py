"""Which index the purls of a bill name, if it is not the default one."""

from __future__ import annotations

import argparse
import os

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.inputs.which_server import private_index


class PrivateIndexTests(SynchronousTestCase):
    """What ``PIP_INDEX_URL`` says counts only if a server of our own asks that index."""

    def setUp(self) -> None:
        before = os.environ.copy()
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ.pop("REQPI_UPSTREAM", None)

    def named(self, index: str, **options: object) -> str:
        os.environ["PIP_INDEX_URL"] = index
        return private_index(argparse.Namespace(**{"url": None, "upstream": None} | options))

    def test_as_it_is_spelled_and_without_what_may_be_a_secret(self) -> None:
        for url, shown in (
            ("https://index.example.org/simple/", "https://index.example.org/simple/"),
            ("https://index.example.org/simple", "https://index.example.org/simple"),
            ("https://me:secret@index.example.org:8443/a/simple/", "https://index.example.org:8443/a/simple/"),
            ("https://token@index.example.org/simple/?key=secret#x", "https://index.example.org/simple/"),
            ("", ""),
            ("file:///srv/simple", ""),
            ("https://[x/simple", ""),
            ("index.example.org", ""),
        ):
            self.assertEqual(self.named(url), shown, url)

    def test_an_index_that_an_option_names_stands_in_for_the_default_one(self) -> None:
        url = "https://index.example.org/simple/"
        self.assertEqual(self.named(url, upstream=["https://mirror.example.org/simple"]), "")
        self.assertEqual(self.named(url, url="http://buildhost:2000"), "")
        self.assertEqual(self.named(url, upstream=["extra=https://extra.example.org/simple"]), url)
