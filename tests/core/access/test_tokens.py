"""Tokens: the file that has them, and which text is one of them."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.access.clients import AccessScope
from reqpi.core.access.token_file import LARGEST, BadTokenFile, line_of, read_tokens, with_token, without_token
from reqpi.core.access.tokens import Token, Tokens, digest_of, token_text

SECRET = "s" * 43
TEXT = token_text("ci", SECRET)
DIGEST = digest_of(TEXT)
NOW = datetime(2026, 11, 29, tzinfo=UTC).timestamp()

LINES = {
    "ci": "write NAME sha256:HEX SCOPES",
    "CI sha256:" + DIGEST + " read": "'CI' is not a name",
    "a_b sha256:" + DIGEST + " read": "'a_b' is not a name",
    "ci sha512:" + DIGEST + " read": "the second word is not sha256:",
    "ci sha256:" + DIGEST.upper() + "A read": "the second word is not sha256:",
    "ci sha256:" + DIGEST + " read,": "'' is not a scope",
    "ci sha256:" + DIGEST + " root": "'root' is not a scope: write some of read, commit, hold, learn, operate",
    "ci sha256:" + DIGEST + " read hosts=a": "write each of upstreams=, projects=, quota=, expires= at most once",
    "ci sha256:" + DIGEST + " read quota=lots": "quota='lots': write a size without spaces, such as 20GB",
    "ci sha256:" + DIGEST + " read projects=a projects=b": "at most once",
    "ci sha256:" + DIGEST + " read projects=": "'' is not a name",
    "ci sha256:" + DIGEST + " read upstreams=a,,b": "'' is not a name",
    "ci sha256:" + DIGEST + " read upstreams=crates:": "'' is not a name",
    "ci sha256:" + DIGEST + " read upstreams=other:a": "'other:a' is not a name",
    "ci sha256:" + DIGEST + " read projects=crates:a": "'crates:a' is not a name",
    "ci sha256:" + DIGEST + " read expires=2027-02-30T00:00:00Z": "write a time in UTC",
    "ci sha256:" + DIGEST + " read expires=tomorrow": "write a time in UTC",
    "ci sha256:" + DIGEST + " read \x1b[31m": "'\\x1b[31m'",
}


class FileTests(SynchronousTestCase):
    def token(self, name: str = "ci", *limits: str) -> Token:
        [token] = read_tokens(" ".join([name, f"sha256:{DIGEST}", "read,commit", *limits]).encode())
        return token

    def test_a_line_reads_as_it_was_written(self) -> None:
        upstreams = "corp,default,crates:corp,git.example.org:8443"
        token = self.token("ci", f"upstreams={upstreams}", "projects=Foo.Bar,a", "expires=2027-01-31T00:00:00Z")
        self.assertEqual(token.scopes, {AccessScope.READ, AccessScope.COMMIT})
        self.assertEqual((token.upstreams, token.projects), (set(upstreams.split(",")), {"foo-bar", "a"}))
        self.assertEqual(token.expires, datetime(2027, 1, 31, tzinfo=UTC))
        self.assertEqual(read_tokens(line_of(token).encode()), (token,))

    def test_a_wrong_line_is_named_with_what_to_write(self) -> None:
        for line, problem in LINES.items():
            error = self.assertRaises(BadTokenFile, read_tokens, f"# ours\n\n{line}\n".encode())
            self.assertEqual([number for number, _ in error.defects], [3], line)
            self.assertIn(problem, str(error))
            self.assertNotIn("\x1b", str(error))

    def test_all_wrong_lines_are_named_and_of_a_thousand_the_first(self) -> None:
        error = self.assertRaises(BadTokenFile, read_tokens, b"x\ny\n")
        self.assertIn("line 1: ", str(error))
        self.assertIn("line 2: ", str(error))
        error = self.assertRaises(BadTokenFile, read_tokens, b"x\n" * 1000)
        self.assertEqual(len(error.defects), 10)

    def test_a_name_is_there_once(self) -> None:
        line = line_of(self.token()).encode()
        error = self.assertRaises(BadTokenFile, read_tokens, line + b"\n" + line)
        self.assertIn("line 2: ci is there twice", str(error))

    def test_a_file_is_bounded(self) -> None:
        for data in (b"#" * (LARGEST + 1), b"c" * 9000, b"\xff\xfe"):
            self.assertRaises(BadTokenFile, read_tokens, data)

    def test_editing_leaves_every_other_line_as_it_is(self) -> None:
        before = b"# who is who\r\n\n  " + line_of(self.token("one")).encode()
        with_two = with_token(before, self.token("two"))
        self.assertTrue(with_two.startswith(before + b"\n"))
        self.assertEqual([token.name for token in read_tokens(with_two)], ["one", "two"])
        self.assertEqual(without_token(with_two, "two"), before + b"\n")
        self.assertEqual(read_tokens(without_token(before, "one")), ())

    def test_a_name_is_neither_given_twice_nor_revoked_twice(self) -> None:
        data = line_of(self.token()).encode()
        self.assertRaises(BadTokenFile, with_token, data, self.token())
        self.assertRaises(BadTokenFile, without_token, data, "c")


class FindTests(SynchronousTestCase):
    """Which token a text is."""

    def setUp(self) -> None:
        self.token = Token("ci", DIGEST, frozenset({AccessScope.READ}), expires=datetime(2026, 11, 30, tzinfo=UTC))
        self.tokens = Tokens([self.token])

    def test_the_whole_text_is_compared(self) -> None:
        self.assertIs(self.tokens.find(TEXT, NOW), self.token)
        for text in (
            "",
            "ci",
            TEXT[:-1],
            TEXT + "s",
            TEXT.upper(),
            f" {TEXT}",
            TEXT[:-1] + "t",
            DIGEST,
            "\ud800",
            TEXT + "\n",
        ):
            self.assertIsNone(self.tokens.find(text, NOW), text)

    def test_the_name_of_another_token_does_not_help(self) -> None:
        self.assertIsNone(self.tokens.find(token_text("other", SECRET), NOW))

    def test_a_token_ends_when_it_expires(self) -> None:
        self.assertEqual(self.tokens.next_expiry(NOW), NOW + 86400)
        self.assertIsNone(self.tokens.find(TEXT, NOW + 86400))
        self.assertIsNone(self.tokens.next_expiry(NOW + 86400))

    def test_the_digest_is_not_shown(self) -> None:
        self.assertNotIn(DIGEST, repr(self.token))
