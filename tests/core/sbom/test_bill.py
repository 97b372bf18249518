"""A commitment as a bill, and a bill as CycloneDX and as SPDX."""

from __future__ import annotations

import json
from itertools import pairwise

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.address import address_of
from reqpi.core.diff import changes, contents_of_sbom
from reqpi.core.errors import NothingUpstream
from reqpi.core.model import Commitment, File, Git, Page, Project
from reqpi.core.report import Document
from reqpi.core.sbom import (
    About,
    Component,
    Licence,
    MainComponent,
    Sbom,
    about,
    cyclonedx,
    described_by,
    merged,
    sbom_of,
    spdx,
)
from tests.core.sbom.valid import flaws_of_cyclonedx, flaws_of_spdx
from tests.distributions import a_commitment, a_file, a_page, digest_of

COMMIT = "c" * 40
SIX = (
    a_file("six-1.0.tar.gz", b"1", upload_time="2024-01-02T03:04:05.678901Z"),
    a_file("six-1.0-py3-none-any.whl", b"2", upload_time="2023-01-02T03:04:05Z"),
    a_file("six-1.0-cp311-cp311-win32.whl", b"3", upload_time="nonsense"),
)
TREQ = a_file("treq-2.0-py3-none-any.whl", b"4", project="treq")
IDNA = evolve(
    a_file("idna-3.0.tar.gz", b"5", project="idna"), digests=frozenset({digest_of(b"5"), digest_of(b"5", "sha512")})
)


def pages_of(*files: File) -> dict[Project, Page]:
    projects = dict.fromkeys(file.project for file in files)
    return {
        project: a_page(*(file for file in files if file.project == project), project=project) for project in projects
    }


def a_bill(lines: tuple[str, ...], *files: File, own: MainComponent | None = None, **said: bytes) -> Sbom:
    """The bill of a lock of these lines.

    :param said: the core metadata of a project.
    """
    commitment, pages = a_commitment(*lines), pages_of(*files)
    described = described_by(commitment, pages)
    known = {file: about(said[file.project]) for file in described if file.project in said}
    return sbom_of(commitment, pages, known, own=own)


def full() -> Sbom:
    """A bill that has one of everything."""
    git = Git("https://example.org/app.git", COMMIT, "py")
    app = evolve(a_file("app-1.0.tar.gz", b"6", project="app"), source=git, measured=True)
    app_line = f"app @ git+https://example.org/app.git@{COMMIT}#subdirectory=py"
    return a_bill(
        ("six==1.0", "treq[tls]==2.0", app_line, "idna==3.0"),
        *(*SIX, TREQ, IDNA, app),
        own=MainComponent("mine", "1.0", "pkg:pypi/mine@1.0"),
        six=b"Summary: Two and three\nLicense: a few words\n",
        treq=b"License-Expression: MIT OR LicenseRef-x\nRequires-Dist: six\nRequires-Dist: idna; extra == 'tls'\n",
    )


