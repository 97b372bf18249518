"""A frozen commitment, written out again."""

from __future__ import annotations

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.address import address_of
from reqpi.core.errors import BrokenLock, NothingUpstream
from reqpi.core.export import chosen, files, requirements
from reqpi.core.frozen_pages import load_all
from reqpi.core.model import Archive, Commitment, File, Pin
from reqpi.core.report import Document
from tests.core.locks.toml_locks import DATA
from tests.distributions import a_commitment, a_file, a_page, digest_of

ONE, TWO = digest_of(b"1"), digest_of(b"2")
FIRST, SECOND = sorted([ONE, TWO])
SIX = [a_file("six-1.0.tar.gz", b"1"), a_file("six-1.0-py3-none-any.whl", b"2")]


def exported(document: bytes, *files: File) -> bytes:
    commitment = Commitment(address_of(document), locks.read(document))
    pages = {}
    for project in commitment.lock.projects:
        pages[project] = a_page(*(file for file in files if file.project == project), project=project)
    return requirements(commitment, pages)


class RequirementsTests(SynchronousTestCase):
    """Every pin gets the sha256 of each of its files, and all else stays as it was."""

    def test_a_pin_without_digests_gets_them(self) -> None:
        wanted = f"six==1.0 \\\n    --hash={FIRST} \\\n    --hash={SECOND}\n".encode()
        self.assertEqual(exported(b"six==1.0\n", *SIX), wanted)

    def test_what_it_writes_is_a_lock_that_admits_the_same_files_and_leaves_nothing_open(self) -> None:
        again = locks.read(exported(b"six==1.0\n", *SIX))
        self.assertEqual([pin.digests for pin in again.pins], [frozenset({ONE, TWO})])

    def test_it_is_a_fixed_point(self) -> None:
        once = exported(b"# why\nSix == 1.0 ; python_version > '3'  # via seven\n", *SIX)
        self.assertEqual(exported(once, *SIX), once)

    def test_digests_that_upstream_has_no_file_for_are_left_out(self) -> None:
        document = f"six==1.0 --hash={ONE} --hash={digest_of(b'gone')}\n".encode()
        self.assertEqual(exported(document, *SIX), f"six==1.0 \\\n    --hash={ONE}\n".encode())

    def test_comments_options_blank_lines_extras_and_markers_stay(self) -> None:
        document = b"""# made by hand

--require-hashes
six[socks]==1.0 ; python_version > '3' \\
    --hash=%s \\
    --hash=%s  # via seven
# the end""" % (str(ONE).encode(), str(TWO).encode())
        wanted = f"""# made by hand

--require-hashes
six[socks]==1.0 ; python_version > '3' \\
    --hash={FIRST} \\
    --hash={SECOND}
    # via seven
# the end""".encode()
        self.assertEqual(exported(document, *SIX), wanted)

    def test_the_options_of_a_requirement_stay(self) -> None:
        document = b"six==1.0 --config-settings=a=b\n"
        self.assertTrue(exported(document, *SIX).startswith(b"six==1.0 --config-settings=a=b \\\n"))

    def test_each_of_two_versions_gets_its_own_digests(self) -> None:
        document = b'six==1.0 ; python_version < "3"\nsix==2.0 ; python_version >= "3"\n'
        again = locks.read(exported(document, SIX[0], a_file("six-2.0.tar.gz", b"2")))
        self.assertEqual([pin.digests for pin in again.pins], [frozenset({ONE}), frozenset({TWO})])

    def test_the_encoding_and_the_line_ends_stay(self) -> None:
        document = "\ufeff# \u00e9\r\nsix==1.0\r\n".encode("utf-16-le")
        text = exported(document, *SIX).decode("utf-16-le")
        self.assertEqual(text.count("\r\n"), text.count("\n"))
        self.assertTrue(text.startswith("\ufeff# \u00e9\r\nsix==1.0 \\\r\n    --hash="))

    def test_a_pin_without_any_file_is_named_and_not_left_open(self) -> None:
        document = b"attrs==1.0\nsix==1.0\n"
        error = self.assertRaises(NothingUpstream, exported, document, *SIX)
        self.assertIn("attrs 1.0", error.title)
        self.assertIn("Line 1", error.detail)


