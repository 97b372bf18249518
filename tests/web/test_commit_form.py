"""The form that commits a lock, and the login of a browser."""

from __future__ import annotations

from reqpi.core.address import address_of
from tests.web.case import WebCase
from tests.web.test_pages import read

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BOUNDARY = "----reqpi"


def form(*parts: tuple[str, str, bytes]) -> bytes:
    """Return what a browser sends for these fields: a name, a filename if it is a file, and bytes."""
    body = b""
    for name, filename, data in parts:
        file = f'; filename="{filename}"' if filename or name == "document" else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


class CommitFormTests(WebCase):
    async def send(self, *parts: tuple[str, str, bytes], **headers: str) -> object:
        sent = {"Accept": BROWSER, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return await self.ask("/locks", "POST", form(*parts), **{**sent, **headers})

    async def test_a_chosen_file_has_the_address_of_its_bytes(self) -> None:
        """As with curl; the empty text field beside it does not count."""
        lock = b"six==1.0\n# chosen\n"
        reply = await self.send(("document", "requirements.txt", lock), ("text", "", b""))
        self.assertEqual(reply.status, 303)
        self.assertTrue((reply["Location"] or "").endswith(f"/{address_of(lock)}/"))
        self.assertEqual((await self.ask(f"/{address_of(lock)}/", Accept=BROWSER)).status, 200)

    async def test_a_pasted_text_has_the_address_of_its_file(self) -> None:
        """A browser sends it with CR and LF."""
        reply = await self.send(("document", "", b""), ("text", "", b"six==1.0\r\n# pasted\r\n"))
        self.assertTrue(
            (reply["Location"] or "").endswith(f"/{address_of(b'six==1.0' + bytes([10]) + b'# pasted' + bytes([10]))}/")
        )

    async def test_several_files_are_one_lock(self) -> None:
        files = ("document", "requirements.txt", b"-r more.txt\n"), ("document", "more.txt", b"six==1.0\n")
        reply = await self.send(*files)
        self.assertEqual(reply.status, 303, reply)

    async def test_each_defect_is_at_its_line_with_what_to_write(self) -> None:
        """What was pasted is in the form again, as text."""
        text = b"six==1.0\nflask\n</textarea><script>alert(1)</script>\n"
        reply = await self.send(("text", "", text))
        self.assertEqual(reply.status, 422)
        page = read(reply.body)
        self.assertEqual(page.elements.count("script"), 1)
        self.assertIn("line 2", page.text)
        self.assertIn("    2  flask", page.text)
        self.assertIn("</textarea><script>alert(1)</script>", page.text)
        self.assertEqual(page.elements.count("mark"), 2)

    async def test_a_file_and_a_text_are_not_committed(self) -> None:
        """Which of them is the lock? The text is in the form again; a browser chooses no file by itself."""
        lock = b"six==1.0\n# chosen\n"
        for text in (b"six==1.0\r\n# pasted\r\n", lock):
            reply = await self.send(("document", "requirements.txt", lock), ("text", "", text))
            self.assertEqual(reply.status, 400)
            page = read(reply.body)
            self.assertIn("Nothing was committed", page.text)
            self.assertIn(text.decode().splitlines()[1], page.text)
        for data in (lock, b"six==1.0\n# pasted\n"):
            self.assertEqual((await self.ask(f"/{address_of(data)}/")).status, 410)
        blank = await self.send(("document", "requirements.txt", lock), ("text", "", b" \r\n"))
        self.assertEqual(blank.status, 303)

    async def test_an_empty_form_says_what_to_do(self) -> None:
        reply = await self.send(("document", "", b""), ("text", "", b""))
        self.assertEqual(reply.status, 400)
        self.assertIn("Choose a file", read(reply.body).text)

    async def test_a_program_gets_the_answer_that_it_got_before(self) -> None:
        self.assertEqual((await self.ask("/locks", "POST", b"six==1.0\n")).status, 200)

    async def test_another_site_cannot_commit(self) -> None:
        reply = await self.send(("text", "", b"six==1.0\n"), **{"Sec-Fetch-Site": "cross-site"})
        self.assertEqual(reply.status, 403)
