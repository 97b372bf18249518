"""The store in a real object store keeps the contract, and outlives what befalls it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from reqpi.core.errors import Misconfigured, StoreTrouble
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.connect import connect
from reqpi.storage.objects.store import ObjectStore, object_store
from tests.contracts import MEBIBYTE, SetClock, StoreContract, gathered, incoming, kept
from tests.seaweed import SeaweedFS
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("seaweed")]  # started once for each class


PATIENCE = 240.0
"""Seconds within which a store that answers again must be noticed; it is tested once a second."""


def when_back(call: Callable[[], bytes | None]) -> bytes | None:
    """Return its result as soon as it raises no trouble."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return call()
        except StoreTrouble:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class SeaweedCase(SynchronousTestCase):
    """One SeaweedFS for all tests of a class, each below a prefix of its own."""

    seaweed: SeaweedFS

    @classmethod
    def setUpClass(cls) -> None:
        case = cls("id")
        cls.seaweed = SeaweedFS(scratch(case))
        cls.addClassCleanup(case.doCleanups)
        cls.addClassCleanup(cls.seaweed.stop)
        cls.seaweed.start()

    def setUp(self) -> None:
        self.url = f"{self.seaweed.url}/{uuid4()}"
        self.spool = scratch(self)


class SeaweedStoreTests(SeaweedCase, StoreContract, TestCase):
    """In SeaweedFS, :class:`ObjectStore` is a :class:`reqpi.core.interfaces.Store`."""

    store: ObjectStore

    def setUp(self) -> None:
        super().setUp()
        self.clock = SetClock(1_000_000.0)
        self.store = object_store(self.url, self.seaweed.options, self.spool, clock=self.clock, coarse=0)
        self.store.open()

    async def tearDown(self) -> None:
        await self.store.close()

    async def test_a_large_blob_goes_in_parts(self) -> None:
        """100 MiB are kept, and come back by one stream."""
        digest = sha256()
        blob = await self.store.begin()
        for _ in range(100):
            piece = os.urandom(MEBIBYTE)
            digest.update(piece)
            await blob.write(piece)
        name = digest.hexdigest()
        await blob.keep(name)
        await blob.discard()
        self.assertEqual(await self.store.size(name), 100 * MEBIBYTE)
        found, pieces = sha256(), 0
        async for piece in self.store.read(name):
            found.update(piece)
            pieces += 1
        self.assertEqual(found.hexdigest(), name)
        self.assertGreaterEqual(pieces, 400)

    async def test_a_link_gives_the_blob_to_anybody(self) -> None:
        """And not with a changed URL."""
        link = await self.store.link(await kept(self.store, b"bytes"), 60)
        assert link is not None

        def fetched(url: str) -> bytes | int:
            try:
                with urlopen(url, timeout=240) as response:
                    return bytes(response.read())
            except HTTPError as error:
                return error.code

        self.assertEqual(await deferToThread(fetched, link), b"bytes")
        self.assertEqual(await deferToThread(fetched, link.replace("Expires=60", "Expires=61")), 403)

    async def test_more_than_a_page_of_names_is_listed(self) -> None:
        """S3 gives a thousand at a time."""
        names = {f"many/{number}" for number in range(1003)}
        objects = ObjectClient(partial(connect, self.url, self.seaweed.options))
        objects.open()
        for name in names:
            await deferToThread(objects.put, f"records/{name}_", b"")
        found = await gathered(self.store.names("many/"))
        self.assertEqual((len(found), set(found)), (1003, names))


class RefusedTests(SeaweedCase):
    """Mistakes of the operator are reported at the start."""

    def refusal(self, url: str, **options: str) -> str:
        store = object_store(url, {**self.seaweed.options, **options}, self.spool, in_thread=inline)
        return str(self.assertRaises(Misconfigured, store.open))

    def test_no_such_bucket(self) -> None:
        """It is not made, either."""
        self.assertEqual(
            self.refusal("s3://other/prefix"),
            "s3://other/prefix cannot be the store: there is no such bucket: "
            "Create it, or fix the URL or --store-option endpoint.",
        )

    def test_an_unknown_key(self) -> None:
        """The store's own message is shown."""
        self.assertEqual(
            self.refusal(self.url, access_key_id="stranger"),
            f"{self.url} cannot be the store: it rejects the credentials: "
            "It says: InvalidAccessKeyId: The access key ID you provided does not exist in our records. "
            "Fix them in the environment or --store-option, and check this machine's clock.",
        )

    def test_a_wrong_secret(self) -> None:
        """The secret is not shown."""
        said = self.refusal(self.url, secret_access_key="mistaken")
        self.assertIn(f"{self.url} cannot be the store: it rejects the credentials: ", said)
        self.assertNotIn("mistaken", said)

    def test_credentials_that_do_not_permit_to_write(self) -> None:
        """Whether or not there is a store of ours already."""
        words = (
            f"{self.url} cannot be the store: the credentials do not allow ReqPI to write: "
            "They must allow ReqPI to read, write, list and delete everything below its prefix."
        )
        self.assertEqual(self.refusal(self.url, **self.seaweed.read_only), words)
        object_store(self.url, self.seaweed.options, self.spool, in_thread=inline).open()
        self.assertEqual(self.refusal(self.url, **self.seaweed.read_only), words)


class AwayTests(SynchronousTestCase):
    """A store that goes away comes back."""

    def test_it_is_trouble_while_it_is_away_and_works_again_after(self) -> None:
        """Stored blobs are intact, interrupted reads raise trouble, and no one waits for long."""
        seaweed = SeaweedFS(scratch(self))
        self.addCleanup(seaweed.stop)
        seaweed.start()
        store = object_store(seaweed.url, seaweed.options, scratch(self), in_thread=inline, coarse=0)
        store.open()
        name = run(kept(store, os.urandom(20 * MEBIBYTE)))
        run(store.create("locks/a", b"value"))
        growing = run(incoming(store, b"bytes"))
        reading = store.read(name)
        run(anext(reading))

        seaweed.kill()
        trouble = self.assertRaises(StoreTrouble, run, store.get("locks/a"))
        self.assertEqual(
            str(trouble),
            "the store cannot be read: It does not answer. Try again; the log of this index has more for its operator.",
        )
        for call in (store.create("locks/b", b""), store.size(name), store.touch(name), gathered(store.all())):
            self.assertRaises(StoreTrouble, run, call)
        self.assertRaises(StoreTrouble, run, gathered(reading))
        self.assertRaises(StoreTrouble, run, growing.keep(sha256(b"bytes").hexdigest()))
        refused = object_store(seaweed.url, seaweed.options, scratch(self), in_thread=inline)
        self.assertEqual(
            str(self.assertRaises(Misconfigured, refused.open)),
            f"{seaweed.url} cannot be the store: it cannot be reached: it refuses connections: "
            "Fix --store-option endpoint, or start it.",
        )

        seaweed.start()
        self.assertEqual(when_back(lambda: run(store.get("locks/a"))), b"value")
        self.assertEqual(sha256(b"".join(run(gathered(store.read(name))))).hexdigest(), name)
        self.assertEqual(run(store.create("locks/b", b"other")), b"other")
