"""Receipts: recorded within bounds, written in one form, and read back from bytes that anyone may have made."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from attrs import evolve
from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.model import Digest, File, Git
from reqpi.core.receipts.document import LARGEST, timestamp, write_receipt
from reqpi.core.receipts.model import (
    PassedEntry,
    Receipt,
    ReceiptDocument,
    RefusedEntry,
    TakenEntry,
    taken_file,
    taken_metadata,
)
from reqpi.core.receipts.reading import UnreadableReceipt, read_receipt
from reqpi.core.receipts.recorder import ReceiptRecorder

ADDRESS = "a" * 64
SIX = File(
    "six-1.17.0-py2.py3-none-any.whl",
    canonicalize_name("six"),
    Version("1.17"),
    "1.17.0",
    wheel=True,
    url="https://files.example.org/six-1.17.0-py2.py3-none-any.whl?signature=secret",
    digests=frozenset({Digest("sha256", "b" * 64)}),
    size=11050,
)


def recorded(recorder: ReceiptRecorder) -> Receipt:
    times = timestamp(1_800_000_000.5), timestamp(1_800_000_007)
    return recorder.receipt(
        ADDRESS, (ReceiptDocument("", ADDRESS),), *times, target={"sys_platform": "linux"}, sealed=True
    )


def example() -> ReceiptRecorder:
    """Return a recorder that has one of everything."""
    recorder = ReceiptRecorder()
    recorder.took(taken_file(SIX))
    recorder.took(taken_metadata(SIX, "c" * 64, 900), "partial")
    recorder.took(TakenEntry("page", "six", url="https://index.example.org/simple/six/"), "unchanged")
    recorder.took(TakenEntry("facts", "six", purl="pkg:pypi/six@1.17.0"))
    recorder.refused(
        RefusedEntry("crates.example", "", "https://u:p@crates.example/a?b", "cargo/1", "not in this lock")
    )
    recorder.passed(PassedEntry("api.example", 443, "tests/1"))
    return recorder


class RecordingTests(SynchronousTestCase):
    """What one client takes."""

    def test_the_same_thing_has_one_entry_with_counts(self) -> None:
        recorder = ReceiptRecorder()
        for how in ("count", "count", "partial", "unchanged"):
            recorder.took(taken_file(SIX), how)  # type: ignore[arg-type]
        (entry,) = recorded(recorder).taken
        self.assertEqual((entry.count, entry.partial, entry.unchanged), (2, 1, 1))
        self.assertEqual((entry.purl, entry.sha256, entry.size), ("pkg:pypi/six@1.17", "b" * 64, 11050))

    def test_a_receipt_has_no_login_and_no_query(self) -> None:
        """Neither of a file, nor of a request that was refused."""
        written = write_receipt(recorded(example()))
        for secret in (b"u:p@", b"?b", b"secret"):
            self.assertNotIn(secret, written)

    def test_the_place_of_a_git_source_is_its_url(self) -> None:
        file = evolve(SIX, source=Git("https://git.example/six.git", "1" * 40))
        self.assertEqual(taken_file(file).url, f"git+https://git.example/six.git@{'1' * 40}")

    def test_what_a_client_sends_becomes_one_short_line(self) -> None:
        recorder = ReceiptRecorder()
        recorder.refused(RefusedEntry("h", "", "https://h/\x1b[31m", "a\nb" * 1000, "no"))
        (entry,) = recorded(recorder).refused
        self.assertEqual((entry.agent[:3], len(entry.agent), entry.url), ("a\ufffdb", 200, "https://h/\ufffd[31m"))

    def test_a_bound_makes_the_receipt_incomplete(self) -> None:
        """A bound of entries, or of bytes; known things are counted on."""
        for recorder in (ReceiptRecorder(most_taken=1), ReceiptRecorder(most_bytes=(512 << 10) + 600)):
            recorder.took(taken_file(SIX))
            self.assertTrue(recorder.complete)
            recorder.took(TakenEntry("page", "attrs"))
            recorder.took(taken_file(SIX))
            receipt = recorded(recorder)
            self.assertEqual([(each.project, each.count) for each in receipt.taken], [("six", 2)])
            self.assertFalse(receipt.complete)

    def test_refusals_and_tunnels_have_bounds_too(self) -> None:
        for add in (
            lambda recorder, each: recorder.refused(RefusedEntry(f"h{each}", "", "", "", "no")),
            lambda recorder, each: recorder.passed(PassedEntry(f"h{each}", 443, "")),
        ):
            recorder = ReceiptRecorder()
            for each in range(1001):
                add(recorder, each)
            receipt = recorded(recorder)
            self.assertEqual((len(receipt.refused) + len(receipt.passed), receipt.complete), (1000, False))

    def test_the_largest_receipt_can_be_read(self) -> None:
        recorder = ReceiptRecorder(most_bytes=2 << 20)
        each = 0
        while recorder.complete:
            recorder.took(TakenEntry("page", f"p{each}", url=f"https://h/{'ä' * 2000}"))
            each += 1
        receipt = recorded(recorder)
        self.assertGreater(len(receipt.taken), 100)
        self.assertLess(len(write_receipt(receipt)), 2 << 20)

    def test_whatever_a_client_and_an_upstream_send_can_be_read_again(self) -> None:
        """URLs that are too long, not URLs, or become others when they are shortened."""
        urls = [
            "http://[v1." + "a" * 3000 + "]/",
            "http://[",
            "https://h/\x00?",
            " \x1b",
            "//u@h",
            "A:b",
            "\ud800",
            "?",
            "#",
        ]
        recorder = ReceiptRecorder()
        for number, url in enumerate([*urls, *(f"https://{url}" for url in urls)]):
            recorder.refused(RefusedEntry(url, url, url, url, url))
            recorder.passed(PassedEntry("h" + url, 1, url))
            recorder.took(evolve(taken_file(SIX), url=url, filename=f"{number}.zip"))
        receipt = recorded(recorder)
        self.assertTrue(receipt.complete)
        self.assertEqual(read_receipt(write_receipt(receipt)), receipt)

    def test_a_thing_that_no_receipt_can_have_makes_it_incomplete(self) -> None:
        """Such as a name of an upstream that is not printable."""
        for changes in ({"filename": "a\x1b.zip"}, {"purl": "p" * 3000}, {"sha256": ""}):
            recorder = ReceiptRecorder()
            recorder.took(evolve(taken_file(SIX), **changes))
            receipt = recorded(recorder)
            self.assertEqual((receipt.taken, receipt.complete), ((), False))

    def test_two_parts_of_one_client_are_put_together(self) -> None:
        """As of two workers of a server."""
        both = example()
        both.add(recorded(example()))
        receipt = recorded(both)
        once = recorded(example())
        self.assertEqual([each.bare for each in receipt.taken], [each.bare for each in once.taken])
        self.assertEqual([each.count for each in receipt.taken], [2 * each.count for each in once.taken])
        self.assertEqual((receipt.refused[0].count, receipt.passed[0].count), (2, 2))


class DocumentTests(SynchronousTestCase):
    """The JSON, and a reader of hostile bytes."""

    def changed(self, change: Callable[[dict[str, Any]], object]) -> bytes:
        """Return the example's document after a change, in the form in which it is written."""
        document = json.loads(write_receipt(recorded(example())))
        change(document)
        return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"

    def rejected(self, data: bytes) -> str:
        error = self.assertRaises(UnreadableReceipt, read_receipt, data, "r.json")
        self.assertIn("--receipt", error.detail)
        return error.title

    def test_what_was_written_is_read(self) -> None:
        receipt = recorded(example())
        written = write_receipt(receipt)
        self.assertEqual(read_receipt(written), receipt)
        self.assertEqual(write_receipt(read_receipt(written)), written)
        self.assertEqual(receipt.started, "2027-01-15T08:00:00Z")

    def test_the_order_of_events_makes_no_difference(self) -> None:
        things = [taken_file(SIX), TakenEntry("page", "six"), TakenEntry("page", "attrs")]
        documents = []
        for order in (things, things[::-1]):
            recorder = ReceiptRecorder()
            for thing in order:
                recorder.took(thing)
            documents.append(write_receipt(recorded(recorder)))
        self.assertEqual(*documents)

    def test_a_wrong_member_is_named(self) -> None:
        taken = {
            "sha256": "taken[1].sha256",
            "kind": "taken[1].kind",
            "size": "taken[1].size",
            "filename": "taken[1]",
            "url": "taken[1].url",
        }
        for name, where in taken.items():
            for value in (None, 1.5, [], True, "https://u@h/" if name == "url" else -1):
                said = self.rejected(self.changed(lambda document: document["taken"][1].update({name: value})))  # noqa: B023
                self.assertTrue(where in said or "is not a line" in said, f"{name}: {value!r}: {said}")

    def test_each_of_these_is_rejected_with_its_reason(self) -> None:
        def twice(document: dict[str, Any]) -> None:
            document["taken"].insert(1, document["taken"][0] | {"size": 0, "count": 7})

        cases: list[tuple[Callable[[dict[str, Any]], object], str]] = [
            (lambda found: found.update(version=2), "newer ReqPI"),
            (lambda found: found.update(version=0), "its version is 0"),
            (lambda found: found.pop("version"), "no version"),
            (lambda found: found.update(more=1), "has a member 'more'"),
            (lambda found: found.pop("sealed"), "no member sealed"),
            (lambda found: found.update(sealed=1), "sealed"),
            (lambda found: found.update(address="A" * 64), "address"),
            (lambda found: found.update(ended="2020-01-01T00:00:00Z"), "before started"),
            (lambda found: found.update(ended="2027-13-01T00:00:00Z"), "ended"),
            (lambda found: found.update(target={f"a{each}": "" for each in range(21)}), "target"),
            (lambda found: found["taken"].reverse(), "not sorted"),
            (twice, "two entries"),
            (lambda found: found["taken"][0].update(count=0), "never sent"),
            (lambda found: found["passed"][0].update(port=0), "passed[0]"),
            (lambda found: found["refused"][0].update(url="https://h/?token"), "refused[0].url"),
            (lambda found: found["refused"][0].update(agent="a\x1b"), "refused[0].agent"),
            (lambda found: found["refused"][0].update(agent="a" * 2049), "refused[0].agent"),
        ]
        for change, reason in cases:
            self.assertIn(reason, self.rejected(self.changed(change)))

    def test_another_form_of_the_same_values_is_rejected(self) -> None:
        """Formatted, with a member twice, or with a byte order mark: another reader may see other values."""
        written = write_receipt(recorded(example()))
        twice = written.replace(b' "sealed": true,\n', b' "sealed": false,\n "sealed": true,\n')
        for data in (twice, written + b"\n", b"\xef\xbb\xbf" + written, json.dumps(json.loads(written)).encode()):
            self.rejected(data)

    def test_hostile_bytes_are_rejected_before_they_are_values(self) -> None:
        """Size, nesting, many small values, long numbers."""
        many = b"[\n" + b",\n" * 900_000 + b"]"
        for data in (b"", b"[" * 100_000, b"[[],[]]", b"[\n" * 100_000, many, b"9" * 19, b"\xff", b" " * (LARGEST + 1)):
            self.rejected(data)
