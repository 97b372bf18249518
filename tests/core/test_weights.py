"""The memory that bounded caches count is the memory that is used."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.frozen_pages import dump, load
from reqpi.core.model import Lock, Page
from reqpi.core.report import Document
from tests.distributions import a_file, a_page

DATA = Path(__file__).parents[1] / "data"


class WeightTests(SynchronousTestCase):
    """The weight is what the interpreter counts, or somewhat more; never much less."""

    def test_locks(self) -> None:
        """Requirements with and without digests, and locks of tools."""
        cases = {
            "digests": requirements(300, digests=10),
            "no digests": requirements(3000, digests=0),
            "sixty": (DATA.parent / "live" / "sixty.txt").read_bytes(),
            "uv": (DATA / "locks" / "projects" / "paperless.uv.lock").read_bytes(),
        }
        for name, document in cases.items():
            taken, lock = memory_of(lambda document=document: read(bytes(bytearray(document))))
            self.assert_near(lock.weight, taken, name)

    def test_a_lock_of_several_documents_weighs_as_much_as_they_do(self) -> None:
        """Its own document is a listing of a few hundred bytes."""
        documents = [Document(f"{name}.txt", requirements(300, digests=10, name=name)) for name in ("a", "b")]
        together = locks.read_together(documents).weight
        alone = sum(locks.read(document.data).weight for document in documents)
        self.assertLess(abs(together - alone), 10_000)
        self.assertGreater(together, sum(len(document.data) for document in documents))

    def test_pages(self) -> None:
        """As they are read from the store."""
        files = [
            a_file(f"six-1.{number}-py3-none-any.whl", str(number).encode(), size=number) for number in range(2000)
        ]
        written = dump(a_page(*files))
        taken, page = memory_of(lambda: load_page(written))
        self.assert_near(page.weight, taken, "page")

    def assert_near(self, weight: int, taken: int, name: str) -> None:
        self.assertGreater(weight, 0.9 * taken, f"{name}: {weight} for {taken}")
        self.assertLess(weight, 2.5 * taken, f"{name}: {weight} for {taken}")  # later Pythons take less


def memory_of(make: Callable[[], Any]) -> tuple[int, Any]:
    """Bytes that what ``make`` returns takes, and what it returned."""
    make()  # caches of the program are filled
    gc.collect()
    tracemalloc.start()
    try:
        made = make()
        gc.collect()
        return tracemalloc.get_traced_memory()[0], made
    finally:
        tracemalloc.stop()


def read(document: bytes) -> Lock:
    lock = locks.read(document)
    _ = lock.projects, lock.releases
    return lock


def load_page(written: bytes) -> Page:
    page = load(written, a_file("six-1.0.tar.gz").project)
    _ = page.by_filename
    return page


def requirements(pins: int, *, digests: int, name: str = "project") -> bytes:
    """A requirements file with so many pins, each with so many digests."""
    lines = []
    for pin in range(pins):
        hashes = [
            f" \\\n    --hash=sha256:{sha256(f'{pin} {digest}'.encode()).hexdigest()}" for digest in range(digests)
        ]
        lines.append(f"{name}-{pin}==1.{pin}{''.join(hashes)}\n")
    return "".join(lines).encode()
