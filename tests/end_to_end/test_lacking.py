"""Pins that an upstream does not have: all of them at once, each with its file and line."""

from __future__ import annotations

from tests.end_to_end.case import WithSources
from tests.end_to_end.test_fetch import FetchCase
from tests.fake_upstream.faults import WrongBytes

LOCK = "top==1.0\nmid==9.9\n# a comment\nnosuch==1.0\nlonely==3.0\nsource==3.0\n"


class LackingTests(FetchCase):
    """Some pins of an index."""

    def assert_lacking(self, done: object) -> None:
        self.assertEqual(done.returncode, 1, done.stderr)
        said = [line for line in done.stderr.splitlines() if line.startswith("requirements.txt")]
        self.assertEqual(
            [line.split(": ", 1)[0] for line in said],
            ["requirements.txt:2", "requirements.txt:4", "requirements.txt:5", "requirements.txt"],
            done.stderr,
        )
        self.assertIn("mid==9.9", said[0])
        self.assertIn("3 defects", said[3])
        self.assertIn("The lock pins 9.9; the newest versions upstream: 1.6", done.stderr)
        self.assertIn("no project nosuch", said[1])
        self.assertIn("lonely==3.0", said[2])
        self.assertNotIn(" answers ", done.stderr)
        self.assertNotIn("again", done.stderr)

    def test_all_are_reported_with_file_and_line(self) -> None:
        for url in (True, False):
            self.upstream.forget()
            self.assert_lacking(self.fetch(lock=LOCK, url=url))
            # The server asks once on its own, as the files of a new lock are fetched early.
            self.assertLessEqual(len(self.upstream.asked("/simple/nosuch/")), 2, "nothing is asked for again")

    def test_of_two_documents(self) -> None:
        (self.folder / "more.txt").write_text("# one\nnosuch==1.0\n")
        done = self.fetch("more.txt", lock="top==1.0\nmid==9.9\n")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("\nrequirements.txt:2: ", f"\n{done.stderr}")
        self.assertIn("\nmore.txt:2: ", f"\n{done.stderr}")

    def test_other_commands_say_the_same(self) -> None:
        (self.folder / "requirements.txt").write_text(LOCK)
        server = ["--url", self.server.url, "requirements.txt"]
        for command in (["sbom", *server], ["gethash", "--hold", *server], ["wheelhouse", "-o", "w.tar", *server]):
            done = self.reqpi(*command)
            self.assertEqual(done.stdout, "")
            self.assert_lacking(done)

    def test_a_file_with_wrong_bytes_is_not_asked_for_again(self) -> None:
        self.upstream.fail(self.files["mid"].filename, WrongBytes())
        for url in (True, False):
            self.upstream.forget()
            done = self.fetch(url=url)
            self.assertEqual(len(self.upstream.asked(self.files["mid"].filename)), 1)
            self.assertEqual(done.returncode, 3)
            self.assertIn(f"missing: {self.files['mid'].filename}: ", done.stderr)
            self.assertNotIn("Run it again", done.stderr)
        self.assertNotIn("answers 503", done.stderr)


class LackingSourceTests(WithSources, FetchCase):
    """Sources that are not what the lock says."""

    def test_a_404_and_wrong_bytes_are_reported_at_once(self) -> None:
        archive = self.host.archive("mine-1.0.tar.gz", b"not this")
        lock = f"mine @ {archive}#sha256={'0' * 64}\ntop==1.0\ngone @ {archive}.gone.zip#sha256={'1' * 64}\n"
        done = self.fetch(lock=lock)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("requirements.txt:1: wrong bytes for mine-1.0.tar.gz", done.stderr)
        self.assertIn("requirements.txt:3: ", done.stderr)
        self.assertNotIn("answers 503", done.stderr)
