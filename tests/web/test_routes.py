"""Every route: what it answers, however its path is written."""

from __future__ import annotations

import json

from tests.web.case import CONTENTS, SDIST, WHEEL, WebCase

UNDER = {
    "": "text/html; charset=utf-8",
    "/lock": "text/plain",
    "/requirements.txt": "text/plain; charset=utf-8",
    "/refused": "application/json",
    "/simple": "text/html; charset=utf-8",
    "/simple/six": "text/html; charset=utf-8",
    f"/simple/six/{SDIST}": "application/octet-stream",
}
"""What there is under an address, with its content type."""


class Routes(WebCase):
    async def test_every_route_answers_with_its_own_content_type(self) -> None:
        """What is written on the one screen of reqpi.web.routes is there."""
        self.assertEqual((await self.ask("/"))["Content-Type"], "text/html; charset=utf-8")
        for path, content_type in UNDER.items():
            reply = await self.under(path)
            self.assertEqual((reply.status, reply.reason, reply["Content-Type"]), (200, "OK", content_type), path)
            self.assertEqual(reply["X-Content-Type-Options"], "nosniff")
            self.assertTrue(reply["Server"].startswith("reqpi/"), reply["Server"])
            self.assertIsNotNone(reply["Date"])

    async def test_head_is_get_without_the_body(self) -> None:
        """Status and headers are the same, the length of what is not sent included."""
        for path in ("/", *(f"/{self.address}{path}" for path in UNDER), "/nowhere/at/all", f"/{'0' * 64}/lock"):
            for coding in ("identity", "gzip"):
                got = await self.ask(path, Accept_Encoding=coding)
                wire = await self.wire()
                wire.say(self.request(path, "HEAD", Accept_Encoding=coding) + self.request("/", "HEAD"))
                head = await wire.reply("HEAD")
                # Were there a body, it would stand where the second response begins.
                self.assertEqual((await wire.reply("HEAD")).status, 200)
                self.assertEqual(head.status, got.status, path)
                for each in (got, head):
                    each.headers.removeHeader("Date")
                    each.headers.removeHeader("X-Request-ID")
                self.assertEqual(head.headers, got.headers, path)
                self.assertEqual(got["Content-Length"], str(len(got.body)))

    async def test_slashes_too_many_or_missing_make_no_difference(self) -> None:
        """No client is redirected: pipenv asks with // and others without the slash at the end."""
        for path, content_type in UNDER.items():
            for spelled in (f"/{self.address}{path}", f"/{self.address}{path}/", f"//{self.address}{path}//"):
                reply = await self.ask(spelled.replace("/simple", "//simple"))
                self.assertEqual((reply.status, reply["Content-Type"]), (200, content_type), spelled)
                self.assertIsNone(reply["Location"])
        for path in ("//", "/?", "/?x=1"):
            self.assertEqual((await self.ask(path)).status, 200, path)

    async def test_a_project_answers_to_any_spelling_of_its_name(self) -> None:
        """PEP 503 has clients normalise; those that do not are not sent round in circles."""
        address = await self.committed("Zope.Interface==1.0", "six==1.0")
        for name in ("six", "SIX", "Six", "%73ix", "s%69%78"):
            self.assertEqual((await self.ask(f"/{address}/simple/{name}/")).status, 200, name)
        for name in ("zope-interface", "Zope.Interface", "zope__interface"):
            problem = self.assert_problem(await self.ask(f"/{address}/simple/{name}/"), 410)
            self.assertIn("the upstream has no project zope-interface", problem["title"])

    async def test_a_path_may_be_percent_encoded(self) -> None:
        """It is the same resource, whatever a client thinks it has to encode."""
        filename = WHEEL.replace("-", "%2D").replace("w", "%77")
        reply = await self.under(f"/s%69mple/six/{filename}")
        self.assertEqual((reply.status, reply.body), (200, CONTENTS[WHEEL]))
        self.assertEqual((await self.under("/l%6Fck")).body, b"six==1.0\n")

    async def test_a_query_changes_nothing(self) -> None:
        """Addresses are in the path, and what somebody appends does not lead elsewhere."""
        self.assertEqual((await self.under("/lock?x=/../../")).body, b"six==1.0\n")
        self.assertEqual((await self.under("/simple/six/?format=json")).status, 200)

    async def test_the_lock_is_served_byte_for_byte(self) -> None:
        """What sha256sum says of it is its address, so nothing may be mended in it."""
        document = b"\xef\xbb\xbf# caf\xc3\xa9\r\nsix==1.0\r\n\r\n"
        commitment, _ = await self.shelf.commit(document)
        reply = await self.ask(f"/{commitment.address}/lock", Accept_Encoding="gzip")
        self.assertEqual((reply.body, reply["Content-Encoding"]), (document, None))

    async def test_requirements_list_the_digest_of_every_file(self) -> None:
        """The lock under /requirements.txt leaves nothing open."""
        body = (await self.under("/requirements.txt")).body.decode()
        self.assertEqual(body.count("--hash=sha256:"), len(CONTENTS))

    async def test_the_index_has_the_pinned_projects_and_no_others(self) -> None:
        """In JSON as in HTML."""
        listing = json.loads((await self.under("/simple/", Accept="application/vnd.pypi.simple.v1+json")).body)
        self.assertEqual(listing["projects"], [{"name": "six"}])
        page = json.loads((await self.under("/simple/six/", Accept="application/vnd.pypi.simple.v1+json")).body)
        self.assertEqual({file["filename"] for file in page["files"]}, {SDIST, WHEEL})

    async def test_http_1_0_is_answered_and_hung_up_on(self) -> None:
        """A client without Host and keep-alive gets its answer, whole."""
        wire = await self.wire()
        wire.say(f"GET /{self.address}/lock HTTP/1.0\r\n\r\n".encode())
        reply = await wire.reply()
        self.assertEqual((reply.status, reply.body), (200, b"six==1.0\n"))
        await wire.ended

    async def test_connections_are_kept_alive(self) -> None:
        """One connection serves one request after another, refusals included."""
        wire = await self.wire()
        for path, status in ((f"/{self.address}/lock", 200), ("/x/y/z", 404), (f"/{self.address}/simple/no/", 410)) * 3:
            wire.say(self.request(path))
            self.assertEqual((await wire.reply()).status, status)
        self.assertFalse(wire.over)
