"""Requirements files, and what becomes of them."""

from __future__ import annotations

from attrs import evolve
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.cli.folders.patch import patch_of
from reqpi.core import locks
from reqpi.core.export.folder_record import FolderFile
from reqpi.core.export.rewriting import RewrittenDocument, rewritten
from reqpi.core.model import Archive, Git
from tests.core.locks import pip_oracle, table_sources

A, B, C = "a" * 64, "b" * 64, "c" * 40
URL = "https://example.org/foo-1.0.tar.gz"
GIT = f"git+https://example.org/team/bar.git@{C}"
WHEEL = "https://example.org/foo-1.0-py3-none-any.whl"
KEPT = {
    URL: FolderFile("foo-1.0.tar.gz", A),
    GIT: FolderFile("bar.git+x.tar.gz", B),
    f"{GIT}#submodules=true": FolderFile("bar-with.tar.gz", B),
    WHEEL: FolderFile("foo-1.0-py3-none-any.whl", A),
}
FOO = "file:///deps/my%20pip/foo-1.0.tar.gz"
BAR = f"file:///deps/my%20pip/bar.git%2Bx.tar.gz#sha256={B}"
H = f"--hash=sha256:{A}"

REWRITTEN = {
    # archives
    f"foo @ {URL} {H}\n": f"foo @ {FOO} {H}\n",
    f"foo@{URL} {H}": f"foo@{FOO} {H}",
    f"Foo [X,y]  @  {URL} ; os_name == 'posix' {H}  # why\n": f"Foo [X,y]  @  {FOO} ; os_name == 'posix' {H}  # why\n",
    f"foo @ {URL}#sha256={A}\n": f"foo @ {FOO}#sha256={A}\n",
    f"foo @ {URL}#subdirectory=a/b&sha256={A}\n": f"foo @ {FOO}#subdirectory=a/b&sha256={A}\n",
    f"foo @ {URL}#cachito_hash=sha256:{A}\n": f"foo @ {FOO}#sha256={A}\n",
    f"foo @ {URL}#cachito_hash=sha256%3A{A}\n": f"foo @ {FOO}#sha256={A}\n",
    f"{URL}#egg=foo {H}\n": f"foo @ {FOO} {H}\n",
    f"  {URL}#egg=foo[x,Y]&sha256={A} ; os_name == 'posix'\n": f"  foo[x,Y] @ {FOO}#sha256={A} ; os_name == 'posix'\n",
    f"foo @ {URL}#egg=foo {H}\n": f"foo @ {FOO} {H}\n",
    f"{WHEEL} {H}\n": f"foo @ file:///deps/my%20pip/foo-1.0-py3-none-any.whl {H}\n",
    # commits
    f"bar @ {GIT}\n": f"bar @ {BAR}\n",
    f"bar @ git+https://example.org/team/bar.git@{C.upper()}\n": f"bar @ {BAR}\n",
    f"{GIT}#egg=bar[x]  # why": f"bar[x] @ {BAR}  # why",
    f"bar @ {GIT}#subdirectory=pkg/ ; os_name == 'posix'\n": f"bar @ {BAR}&subdirectory=pkg ; os_name == 'posix'\n",
    f"bar @ {GIT}#submodules=true\n": f"bar @ file:///deps/my%20pip/bar-with.tar.gz#sha256={B}\n",
    f"bar @ {GIT} --config-settings=a=b\n": f"bar @ {BAR} --config-settings=a=b\n",
    # editable ones
    f"-e {GIT}#egg=bar\n": f"bar @ {BAR}\n",
    f"  --editable={GIT}#egg=bar[x]&subdirectory=p  # why\n": f"  bar[x] @ {BAR}&subdirectory=p  # why\n",
    f"-e 'bar @ {GIT} ; os_name == \"posix\"'\n": f'bar @ {BAR} ; os_name == "posix"\n',
    # continuations
    f"foo @ {URL} \\\n    {H} \\\n    # why\nx==1 {H}\n": f"foo @ {FOO} \\\n    {H} \\\n    # why\nx==1 {H}\n",
    f"foo @ \\\n    {URL} \\\n    {H}\n": f"foo @ \\\n    {FOO} \\\n    {H}\n",
    f"\\\nfoo @ {URL} {H}\n": f"\\\nfoo @ {FOO} {H}\n",
    f"foo @ {URL[:12]}\\\n{URL[12:]} {H}\n": f"foo @ {FOO} {H}\n",
    f"foo @ {URL[:12]}\\\n\\\n{URL[12:]}\\\n {H}\n": f"foo @ {FOO}\\\n {H}\n",
    f"-e \\\n  {GIT}#egg=bar \\\n\n": f"bar @ {BAR} \\\n\n",
    # what is around
    f"# {URL}\n\nx==1 {H}\nfoo @ {URL} {H}\n--require-hashes\n\n# end": (
        f"# {URL}\n\nx==1 {H}\nfoo @ {FOO} {H}\n--require-hashes\n\n# end"
    ),
    f"x==1\r\nbar @ {GIT}\r\ny==1\r\n": f"x==1\r\nbar @ {BAR}\r\ny==1\r\n",
    f"x==1\rbar @ {GIT}\r": f"x==1\rbar @ {BAR}\r",
    f"bar @ {GIT}\nx==1 {H}\nfoo @ {URL} {H}\n": f"bar @ {BAR}\nx==1 {H}\nfoo @ {FOO} {H}\n",
}


