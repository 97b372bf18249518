"""SBOMs that are read again: ours, Hermeto's, and documents that are made to hurt."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.sbom import Component, Licence, MainComponent, Sbom, cyclonedx, merged, spdx, with_project
from reqpi.core.sbom.reading import LARGEST, BadSbom, read_sbom
from tests.core.sbom.test_bill import full
from tests.core.sbom.valid import flaws_of_cyclonedx, flaws_of_spdx

SIX, NPM, RPM = "pkg:pypi/six@1.0", "pkg:npm/left-pad@1.3.0", "pkg:rpm/centos/bash@5?arch=x86_64"


def prop(name: str, value: str = "true") -> dict[str, str]:
    return {"name": name, "value": value}


HERMETO: dict[str, Any] = {
    "annotations": [
        {
            "subjects": [SIX, "pkg:pypi/own@1.0?vcs_url=git%2Bhttps://example.org/own.git%40abc"],
            "annotator": {"organization": {"name": "red hat"}},
            "timestamp": "2026-01-01T00:00:00Z",
            "text": "hermeto:backend:pip",
        },
        {
            "subjects": [NPM],
            "annotator": {"organization": {"name": "red hat"}},
            "timestamp": "2026-01-01T00:00:00Z",
            "text": "hermeto:backend:npm",
        },
    ],
    "bomFormat": "CycloneDX",
    "components": [
        {
            "name": "left-pad",
            "version": "1.3.0",
            "purl": NPM,
            "bom-ref": NPM,
            "type": "library",
            "properties": [prop("hermeto:found_by", "hermeto"), prop("cdx:npm:package:development")],
            "externalReferences": [
                {"type": "distribution", "url": "https://proxy.example.org/left-pad.tgz", "comment": "proxy URL"}
            ],
            "pedigree": {"patches": [{"type": "unofficial", "diff": {"url": "git+https://example.org/a.git#x.patch"}}]},
        },
        {
            "name": "own",
            "version": "1.0",
            "purl": "pkg:pypi/own@1.0?vcs_url=git%2Bhttps://example.org/own.git%40abc",
            "bom-ref": "pkg:pypi/own@1.0?vcs_url=git%2Bhttps://example.org/own.git%40abc",
            "type": "library",
            "properties": [prop("hermeto:found_by", "hermeto")],
        },
        {
            "name": "six",
            "version": "1.0",
            "purl": SIX,
            "bom-ref": SIX,
            "type": "library",
            "properties": [
                prop("hermeto:found_by", "hermeto"),
                prop("hermeto:missing_hash:in_file", "requirements.txt"),
                prop("hermeto:pip:package:binary"),
                prop("hermeto:pip:package:build-dependency"),
            ],
        },
        {"name": "bash", "purl": RPM, "type": "file", "properties": [prop("hermeto:rpm_summary", "A shell")]},
    ],
    "metadata": {"tools": [{"vendor": "red hat", "name": "hermeto"}]},
    "specVersion": "1.6",
    "version": 1,
}
"""What Hermeto writes, made by hand: it lists the project as one of the components, and knows no edges."""


def hermeto_spdx() -> dict[str, Any]:
    """The same as it writes SPDX: a root without a name, and of the properties annotations."""
    root = "SPDXRef-DocumentRoot-File-"
    lines = {each: a["text"] for a in HERMETO["annotations"] for each in a["subjects"]}
    packages: list[dict[str, Any]] = [
        {"SPDXID": root, "name": "", "versionInfo": "", "downloadLocation": "NOASSERTION"}
    ]
    for at, component in enumerate(HERMETO["components"]):
        said = {"annotationDate": "2026-01-01T00:00:00Z", "annotationType": "OTHER"}
        annotations = [
            said | {"annotator": "Tool: hermeto:jsonencoded", "comment": json.dumps(each)}
            for each in component["properties"]
        ]
        if component["purl"] in lines:
            annotations.append(said | {"annotator": "Tool: hermeto:backend", "comment": lines[component["purl"]]})
        package = {
            "SPDXID": f"SPDXRef-Package-{at}",
            "name": component["name"],
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": component["purl"],
                }
            ],
            "annotations": annotations,
            "downloadLocation": "NOASSERTION",
        }
        package |= {"versionInfo": component["version"]} if "version" in component else {}
        if "externalReferences" in component:
            package["sourceInfo"] = ";".join(each["url"] for each in component["externalReferences"])
        packages.append(package)
    related = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": root}]
    related += [
        {"spdxElementId": root, "relationshipType": "CONTAINS", "relatedSpdxElement": each["SPDXID"]}
        for each in packages[1:]
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "dataLicense": "CC0-1.0",
        "name": "",
        "documentNamespace": "NOASSERTION",
        "creationInfo": {
            "creators": ["Tool: hermeto", "Organization: red hat"],
            "created": "2026-01-01T00:00:00Z",
        },
        "packages": packages,
        "relationships": related,
    }


def read(document: Any) -> Sbom:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    found = read_sbom(data)
    assert not found.left_out, found.left_out
    return found.sbom


def by_name(sbom: Sbom) -> dict[str, Component]:
    return {component.name: component for component in sbom.components}


class OursTests(SynchronousTestCase):
    """What we write we read."""

    def test_nothing_is_lost(self) -> None:
        """Neither from a sbom of a server nor from one of a project, nor on the way through the other format."""
        mixed = (Licence("A few words"), Licence("GPL-2.0-only", True), Licence("MIT OR ISC", True))
        odd = evolve(full().components[0], licences=mixed)
        sbom = evolve(full(), components=(odd, *full().components[1:]))
        project = with_project(sbom, MainComponent("mine", "1.0", "pkg:pypi/mine@1.0"))
        unread = evolve(project, unread=("pkg:pypi/six@1.0",))
        for given in (project, unread, sbom.of(None)):
            for write in (cyclonedx, spdx):
                found = read(write(given))
                self.assertEqual(found.components, given.components, write)
                self.assertEqual((found.edges, found.unread, found.own), (given.edges, given.unread, given.own))
                self.assertEqual((found.created, found.addresses), (given.created, self.addresses(given, write)))
                for again in (cyclonedx, spdx):
                    self.assertEqual(read(again(found)).components, given.components)

    def addresses(self, sbom: Sbom, write: object) -> tuple[str, ...]:
        """SPDX has one only if the lock stands for the project."""
        return (sbom.key,) if write is cyclonedx or sbom.own is None else ()

    def test_a_main_component_without_a_purl_becomes_a_component(self) -> None:
        """With the edges that it had; so two of them stay apart when they are merged."""
        one, two = full().of(MainComponent("one", "1.0")), full().of(MainComponent("two"))
        for write in (cyclonedx, spdx):
            sbom = merged([read(write(one)), read(spdx(two))])
            self.assertEqual([each.ref for each in sbom.projects], ["one@1.0", "two@"])
            self.assertEqual({edge for edge in sbom.edges if edge[0] == "two@"}, {("two@", top) for top in one.tops})
            self.assertEqual(flaws_of_cyclonedx(cyclonedx(sbom)), [])
            self.assertEqual(flaws_of_spdx(spdx(sbom)), [])


class HermetoTests(SynchronousTestCase):
    """What Hermeto writes, in both formats."""

    def test_both_formats_say_the_same(self) -> None:
        one, other = read(HERMETO), read(hermeto_spdx())
        without_patches = tuple(
            evolve(each, properties=tuple(one for one in each.properties if not one[0].startswith("reqpi:patch:")))
            for each in one.components
        )
        # SPDX has neither patches nor, from Hermeto, kinds.
        self.assertEqual(tuple(evolve(each, kind="library") for each in without_patches), other.components)
        self.assertEqual((one.own, other.own, one.edges), (None, None, ()))

    def test_everything_is_carried_through_both_formats(self) -> None:
        sbom = read(HERMETO)
        for write in (cyclonedx, spdx):
            found = read(write(merged([sbom, read(write(sbom))])))
            self.assertEqual(found.components, sbom.components, write)
        self.assertEqual(flaws_of_cyclonedx(cyclonedx(sbom)), [])
        self.assertEqual(flaws_of_spdx(spdx(sbom)), [])
        said = {each["purl"]: each for each in json.loads(cyclonedx(sbom))["components"]}
        self.assertEqual(said[NPM]["pedigree"], HERMETO["components"][0]["pedigree"])
        self.assertEqual(said[NPM]["externalReferences"][0]["comment"], "proxy URL")
        self.assertEqual(said[RPM]["type"], "file")
        self.assertEqual(
            [each["text"] for each in json.loads(cyclonedx(sbom))["annotations"]],
            ["hermeto:backend:npm", "hermeto:backend:pip"],
        )

    def test_with_ours_in_any_mix(self) -> None:
        """Digests, licences and edges of ours, what Hermeto found of others; build requirement only if both say so."""
        ours = with_project(full(), MainComponent("mine", "1.0", "pkg:pypi/mine@1.0"))
        for mine in (cyclonedx(ours), spdx(ours)):
            for theirs in (HERMETO, hermeto_spdx()):
                sbom = merged([read(theirs), read(mine)])
                six = by_name(sbom)["six"]
                self.assertEqual(six.artifacts, by_name(ours)["six"].artifacts)
                self.assertEqual(six.licences, by_name(ours)["six"].licences)
                self.assertEqual((six.found_by, six.build, six.binary), (("hermeto", "reqpi"), False, True))
                self.assertEqual(six.annotations, ("hermeto:backend:pip",))
                self.assertEqual(set(ours.edges) - set(sbom.edges), set())
                self.assertEqual(by_name(sbom)["left-pad"].annotations, ("hermeto:backend:npm",))
                self.assertEqual(sbom.own, ours.own)
                self.assertEqual(cyclonedx(sbom), cyclonedx(merged([read(mine), read(theirs)])))
                self.assertEqual(flaws_of_cyclonedx(cyclonedx(sbom)), [])
                self.assertEqual(flaws_of_spdx(spdx(sbom)), [])

    def test_properties_that_all_have_to_say(self) -> None:
        again = json.loads(json.dumps(HERMETO))
        again["components"][0]["properties"] = [prop("hermeto:found_by", "hermeto")]
        self.assertEqual(by_name(merged([read(HERMETO), read(again)]))["left-pad"].properties, (
            ("reqpi:patch:unofficial", "git+https://example.org/a.git#x.patch"),
        ))  # fmt: skip

    def test_what_there_is_no_room_for_is_named(self) -> None:
        document = json.loads(json.dumps(HERMETO))
        document["components"][0] |= {"cpe": "x", "hashes": [{"alg": "MD5", "content": "x"}], "type": "device"}
        document["vulnerabilities"] = []
        document["dependencies"] = [{"ref": "gone", "dependsOn": [SIX]}]
        self.assertEqual(
            read_sbom(json.dumps(document).encode()).left_out,
            (
                "components[].cpe",
                "components[].type device",
                "dependencies[] of components that are not listed",
                "hashes[] by md5",
                "vulnerabilities",
            ),
        )


class HostileTests(SynchronousTestCase):
    """Every document is read or refused in words, at a bounded price."""

    def refused(self, document: Any, problem: str) -> None:
        with self.assertRaises(BadSbom) as caught:
            read_sbom(document if isinstance(document, bytes) else json.dumps(document).encode())
        self.assertIn(problem, caught.exception.problem)

    def test_bounds(self) -> None:
        self.refused(b" " * (LARGEST + 1), "larger than 32 MiB")
        self.refused(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply")
        self.refused(b"[" * 3_000_000, "too many values")
        self.refused(b'{"a": [' + b"1," * 5_000_000 + b"1]}", "too many values")
        self.refused(b'{"a": ' + b"9" * 10_000 + b"}", "not JSON")
        self.refused(HERMETO | {"specVersion": "1" * 200_000}, "longer than")
        self.refused(HERMETO | {"components": [{"name": "a", "purl": f"pkg:a/{'b' * 9000}"}]}, "not a purl")

    def test_edges_that_multiply(self) -> None:
        """A package may have many purls, and each of them is a component."""
        packages = [
            {
                "SPDXID": f"SPDXRef-{name}",
                "name": name,
                "externalRefs": [
                    {"referenceType": "purl", "referenceLocator": f"pkg:pypi/{name}{at}@1"} for at in range(200)
                ],
            }
            for name in "ab"
        ]
        edge = {"spdxElementId": "SPDXRef-a", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-b"}
        document = hermeto_spdx() | {"packages": packages, "relationships": [edge]}
        self.assertEqual(len(read(document).edges), 200 * 200)
        self.refused(document | {"relationships": [edge] * 26}, "more than 1000000 edges")

    def test_what_is_no_sbom(self) -> None:
        for document, problem in (
            (b"", "not JSON"),
            (b"<bom/>", "not JSON"),
            (b"\xff\xfe\xff", "not JSON"),
            (b"[]", "an array is not an object"),
            (b"{}", "neither CycloneDX nor SPDX"),
            (b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', "neither CycloneDX nor SPDX"),
            (b'{"bomFormat": "CycloneDX", "bomFormat": "x"}', 'the key "bomFormat" is repeated'),
            (HERMETO | {"specVersion": "2.0"}, "only CycloneDX 1.x"),
            (HERMETO | {"components": {}}, "components: an object is not an array"),
            (HERMETO | {"components": ["x"]}, 'components[0]: "x" is not an object'),
            (HERMETO | {"components": [None]}, "components[0]"),
            (HERMETO | {"components": [{"name": 1}]}, "components[0].name: 1 is not a string"),
            (HERMETO | {"components": [{}]}, "components[0]: the name is missing"),
            (HERMETO | {"components": [{"name": "a", "purl": "six"}]}, "components[0].purl: 'six' is not a purl"),
            (HERMETO | {"components": [HERMETO["components"][0]] * 2}, "is repeated"),
            (HERMETO | {"metadata": 1}, "metadata: 1 is not an object"),
            (hermeto_spdx() | {"packages": [{"name": "a"}]}, "packages[0].SPDXID: the SPDXID is missing"),
            (hermeto_spdx() | {"relationships": 1}, "relationships: 1 is not an array"),
        ):
            self.refused(document, problem)

    def test_every_value_may_be_anything(self) -> None:
        """Each in turn is replaced by each of these: it is read, or refused in words; and what is read is written."""
        strange: list[Any] = [
            None,
            True,
            1,
            -1e308,
            "",
            "\ud800\x00\u202e\n",
            "NOASSERTION",
            [],
            {},
            [[]],
            [{}],
            {"": ""},
        ]
        documents = [HERMETO, hermeto_spdx(), json.loads(cyclonedx(full())), json.loads(spdx(full()))]
        written = 0
        for document in documents:
            text = json.dumps(document)
            for path in paths(document):
                for value in strange:
                    changed = json.loads(text)
                    put(changed, path, value)
                    try:
                        sbom = read_sbom(json.dumps(changed).encode()).sbom
                    except BadSbom as bad:
                        self.assertTrue(bad.problem)
                        continue
                    if isinstance(value, str) and "\x00" in value:
                        spdx(sbom).decode(), cyclonedx(sbom).decode()
                        written += 1
        self.assertGreater(written, 150)

    def test_hostile_text_is_written_validly(self) -> None:
        document = json.loads(json.dumps(HERMETO))
        document["components"][0] |= {"version": "\ud800\x1b]0;x\x07", "description": "<b>\n\u2028", "licenses": [
            {"license": {"id": "NOT-AN-ID"}}, {"expression": "MIT OR ("}, {"license": {"name": "\x00"}}]}  # fmt: skip
        document["components"][0]["externalReferences"].append(
            {"type": "distribution", "url": "https://example.org/a b\\<\u2028%zz{}", "comment": "a b.whl"}
        )
        sbom = read(document)
        for write in (cyclonedx, spdx):
            self.assertEqual(read(write(sbom)).components[0].ref, NPM)
        self.assertEqual(flaws_of_cyclonedx(cyclonedx(sbom)), [])
        self.assertEqual(flaws_of_spdx(spdx(sbom)), [])


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values in a document; of arrays the first two elements only."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value[:2]))
    return [path, *(found for key, each in inner for found in paths(each, (*path, key)))] if path else [
        found for key, each in inner for found in paths(each, (key,))
    ]  # fmt: skip


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value