class SeveralTests(SynchronousTestCase):
    """Several documents become one file, in which each still means what it meant by itself."""

    def exported(self, *documents: tuple[str, str]) -> str:
        lock = locks.read_together([Document(path, text.encode()) for path, text in documents])
        files = [*SIX, a_file("six-2.0.tar.gz", b"3"), a_file("attrs-1.0.tar.gz", b"4", "attrs")]
        pages = {
            project: a_page(*(file for file in files if file.project == project), project=project)
            for project in lock.projects
        }
        return requirements(Commitment(address_of(lock.document), lock), pages, "https://reqpi.example.org/a/").decode()

    def requirements_in(self, text: str) -> list[str]:
        lines = (line.removesuffix(" \\") for line in text.splitlines())
        return [line for line in lines if not line.startswith(("#", " ", "--index-url"))]

    def test_what_one_says_of_wheels_holds_for_its_own_pins(self) -> None:
        text = self.exported(("a.txt", "--no-binary :all:\nsix==1.0\n"), ("b.txt", "attrs==1.0\n"))
        self.assertEqual(self.requirements_in(text), ["--no-binary six", "six==1.0", "attrs==1.0"])

    def test_a_version_that_another_document_contradicts_becomes_a_comment(self) -> None:
        text = self.exported(("a.txt", "six==1.0\n"), ("b.txt", "six==2.0\n"))
        self.assertEqual(self.requirements_in(text), ["six==1.0"])
        self.assertIn("# six==2.0", text)

    def test_a_bare_name_keeps_its_extras_and_its_marker_and_gets_its_version(self) -> None:
        bare = "-c pins.txt\nSix[socks] >= 1 ; python_version > '3'\n"
        text = self.exported(("requirements.in", bare), ("pins.txt", "six==1.0\n"))
        self.assertEqual(self.requirements_in(text), ['Six[socks]==1.0 ; (python_version > "3")', "six==1.0"])
        self.assertEqual(text.count("--hash="), 4)

    def test_one_file_that_names_another_has_its_pins(self) -> None:
        text = self.exported(("a.txt", "-r sub/b.txt\nsix==1.0\n"), ("sub/b.txt", "attrs==1.0\n"))
        self.assertEqual(self.requirements_in(text), ["six==1.0", "attrs==1.0"])


class FilesTests(SynchronousTestCase):
    """The files that are downloaded for a lock, and the entry of each."""

    def test_all_that_is_known_is_said(self) -> None:
        commitment = a_commitment("six==1.0")
        pages = {page.project: page for page in [a_page(*SIX)]}
        self.assertEqual(load_all(files(commitment, pages)), pages)
        self.assertRaises(NothingUpstream, files, a_commitment("six==2.0"), pages)

    def test_of_several_sdists_the_best_is_chosen(self) -> None:
        """One that is not yanked; then ``.tar.gz``, then ``.zip``."""
        tar, zipped, other = (a_file(f"six-1.0{end}", end.encode()) for end in (".tar.gz", ".zip", ".tar.bz2"))
        for offered, best in (
            ([other, zipped, tar], tar),
            ([other, zipped], zipped),
            ([evolve(tar, yanked="broken"), zipped, other], zipped),
            ([evolve(tar, yanked=True), evolve(zipped, yanked=True)], evolve(tar, yanked=True)),
        ):
            page = a_page(*offered)
            self.assertEqual(chosen(a_commitment("six==1.0"), {page.project: page}), [best])


class ContradictionTests(SynchronousTestCase):
    """A requirements.txt cannot leave it to groups which of two pins applies, and says so."""

    TWO = SIX[0], a_file("six-2.0.tar.gz", b"2")

    def lock(self, *markers: str) -> bytes:
        """A Pipfile.lock that pins a project in two groups."""
        groups = ", ".join(
            f'"{group}": {{"six": {{"version": "=={version}"{marker}}}}}'
            for group, version, marker in zip(("default", "develop"), ("1.0", "2.0"), markers, strict=True)
        )
        return f'{{"_meta": {{"pipfile-spec": 6}}, {groups}}}'.encode()

    def test_two_versions_in_two_groups_are_named_at_its_head(self) -> None:
        text = exported(self.lock("", ""), *self.TWO)
        self.assertTrue(text.startswith(b"# six is pinned more than once"), text)
        self.assertIn(b"cannot be committed again", text)
        self.assertEqual(text.count(b"\nsix=="), 2)
        broken = self.assertRaises(BrokenLock, locks.read, text)
        self.assertEqual([defect.rule for defect in broken.defects], ["conflict"])

    def test_markers_that_differ_need_no_comment(self) -> None:
        markers = [f', "markers": "python_version {operator} \'3.9\'"' for operator in ("<", ">=")]
        text = exported(self.lock(*markers), *self.TWO)
        self.assertTrue(text.startswith(b"six=="), text)
        self.assertEqual(len(locks.read(text).pins), 2)

    def test_every_export_without_the_comment_can_be_committed_again(self) -> None:
        rejected = {
            DATA / name
            for name in (
                "pipenv/sources.Pipfile.lock",
                "projects/pants-user-reqs.pex.lock",
                "projects/pipenv.pylock.toml",
            )
        }
        for path in {*DATA.glob("*/*.lock"), *DATA.glob("*/*pylock.toml")} - rejected:
            lock = locks.read(path.read_bytes())
            files = [file for pin in lock.pins for file in files_of(pin)]
            text = exported(path.read_bytes(), *files)
            if b"more than once" not in text.partition(b"==")[0]:
                again = locks.read(text)
                self.assertEqual(len(again.pins), len(lock.pins), path)


def files_of(pin: Pin) -> list[File]:
    """A file for each digest of a pin; one for a source."""
    name = f"{pin.project.replace('-', '_')}-{pin.version or '0'}"
    fields = {"index": pin.indexes[0] if pin.indexes else "", "source": pin.source, "measured": True}
    if isinstance(pin.source, Archive):
        return [a_file(f"{name}.tar.gz", None, pin.project, digests=pin.source.digests, **fields)]
    if pin.source is not None:
        return [a_file(f"{name}.tar.gz", b"", pin.project, **fields)]
    wheels = [(f"{name}-{number}-py3-none-any.whl", digest) for number, digest in enumerate(sorted(pin.digests))]
    return [a_file(wheel, None, pin.project, digests=frozenset({digest}), **fields) for wheel, digest in wheels]
