"""Any bytes of a registry or of a crate end in lines, in files, in differences, or in one clear error."""

from __future__ import annotations

import gzip
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.claims import differences
from reqpi.core.crates.crate_archive import BrokenCrate, crate_files
from reqpi.core.crates.index import LARGEST_LINE, DownloadTemplate, IndexLine, read_config, read_index
from reqpi.core.crates.model import Crate
from tests.core.crates.test_claims import LINE, MANIFEST
from tests.core.locks.cargo_table import A
from tests.crates_registry import build_crate

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FOO = build_crate("foo", "1.0.0", files={"src/deep/er.rs": b"x" * 2000, "a" * 150: b""})
TAR = gzip.decompress(FOO.content)


def damaged(data: st.DataObject, whole: bytes) -> bytes:
    """The bytes with a few of them replaced, removed or repeated."""
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(whole)))
        length = data.draw(st.sampled_from([0, 1, 12, 100, 512]))
        put = data.draw(st.one_of(st.binary(max_size=20), st.just(whole[at : at + 512]), st.just(b"7" * length)))
        whole = whole[:at] + put + whole[at + length :]
    return whole


class LineTests(SynchronousTestCase):
    """A line is used if it is one of this crate with a digest; nothing else of it is believed."""

    def line(self, **members: object) -> bytes:
        usual = {"name": "foo", "vers": "1.0.0", "deps": [], "cksum": A, "features": {}}
        return json.dumps(usual | members).encode()

    def test_lines_that_do_not_count(self) -> None:
        deep = b'{"deps":' + b"[" * 100_000
        for line in (
            *(b"", b"\n\n", b"x", b"[]", b"1", b"null", b"\xff", b'{"name":"foo"}', deep, b'{"a":' + b"9" * 10_000),
            *(self.line(name=name) for name in ("Foo", "bar", None, 1, ["foo"])),
            *(self.line(cksum=cksum) for cksum in ("", A.upper(), A[1:], f"{A}0", f"{A}\n", None, 1)),
            *(self.line(vers=vers) for vers in (None, 1, ["1.0.0"])),
            self.line(deps=["x" * LARGEST_LINE]),
        ):
            self.assertEqual(read_index(line, "foo"), {}, line[:100])

    def test_the_first_of_two_lines_of_a_version_counts(self) -> None:
        lines = self.line(yanked=False), self.line(cksum="b" * 64), self.line(vers="2.0.0")
        found = read_index(b"\r\n".join(lines), "foo")
        self.assertEqual({each.vers: each.cksum for each in found.values()}, {"1.0.0": A, "2.0.0": A})
        self.assertEqual(found["1.0.0"].text, lines[0].decode())

    @FUZZ
    @given(st.data())
    def test_any_bytes(self, data: st.DataObject) -> None:
        """Each line that is read is one line, and its text has the digest that is compared."""
        body = damaged(data, b"\n".join([self.line(), self.line(vers="1.0.1"), LINE.text.encode()]))
        for line in read_index(body, "foo").values():
            self.assertNotIn("\n", line.text)
            self.assertEqual((json.loads(line.text)["cksum"], json.loads(line.text)["vers"]), (line.cksum, line.vers))


class ConfigTests(SynchronousTestCase):
    """config.json."""

    def test_what_is_not_one(self) -> None:
        wrong = (b"", b"[]", b"{}", b'{"dl":1}', b'{"dl":""}', b'{"dl":null}', b"\xff", b"[" * 50_000, b" " * 70_000)
        for body in wrong:
            self.assertRaises(ValueError, read_config, body)

    def test_a_login_is_required_only_if_it_says_true(self) -> None:
        for said, required in ((True, True), ("true", False), (1, False), (None, False)):
            config = read_config(json.dumps({"dl": "https://x.example", "auth-required": said, "api": 1}).encode())
            self.assertEqual((config.auth_required, config.api), (required, ""))

    def test_a_template_is_filled_once(self) -> None:
        """A value cannot bring a marker, and what is no marker stays."""
        crate = Crate("foo", "1.0.0", A)
        templates = {
            "https://x.example/{crate}/{other}": "https://x.example/foo/{other}",
            "https://x.example/{{crate}}": "https://x.example/{foo}",
            "https://x.example/{CRATE}": "https://x.example/{CRATE}/foo/1.0.0/download",
            "": "/foo/1.0.0/download",
        }
        self.assertEqual({dl: DownloadTemplate(dl).url(crate) for dl in templates}, templates)


class FuzzTests(SynchronousTestCase):
    """Damaged crates and lines."""

    @FUZZ
    @given(st.data())
    def test_any_crate(self, data: st.DataObject) -> None:
        """The paths of the files lead nowhere else, and no two are the same."""
        body = gzip.compress(damaged(data, TAR)) if data.draw(st.booleans()) else damaged(data, FOO.content)
        try:
            files = list(crate_files(body, Crate("foo", "1.0.0", A)))
        except BrokenCrate as broken:
            self.assertTrue((broken.title + broken.detail).isprintable())
            return
        paths = [file.path for file in files]
        self.assertEqual(len(set(paths)), len(paths))
        for path in paths:
            self.assertTrue(path.isprintable() and path and not path.startswith("/"))
            self.assertTrue({"", ".", ".."}.isdisjoint(path.split("/")))

    @FUZZ
    @given(st.data())
    def test_any_line_and_any_manifest(self, data: st.DataObject) -> None:
        line, manifest = LINE.text, MANIFEST
        if data.draw(st.booleans()):
            line = damaged(data, line.encode()).decode("utf-8", "replace")
        else:
            manifest = damaged(data, manifest)
        for difference in differences(IndexLine(LINE.vers, LINE.cksum, line), manifest):
            self.assertTrue(difference.isprintable() and len(difference) < 1000)
