"""Others on the network who look at the pages of files, to see what is inside a file that their lock does not admit."""

from __future__ import annotations

from hashlib import sha256

from attrs import evolve
from packaging.utils import canonicalize_name

from reqpi.core import frozen_pages
from reqpi.core.denials import read_denied
from reqpi.core.model import File
from reqpi.shelf.records import page_record
from reqpi.web.http.access import Access
from reqpi.web.http.only_client import OnlyClient
from reqpi.web.routes import Root
from tests.distributions import a_file, a_page
from tests.web.archives import wheel_of
from tests.web.case import WebCase
from tests.web.wire import Reply

OPEN, SECRET = "six-1.0-py3-none-any.whl", "six-2.0-py3-none-any.whl"
CONTENTS = {
    OPEN: wheel_of(b"Name: six\nSummary: open\n", {"open.py": b""}),
    SECRET: wheel_of(b"Name: six\nSummary: top-secret\n", {"top-secret.py": b""}, "six-2.0"),
}
DIGESTS = {name: sha256(content).hexdigest() for name, content in CONTENTS.items()}
SIX = canonicalize_name("six")


class LeakCase(WebCase):
    """A server that holds two versions of six, each for a lock of its own."""

    async def setUp(self) -> None:
        await super().setUp()
        self.files = {name: a_file(name, content, size=len(content)) for name, content in CONTENTS.items()}
        self.upstream.offer(a_page(*self.files.values()), *CONTENTS.values())
        self.addresses = {}
        for name, version in ((OPEN, "1.0"), (SECRET, "2.0")):
            self.addresses[name] = await self.committed(f"six=={version} --hash=sha256:{DIGESTS[name]}")
            await self.shelf.hold(await self.shelf.commitment(self.addresses[name]), SIX, name)
        self.address = self.addresses[OPEN]

    def assert_no_secret(self, reply: Reply, *statuses: int) -> None:
        self.assertIn(reply.status, statuses)
        self.assertNotIn(b"top-secret", reply.body)
        self.assertNotIn(DIGESTS[SECRET].encode(), reply.body)


class LeakTests(LeakCase):
    """The store has the file, and the neighbour knows its name and its digest."""

    async def test_the_secret_is_shown_to_those_whose_lock_admits_it(self) -> None:
        """The other tests look for something that is there."""
        self.address = self.addresses[SECRET]
        self.assertIn(b"top-secret", (await self.under(f"/pins/six/{SECRET}")).body)

    async def test_asking_for_a_file_of_another_lock(self) -> None:
        """The neighbour's lock pins another version of the same project."""
        for name in (SECRET, SECRET.upper(), f"%2e/{SECRET}", f"..%2f{SECRET}", f"{OPEN}%00{SECRET}"):
            self.assert_no_secret(await self.under(f"/pins/six/{name}"), 404, 410)
        for project in ("six", "six==2.0", "Six", "-"):
            self.assert_no_secret(await self.under(f"/pins/{project}/"), 200, 404, 410)

    async def fresh(self, *files: File) -> None:
        """Commit a lock like the neighbour's, whose frozen list the neighbour has written."""
        self.address = await self.committed(f"six==1.0 --hash=sha256:{DIGESTS[OPEN]}", "")
        await self.store.replace(page_record(self.address, SIX), frozen_pages.dump(a_page(*files)))

    async def test_writing_the_file_into_the_frozen_list(self) -> None:
        """The neighbour can write to the store, and adds the file to the page of their own lock."""
        await self.fresh(self.files[OPEN], evolve(self.files[SECRET], measured=True))
        for path in (f"/pins/six/{SECRET}", "/pins/six", "/pins", f"/diff/{await self.committed('six==3.0')}"):
            self.assert_no_secret(await self.under(path), 200, 410, 503)

    async def test_giving_the_file_the_name_of_an_admitted_one(self) -> None:
        """The list of the neighbour's lock has the admitted name with the digest of the secret."""
        (digest,) = self.files[SECRET].digests
        await self.fresh(evolve(self.files[OPEN], digests=frozenset({digest})))
        for path in (f"/pins/six/{OPEN}", "/pins/six", "/pins"):
            self.assert_no_secret(await self.under(path), 200, 410, 503)

    async def test_a_denied_file_is_inside_no_page(self) -> None:
        """The lock admits it, its members were read before, and then the operator has denied it."""
        self.address = self.addresses[SECRET]
        await self.under(f"/pins/six/{SECRET}")
        await self.shelf.denials.deny(read_denied(f"sha256:{DIGESTS[SECRET]}"), "it mines coins", "operator")
        for path in (f"/pins/six/{SECRET}", "/pins/six", "/pins", "/", f"/diff/{self.addresses[OPEN]}"):
            self.assertNotIn(b"top-secret", (await self.under(path)).body, path)
        reply = await self.under(f"/pins/six/{SECRET}")
        self.assertIn("it mines coins", self.assert_problem(reply, 410)["title"])

    async def test_reading_what_an_index_claimed_for_another_address(self) -> None:
        """Metadata that was read by ranges is the claim of one address, and is shown under no other."""
        claim = wheel_of(b"Name: lib\nSummary: top-secret\n", stem="lib-1.0")
        name = "lib-1.0-py3-none-any.whl"
        self.upstream.offer(a_page(a_file(name, claim, "lib", size=len(claim)), project="lib"), claim)
        self.address = await self.committed("lib==1.0")
        await self.under(f"/simple/lib/{name}.metadata")
        self.assertIn(b"top-secret", (await self.under(f"/pins/lib/{name}")).body)
        self.address = await self.committed("lib==1.0 ")
        await self.under("/simple/lib/")
        self.assertNotIn(b"top-secret", (await self.under(f"/pins/lib/{name}")).body)
        self.assertNotIn(b"top-secret", (await self.under("/pins")).body)


class OtherLockTests(LeakCase):
    """The server belongs to a command that is about one lock."""

    def made_root(self) -> Root:
        document = f"six==1.0 --hash=sha256:{DIGESTS[OPEN]}\n".encode()
        access: Access = OnlyClient("password", address=sha256(document).hexdigest())
        return Root(self.services(), self.base, self.ready_answers, access=access)

    async def test_comparing_with_another_lock_in_the_store(self) -> None:
        """The second address of the path, in any spelling, is one that the server does not offer."""
        login = {"Authorization": "Basic cmVxcGk6cGFzc3dvcmQ="}
        one, other = self.addresses[OPEN], self.addresses[SECRET]
        self.assertEqual((await self.ask(f"/{one}/diff/{one}", **login)).status, 200)
        for path in (f"/{one}/diff/{other}", f"/{one}/diff/{other.upper()}", f"/{other}/diff/{one}", f"/{other}/pins"):
            self.assert_problem(await self.ask(path, **login), 403, "not offered here")
        self.assert_problem(await self.ask(f"/{one}/pins"), 401)
