"""What clients may keep, and how they ask whether it is still so."""

from __future__ import annotations

import hashlib

from reqpi.web.http import representation
from tests.distributions import a_file, a_page
from tests.fake_upstream.distributions import build_wheel
from tests.web.case import CONTENTS, SDIST, WHEEL, WebCase

JSON = "application/vnd.pypi.simple.v1+json"

FROZEN = (
    "/simple/",
    "/simple/six/",
    f"/simple/six/{SDIST}",
    f"/simple/six/{WHEEL}",
    "/lock",
    "/requirements.txt?index=none",
    "/files.json",
)

MUTABLE = ("", "/refused")


class Caching(WebCase):
    async def test_what_is_frozen_may_be_kept_for_ever(self) -> None:
        """So pip from 26.2 on and uv ask once. pip keeps nothing that has no Date."""
        for path in FROZEN:
            reply = await self.under(path)
            self.assertEqual(reply["Cache-Control"], "public, max-age=31536000, immutable", path)
            self.assertRegex(reply["ETag"] or "", r'^"[0-9a-f]{32,64}(-gzip)?"$')
            self.assertIsNotNone(reply["Date"])

    async def test_an_export_is_hashed_once(self) -> None:
        """Its ETag is kept with it: to compute it for a large one holds all clients up."""
        hashed: list[int] = []
        sha256 = hashlib.sha256

        def counted(data: bytes) -> object:
            hashed.append(len(data))
            return sha256(data)

        self.patch(representation.hashlib, "sha256", counted)
        for path in ("/requirements.txt", "/pylock.toml", "/files.json"):
            first = await self.under(path)
            hashed.clear()
            again = await self.under(path)
            self.assertEqual((again["ETag"], again.body, hashed), (first["ETag"], first.body, []), path)

    async def test_what_may_change_is_not_kept(self) -> None:
        """Pages for people and refusals are of this moment."""
        for path in MUTABLE:
            reply = await self.under(path)
            self.assertEqual((reply["Cache-Control"], reply["ETag"]), ("no-store", None), path)
        self.assertEqual((await self.ask("/"))["Cache-Control"], "no-store")

    async def test_the_etag_of_a_file_is_its_digest(self) -> None:
        """Strong, and the same on every replica and after every restart."""
        reply = await self.under(f"/simple/six/{WHEEL}")
        self.assertEqual(reply["ETag"], f'"{hashlib.sha256(CONTENTS[WHEEL]).hexdigest()}"')

    async def test_etags_tell_forms_and_codings_apart(self) -> None:
        """A strong ETag is that of certain bytes (RFC 9110, section 8.8.3.3)."""
        self.address = await self.committed_to_many(50)
        etags = [
            (await self.under(path, Accept=accept, Accept_Encoding=coding))["ETag"]
            for path in ("/simple/many/", "/simple/many")
            for accept in ("text/html", "application/vnd.pypi.simple.v1+html", JSON)
            for coding in ("identity", "gzip")
        ]
        self.assertEqual(len(etags), 12)
        # text/html and v1+html are the same bytes, under two names.
        self.assertEqual(len(set(etags)), 8)

    async def test_who_has_it_already_gets_304_and_no_body(self) -> None:
        """With what a cache has to learn anew (RFC 9110, section 15.4.5), and the connection can be used again."""
        for path in FROZEN:
            etag = (await self.under(path))["ETag"]
            for asked in (etag, f"W/{etag}", f'"other", {etag}', f'{etag},"other"', "*", f'W/"x" ,W/{etag}'):
                wire = await self.wire()
                for method in ("GET", "HEAD"):
                    wire.say(self.request(f"/{self.address}{path}", method, If_None_Match=str(asked)))
                    reply = await wire.reply(method)
                    self.assertEqual((reply.status, reply["ETag"]), (304, etag), (path, asked))
                    self.assertEqual(reply["Cache-Control"], "public, max-age=31536000, immutable")
                    self.assertIsNotNone(reply["Date"])
                    self.assertEqual(reply["Vary"], "Accept, Accept-Encoding" if path.endswith("/") else None)
                    self.assertIsNone(reply["Content-Type"])
                    self.assertIn(reply["Content-Length"], (None, "0"))
                self.assertEqual(bytes(wire.received), b"")

    async def test_an_if_none_match_may_come_in_several_lines(self) -> None:
        """It is a list (RFC 9110, section 5.3)."""
        etag = (await self.under("/lock"))["ETag"]
        wire = await self.wire()
        wire.say(
            f"GET /{self.address}/lock HTTP/1.1\r\nHost: x\r\nIf-None-Match: {etag}\r\n"
            'If-None-Match: "other"\r\n\r\n'.encode()
        )
        self.assertEqual((await wire.reply()).status, 304)

    async def test_who_has_something_else_gets_it_all(self) -> None:
        """An ETag must be the whole of one, in its quotes."""
        for path in FROZEN:
            etag = str((await self.under(path))["ETag"])
            for asked in ('"other"', etag.strip('"'), etag[:-1], f'"{etag}', "", ",", f'"x{etag[1:]}', '"' * 9000):
                self.assertEqual((await self.under(path, If_None_Match=asked)).status, 200, (path, asked[:100]))

    async def test_a_refusal_is_never_not_modified(self) -> None:
        """Whoever asks with * still hears what is wrong."""
        self.assert_problem(await self.under("/simple/no/", If_None_Match="*"), 410)
        self.assert_problem(await self.under("/x", If_None_Match="*"), 404)

    async def test_metadata_that_was_told_gives_way_to_that_of_the_wheel(self) -> None:
        """What upstream says by ranges is no more than that, and is not kept ready."""
        told = build_wheel("seven", "1.0", requires=("told",))
        others = (build_wheel("seven", "1.0", requires=(f"real{n}",)) for n in range(1000))
        right = next(wheel for wheel in others if len(wheel) == len(told))
        file = a_file("seven-1.0-py3-none-any.whl", right, "seven", size=len(right), core_metadata=True)
        self.upstream.offer(a_page(file, project="seven"), told)
        self.address = await self.committed("seven==1.0")
        path = f"/simple/seven/{file.filename}.metadata"
        for _ in range(2):
            self.assertIn(b"Requires-Dist: told", (await self.under(path)).body)
        self.upstream.offer(a_page(file, project="seven"), right)
        await self.under(path.removesuffix(".metadata"))
        for _ in range(3):
            self.assertIn(b"Requires-Dist: real", (await self.under(path)).body)
        self.assertIn(f"/{self.address}{path}".encode(), self.ready_answers._entries._entries)

    async def test_a_small_file_that_is_damaged_is_not_sent(self) -> None:
        """It is removed, and fetched from the upstream again at once."""
        path = f"/simple/six/{SDIST}"
        first = await self.under(path)
        self.store._blobs[hashlib.sha256(first.body).hexdigest()] = first.body.upper()
        self.clock.advance(60)
        for _ in range(2):
            reply = await self.under(path)
            self.assertEqual((reply.status, reply.body), (200, first.body))
