"""What newer PEPs ask of pages: HTML is frozen (PEP 833), and nothing is claimed that is not supported."""

from __future__ import annotations

import json
import re
from typing import Any

from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.simple import V1_JSON, index_html, index_json, page_html, page_json
from tests.core.simple.whole import read_page

PROJECT = canonicalize_name("six")
BASE = "https://index.example.org/simple/six/"

FILE = {
    "filename": "six-1.0-py3-none-any.whl",
    "url": "six-1.0-py3-none-any.whl",
    "hashes": {"sha256": "a" * 64},
    "size": 3,
    "upload-time": "2026-01-02T03:04:05.678901Z",
    "requires-python": ">=3.9",
    "core-metadata": {"sha256": "b" * 64},
    "provenance": "https://index.example.org/integrity/six-1.0-py3-none-any.whl/provenance",
    "yanked": "broken",
}
"""An entry with every field of version 1.4."""

PAGE = {
    "meta": {"api-version": "1.5", "_last-serial": 7, "tracks": ["https://other.example.org/simple/six/"]},
    "name": "six",
    "versions": ["1.0"],
    "alternate-locations": ["https://other.example.org/simple/six/"],
    "namespaces": [{"prefix": "six", "owner": "someone", "authorized": True}],
    "files": [FILE | {"from-the-future": True}],
}
"""A page of version 1.5 (PEP 752), with fields of the rejected PEP 708, and one that does not exist."""

HTML_ATTRIBUTES = {
    *("href", "data-requires-python", "data-yanked", "data-core-metadata", "data-dist-info-metadata"),
    *("data-size", "data-upload-time", "data-provenance"),
}
"""The attributes of a link when PEP 833 froze HTML, and two that no PEP defines and uv reads: size and upload time."""


class NewerRulesTests(SynchronousTestCase):
    """A page as an upstream of today sends it, and as it is served."""

    def setUp(self) -> None:
        self.page = read_page(json.dumps(PAGE).encode(), V1_JSON, BASE, PROJECT)
        self.json: dict[str, Any] = json.loads(page_json(self.page, show_yanked=True))
        self.html = page_html(self.page, show_yanked=True).decode()

    def test_json_has_the_fields_of_1_4_as_the_upstream_sent_them(self) -> None:
        [file] = self.json["files"]
        self.assertEqual(file | {"url": FILE["url"]}, FILE)
        self.assertEqual(self.json["versions"], ["1.0"])

    def test_no_page_claims_a_version_whose_fields_it_does_not_have(self) -> None:
        """Namespaces (PEP 752) come with 1.5, and an index without support must not send them."""
        self.assertEqual(self.json["meta"], {"api-version": "1.3"})
        self.assertEqual(set(self.json), {"meta", "name", "versions", "files"})
        self.assertEqual(json.loads(index_json([PROJECT]))["meta"], {"api-version": "1.0"})

    def test_html_has_no_field_that_it_did_not_have_when_it_was_frozen(self) -> None:
        [link] = re.findall(r"<a ([^>]*)>", self.html)
        self.assertEqual(set(re.findall(r'([a-z-]+)="', link)), HTML_ATTRIBUTES)
        self.assertEqual(set(re.findall(r'meta name="([^"]*)"', self.html)), {"pypi:repository-version"})
        self.assertIn('content="1.3"', self.html)
        self.assertIn('content="1.0"', index_html([PROJECT]).decode())

    def test_an_index_cannot_refer_to_another_one(self) -> None:
        """PEP 708 was rejected: neither its fields nor its meta tags are read or written."""
        for written in (json.dumps(self.json), self.html):
            self.assertNotIn("other.example.org", written)
