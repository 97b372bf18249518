"""``POST /locks``: a document in, an address out."""

from __future__ import annotations

import gzip
import hashlib
import json

from tests.web.case import LARGEST, WebCase

DOCUMENT = b"six==1.0\nflask==3.0 --hash=sha256:" + b"a" * 64 + b"\n"
PINS = b"six==1.0\nzope.interface==7.0\n"


class Commit(WebCase):
    async def test_the_first_time_is_201_and_then_200(self) -> None:
        """The answer is the same; the address is what sha256sum prints."""
        address = hashlib.sha256(PINS).hexdigest()
        for status in (201, 200, 200):
            reply = await self.ask("/locks", "POST", PINS)
            self.assertEqual((reply.status, reply["Content-Type"]), (status, "application/json"))
            self.assertEqual(reply["Location"], f"http://index.example.org/{address}/")
            self.assertEqual(reply["Cache-Control"], "no-store")
            self.assertEqual(
                json.loads(reply.body),
                {
                    "address": address,
                    "index": f"http://index.example.org/{address}/simple/",
                    "pins": 2,
                    "without_digests": 2,
                    "warnings": [],
                },
            )
        self.assertEqual((await self.ask(f"/{address}/lock")).body, PINS)

    async def test_warnings_have_a_line_each(self) -> None:
        """As they have in the document."""
        reply = await self.ask("/locks", "POST", b"# pins\n--pre\nsix==1.0\n")
        (warning,) = json.loads(reply.body)["warnings"]
        self.assertLessEqual({"line", "text", "message"}, set(warning))
        self.assertEqual((warning["line"], warning["text"]), (2, "--pre"))

    async def test_any_content_type_will_do(self) -> None:
        """What curl --data-binary sends is that of a form, and the document is no form: it is not decoded."""
        document = b"six==1.0 # a=b&c=%41+d\n"
        for content_type in ("application/x-www-form-urlencoded", "text/plain", "application/octet-stream", "x", ""):
            reply = await self.ask("/locks", "POST", document, Content_Type=content_type)
            self.assertIn(reply.status, (200, 201), content_type)
            self.assertEqual(json.loads(reply.body)["address"], hashlib.sha256(document).hexdigest())

    async def test_a_chunked_body_is_the_same_document(self) -> None:
        """Some clients do not know the length before they have sent it."""
        wire = await self.wire()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PINS[:5], PINS[5:]))
        wire.say(b"POST /locks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        self.assertEqual(json.loads((await wire.reply()).body)["address"], hashlib.sha256(PINS).hexdigest())

    async def test_a_client_that_asks_first_is_told_to_go_on(self) -> None:
        """curl does so from 1 MiB on."""
        wire = await self.wire()
        wire.say(self.request("/locks", "POST", Content_Length=str(len(PINS)), Expect="100-continue"))
        self.assertEqual(bytes(await wire.taking(25)), b"HTTP/1.1 100 Continue\r\n\r\n")
        wire.say(PINS)
        self.assertEqual((await wire.reply()).status, 201)

    async def test_a_slash_more_is_the_same_path(self) -> None:
        """As everywhere."""
        for path in ("/locks/", "//locks"):
            self.assertEqual((await self.ask(path, "POST", PINS)).status, 201 if path == "/locks/" else 200)


class NotCommitted(WebCase):
    async def setUp(self) -> None:
        await super().setUp()
        self.before = await self.kept()

    async def kept(self) -> set[str]:
        return {name async for name in self.store.names("locks/")}

    async def tearDown(self) -> None:
        self.assertEqual(await self.kept(), self.before)
        await super().tearDown()

    async def test_every_defect_is_told_with_its_line(self) -> None:
        """Not the first alone; and nothing is kept."""
        reply = await self.ask("/locks", "POST", b"six\nok==1.0\nflask>=2\n-e ./a\n")
        problem = self.assert_problem(reply, 422, "the lock has 3 defects")
        self.assertEqual(
            [(d["line"], d["text"]) for d in problem["defects"]], [(1, "six"), (3, "flask>=2"), (4, "-e ./a")]
        )
        for defect in problem["defects"]:
            self.assertTrue(defect["problem"] and defect["advice"], defect)

    async def test_a_document_that_is_no_text_is_422(self) -> None:
        """Whatever the bytes are, the answer is in the one shape."""
        for document in (b"\x00", b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n" + bytes(200), b"\xf0\x9f" * 50):
            self.assertTrue(self.assert_problem(await self.ask("/locks", "POST", document), 422)["defects"])

    async def test_what_is_wrapped_in_another_way_is_415(self) -> None:
        """The answer says what to do instead."""
        for content_type in ("multipart/form-data", "Multipart/Mixed; boundary=x", "multipart/related"):
            reply = await self.ask("/locks", "POST", b"--x\r\n\r\nsix==1.0\r\n--x--", Content_Type=content_type)
            self.assertIn("curl -F", self.assert_problem(reply, 415)["detail"])

    async def test_a_form_that_is_broken_is_400(self) -> None:
        """Nothing is guessed at."""
        nameless = b'--x\r\nContent-Disposition: form-data; name="document"\r\n\r\nsix==1.0\r\n--x--\r\n'
        for document in (b"--x\r\n\r\nsix==1.0\r\n--x--", b"six==1.0\n", b"", nameless, b"--x--\r\n"):
            reply = await self.ask("/locks", "POST", document, Content_Type="multipart/form-data; boundary=x")
            self.assertIn("curl -F", self.assert_problem(reply, 400)["detail"])

    async def test_an_encoded_body_is_415(self) -> None:
        """The address is that of the bytes as they are."""
        reply = await self.ask("/locks", "POST", gzip.compress(b"six==1.0\n"), Content_Encoding="gzip")
        self.assert_problem(reply, 415)

    async def test_no_document_is_400(self) -> None:
        """A request without a body is a mistake; one with an empty body is an empty lock."""
        self.assert_problem(await self.ask("/locks", "POST"), 400, "no document")

    async def test_a_document_of_nothing_but_defects_is_answered_in_bounds(self) -> None:
        """A defect takes more room in the answer than in the document."""
        reply = await self.ask("/locks", "POST", b"a\n" * (LARGEST // 2))
        self.assert_problem(reply, 422)
        self.assertLess(len(reply.body), 1 << 20)
