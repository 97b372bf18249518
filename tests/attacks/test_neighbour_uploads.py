"""A neighbour who commits documents that are meant to confuse the server."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.errors import BrokenLock
from tests.web.case import WebCase

FORM = "multipart/form-data; boundary=x"


class FormTests(WebCase):
    """Several documents in one body."""

    async def test_a_first_file_without_a_name_is_no_single_document(self) -> None:
        """The form has an empty filename, so that the rest of it would be left out of the address."""
        part = 'Content-Disposition: form-data; name="document"; filename="{}"\r\n\r\nsix==1.0\n\r\n'
        for names in (("",), ("", "sub/more.txt"), ("requirements.txt", "")):
            body = "".join(f"--x\r\n{part.format(name)}" for name in names) + "--x--\r\n"
            problem = self.assert_problem(
                await self.ask("/locks", "POST", body.encode(), Content_Type=FORM), 400, "a document has no filename"
            )
            self.assertEqual(problem["type"], "urn:reqpi:bad-body")


class NumberTests(SynchronousTestCase):
    """Numbers in a lock of TOML: Python takes quadratic time to read a long one, and fails to print it."""

    def test_a_long_number_is_a_defect_with_its_line(self) -> None:
        """The lock has a number of many digits, in each of TOML's notations and places."""
        digits = "1" * 100_000
        for value in (
            digits,
            f"-{digits}",
            f"0x{digits}",
            f"1_{digits}",
            f"1.{digits}",
            f"1e{digits}",
            f"[1,\n{digits}]",
        ):
            lock = f'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n[tool]\nsize = {value}\n'.encode()
            defects = self.assertRaises(BrokenLock, locks.read, lock).defects
            self.assertEqual(len(defects), 1)
            self.assertIn("more than 40 characters", defects[0].problem + defects[0].advice)
            self.assertIn(defects[0].line, (5, 6))

    def test_digests_times_and_keys_are_not_numbers(self) -> None:
        """A string of any length, a time with a fraction and an offset, a comment."""
        lock = (
            f'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n[tool]\nhash = "{"1" * 64}"  # {"2" * 64}\n'
            "at = 2026-01-01T00:00:00.123456+00:00\n"
        )
        self.assertEqual(locks.read(lock.encode()).pins, ())
