"""Pages made to harm their reader: the result is a page or an error, and soon."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import WrongPage
from reqpi.core.model import Page
from reqpi.core.simple import HTML, MAX_PAGE, V1_JSON, page_html, page_json
from tests.core.simple.whole import read_page

FOO = canonicalize_name("foo")
BASE = "https://index.example.org/simple/foo/"

MARKUP = (
    "<",
    ">",
    "<!--",
    "-->",
    "<![",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE",
    "<?",
    "</",
    "</a",
    "<a ",
    "href=",
    '"',
    "'",
    "=",
)
LINKS = (
    "&",
    "&#",
    "&#x110000;",
    "&lt",
    "foo-1.zip",
    "#sha256=",
    "//",
    "http://[",
    "\\",
    "%",
    "\x00",
    "\n",
    "data-yanked",
)
HEADS = (
    "<base href=",
    "<meta name=pypi:repository-version content=",
    "<script>",
    "<title>",
    "<textarea>",
    "<plaintext>",
    "2.0",
)


def outcome(body: bytes, content_type: str) -> Page | WrongPage:
    try:
        return read_page(body, content_type, BASE, FOO)
    except WrongPage as error:
        return error


class Sizes(SynchronousTestCase):
    """No input takes more than its share of time or memory."""

    def test_a_page_that_is_too_large_is_not_looked_at(self) -> None:
        for content_type in (HTML, V1_JSON):
            error = self.assertRaises(WrongPage, read_page, bytes(MAX_PAGE + 1), content_type, BASE, FOO)
            self.assertIn("too large", error.title)

    def test_pages_that_explode_in_memory_are_refused_beforehand(self) -> None:
        many = 6_100_000
        for body in (b'{"files":[' + b"1," * many, b'{"files":[' + b"[]" * many, b'{"files":[' + b"{}" * many):
            self.assertIn("values", str(outcome(body, V1_JSON)))
        for body in (b"<p>" * 1_000_001, b"<a " + b"b " * 600_000 + b">", b'<a href="' + b"x" * 1_100_000 + b'">'):
            self.assertIn("too many tags", str(outcome(body, HTML)))

    def test_time_grows_with_size_and_not_with_its_square(self) -> None:
        """Each of these takes minutes where something is quadratic, which the runner's limit for a test ends."""
        repeated = [piece * (300_000 // len(piece)) for piece in (*MARKUP, *LINKS, *HEADS)]
        started = [
            prefix + " " * 300_000 for prefix in ("<a", "<a x", "<a x=", '<a x="', "<!--", "<!-- --", "</a", "&")
        ]
        for document in [*repeated, *started]:
            found = outcome(f'<p><a href="foo-1.zip">{document}'.encode(), HTML)
            self.assertIsNotNone(found, document[:20])


class Anything(SynchronousTestCase):
    """Whatever comes, the answer is a page that can be served, or WrongPage."""

    def check(self, body: bytes, content_type: str) -> None:
        read = outcome(body, content_type)
        if isinstance(read, Page):
            measured = Page(FOO, tuple(file for file in read.files if file.sha256), read.status)
            self.assertTrue(page_html(measured, show_yanked=True).isascii())
            self.assertTrue(page_json(measured, show_yanked=True).isascii())

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.sampled_from([*MARKUP, *LINKS, *HEADS]) | st.text(max_size=2), max_size=30).map("".join))
    def test_html(self, document: str) -> None:
        self.check(document.encode("utf-8", "surrogatepass"), HTML)

    values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from(
            ["foo-1.zip", "sha256", "a1" * 32, "1.0", "2024-01-01T00:00:00Z", "\\ud800", "https://a/", ""]
        ),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sha256", "status", "x"]), inner),
        max_leaves=4,
    )
    keys = st.sampled_from(
        ["filename", "url", "hashes", "size", "yanked", "core-metadata", "upload-time", "requires-python", "provenance"]
    )

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.dictionaries(keys, values), max_size=3), values, values)
    def test_json(self, entries: list[dict[str, object]], meta: object, status: object) -> None:
        sound = {"filename": "foo-1.zip", "url": "foo-1.zip", "hashes": {"sha256": "a1" * 32}}
        files = [sound | entry for entry in entries]
        document = {"files": files, "meta": {"api-version": "1.0"} if meta else meta, "project-status": status}
        self.check(json.dumps(document).encode(), V1_JSON)

    @settings(deadline=None, max_examples=100)
    @given(st.binary(max_size=50))
    def test_bytes(self, body: bytes) -> None:
        self.check(body, HTML)
        self.check(body, V1_JSON)
