"""A page that is written can be read again, and has the same content."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import filenames
from reqpi.core.model import Digest, File, Page, Status
from reqpi.core.simple import HTML, V1_HTML, V1_JSON, page_html, page_json
from tests.core.simple.whole import read_page

PROJECT = canonicalize_name("foo-bar")
BASE = "https://index.example.org/0a1b/simple/foo-bar/"

sha256 = st.binary(min_size=32, max_size=32).map(lambda raw: Digest("sha256", raw.hex()))
sha512 = st.binary(min_size=64, max_size=64).map(lambda raw: Digest("sha512", raw.hex()))
versions = st.from_regex(
    r"([1-9]!)?[0-9]{1,3}(\.[0-9]{1,3}){0,2}(a1|rc2)?(\.post3)?(\.dev4)?(\+cu[0-9]{3})?", fullmatch=True
)
names = st.sampled_from(
    ["foo_bar-{}-py3-none-any.whl", "Foo.Bar-{}-7-cp311-cp311-win32.whl", "foo-bar-{}.tar.gz", "foo_bar-{}.zip"]
)
lines = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=30).map(
    lambda text: " ".join(text.split())
)


@st.composite
def files(draw: st.DrawFn) -> File:
    filename = draw(names).format(draw(versions))
    named = filenames.parse(filename, PROJECT)
    assert named is not None, filename
    return File(
        filename=filename,
        project=PROJECT,
        version=named.version,
        version_text=named.version_text,
        wheel=named.wheel,
        url=BASE + filename.replace("!", "%21").replace("+", "%2B"),
        digests=frozenset({draw(sha256)} | draw(st.sets(sha512, max_size=1))),
        size=draw(st.none() | st.integers(0, 2**49)),
        requires_python=draw(st.none() | lines.filter(bool)),
        upload_time=draw(st.none() | st.datetimes().map(lambda timestamp: timestamp.isoformat() + "Z")),
        yanked=draw(st.none() | st.just(True) | lines.filter(bool)),
        core_metadata=draw(st.none() | st.just(True) | sha256),
        provenance=draw(st.none() | st.just("https://index.example.org/p?a=1&b=<2>".replace("<2>", "%3C2%3E"))),
    )


statuses = st.none() | st.builds(Status, lines.filter(bool), st.none() | lines.filter(bool))
pages = st.builds(
    lambda listed, status: Page(PROJECT, tuple(listed), status),
    st.lists(files(), max_size=6, unique_by=lambda file: file.filename),
    statuses,
)


def known(page: Page) -> set[File]:
    return set(page.files)


class RoundTrip(SynchronousTestCase):
    """A page that is served says to a reader what the page said."""

    @settings(deadline=None, max_examples=60)
    @given(pages)
    def test_json_keeps_everything(self, page: Page) -> None:
        again = read_page(page_json(page, show_yanked=True), V1_JSON, BASE, PROJECT)
        self.assertEqual((known(again), again.status), (known(page), page.status))

    @settings(deadline=None, max_examples=60)
    @given(pages)
    def test_html_keeps_everything_but_other_digests(self, page: Page) -> None:
        served = page_html(page, show_yanked=True)
        again = read_page(served, HTML, BASE, PROJECT)
        linked = {
            evolve(file, digests=frozenset(digest for digest in file.digests if digest.algorithm == "sha256"))
            for file in page.files
        }
        self.assertEqual((known(again), again.status), (linked, page.status))
        self.assertEqual(read_page(served, V1_HTML, BASE, PROJECT), again)

    @settings(deadline=None, max_examples=30)
    @given(pages)
    def test_what_was_read_is_written_as_before(self, page: Page) -> None:
        served = page_json(page)
        self.assertEqual(page_json(read_page(served, V1_JSON, BASE, PROJECT)), served)
