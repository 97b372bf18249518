"""A document without pins, be it without a byte, is a lock like any other."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

from tests.web.case import WebCase


class EmptyLock(WebCase):
    async def test_it_has_an_address_and_everything_below_it(self) -> None:
        for document in (b"", b"\n", b"# nothing\n"):
            reply = await self.ask("/locks", "POST", document)
            self.assertEqual(reply.status, 201, document)
            said = json.loads(reply.body)
            self.assertEqual((said["address"], said["pins"]), (hashlib.sha256(document).hexdigest(), 0))
            self.assertIn("Nothing is pinned", said["warnings"][0]["message"])
            for path in (
                *("", "lock", "simple/", "requirements.txt", "pylock.toml", "files.json", "env", "held", "refused"),
                *("build-requirements", "sbom.cdx.json", "sbom.spdx.json"),
            ):
                reply = await self.ask(f"/{said['address']}/{path}")
                self.assertEqual(reply.status, 200, (document, path))
            self.assertEqual((await self.ask(f"/{said['address']}/lock")).body, document)
            self.assert_problem(await self.ask(f"/{said['address']}/simple/six/"), 410)

    async def test_its_archive_has_no_file(self) -> None:
        address = json.loads((await self.ask("/locks", "POST", b"")).body)["address"]
        reply = await self.ask(f"/{address}/wheelhouse.tar")
        with tarfile.open(fileobj=io.BytesIO(reply.body)) as archive:
            names = archive.getnames()
        self.assertEqual([name for name in names if name.endswith((".whl", ".tar.gz"))], [])

    async def test_it_may_come_in_chunks(self) -> None:
        wire = await self.wire()
        wire.say(b"POST /locks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.assertEqual((await wire.reply()).status, 201)
