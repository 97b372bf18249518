"""A neighbour who commits large locks, and requests their documents again and again."""

from __future__ import annotations

from hashlib import sha256

from reqpi.core.report import Document
from reqpi.web.http import representation
from tests.web.case import WebCase


class DigestTests(WebCase):
    """Computing the digest of 4 MiB stops the server for 3 ms."""

    async def test_the_digest_of_a_document_is_not_computed_for_a_request(self) -> None:
        """The attacker requests the lock, and one of several documents: their digests are in the address."""
        documents = [Document("a.txt", b"six==1.0\n"), Document("b/c.txt", b"-r ../a.txt\n")]
        commitment, _ = await self.shelf.commit_together(documents)
        self.patch(representation, "hashlib", None)
        for path, digest in (
            (f"/{self.address}/lock", self.address),
            (f"/{commitment.address}/lock", commitment.address),
            *((f"/{commitment.address}/lock/{each.path}", sha256(each.data).hexdigest()) for each in documents),
        ):
            reply = await self.ask(path)
            self.assertEqual((reply.status, reply["ETag"]), (200, f'"{digest[:32]}"'), path)
