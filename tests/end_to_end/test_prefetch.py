"""``reqpi fetch --source``: what Hermeto, Cachi2 and Cachito do for pip."""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from urllib.parse import quote

import pytest
from packageurl import PackageURL

from tests.core.sbom.valid import flaws_of_cyclonedx, flaws_of_spdx
from tests.end_to_end import clients
from tests.end_to_end.prefetch_case import PrefetchCase
from tests.end_to_end.server import ROOT
from tests.fake_upstream.faults import WrongBytes


@pytest.mark.clients
class HookTests(PrefetchCase):
    """What the hook of this repository writes, a fetch for the source takes."""

    def test_build_requirements_of_the_hook_can_be_fetched(self) -> None:
        """By default: a fetch takes sdists alone, and pip builds with wheels."""
        self.upstream.sdist("needing", "1.0", build_requires=["builder"])
        self.upstream.wheel("builder", "2.0")
        self.upstream.sdist("builder", "2.0")
        self.write("requirements.txt", "needing==1.0\n")
        hooks = (ROOT / ".pre-commit-hooks.yaml").read_text().partition("id: reqpi-build-requirements")[2]
        arguments = [line.strip()[2:] for line in hooks.splitlines() if line.startswith("    - ")]
        self.assertIn("--output=requirements-build.txt", arguments)
        own = ["--upstream", self.upstream.url, "--store", str(self.folder / "own")]
        pip = clients.environment("pip", "pip")
        environ = {"PYTHONPATH": str(ROOT), "PATH": f"{pip}{os.pathsep}{os.environ['PATH']}"}
        learn = [sys.executable, "-m", "reqpi", "learn", *own, *arguments]
        done = clients.run(learn, self.folder / "src", environ)
        self.assertEqual(done.status, 6, done.said)
        self.assertIn("builder==2.0", (self.folder / "src" / "requirements-build.txt").read_text())
        self.fetch()
        self.assertEqual(self.there(), {"needing-1.0.tar.gz", "builder-2.0.tar.gz"})


