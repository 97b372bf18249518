"""An upstream with the wheels of demo 1.0, some of them variants (PEP 825), and a lock of them."""

from __future__ import annotations

import json
from typing import Any

from tests.distributions import a_file, a_page, digest_of
from tests.web.case import WebCase

__all__ = ["FAST", "NULL", "PLAIN", "VARIANTS", "VariantsCase"]

PLAIN, FAST, NULL = "demo-1.0-py3-none-any.whl", "demo-1.0-py3-none-any-fast.whl", "demo-1.0-py3-none-any-null.whl"
VARIANTS = "demo-1.0-variants.json"


class VariantsCase(WebCase):
    """An upstream with three wheels of demo 1.0; the lock has the digests of those that a test names."""

    async def begin(self, contents: dict[str, bytes], locked: dict[str, bytes] | None = None) -> None:
        """Have files, and commit a lock of them."""
        files = [a_file(name, content, project="demo", size=len(content)) for name, content in contents.items()]
        self.upstream.offer(a_page(*files, project="demo"), *contents.values())
        digests = [f"--hash=sha256:{digest_of(content).hex}" for content in (locked or contents).values()]
        self.address = await self.committed(" ".join(["demo==1.0", *digests]))

    async def variants(self) -> Any:
        """The ``variants.json`` as a client gets it."""
        reply = await self.under(f"/simple/demo/{VARIANTS}")
        return json.loads(reply.body) if reply.status == 200 else reply.status

    async def problem(self) -> str:
        """Why there is no ``variants.json``."""
        reply = await self.under(f"/simple/demo/{VARIANTS}", Accept="application/problem+json")
        self.assertNotEqual(reply.status, 200, reply.body)
        return reply.body.decode()
