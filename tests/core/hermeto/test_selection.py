"""Which files are taken, and what they are called."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.hermeto import (
    Binary,
    FetchedPackage,
    Selection,
    build_config,
    name_of,
    origin_of,
    platforms,
    read,
    select,
)
from reqpi.core.model import Archive, Commitment, Digest, File, Git, Page
from tests.core.hermeto.table import WHEELS
from tests.distributions import a_commitment, a_file, a_page, digest_of

SHA = "a" * 64
COMMIT = "c" * 40

SIX = [
    a_file("six-1.0.tar.gz", b"1"),
    a_file("six-1.0.zip", b"2"),
    a_file("six-1.0-py3-none-any.whl", b"3"),
    a_file("six-1.0-cp312-cp312-win_amd64.whl", b"4"),
    a_file("six-2.0.tar.gz", b"5"),
]
ZIP, WHEEL = digest_of(b"2"), digest_of(b"3")
ATTRS = [a_file("attrs-1.0.tar.gz", b"6", "attrs"), a_file("attrs-1.0-py3-none-any.whl", b"7", "attrs")]
ONLY_WHEELS = [a_file("torch-1.0-cp312-cp312-manylinux_2_28_x86_64.whl", b"8", "torch")]

TWO_VERSIONS = ("six==1.0 ; python_version < '3'", "six==2.0 ; python_version >= '3'")

SELECTIONS: list[tuple[tuple[str, ...], dict[str, Any] | None, str]] = [
    # Lines of a lock, a binary, and: the files that are taken; after a !, the pins of which there are none.
    (("six==1.0",), None, "six-1.0.tar.gz"),
    (("six==1.0", "attrs==1.0"), None, "six-1.0.tar.gz attrs-1.0.tar.gz"),
    (TWO_VERSIONS, None, "six-1.0.tar.gz six-2.0.tar.gz"),
    (("torch==1.0",), None, "!torch"),
    (("torch==1.0", "six==1.0"), None, "six-1.0.tar.gz !torch"),
    # all packages
    (("six==1.0",), {}, "six-1.0-py3-none-any.whl six-1.0.tar.gz"),
    (("six==1.0",), {"os": "win"}, "six-1.0-py3-none-any.whl six-1.0-cp312-cp312-win_amd64.whl six-1.0.tar.gz"),
    (("torch==1.0",), {}, "torch-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"),
    (("torch==1.0",), {"arch": "aarch64"}, "!torch"),
    # some packages
    (("six==1.0", "attrs==1.0"), {"packages": "six"}, "six-1.0-py3-none-any.whl attrs-1.0.tar.gz"),
    (("six==2.0", "attrs==1.0"), {"packages": "six"}, "attrs-1.0.tar.gz !six"),
    (
        ("torch==1.0", "six==1.0"),
        {"packages": "torch"},
        "torch-1.0-cp312-cp312-manylinux_2_28_x86_64.whl six-1.0.tar.gz",
    ),
    (("torch==1.0", "six==1.0"), {"packages": "six"}, "six-1.0-py3-none-any.whl !torch"),
    # what the lock leaves
    ((f"six==1.0 --hash={ZIP}",), None, "six-1.0.zip"),
    ((f"six==1.0 --hash={WHEEL}",), None, "!six"),
    ((f"six==1.0 --hash={WHEEL}",), {}, "six-1.0-py3-none-any.whl"),
    (("--only-binary=:all:", "six==1.0"), None, "!six"),
    (("--no-binary=:all:", "six==1.0"), {}, "six-1.0.tar.gz"),
    (("--no-binary=:all:", "six==1.0"), {"packages": "six"}, "!six"),
]


def pages_of(*files: File) -> dict[Any, Page]:
    projects = {file.project for file in files}
    return {name: a_page(*(file for file in files if file.project == name), project=name) for name in projects}


def binary_of(fields: dict[str, Any]) -> Binary:
    found = read(json.dumps({"type": "pip", "binary": fields})).packages[0].binary
    assert found is not None
    return found


def selected(commitment: Commitment, fields: dict[str, Any] | None, *files: File, **more: Any) -> Selection:
    return select(commitment, pages_of(*files), None if fields is None else binary_of(fields), **more)


class SelectionTests(SynchronousTestCase):
    """Sdists, and the wheels that were asked for."""

    def test_what_is_taken_is_what_the_table_says(self) -> None:
        for lines, fields, expected in SELECTIONS:
            commitment = a_commitment(*lines)
            files = [file for file in SIX + ATTRS + ONLY_WHEELS if file.project in commitment.lock.projects]
            found = selected(commitment, fields, *files)
            lacking = [f"!{lack.pin.project}" for lack in found.lacking]
            self.assertEqual(" ".join([*(file.filename for file in found.files), *lacking]), expected, (lines, fields))

    def test_what_is_lacking_is_told_with_what_to_ask_for(self) -> None:
        (lack,) = selected(a_commitment("torch==1.0"), None, *ONLY_WHEELS).lacking
        self.assertEqual(lack.problem, "torch 1.0 has 1 wheel, but no sdist that the lock admits")
        self.assertIn('"packages": "torch"', lack.advice)
        (lack,) = selected(a_commitment("torch==1.0"), {"packages": "torch", "os": "win"}, *ONLY_WHEELS).lacking
        self.assertIn('no wheel that matches "binary"', lack.problem)

    def test_an_sdist_that_is_not_yanked_comes_first_and_one_that_is_is_told(self) -> None:
        tar, zipped = SIX[:2]
        found = selected(a_commitment("six==1.0"), None, evolve(tar, yanked="broken"), zipped)
        self.assertEqual((found.files, list(found.yanked)), ((zipped,), []))
        found = selected(a_commitment("six==1.0"), None, evolve(tar, yanked="broken"))
        self.assertEqual([file.filename for file in found.yanked], ["six-1.0.tar.gz"])

    def test_a_name_that_nothing_pins_is_told(self) -> None:
        found = selected(a_commitment("six==1.0"), {"packages": "six,Siks"}, *SIX)
        self.assertEqual(found.unmeant, ("siks",))

    def test_a_pattern_takes_what_was_matched_and_what_fits_everywhere(self) -> None:
        self.assertEqual(platforms(pages_of(*SIX, *ATTRS)), {"any", "win_amd64"})
        for matched, expected in (({"win_amd64"}, 2), (set[str](), 1)):
            found = selected(a_commitment("six==1.0"), {"platform": "^win", "packages": "six"}, *SIX, matched=matched)
            self.assertEqual(len(found.files), expected)

    def test_a_wheel_at_a_url_is_taken_unasked_unless_sources_alone_are_wanted(self) -> None:
        lock = f"six @ https://example.org/six-1.0-py3-none-any.whl --hash=sha256:{SHA}"
        commitment = a_commitment(lock)
        (pin,) = commitment.lock.pins
        digests = frozenset({Digest("sha256", SHA)})
        wheel = evolve(SIX[2], source=pin.source, digests=digests, measured=True)
        self.assertEqual(selected(commitment, None, wheel).files, (wheel,))
        found = selected(commitment, None, wheel, wheels_at_urls=False)
        self.assertEqual((found.files, len(found.lacking)), ((), 1))
        self.assertEqual(selected(commitment, {}, wheel, wheels_at_urls=False).files, (wheel,))


class WheelTests(SynchronousTestCase):
    """Which wheels a binary takes: by what their tags mean."""

    def test_wheels_are_taken_as_the_table_says(self) -> None:
        for fields, takes, leaves in WHEELS:
            binary = binary_of(fields)
            for expected, tags in ((True, takes.split()), (False, leaves.split())):
                for tag in tags:
                    self.assertEqual(binary.takes(a_file(f"six-1.0-{tag}.whl")), expected, (fields, tag))


class NameTests(SynchronousTestCase):
    """What files are called where they lie side by side."""

    def named(self, source: Archive | Git, filename: str = "six-1.0.tar.gz", *, wheel: bool = False) -> str:
        digests = frozenset({Digest("sha256", SHA)})
        project = canonicalize_name("six")
        return name_of(File(filename, project, Version("1.0"), "1.0", wheel, "", digests, source=source))

    def test_names(self) -> None:
        """A release's is its own; a source's is none that a release could have."""
        self.assertEqual(name_of(SIX[0]), "six-1.0.tar.gz")
        for path, expected in (
            ("six.tar.gz", f"six-{SHA}.tar.gz"), ("v1.0.zip", f"six-{SHA}.zip"), ("a.b.tar.xz", f"six-{SHA}.tar.xz"),
            ("six.tar.bz2", f"six-{SHA}.tar.bz2"), ("x.tgz", f"six-{SHA}.tgz"), ("x.tar", f"six-{SHA}.tar"),
        ):  # fmt: skip
            self.assertEqual(self.named(Archive(f"https://example.org/{path}?a=b", frozenset())), expected)
        wheel = "six-1.0-py3-none-any.whl"
        archive = Archive(f"https://example.org/{wheel}", frozenset())
        self.assertEqual(self.named(archive, wheel, wheel=True), wheel)
        for url in ("https://example.org/team/tool.git", "https://example.org/team/tool/"):
            self.assertEqual(self.named(Git(url, COMMIT)), f"tool-gitcommit-{COMMIT}.tar.gz")
        submodules = Git("https://example.org/tool", COMMIT, submodules=True)
        self.assertEqual(self.named(submodules), f"tool-gitcommit-{COMMIT}-submodules.tar.gz")

    def test_what_is_said_of_the_folder(self) -> None:
        """By where a lock says that a source is."""
        digests = frozenset({Digest("sha256", SHA)})
        sources = (Git("https://example.org/tool", COMMIT), Archive("https://example.org/a.zip", digests))
        files = [evolve(SIX[0], source=source, digests=digests) for source in sources]
        said = json.loads(build_config([FetchedPackage("a", ("r.txt",), ())], [*files, *SIX]))
        self.assertEqual(
            said["packages"], [{"path": "a", "requirements_files": ["r.txt"], "requirements_build_files": []}]
        )
        self.assertEqual(
            said["sources"],
            {
                f"git+https://example.org/tool@{COMMIT}": {"file": f"tool-gitcommit-{COMMIT}.tar.gz", "sha256": SHA},
                "https://example.org/a.zip": {"file": f"six-{SHA}.zip", "sha256": SHA},
            },
        )
        self.assertEqual((said["format"], said["deps"]), (1, "deps/pip"))


class OriginTests(SynchronousTestCase):
    """Where a repository was cloned from."""

    def test_origins(self) -> None:
        for config, expected in (
            (b'[remote "origin"]\n\turl = https://example.org/a.git\n\tfetch = +refs\n', "https://example.org/a.git"),
            (b'[Remote "origin"]\nURL=git@example.org:a.git', "git@example.org:a.git"),
            (b'[remote "origin"] url = "https://example.org/a" # where\n', "https://example.org/a"),
            (b'[remote "origin"]\nurl = a\n[core]\nurl = b\n', "a"),
            (b'[remote "origin"]\nurl = a\nurl = b\n', "b"),
            (b'[remote "upstream"]\nurl = a\n', None),
            (b'[remote "Origin"]\nurl = a\n', None),
            (b'[remote "origin"]\npushurl = a\nurl =\n', None),
            (b"\xff\xfe[", None),
            (b"", None),
        ):
            self.assertEqual(origin_of(config), expected, config)
