"""A neighbour who commits locks whose files have to be downloaded before anyone knows whether they are admitted."""

from __future__ import annotations

import hashlib

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.errors import Pending, UpstreamTrouble
from reqpi.core.model import Commitment, Page
from reqpi.runtime.on_behalf import on_behalf_of
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream

LARGE = b"a file that is large and that no lock of the neighbour admits"
WRONG = hashlib.sha512(b"other bytes").hexdigest()
RIGHT = hashlib.sha512(LARGE).hexdigest()

Pages = list[Deferred[Page]]
Gates = list[list[Deferred[None]]]


def url_of(project: str) -> str:
    return f"https://files.example.org/{project}-1.0.tar.gz"


class MeasuringCase(TestCase):
    """An upstream with a large file of the project large, and one of each other project."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.offer("large")
        self.shelf = self.another()

    def another(self) -> Shelf:
        return Shelf(self.store, self.upstream, self.clock, "tests")

    def offer(self, project: str, *, digests: bool = True) -> None:
        file = a_file(f"{project}-1.0.tar.gz", LARGE if digests else None, project=project)
        self.upstream.offer(a_page(file, project=project), LARGE)

    async def committed(self, project: str = "large", digest: str = WRONG, comment: str = "") -> Commitment:
        document = f"# {comment}\n{project}==1.0 --hash=sha512:{digest}\n"
        commitment, _ = await self.shelf.commit(document.encode())
        return commitment

    def page(self, commitment: Commitment, client: str = "") -> Deferred[Page]:
        with on_behalf_of(client):
            return Deferred.fromCoroutine(self.shelf.page(commitment, next(iter(commitment.lock.projects))))

    async def stored(self) -> list[str]:
        return [sha256 async for sha256 in self.store.all()]

    def hold_back(self, project: str) -> list[Deferred[None]]:
        """Have the file of a project come only when the test says so."""
        gates: list[Deferred[None]] = []

        async def wait() -> None:
            gates.append(Deferred())
            await gates[-1]

        self.upstream.before[url_of(project)] = wait
        return gates


class TrafficTests(MeasuringCase):
    """Every request below such an address downloads the file again."""

    async def test_a_file_is_downloaded_once_whatever_the_lock_says_of_it(self) -> None:
        """The attacker requests the page again and again, and commits the lock with other comments."""
        for digests in (True, False):
            self.offer("large", digests=digests)
            self.upstream.asked.clear()
            for number in range(5):
                commitment = await self.committed(comment=f"{digests} {number}")
                for _ in range(3):
                    error = await self.assertFailure(self.page(commitment), UpstreamTrouble)
                    self.assertIn("none with a digest that the lock contains", str(error))
            self.assertEqual(self.upstream.asked.count(url_of("large")), 1)

    async def test_a_file_that_another_lock_brought_is_not_downloaded_at_all(self) -> None:
        """The bytes in the store tell what the upstream would."""
        await self.shelf.hold(await self.committed(digest=RIGHT), "large", "large-1.0.tar.gz")
        self.shelf = self.another()
        self.upstream.asked.clear()
        await self.assertFailure(self.page(await self.committed()), UpstreamTrouble)
        page = await self.page(await self.committed(digest=RIGHT, comment="again"))
        self.assertEqual([file.filename for file in page.files], ["large-1.0.tar.gz"])
        self.assertNotIn(url_of("large"), self.upstream.asked)

    async def test_what_an_upstream_without_digests_has_is_looked_at_again_later(self) -> None:
        """The file behind a URL may be replaced, and the lock may then be right."""
        self.offer("large", digests=False)
        await self.assertFailure(self.page(await self.committed()), UpstreamTrouble)
        self.upstream.files[url_of("large")] = b"other bytes"
        self.clock.advance(601)
        self.assertEqual(len((await self.page(await self.committed())).files), 1)


class DiskTests(MeasuringCase):
    """Such a lock fills the disk with files that no lock admits."""

    async def test_bytes_that_the_lock_does_not_admit_are_not_kept(self) -> None:
        for digests in (True, False):
            self.offer("large", digests=digests)
            await self.assertFailure(self.page(await self.committed(comment=str(digests))), UpstreamTrouble)
            self.assertEqual(await self.stored(), [])

    async def test_bytes_that_it_admits_are_kept(self) -> None:
        await self.page(await self.committed(digest=RIGHT))
        self.assertEqual(await self.stored(), [hashlib.sha256(LARGE).hexdigest()])

    async def test_a_lock_that_admits_what_was_not_kept_for_another_is_served(self) -> None:
        """The file is then fetched for its own sake."""
        await self.assertFailure(self.page(await self.committed()), UpstreamTrouble)
        commitment = await self.committed(digest=RIGHT)
        self.assertEqual(await self.shelf.hold(commitment, "large", "large-1.0.tar.gz"), len(LARGE))


class OthersTests(MeasuringCase):
    """Forty such locks are in progress, and someone else wants a page."""

    async def begun(self, projects: int) -> tuple[Pages, Gates]:
        pages, gates = [], []
        for number in range(projects):
            self.offer(f"slow-{number}")
            gates.append(self.hold_back(f"slow-{number}"))
            pages.append(self.page(await self.committed(f"slow-{number}"), "the neighbour"))
        return pages, gates

    async def end(self, pages: Pages, gates: Gates) -> None:
        while any(gates):
            for waiting in gates:
                while waiting:
                    waiting.pop().callback(None)
        for page in pages:
            await self.assertFailure(page, UpstreamTrouble, Pending)

    async def test_pages_are_frozen_for_others_meanwhile(self) -> None:
        pages, gates = await self.begun(40)
        self.upstream.offer(a_page(a_file("six-1.0.tar.gz", b"six")), b"six")
        commitment, _ = await self.shelf.commit(b"six==1.0\n")
        page = self.successResultOf(self.page(commitment, "someone else"))
        self.assertEqual(len(page.files), 1)
        await self.end(pages, gates)

    async def test_a_file_is_measured_for_others_meanwhile(self) -> None:
        """Someone else's lock has only a sha512, too."""
        pages, gates = await self.begun(40)
        commitment = await self.committed(digest=RIGHT)
        self.assertEqual(len(self.successResultOf(self.page(commitment, "someone else")).files), 1)
        await self.end(pages, gates)

    async def test_few_files_are_on_their_way_at_a_time(self) -> None:
        """Each of them takes room on the disk until it is measured."""
        pages, gates = await self.begun(40)
        self.assertLessEqual(sum(map(len, gates)), 8)
        await self.end(pages, gates)