def rewrite(document: bytes) -> RewrittenDocument:
    pins = [pin for pin in locks.read(document).pins if pin.source is not None]
    return rewritten(document, pins, KEPT, "/deps/my pip/")


class InjectedTests(SynchronousTestCase):
    """The source of a line changes, and nothing else."""

    def test_each_line_becomes_what_the_table_says(self) -> None:
        for before, after in REWRITTEN.items():
            self.assertEqual(rewrite(before.encode()).document.decode(), after, before)

    def test_there_are_enough_of_them(self) -> None:
        self.assertGreater(len(REWRITTEN), 25)

    def test_a_file_without_sources_stays_as_it_is(self) -> None:
        document = f"\ufeff# x\r\nx==1 \\\r\n  {H}\r\n\r\n".encode()
        self.assertEqual((rewrite(document).document, rewrite(document).edits), (document, ()))

    def test_the_encoding_stays(self) -> None:
        """Whatever it is, and its mark."""
        text = f"# coding: latin-1\n# \u00e9\nbar @ {GIT}\n"
        for codec in ("utf-16", "utf-8-sig", "latin-1"):
            after = rewrite(text.encode(codec)).document
            self.assertEqual(after, text.replace(GIT, BAR).encode(codec), codec)

    def test_only_an_editable_one_is_remarked_upon(self) -> None:
        (note,) = rewrite(f"x==1\n-e {GIT}#egg=bar\nfoo @ {URL} {H}\n".replace("x==1", f"x==1 {H}").encode()).notes
        self.assertEqual((note.line, note.text), (2, f"-e {GIT}#egg=bar"))


class PipTests(SynchronousTestCase):
    """pip reads the same from a rewritten file, except for the place."""

    def test_every_document_with_sources(self) -> None:
        """Use the documents of the reader's table that pip can read."""
        if pip_oracle.VERSION is None:
            raise SkipTest("there is no pip here to ask")
        compared = 0
        for document in table_sources.ACCEPTED:
            pins = [pin for pin in locks.read(document).pins if pin.source is not None]
            try:
                before = pip_oracle.read(document)
            except pip_oracle.PipFailed:
                continue
            kept = {source.place: FolderFile(_filename(source), A) for source in (pin.source for pin in pins) if source}
            after = pip_oracle.read(rewritten(document, pins, kept, "/deps").document)
            self.assertEqual(*(sorted(_but_for_its_place(one) for one in said) for said in (before, after)))
            self.assertEqual(len([one for one in after if one.source.startswith("file:///deps/")]), len(pins), document)
            compared += 1
        self.assertGreater(compared, 40)


def _but_for_its_place(said: pip_oracle.Said) -> pip_oracle.Said:
    return evolve(said, source="", in_url=None, subdirectory=said.subdirectory.removesuffix("/"))


def _filename(source: Archive | Git) -> str:
    return "x.tar.gz" if isinstance(source, Git) else source.url.rpartition("/")[2].partition("?")[0]


class PatchTests(SynchronousTestCase):
    """The output of diff -u."""

    def patch(self, text: str) -> str:
        now = rewrite(text.encode())
        return "".join(patch_of("r.txt", now.lines, now.edits))

    def test_one_line(self) -> None:
        text = "".join(f"x{n}==1\n" for n in range(9)).replace("x4==1", f"bar @ {GIT}")
        expected = f"""\
--- r.txt
+++ r.txt
@@ -2,7 +2,7 @@
 x1==1
 x2==1
 x3==1
-bar @ {GIT}
+bar @ {BAR}
 x5==1
 x6==1
 x7==1
"""
        self.assertEqual(self.patch(text), expected)

    def test_lines_that_become_one_move_what_follows(self) -> None:
        text = f"bar @ {GIT[:20]}\\\n{GIT[20:]}\n" + "".join(f"x{n}==1\n" for n in range(9)) + f"foo @ {URL}#sha256={A}"
        expected = f"""\
--- r.txt
+++ r.txt
@@ -1,5 +1,4 @@
-bar @ {GIT[:20]}\\
-{GIT[20:]}
+bar @ {BAR}
 x0==1
 x1==1
 x2==1
@@ -9,4 +8,4 @@
 x6==1
 x7==1
 x8==1
-foo @ {URL}#sha256={A}
\\ No newline at end of file
+foo @ {FOO}#sha256={A}
\\ No newline at end of file
"""
        self.assertEqual(self.patch(text), expected)

    def test_neighbours_share_a_hunk(self) -> None:
        text = "x==1\n".join([f"bar @ {GIT}\n"] * 2)
        self.assertEqual(self.patch(text).count("@@ -"), 1)

    def test_nothing_is_no_patch(self) -> None:
        self.assertEqual(self.patch("x==1\n"), "")
