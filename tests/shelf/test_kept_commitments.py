"""Locks that were read stay in memory within a bound, however they were committed."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core import locks
from reqpi.core.model import Commitment
from reqpi.core.report import Document
from reqpi.shelf.commitments import Commitments
from reqpi.storage.memory import MemoryStore
from tests.core.test_weights import requirements


class KeptCommitmentsTests(TestCase):
    """A commitment that is in memory has a lease; one that was forgotten has none."""

    async def committed(self, commitments: Commitments, name: str) -> Commitment:
        documents = [Document(f"{part}.txt", requirements(50, digests=5, name=f"{name}-{part}")) for part in "ab"]
        commitment, _ = await commitments.commit_together(documents)
        return commitment

    async def test_several_documents_count_as_much_as_they_are(self) -> None:
        """Their listing has some 150 bytes: counted as that, thousands of them would be kept."""
        weight = locks.read(requirements(50, digests=5, name="one-a")).weight * 2
        commitments = Commitments(MemoryStore(), Clock(), in_memory=weight * 7 // 2)
        committed = [await self.committed(commitments, name) for name in ("one", "two", "six", "ten")]
        kept = [commitments.lease(commitment) is not None for commitment in committed]
        self.assertEqual(kept, [False, True, True, True])
        self.assertLessEqual(commitments.weight, weight * 7 // 2)

    async def test_digests_count(self) -> None:
        """Most of a real lock is digests, and each takes several times its length."""
        few = Commitments(MemoryStore(), Clock())
        await few.commit(requirements(50, digests=1))
        many = Commitments(MemoryStore(), Clock())
        await many.commit(requirements(50, digests=41))
        self.assertGreater(many.weight - few.weight, 50 * 40 * (80 + 200))

    async def test_a_lock_above_the_bound_is_kept_alone(self) -> None:
        """It is not read again for each request."""
        commitments = Commitments(MemoryStore(), Clock(), in_memory=10_000)
        small, _ = await commitments.commit(b"six==1.0\n")
        large = await self.committed(commitments, "large")
        self.assertIs(await commitments.get(large.address), large)
        self.assertIsNone(commitments.lease(small))
