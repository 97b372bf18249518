"""Which files a requirements.txt names."""

from __future__ import annotations

import codecs

from twisted.trial.unittest import SynchronousTestCase

from reqpi.client.includes import Include, includes_of
from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read_together
from reqpi.core.report import Document

NAMES = {
    "-r x.txt": "x.txt",
    "-rx.txt": "x.txt",
    "-c x.txt": "x.txt",
    "  -r\tx.txt  # because": "x.txt",
    "--requirement x.txt": "x.txt",
    "--requirement=x.txt": "x.txt",
    "--constraint=a/../x.txt": "a/../x.txt",
    "-r 'x y.txt'": "x y.txt",
    '-r "x"y.txt': "xy.txt",
    '--constraint="x y.txt"': "x y.txt",
    "-r \\\n  x.txt": "x.txt",
    "-r x#y.txt": "x#y.txt",
    "-r /x.txt": "/x.txt",
}
NAMES_NOTHING = (
    "",
    "# -r x.txt",
    "six==1.17.0 -r x.txt",
    "six==1.17.0 \\\n-r x.txt",
    "-r",
    "-r https://example.org/x.txt",
    "-r file:x.txt",
    "-r ${HOME}/x.txt",
    "-r 'x.txt",
    "-requests==2.0",
    "--requirements x.txt",
    "--req x.txt",
    "-i x.txt",
    "--require-hashes",
    '{"-r": \n-r x.txt\n}',
    "# pylock\nversion = 1\n-r x.txt",
    "[[package]]\n-r x.txt",
)


class IncludesTests(SynchronousTestCase):
    """What pip would open, and nothing else."""

    def said(self, document: bytes) -> list[str]:
        return [include.said for include in includes_of(document)]

    def test_what_names_a_file(self) -> None:
        """However it is written."""
        for text, said in NAMES.items():
            self.assertEqual(self.said(f"six==1.17.0\n{text}\n".encode()), [said], text)

    def test_what_names_none(self) -> None:
        """A URL is nobody's file, and what is wrong is for the server to say."""
        for text in NAMES_NOTHING:
            self.assertEqual(self.said(text.encode()), [], text)

    def test_the_server_finds_each_where_the_client_does(self) -> None:
        """So that a commitment that the client put together is complete."""
        for text, said in NAMES.items():
            if not said.startswith("/"):
                path = said.removeprefix("a/../")
                read_together([Document("a.txt", f"{text}\n".encode()), Document(path, b"six==1.17.0\n")])
                elsewhere = [Document("a.txt", f"{text}\n".encode()), Document("other", b"six==1.17.0\n")]
                self.assertRaises(BrokenLock, read_together, elsewhere)

    def test_lines_are_counted_as_editors_do(self) -> None:
        """Whatever ends them, and from where the logical one begins."""
        document = b"a==1 \\\n  --hash=sha256:00\r\n\r-r \\\nx.txt\n\x0c\n-c y.txt"
        expected = [Include(4, "-r x.txt", "x.txt"), Include(7, "-c y.txt", "y.txt")]
        self.assertEqual(list(includes_of(document)), expected)

    def test_encodings(self) -> None:
        """By their marks; and bytes that are no text do no harm."""
        for document in (
            codecs.BOM_UTF8 + b"-r x.txt",
            codecs.BOM_UTF16_LE + "-r x.txt".encode("utf-16-le"),
            codecs.BOM_UTF32_BE + "-r x.txt".encode("utf-32-be"),
            b"six==1 # \xff\n-r x.txt",
        ):
            self.assertEqual(self.said(document), ["x.txt"])
        self.assertEqual(self.said(b"-r \xff.txt"), ["\udcff.txt"])

    def test_time_grows_with_the_document_alone(self) -> None:
        """Whatever it is made of: where it grows with the square, these take longer than the runner waits."""
        for piece in (b"-r '", b"\\\n", b"\t", b"#", b"-r x\n", b"-", b'"a"'):
            lines = 1_000_000 // len(piece)
            self.assertLessEqual(len(list(includes_of(b"-r " + piece * lines))), lines, piece)
