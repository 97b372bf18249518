"""Someone who can write to the store puts any bytes into any record."""

from __future__ import annotations

import json
from functools import partial

from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import frozen_pages as freezer
from reqpi.core import simple
from reqpi.core.errors import DamagedRecord, StoreTrouble
from reqpi.core.metadata import build_system
from reqpi.core.receipts.model import TakenEntry
from reqpi.shelf.maintenance.record_checks import REMADE, check
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.run_counts import RunEntry
from tests.attacks.fuzzing import fuzz, json_of
from tests.distributions import a_file, a_page, digest_of

LIB = canonicalize_name("lib")
PAGE = a_page(
    a_file("lib-1.0-py3-none-any.whl", b"a", project="lib", size=1, core_metadata=digest_of(b"m"), yanked="broken"),
    project="lib",
)
PROGRESS = {"projects": 1, "frozen": 1, "files": 1, "size": 1, "held": 1, "held_size": 1}
WRITTEN = {
    "frozen": json.loads(freezer.dump(PAGE)),
    "learned": json.loads(freezer.dump(PAGE)),
    "refused": [["six", None, "not in the lock", 1, 1.0, 2.0]],
    "build-systems": json.loads(build_system({}).dump()),
    "holding": {"at": 1.0, "progress": PROGRESS, "failures": [["six", None, "x"]], "defects": []},
    "lacking": [{"line": 1, "text": "x", "message": "y", "document": ""}],
    "bills": {"layout": 1, "files": {"a" * 64: ["x", [["MIT", True]], ["six"]]}},
    "learning": {"exclude-newer": "2024-01-01T00:00:00+00:00"},
    "runs": {"layout": 1, "address": "a" * 64, "started": "2026-11-29T14:50:24Z"},
    "run-entries": json.loads(RunEntry("", TakenEntry("page", "lib", partial=1)).dump("a" * 64)),
    "run-counts": {"layout": 1, "last": 1.0, "complete": True, "sent": {"t-" + "a" * 64: [1, 0, 0]}},
}
"""What ReqPI writes into records of some kinds."""

KEYS = tuple(
    sorted({key for value in WRITTEN.values() if isinstance(value, dict) for key in value} | {"url", "digests"})
)


def changed(value: object, replacement: object, place: int) -> object:
    """Return a value in which one of its values is replaced, the one at ``place`` in the order of writing."""
    count = 0

    def walk(here: object) -> object:
        nonlocal count
        count += 1
        if count == place:
            return replacement
        if isinstance(here, dict):
            return {key: walk(below) for key, below in here.items()}
        return [walk(below) for below in here] if isinstance(here, list) else here

    return walk(value)


RECORDS = st.one_of(
    st.binary(max_size=200),
    json_of(KEYS).map(json.dumps).map(str.encode),
    st.tuples(st.sampled_from(list(WRITTEN.values())), json_of(KEYS), st.integers(1, 20)).map(
        lambda parts: json.dumps(changed(*parts)).encode()
    ),
)


class RecordTests(SynchronousTestCase):
    """Reading gives a value, or trouble of the store that names the record."""

    def test_records_that_are_made_again(self) -> None:
        def attack(data: bytes) -> None:
            for kind in REMADE:
                record = f"{kind.folder}/{'a' * 64}/lib/key"
                try:
                    damaged = check(record, data)
                except StoreTrouble:
                    continue  # a newer ReqPI wrote it
                if damaged is not None:
                    self.assertTrue(damaged.problem.isprintable())

        fuzz(attack, RECORDS, examples=200)

    def test_frozen_lists(self) -> None:
        """A list that can be read can also be rendered and written again."""

        def attack(data: bytes) -> None:
            try:
                page = read_record(f"frozen/{'a' * 64}/lib", data, partial(freezer.load, project=LIB))
            except DamagedRecord as damaged:
                self.assertTrue(damaged.detail.isprintable())
                return
            except StoreTrouble:
                return
            self.assertEqual(freezer.load(freezer.dump(page), LIB), page)
            simple.page_json(page)
            simple.page_html(page)

        fuzz(attack, RECORDS, examples=200)