class BillTests(SynchronousTestCase):
    """What a bill says of a lock."""

    def component(self, bill: Sbom, name: str) -> Component:
        (found,) = (component for component in bill.components if component.name == name)
        return found

    def test_every_digest_of_every_file(self) -> None:
        six = self.component(full(), "six")
        self.assertEqual([a.filename for a in six.artifacts], sorted(file.filename for file in SIX))
        self.assertEqual({d for a in six.artifacts for d in a.digests}, {d for file in SIX for d in file.digests})
        idna = self.component(full(), "idna")
        self.assertEqual([d.algorithm for d in idna.artifacts[0].digests], ["sha256", "sha512"])

    def test_the_wheel_for_every_platform_speaks_for_its_release(self) -> None:
        described = described_by(a_commitment("six==1.0", "idna==3.0"), pages_of(*SIX, IDNA))
        self.assertEqual(described, [SIX[1]])

    def test_what_requires_what(self) -> None:
        bill = full()
        six, treq, idna = (self.component(bill, name).purl for name in ("six", "treq", "idna"))
        self.assertEqual(bill.edges, ((treq, idna), (treq, six)))
        self.assertEqual(bill.tops, tuple(sorted([self.component(bill, "app").purl, treq])))

    def test_a_circle_is_not_out_of_reach(self) -> None:
        bill = Sbom("k", None, tuple(Component(p, p) for p in "abcd"), (("a", "b"), ("c", "d"), ("d", "c")))
        self.assertEqual(bill.tops, ("a", "c", "d"))

    def test_its_date_is_that_of_the_newest_file(self) -> None:
        self.assertEqual(full().created, "2024-01-02T03:04:05Z")
        self.assertEqual(a_bill(("idna==3.0",), IDNA).created, "1970-01-01T00:00:00Z")
        early = a_bill(("idna==3.0",), evolve(IDNA, upload_time="0001-02-03T04:05:06Z"))
        self.assertEqual(early.created, "0001-02-03T04:05:06Z")
        self.assertIn(b"0001-02-03T04:05:06", cyclonedx(early))

    def test_a_pin_without_a_digest_names_its_document(self) -> None:
        with_hash, without = a_bill((f"six==1.0 --hash={digest_of(b'2')}",), *SIX), a_bill(("treq==2.0",), TREQ)
        self.assertEqual(self.component(with_hash, "six").missing_hash_in, ())
        self.assertEqual(self.component(without, "treq").missing_hash_in, ("requirements.txt",))
        self.assertEqual(self.component(full(), "app").missing_hash_in, (), "a commit is a digest")

    def test_what_could_not_be_read_is_said(self) -> None:
        bill = a_bill(("six==1.0", "treq==2.0", "idna==3.0"), *SIX, TREQ, IDNA, six=b"Summary: x\n")
        self.assertEqual(bill.unread, ("pkg:pypi/treq@2.0",))
        self.assertIn(b'"reqpi:core_metadata"', cyclonedx(bill))
        self.assertIn(b"reqpi:core_metadata", spdx(bill))

    def test_a_pin_without_any_file_is_an_error(self) -> None:
        with self.assertRaises(NothingUpstream):
            a_bill(("six==1.0", "idna==3.0"), *SIX)

    def test_build_requirements_are_those_of_documents_called_so(self) -> None:
        documents = [
            Document("requirements.txt", b"six==1.0\nidna==3.0\n"),
            Document("requirements-build-linux.txt", b"six==1.0\ntreq==2.0\n"),
        ]
        lock = locks.read_together(documents)
        commitment, pages = Commitment(address_of(lock.document), lock), pages_of(*SIX, TREQ, IDNA)
        bill = sbom_of(commitment, pages, {}, folder="sub")
        self.assertEqual([component.name for component in bill.components if component.build], ["treq"])
        six = self.component(bill, "six")
        self.assertEqual(six.missing_hash_in, ("sub/requirements-build-linux.txt", "sub/requirements.txt"))
        bill = sbom_of(commitment, pages, {}, builds={"requirements.txt"}, files={SIX[0], IDNA})
        self.assertEqual(
            [(c.name, c.build, c.binary) for c in bill.components], [("idna", True, False), ("six", False, False)]
        )

    def test_one_release_of_two_indexes_is_two_components(self) -> None:
        commitment = a_commitment(
            "--extra-index-url https://b.example.org/simple/",
            f"six==1.0 --hash={digest_of(b'1')} --hash={digest_of(b'2')}",
        )
        other = evolve(SIX[1], index=commitment.lock.pins[0].indexes[1])
        bill = sbom_of(commitment, {SIX[0].project: a_page(SIX[0], other)}, {})
        purls = [component.purl for component in bill.components]
        self.assertEqual(len(purls), 2)
        self.assertIn("?repository_url=https://b.example.org/simple", "".join(purls))


class MergedTests(SynchronousTestCase):
    """Several bills as one."""

    def test_binary_is_ored_and_build_requirements_are_anded(self) -> None:
        one = Component("p", "p", build=True)
        wheel = a_bill(("six==1.0",), *SIX).components[0].artifacts
        other = Component("p", "p", artifacts=wheel, summary="x", missing_hash_in=("b.txt",))
        both = merged(
            [
                Sbom("1", None, (one,), unread=("p",)),
                Sbom("2", MainComponent("me"), (other, Component("q", "q", build=True))),
            ]
        )
        self.assertEqual(
            [(c.purl, c.build, c.binary, c.summary) for c in both.components],
            [("p", False, True, "x"), ("q", True, False, "")],
        )
        self.assertEqual((both.own, both.unread), (MainComponent("me"), ()))

    def test_order_means_nothing(self) -> None:
        one, other = full(), a_bill(("six==1.0", "treq==2.0"), *SIX, TREQ)
        self.assertEqual(cyclonedx(merged([one, other])), cyclonedx(merged([other, one])))
        self.assertEqual(merged([one]), one)


