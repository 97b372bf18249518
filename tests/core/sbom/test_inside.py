"""SBOMs inside wheels (PEP 770): their components are below the wheel, and change nothing else."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import sbom
from reqpi.core.metadata.wheel import BrokenWheel
from reqpi.core.sbom import record
from reqpi.core.sbom.inside import InsideSbom, bounded, read_inside, with_inside
from reqpi.core.sbom.reading import read_sbom
from reqpi.core.sbom.same import flaws_of_sbom, with_metadata_of
from tests.core.sbom.valid import flaws_of_cyclonedx, flaws_of_spdx
from tests.distributions import a_commitment, a_file, a_page, digest_of
from tests.fake_upstream import build_wheel

NAME = "demo-1.0-py3-none-any.whl"
DEMO, SIX = canonicalize_name("demo"), canonicalize_name("six")
SBOMS = "demo-1.0.dist-info/sboms/"


def component(name: str, version: str = "1.0", kind: str = "generic", **more: Any) -> dict[str, Any]:
    """A component of CycloneDX."""
    purl = f"pkg:{kind}/{name}@{version}"
    return {"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version} | more


def cyclonedx(*components: dict[str, Any], own: str = "", **depends: list[str]) -> bytes:
    """A document as a builder of wheels writes it.

    :param depends: for the name of a component, those of the components that it depends on.
    """
    refs = {each["name"]: each["bom-ref"] for each in components} | {"main": "main"}
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": list(components),
        "dependencies": [
            {"ref": refs[one], "dependsOn": [refs[other] for other in others]} for one, others in depends.items()
        ],
    }
    if own:
        document["metadata"] = {"component": {"type": "library", "bom-ref": "main", "name": own, "version": "1.0"}}
    return json.dumps(document).encode()


SPDX = json.dumps(
    {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "libz",
        "documentNamespace": "https://example.org/libz",
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: x"]},
        "packages": [
            {
                "SPDXID": "SPDXRef-z",
                "name": "libz",
                "versionInfo": "1.3",
                "downloadLocation": "NOASSERTION",
                "externalRefs": [
                    {
                        "referenceCategory": "PACKAGE-MANAGER",
                        "referenceType": "purl",
                        "referenceLocator": "pkg:deb/debian/libz@1.3",
                    }
                ],
            }
        ],
    }
).encode()


def wheel(**documents: bytes) -> bytes:
    """A wheel of demo 1.0 with these documents, each named by a keyword."""
    return build_wheel("demo", "1.0", files={f"{SBOMS}{name}.json": data for name, data in documents.items()})


def made(content: bytes) -> sbom.Sbom:
    """The SBOM of a lock of six 1.0 and demo 1.0, whose wheel has this content."""
    commitment = a_commitment("demo==1.0", "six==1.0")
    pages = {DEMO: a_page(a_file(NAME, content, "demo"), project="demo"), SIX: a_page(a_file("six-1.0.tar.gz", b"six"))}
    inside = read_inside(io.BytesIO(content), NAME, DEMO)
    known = record.load(record.dump({}, {digest_of(content).hex: inside})).inside
    return with_inside(sbom.sbom_of(commitment, pages, {}), known)


def found(content: bytes) -> dict[str, list[str]]:
    """For each component of the SBOM, those that it requires or contains."""
    whole = made(content)
    return {one.ref: [other for before, other in whole.edges if before == one.ref] for one in whole.components}


class InsideTests(SynchronousTestCase):
    """What builders write is below their wheel."""

    def test_components_are_below_the_wheel_as_the_document_orders_them(self) -> None:
        document = cyclonedx(component("ssl"), component("crypto"), component("z"), ssl=["crypto"])
        self.assertEqual(
            found(wheel(auditwheel=document)),
            {
                "pkg:generic/crypto@1.0": [],
                "pkg:generic/ssl@1.0": ["pkg:generic/crypto@1.0"],
                "pkg:generic/z@1.0": [],
                "pkg:pypi/demo@1.0": ["pkg:generic/ssl@1.0", "pkg:generic/z@1.0"],
                "pkg:pypi/six@1.0": [],
            },
        )

    def test_the_main_component_of_a_document_is_the_wheel(self) -> None:
        document = cyclonedx(component("serde", kind="cargo"), own="demo", main=["serde"])
        self.assertEqual(found(wheel(maturin=document))["pkg:pypi/demo@1.0"], ["pkg:cargo/serde@1.0"])
        self.assertEqual(len(found(wheel(maturin=document))), 3)

    def test_documents_in_both_formats_are_merged(self) -> None:
        content = wheel(one=cyclonedx(component("ssl")), two=SPDX)
        self.assertEqual(found(content)["pkg:pypi/demo@1.0"], ["pkg:deb/debian/libz@1.3", "pkg:generic/ssl@1.0"])

    def test_each_says_which_wheel_it_is_in(self) -> None:
        whole = made(wheel(one=cyclonedx(component("ssl"))))
        [inside] = [one for one in whole.components if one.name == "ssl"]
        self.assertEqual(inside.properties, (("reqpi:in_wheel", NAME),))

    def test_a_wheel_without_documents_changes_nothing(self) -> None:
        self.assertEqual(set(found(wheel())), {"pkg:pypi/demo@1.0", "pkg:pypi/six@1.0"})

    def test_both_formats_stay_valid_and_are_read_again(self) -> None:
        for content in (wheel(one=cyclonedx(component("ssl", description="é\x00")), two=SPDX, bad=b"{"), wheel()):
            for index in ("", "https://index.example.org/simple/"):
                whole = sbom.with_index(made(content), index)
                self.assertEqual(flaws_of_cyclonedx(sbom.cyclonedx(whole)), [])
                self.assertEqual(flaws_of_spdx(sbom.spdx(whole)), [])
                for written in (sbom.cyclonedx(whole), sbom.spdx(whole)):
                    again = read_sbom(written).sbom
                    self.assertEqual([one.ref for one in again.components], [one.ref for one in whole.components])

    def test_only_releases_of_the_lock_name_the_index(self) -> None:
        whole = sbom.with_index(
            made(wheel(one=cyclonedx(component("cffi", kind="pypi")))), "https://index.example.org/"
        )
        named = {one.name: "repository_url" in one.purl for one in whole.components}
        self.assertEqual(named, {"cffi": False, "demo": True, "six": True})


class HostileTests(SynchronousTestCase):
    """A document may come from anyone."""

    def test_a_component_of_the_lock_stays_as_it_is(self) -> None:
        """A wheel claims to contain six, under another licence and with other files."""
        evil = component("six", kind="pypi", description="evil", licenses=[{"license": {"name": "evil"}}])
        six = {one for one in made(wheel()).components if one.name == "six"}
        whole = made(wheel(one=cyclonedx(evil, component("x"), six=["x"])))
        self.assertEqual({one for one in whole.components if one.name == "six"}, six)
        self.assertIn(("pkg:pypi/demo@1.0", "pkg:pypi/six@1.0"), whole.edges)
        self.assertNotIn(("pkg:pypi/six@1.0", "pkg:generic/x@1.0"), whole.edges)

    def test_properties_that_only_reqpi_may_state_are_left_out(self) -> None:
        """A wheel states where a component was found, that it is the main project, and files of it."""
        properties = [{"name": name, "value": "x"} for name in ("hermeto:found_by", "reqpi:core_metadata", "reqpi:x")]
        files = [{"type": "distribution", "url": "https://evil.example.org/x.whl", "comment": "x.whl"}]
        evil = component("x", type="application", properties=properties, externalReferences=files)
        [inside] = [one for one in made(wheel(one=cyclonedx(evil))).components if one.name == "x"]
        self.assertEqual((inside.kind, inside.artifacts, inside.found_by), ("library", (), ("reqpi",)))
        self.assertEqual(inside.properties, (("reqpi:in_wheel", NAME),))

    def test_documents_that_cannot_be_read_are_named(self) -> None:
        """They are too large, too many, nested, or not SBOMs."""
        many = cyclonedx(*(component(f"x{number}") for number in range(2001)))
        for data in (b"", b"{", b"[]", b"{}", b'{"bomFormat":"CycloneDX","components":1}', b"[" * 100_000, many,
                     b"\xff", cyclonedx(component("x", purl="nonsense")), b" " * ((2 << 20) + 1)):  # fmt: skip
            [file] = [one for one in made(wheel(bad=data)).components if one.kind == "file"]
            self.assertEqual(file.name, f"{NAME}/bad.json")
            self.assertIn(("reqpi:sbom", "unread"), file.properties)
        documents = read_inside(io.BytesIO(wheel(**{f"d{number}": SPDX for number in range(100)})), NAME, DEMO)
        self.assertEqual([each.components is None for each in documents], [False] * 16 + [True])

    def test_an_archive_that_lies_about_sizes_is_broken(self) -> None:
        """The directory claims a small document, and the content is a GiB of zeros."""
        room = io.BytesIO()
        with zipfile.ZipFile(room, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("demo-1.0.dist-info/METADATA", b"")
            archive.writestr(f"{SBOMS}x.json", bytes(64 << 20))
        data = room.getvalue().replace((64 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
        self.assertRaises(BrokenWheel, read_inside, io.BytesIO(data), NAME, DEMO)
        self.assertRaises(BrokenWheel, read_inside, io.BytesIO(b"no archive"), NAME, DEMO)

    def test_a_path_that_is_no_text_is_made_one(self) -> None:
        documents = read_inside(
            io.BytesIO(build_wheel("demo", "1.0", files={f"{SBOMS}a\nb{'x' * 500}": b""})), NAME, DEMO
        )
        self.assertTrue(documents[0].path.isprintable())
        self.assertLessEqual(len(documents[0].path), 200)

    def test_a_record_that_was_not_written_by_reqpi_is_damaged(self) -> None:
        good = json.loads(record.dump({}, {"a": [InsideSbom("x", (sbom.Component("", "y"),), (), ("y@",))]}))
        for change in ([], [["x", [], [], ["y@"]]], [["x", None, [["a", "b"]], []]], [["x", [[1]], [], []]], 7):
            data = json.dumps(good | {"inside": {"a": change if change != [] else [[]]}}).encode()
            self.assertRaises((ValueError, TypeError, KeyError), record.load, data)

    def test_many_wheels_together_are_bounded(self) -> None:
        """Each of them has as many components as a document may have; those of the later wheels are not merged."""
        full = InsideSbom("x", tuple(sbom.Component("", f"y{number}") for number in range(2000)))
        kept = bounded([(str(number), [full]) for number in range(100)])
        self.assertEqual(sum(len(documents[0].components or ()) for documents in kept.values()), 20_000)
        self.assertEqual(len(kept), 100)
        self.assertEqual(bounded([("a", [])]), {})


class SameTests(SynchronousTestCase):
    """A client compares the SBOM of a server with the one that the lock determines."""

    def setUp(self) -> None:
        self.ours = made(wheel())
        content = wheel(one=cyclonedx(component("ssl")))
        inside = read_inside(io.BytesIO(content), NAME, DEMO)
        self.theirs = with_inside(self.ours, {digest_of(wheel()).hex: inside})

    def flaws(self, theirs: bytes) -> list[str]:
        return list(flaws_of_sbom(read_sbom(theirs).sbom, read_sbom(sbom.cyclonedx(self.ours)).sbom))

    def test_components_inside_its_wheels_are_taken_from_the_server(self) -> None:
        written = sbom.cyclonedx(self.theirs)
        self.assertEqual(self.flaws(written), [])
        taken = with_metadata_of(self.ours, read_sbom(written).sbom)
        self.assertEqual([one.name for one in taken.components], ["ssl", "demo", "six"])
        self.assertIn(("pkg:pypi/demo@1.0", "pkg:generic/ssl@1.0"), taken.edges)

    def test_a_component_inside_no_wheel_of_the_lock_is_a_flaw(self) -> None:
        """A server adds a component and says that it is inside a wheel that the lock does not have, or nothing."""
        for old, new in ((NAME.encode(), b"other-1.0-py3-none-any.whl"), (b'"reqpi:in_wheel"', b'"x"')):
            written = sbom.cyclonedx(self.theirs)
            place = written.index(b'"ssl"')
            evil = written[:place] + written[place:].replace(old, new, 1)
            self.assertEqual(self.flaws(evil), ["the lock does not pin pkg:generic/ssl@1.0"])
