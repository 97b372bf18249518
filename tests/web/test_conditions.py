"""``If-Match``: a client that wants certain bytes or none (:rfc:`9110`, section 13.1.1)."""

from __future__ import annotations

from tests.web.case import SDIST, WHEEL, WebCase
from tests.web.wire import Reply

JSON = "application/vnd.pypi.simple.v1+json"

WITH_ETAG = (
    "/simple/",
    "/simple/six/",
    f"/simple/six/{SDIST}",
    f"/simple/six/{WHEEL}",
    "/lock",
    "/requirements.txt",
    "/pylock.toml",
    "/files.json",
    "/env",
)


class Preconditions(WebCase):
    async def etag(self, path: str, **headers: str) -> str:
        """Ask twice: the second answer may come from memory."""
        tags = {(await self.under(path, **headers))["ETag"] for _ in range(2)}
        self.assertEqual(len(tags), 1, path)
        return str(tags.pop())

    def assert_failed(self, reply: Reply, *about: object) -> None:
        self.assertEqual(reply.status, 412, about)
        self.assert_problem(reply, 412, "it has another ETag")

    async def test_who_names_these_bytes_gets_them(self) -> None:
        """Alone, among others, or as anything that there is."""
        for path in WITH_ETAG:
            etag = await self.etag(path)
            for asked in (etag, f'"other", {etag}', f'{etag},"other"', f'W/"x" , {etag}', "*", " * "):
                reply = await self.under(path, If_Match=asked)
                self.assertEqual((reply.status, reply["ETag"]), (200, etag), (path, asked))

    async def test_who_names_other_bytes_gets_412_and_none(self) -> None:
        """A weak tag never matches, nor does a part of one."""
        for path in WITH_ETAG:
            etag = await self.etag(path)
            for asked in ('"other"', f"W/{etag}", etag.strip('"'), etag[:-1], f'"x{etag[1:]}', "", ",", '"' * 9000):
                for method in ("GET", "HEAD"):
                    self.assert_failed(await self.under(path, method, If_Match=asked), path, method, asked[:100])

    async def test_a_range_of_other_bytes_is_refused(self) -> None:
        """What a client has already would be joined to what does not belong to it."""
        path = f"/simple/six/{WHEEL}"
        etag = await self.etag(path)
        self.assert_failed(await self.under(path, If_Match='"other"', Range="bytes=5-6"))
        self.assert_failed(await self.under(path, If_Match='"other"', Range="bytes=99999-"), "before 416")
        self.assertEqual((await self.under(path, If_Match=etag, Range="bytes=5-6")).status, 206)
        self.assertEqual((await self.under(path, If_Match=etag, Range="bytes=99999-")).status, 416)

    async def test_the_tag_is_of_the_form_and_coding_that_would_be_sent(self) -> None:
        """That of the HTML page does not let the JSON page through."""
        self.address = await self.committed_to_many(50)
        path = "/simple/many/"
        html, packed = await self.etag(path), await self.etag(path, Accept_Encoding="gzip")
        json = await self.etag(path, Accept=JSON)
        self.assertEqual((await self.under(path, If_Match=json, Accept=JSON)).status, 200)
        self.assertEqual((await self.under(path, If_Match=packed, Accept_Encoding="gzip")).status, 200)
        self.assert_failed(await self.under(path, If_Match=html, Accept=JSON))
        self.assert_failed(await self.under(path, If_Match=html, Accept_Encoding="gzip"))
        self.assert_failed(await self.under(path, If_Match=packed))

    async def test_it_counts_before_if_none_match(self) -> None:
        """Section 13.2.2."""
        for path in WITH_ETAG:
            etag = await self.etag(path)
            self.assert_failed(await self.under(path, If_Match='"other"', If_None_Match=etag), path)
            self.assertEqual((await self.under(path, If_Match=etag, If_None_Match=etag)).status, 304, path)

    async def test_an_if_match_may_come_in_several_lines(self) -> None:
        """It is a list (section 5.3)."""
        path = f"/{self.address}/simple/six/{WHEEL}"
        etag = await self.etag(f"/simple/six/{WHEEL}")
        for tags, status in (((etag, '"other"'), 200), (('"a"', '"b"'), 412)):
            wire = await self.wire()
            lines = "".join(f"If-Match: {tag}\r\n" for tag in tags)
            wire.say(f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
            self.assertEqual((await wire.reply()).status, status, tags)

    async def test_a_refusal_stays_a_refusal(self) -> None:
        """Of what is not served there are no bytes to compare (section 13.2.1)."""
        for asked in ("*", '"other"'):
            self.assert_problem(await self.under("/simple/no/", If_Match=asked), 410)
            self.assert_problem(await self.under("/x", If_Match=asked), 404)


class Weights(WebCase):
    async def setUp(self) -> None:
        await super().setUp()
        self.address = await self.committed_to_many(50)

    async def test_a_client_gets_the_coding_that_it_likes_better(self) -> None:
        """Section 12.5.3. Where it likes both as much, the page goes out in fewer bytes."""
        plain = (
            "gzip;q=0.5, identity;q=1",
            "identity, gzip;q=0.9",
            "gzip;q=0.5, identity",
            "gzip;q=0.1, *;q=0.2",
            "gzip;q=0, identity;q=0",
            "gzip;q=nonsense",
            "gzip;q=2",
        )
        packed = (
            "gzip, identity",
            "gzip;q=0.5, identity;q=0.5",
            "gzip;q=0.5",
            "identity;q=0.4, gzip;q=0.5",
            "identity;q=0, *",
            "gzip;level=9;q=0.5, identity;q=0.4",
            "*;q=0.5, identity;q=0.4",
        )
        for accepted, coding in [(header, None) for header in plain] + [(header, "gzip") for header in packed]:
            for _ in range(2):
                reply = await self.under("/simple/many/", Accept_Encoding=accepted)
                self.assertEqual((reply.status, reply["Content-Encoding"]), (200, coding), accepted)