class SourceTests(PrefetchCase):
    """A folder with packages."""

    def test_an_sbom_inside_a_fetched_wheel_is_merged(self) -> None:
        """PEP 770: what its builder has put into it is below the release."""
        document = (
            b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "ssl"}]}'
        )
        self.upstream.wheel("bundling", "1.0", files={"bundling-1.0.dist-info/sboms/x.cdx.json": document})
        self.write("requirements.txt", "bundling==1.0\n")
        self.fetch({"type": "pip", "allow_binary": "true"})
        bill = self.document("bom.json")
        self.assertIn({"ref": "pkg:pypi/bundling@1.0", "dependsOn": ["ssl@"]}, bill["dependencies"])
        self.assertEqual(flaws_of_cyclonedx((self.out / "bom.json").read_bytes()), [])

    def test_one_sdist_of_each_release(self) -> None:
        """The second time nothing is fetched, and nothing asked of the upstream."""
        self.write("requirements.txt", "-r more/run.txt\n")
        self.write("more/run.txt", "top==1.0\nmid==1.5\n")
        self.write("requirements-build.txt", "source==3.0\n")
        said = self.fetch(inside=True)
        self.assertIn("together with src/more/run.txt", said)
        self.assertEqual(self.there(), {"top-1.0.tar.gz", "mid-1.5.tar.gz", "source-3.0.tar.gz"})
        self.assertEqual((self.out / "deps/pip/source-3.0.tar.gz").read_bytes(), self.files["source"].content)
        config = self.document(".build-config.json")
        self.assertEqual(
            config["packages"],
            [{"path": ".", "requirements_files": ["requirements.txt"],
              "requirements_build_files": ["requirements-build.txt"]}],
        )  # fmt: skip
        bill = self.document("bom.json")
        self.assertEqual(bill["metadata"]["component"]["name"], "own")
        said_of = {
            each["name"]: {one["name"].rpartition(":")[2]: one["value"] for one in each["properties"]}
            for each in bill["components"]
        }
        self.assertEqual({name for name in said_of if "build-dependency" in said_of[name]}, {"source"})
        self.assertEqual(said_of["source"]["in_file"], "requirements-build.txt")
        self.assertEqual(said_of["top"]["in_file"], "more/run.txt")
        before = len(self.upstream.requests), (self.out / "bom.json").read_bytes()
        self.assertIn(" 0 of them new", self.fetch(inside=True))
        self.assertEqual((len(self.upstream.requests), (self.out / "bom.json").read_bytes()), before)

    def test_wheels_by_their_tags_and_by_a_pattern(self) -> None:
        """What an earlier run left and this one does not want is removed; what is right is not fetched again."""
        for tag in ("cp312-cp312-manylinux_2_28_x86_64", "cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-win_amd64"):
            self.upstream.wheel("native", "1.0", tag=tag)
        self.upstream.sdist("native", "1.0")
        self.write("requirements.txt", "native==1.0\ntop==1.0\n")
        stem, always = "native-1.0-cp312-cp312", {"native-1.0.tar.gz", "top-1.0.tar.gz"}
        glibc, pure = f"{stem}-manylinux_2_28_x86_64.whl", "top-1.0-py3-none-any.whl"
        for binary, expected in (
            ({}, {glibc, f"{stem}-musllinux_1_2_x86_64.whl", pure} | always),
            ({"platform": "^manylinux"}, {glibc, pure} | always),
            ({"packages": "native", "os": "win"}, {f"{stem}-win_amd64.whl", "top-1.0.tar.gz"}),
            (None, always),
        ):
            self.fetch({"type": "pip", "binary": binary})
            self.assertEqual(self.there(), expected)
        before = (self.out / "deps/pip/native-1.0.tar.gz").stat()
        self.assertIn(" 4 of them new", self.fetch({"type": "pip", "allow_binary": "true"}))
        after = (self.out / "deps/pip/native-1.0.tar.gz").stat()
        self.assertEqual((after.st_ino, after.st_mtime_ns), (before.st_ino, before.st_mtime_ns))

    def test_each_of_several_packages_is_a_component_with_its_own_edges(self) -> None:
        """One of them requires nothing. None of them is the main component: that is the source."""
        self.upstream.sdist("upper", "1.0", ["lower"])
        self.upstream.sdist("lower", "1.0")
        for name, lines in (("one", "upper==1.0\nlower==1.0\n"), ("two", "lower==1.0\nsource==3.0\n"), ("three", "")):
            self.write(f"{name}/pyproject.toml", f'[project]\nname = "{name}"\nversion = "1.0"\n')
            if lines:
                self.write(f"{name}/requirements.txt", lines)
        asked = [{"type": "pip", "path": name} for name in ("two", "one", "three")]
        self.fetch(asked)
        bill = self.document("bom.json")
        self.assertEqual(flaws_of_cyclonedx((self.out / "bom.json").read_bytes()), [])
        after = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
        one, two, three = (f"pkg:pypi/{name}@1.0#{name}" for name in ("one", "two", "three"))
        upper, lower, source = (f"pkg:pypi/{name}" for name in ("upper@1.0", "lower@1.0", "source@3.0"))
        self.assertEqual((after[one], after[two]), ([upper], [lower, source]))
        self.assertEqual(after[three], [])
        self.assertEqual(after["main"], sorted([one, three, two]))
        self.assertEqual(bill["metadata"]["component"]["name"], "src")
        (annotation,) = bill["annotations"]
        self.assertEqual(annotation["text"], "hermeto:backend:pip")
        self.assertEqual(annotation["subjects"], sorted([one, two, three, upper, lower, source]))
        for package in ("one", "two"):
            address = sha256((self.folder / "src" / package / "requirements.txt").read_bytes()).hexdigest()
            self.assertIn({"name": "reqpi:address", "value": address}, bill["metadata"]["properties"])

        self.fetch(asked, "--sbom-output-type", "spdx")
        bill = self.document("bom.json")
        self.assertEqual(flaws_of_spdx((self.out / "bom.json").read_bytes()), [])
        names = {each["SPDXID"]: each["name"] for each in bill["packages"]}
        edges = {
            (names[each["spdxElementId"]], names[each["relatedSpdxElement"]])
            for each in bill["relationships"]
            if each["relationshipType"] == "DEPENDS_ON"
        }
        self.assertEqual(
            edges,
            {("src", "one"), ("src", "two"), ("src", "three"), ("one", "upper"), ("two", "lower"), ("two", "source"),
             ("upper", "lower")},
        )  # fmt: skip

    def test_the_project_is_among_the_components_and_is_the_main_one(self) -> None:
        self.write("requirements.txt", "top==1.0\n")
        self.fetch()
        bill = self.document("bom.json")
        self.assertEqual(flaws_of_cyclonedx((self.out / "bom.json").read_bytes()), [])
        own = "pkg:pypi/own@1.0"
        self.assertEqual({each["purl"] for each in bill["components"]}, {own, "pkg:pypi/top@1.0"})
        self.assertEqual(bill["metadata"]["component"]["purl"], own)
        after = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
        self.assertEqual((after["main"], after[own]), (["pkg:pypi/top@1.0"], ["pkg:pypi/top@1.0"]))
        self.fetch("pip", "--sbom-output-type", "spdx")
        bill = self.document("bom.json")
        self.assertEqual(flaws_of_spdx((self.out / "bom.json").read_bytes()), [])
        self.assertEqual([each["name"] for each in bill["packages"]], ["own", "top"])
        self.assertEqual(
            [{each["comment"] for each in package["annotations"]} & {"hermeto:backend:pip"}
             for package in bill["packages"]],
            [{"hermeto:backend:pip"}] * 2,
        )  # fmt: skip

    def test_an_sdist_speaks_for_itself_and_no_wheel_is_asked_for(self) -> None:
        """It is there already. What setuptools wrote beside PKG-INFO says what it requires."""
        self.upstream.wheel("upper", "1.0", ["wrong"])
        self.upstream.sdist("upper", "1.0", ["lower"])
        self.upstream.wheel("lower", "1.0")
        self.upstream.sdist("lower", "1.0")
        self.write("requirements.txt", "upper==1.0\nlower==1.0\n")
        self.fetch(inside=True)
        self.assertEqual([each.path for each in self.upstream.asked(".whl")], [])
        bill = self.document("bom.json")
        said = {each["name"]: each for each in bill["components"]}
        self.assertEqual(said["upper"]["description"], "made for a test")
        after = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
        self.assertEqual(after["pkg:pypi/upper@1.0"], ["pkg:pypi/lower@1.0"])

    def test_a_private_index_of_this_machine_is_named_as_it_is_set(self) -> None:
        """With its last slash, and without its login. One that --upstream names stands in for the default one."""
        self.write("requirements.txt", "top==1.0\n")
        index = f"{self.upstream.url.rstrip('/')}/"
        for url in (index, index.rstrip("/"), index.replace("://", "://me:secret@")):
            self.fetch(index=url)
            self.assertNotIn("secret", (self.out / "bom.json").read_text())
            (top,) = (each for each in self.document("bom.json")["components"] if each["name"] == "top")
            shown = quote(url.replace("me:secret@", ""), safe=":/")
            self.assertEqual(top["purl"], f"pkg:pypi/top@1.0?repository_url={shown}")
            self.assertEqual(PackageURL.from_string(top["purl"]).qualifiers["repository_url"][-1:], shown[-1:])
        self.fetch(inside=True)
        self.assertNotIn("repository_url", (self.out / "bom.json").read_text())

    def test_several_packages_share_the_folder(self) -> None:
        """Each has an address of its own; a document of several may be a file."""
        self.write("a/requirements.txt", "top==1.0\n")
        self.write("a/setup.cfg", "[metadata]\nname = one\n")
        self.write("b/requirements.txt", "mid==1.5\nsource==3.0\n")
        self.write("b/setup.cfg", "[metadata]\nname = two\n")
        asked = {
            "packages": [{"type": "pip", "path": "a"}, {"type": "pip", "path": "b", "binary": {"packages": "mid"}}]
        }
        (self.folder / "input.json").write_text(json.dumps(asked))
        self.fetch("input.json", "--json", "--quiet")
        self.assertEqual(self.there(), {"top-1.0.tar.gz", "mid-1.5-py3-none-any.whl", "source-3.0.tar.gz"})
        said = json.loads(self.said)
        addresses = [
            sha256((self.folder / "src" / path / "requirements.txt").read_bytes()).hexdigest() for path in "ab"
        ]
        self.assertEqual([each["address"] for each in said["packages"]], addresses)
        self.assertEqual([each["path"] for each in self.document(".build-config.json")["packages"]], ["a", "b"])

    def test_a_package_that_requires_nothing(self) -> None:
        """It has a bill all the same, and no server is needed; SPDX where that is asked for."""
        self.fetch("pip", "--sbom-output-type", "spdx", inside=True)
        self.assertEqual((self.there(), self.document("bom.json")["spdxVersion"]), (set(), "SPDX-2.3"))
        self.assertFalse((self.folder / "own").exists())

    def test_what_is_no_repository_is_an_error_unless_that_is_allowed(self) -> None:
        arguments = ("--source", "src", "--output", "out", "pip")
        done = self.reqpi(*arguments)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--mode permissive", done.stderr)
        self.write(".git/config", "")
        self.assertEqual(self.reqpi(*arguments).returncode, 0)

    def test_wrong_bytes_are_an_error(self) -> None:
        """Nothing is said of the folder then; what is right is kept for the next run, which replaces what is wrong."""
        address = sha256(self.write("requirements.txt", "top==1.0\nmid==1.5\n").read_bytes()).hexdigest()
        self.upstream.fail("mid-1.5.tar.gz", WrongBytes())
        said = self.fetch(status=3)
        self.assertIn("missing: mid-1.5.tar.gz: ", said)
        self.assertEqual({name for name in self.there() if not name.startswith(".")}, {"top-1.0.tar.gz"})
        self.assertFalse((self.out / ".build-config.json").exists())
        self.upstream.heal("mid-1.5.tar.gz")
        (self.out / "deps/pip/top-1.0.tar.gz").write_bytes(b"wrong")
        self.served(f"{self.server.url}/{address}/simple/mid/mid-1.5.tar.gz")
        self.assertIn("2 of them new", self.fetch())
        self.assertEqual(self.there(), {"top-1.0.tar.gz", "mid-1.5.tar.gz"})
        self.assertNotEqual((self.out / "deps/pip/top-1.0.tar.gz").read_bytes(), b"wrong")

    def test_what_cannot_be_taken_is_told_with_its_line(self) -> None:
        """lonely has a wheel alone; a wildcard is no pin; a file outside is not read."""
        lock = self.write("requirements.txt", "top==1.0\nlonely==1.0\n")
        said = self.fetch(status=1)
        self.assertIn("src/requirements.txt:2: lonely 1.0 has 1 wheel, but no sdist that the lock admits", said)
        self.assertIn('"packages": "lonely"', said)
        self.fetch({"type": "pip", "binary": {"packages": "lonely"}})
        lock.write_text("top==1.*\n")
        self.assertIn("src/requirements.txt:1: top has a wildcard", self.fetch(status=1))
        (self.folder / "secret.txt").write_text("top==1.0\n")
        lock.write_text("-r ../secret.txt\n")
        self.assertIn("src/requirements.txt:1: this is outside the source", self.fetch(status=1))
