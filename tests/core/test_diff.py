"""The differences between two locks, or two SBOMs."""

from __future__ import annotations

import json
import unittest

from reqpi.core import locks
from reqpi.core.diff import Change, Contents, NotAnSbom, changes, contents_of_lock, contents_of_sbom

ONE, TWO = "a" * 64, "b" * 64


def lock(*lines: str) -> Contents:
    return contents_of_lock(locks.read("".join(f"{line}\n" for line in lines).encode()))


class ChangesTests(unittest.TestCase):
    """Project by project."""

    def test_each_kind(self) -> None:
        hashed = f"--hash=sha256:{ONE}"
        before = {**lock("a==1", "b==1", "c==1", "e==1", "f==1"), **lock(f"d==1 {hashed}")}
        after = {**lock("a==1", "C==2", "g==3", "e==1"), **lock(f"d==1 --hash=sha256:{TWO}", f"f==1 {hashed}")}
        self.assertEqual(
            changes(before, after),
            [
                Change("b", "removed", ("1",), ()),
                Change("c", "version", ("1",), ("2",)),
                Change("d", "files", ("1",), ("1",)),
                Change("g", "added", (), ("3",)),
            ],
        )
        self.assertEqual(changes(after, after), [])

    def test_two_versions_of_one(self) -> None:
        before = lock("a==1; python_version < '3.9'", "a==2; python_version >= '3.9'")
        self.assertEqual(changes(before, lock("a==2")), [Change("a", "version", ("1", "2"), ("2",))])

    def test_a_source(self) -> None:
        """It stands for a version."""
        commit = "c" * 40
        before = lock(f"a @ git+https://example.org/a.git@{commit}")
        self.assertEqual(list(before["a"]), [f"git+https://example.org/a.git@{commit}"])


class BillTests(unittest.TestCase):
    """SBOMs of anybody's."""

    def test_cyclonedx_and_spdx_say_the_same(self) -> None:
        cyclonedx = {
            "bomFormat": "CycloneDX",
            "components": [
                {
                    "name": "Six",
                    "version": "1.17",
                    "hashes": [{"alg": "SHA-256", "content": ONE}, {"alg": "MD5", "content": "0"}],
                },
                {"name": "a", "version": "1", "externalReferences": [{"hashes": [{"alg": "SHA-256", "content": TWO}]}]},
            ],
        }
        purl = [{"referenceType": "purl", "referenceLocator": "pkg:pypi/x"}]
        spdx = {
            "spdxVersion": "SPDX-2.3",
            "packages": [
                {"SPDXID": "SPDXRef-main", "name": "ours", "externalRefs": purl},
                {"SPDXID": "1", "name": "six", "versionInfo": "1.17", "externalRefs": purl,
                 "checksums": [{"algorithm": "SHA256", "checksumValue": ONE}]},
                {"SPDXID": "2", "name": "a", "versionInfo": "1", "externalRefs": purl,
                 "checksums": [{"algorithm": "SHA256", "checksumValue": TWO}]},
            ],
            "relationships": [{"relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-main"}],
        }  # fmt: skip
        one, other = (contents_of_sbom(json.dumps(bill).encode()) for bill in (cyclonedx, spdx))
        self.assertEqual(one, {"six": {"1.17": {f"sha256:{ONE}"}}, "a": {"1": {f"sha256:{TWO}"}}})
        self.assertEqual(one, other)

    def test_what_is_none(self) -> None:
        for data in (b"", b"[]", b"{}", b"\xff", b'{"bomFormat": "CycloneDX", "components": [1]}', b"[" * 100_000):
            with self.assertRaises(NotAnSbom):
                contents_of_sbom(data)