class FormatTests(SynchronousTestCase):
    """Both are valid, and say the same."""

    def test_they_are_valid(self) -> None:
        for bill in (full(), evolve(full(), own=None), evolve(full(), unread=(full().components[0].purl,)), Sbom("k")):
            self.assertEqual(flaws_of_cyclonedx(cyclonedx(bill)), [])
            self.assertEqual(flaws_of_spdx(spdx(bill)), [])

    def test_the_same_bill_is_the_same_bytes(self) -> None:
        """And another is known by another number."""
        self.assertEqual(cyclonedx(full()), cyclonedx(full()))
        self.assertEqual(spdx(full()), spdx(full()))
        numbers = [
            json.loads(cyclonedx(bill))["serialNumber"] for bill in (full(), full().of(None), evolve(full(), key="k"))
        ]
        self.assertEqual(len(set(numbers)), 3)

    def test_reqpi_diff_reads_both(self) -> None:
        one, other = (contents_of_sbom(write(full())) for write in (cyclonedx, spdx))
        self.assertEqual(one, other)
        self.assertEqual(changes(one, other), [])
        self.assertEqual(len(one["six"]["1.0"]), 3)
        fewer = contents_of_sbom(spdx(evolve(full(), components=full().components[1:])))
        self.assertEqual([change.kind for change in changes(one, fewer)], ["removed"])

    def test_properties_have_our_names_and_those_that_others_read(self) -> None:
        (component,) = json.loads(cyclonedx(a_bill(("six==1.0",), *SIX)))["components"]
        said = {each["name"]: each["value"] for each in component["properties"]}
        for prefix in ("reqpi", "hermeto"):
            self.assertEqual(said[f"{prefix}:found_by"], "reqpi")
            self.assertEqual(said[f"{prefix}:missing_hash:in_file"], "requirements.txt")
            self.assertEqual(said[f"{prefix}:pip:package:binary"], "true")
        package = json.loads(spdx(a_bill(("six==1.0",), *SIX)))["packages"][1]
        comments = [json.loads(each["comment"]) for each in package["annotations"]]
        self.assertEqual({each["name"]: each["value"] for each in comments}, said)

    def test_licences(self) -> None:
        """A mixture of what is an expression and what is none."""
        mixed = (
            Licence("A few \u2028 words"),
            Licence("GPL-2.0-only WITH Classpath-exception-2.0", True),
            Licence("MIT OR ISC", True),
        )
        for licences in (mixed, mixed[:1], mixed[1:2], (Licence("LicenseRef-x", True),), (Licence("MIT", True),)):
            bill = Sbom("k", None, (Component("pkg:pypi/a@1", "a", "1", licences=licences),))
            self.assertEqual(flaws_of_cyclonedx(cyclonedx(bill)), [], licences)
            self.assertEqual(flaws_of_spdx(spdx(bill)), [], licences)
        declared = json.loads(spdx(Sbom("k", None, (Component("pkg:pypi/a@1", "a", "1", licences=mixed),))))[
            "packages"
        ][1]
        self.assertIn(" AND GPL-2.0-only WITH Classpath-exception-2.0 AND (MIT OR ISC)", declared["licenseDeclared"])

    def test_hostile_text_is_written_validly(self) -> None:
        """Whatever an upstream has in its URLs and metadata, and a user in a name."""
        six = evolve(SIX[1], url='https://example.org/"a b\\<\u2028é%zz{}|^`.whl?\x07#x')
        said = b"Summary: \xff\x00<b>\x1b]0;x\x07\xed\xa0\x80\nLicense: '\";--\x00\n"
        bill = a_bill(("six==1.0",), six, own=MainComponent('"\\\u202e', "\U0001f600"), six=said)
        self.assertEqual(flaws_of_cyclonedx(cyclonedx(bill)), [])
        self.assertEqual(flaws_of_spdx(spdx(bill)), [])

    def test_a_thousand_components(self) -> None:
        lines = tuple(f"p{number}==1.0" for number in range(1000))
        files = [
            a_file(f"p{number}-1.0-{tag}-none-any.whl", f"{number} {tag}".encode(), project=f"p{number}")
            for number in range(1000)
            for tag in ("py2", "py3")
        ]
        said = {f"p{one}": f"Requires-Dist: p{two}>=1\n".encode() for one, two in pairwise(range(1000))}
        bill = a_bill(lines, *files, own=MainComponent("mine"), **said)
        self.assertEqual(len(bill.edges), 999)
        self.assertEqual(bill.tops, ("pkg:pypi/p0@1.0",))
        # Schemas are slow: theirs is the square of what they are given.
        self.assertEqual(len(json.loads(cyclonedx(bill))["components"]), 1000)
        self.assertEqual(len(json.loads(spdx(bill))["packages"]), 1001)


class RecordTests(SynchronousTestCase):
    """What is written down is what was known."""

    def test_there_and_back(self) -> None:
        from reqpi.core.errors import StoreTrouble
        from reqpi.core.sbom import record
        from reqpi.core.stored_json import NOT_WRITTEN

        said = about(b"Summary: x\nLicense: MIT\nRequires-Dist: Six\nRequires-Dist: other\n")
        kept = record.of_interest(said, {"six"})
        self.assertEqual(kept, About("x", (Licence("MIT", True),), ("Six",)))
        self.assertEqual(record.load(record.dump({"a": kept})).known, {"a": kept})
        self.assertRaises(StoreTrouble, record.load, b'{"layout": 2}')
        for broken in (b"", b"{}", b"[]", b'{"layout": 1, "files": {"a": 1}}'):
            with self.assertRaises(NOT_WRITTEN):
                record.load(broken)
