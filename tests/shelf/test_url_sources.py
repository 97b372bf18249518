"""Pins that are taken from a URL or a git commit: each becomes one file, by its digest."""

from __future__ import annotations

import tomllib

from attrs import evolve
from packaging.pylock import Pylock
from packaging.utils import canonicalize_name

from reqpi.core import export, simple
from reqpi.core.errors import DigestMismatch, NotAdmitted, NothingUpstream, UpstreamTrouble
from reqpi.core.model import Archive, Commitment, Digest, Git, Lock, Pin
from reqpi.shelf.shelf import Shelf
from tests.core.metadata.test_pkg_info import a_tar
from tests.distributions import a_file, a_page, digest_of
from tests.fake_index import PlainUpstream
from tests.fake_upstream.distributions import build_wheel
from tests.shelf.case import ShelfCase, whole

SIX = canonicalize_name("six")
HERE = "https://reqpi.example.org/abc/"
SDIST = a_tar(("six-1.5/PKG-INFO", b"Metadata-Version: 2.1\nName: six\nVersion: 1.5\n"))
BARE = a_tar(("six-main/setup.py", b"print('six')"))
WHEEL = build_wheel("six", "1.6")
COMMIT = "a" * 40
GIT_URL = f"git+https://git.example.org/me/six.git@{COMMIT}"


def archive(url: str, *digests: Digest, **fields: str) -> Pin:
    return Pin(SIX, "", source=Archive(url, frozenset(digests)), text=f"six @ {url}", line=1, last_line=1, **fields)


def committed(*pins: Pin) -> Commitment:
    return Commitment("c" * 64, Lock(b"six @ somewhere\n", "test", pins))


class SourcesCase(ShelfCase):
    """An upstream that also has two archives, a wheel and a commit."""

    def setUp(self) -> None:
        super().setUp()
        self.upstream.files |= {
            "archive+https://files.example.org/x/six-main.tar.gz": BARE,
            "archive+https://files.example.org/x/download.tar.gz": SDIST,
            "archive+https://files.example.org/x/six-1.6-py3-none-any.whl": WHEEL,
            GIT_URL: BARE,
        }
        self.bare = archive("https://files.example.org/x/six-main.tar.gz", digest_of(BARE))
        self.sdist = archive("https://files.example.org/x/download.tar.gz", digest_of(SDIST))
        self.wheel = archive("https://files.example.org/x/six-1.6-py3-none-any.whl", digest_of(WHEEL))
        self.git = Pin(
            SIX, "", source=Git("https://git.example.org/me/six.git", COMMIT, "src"), text=f"six @ {GIT_URL}"
        )


class ArchiveTests(SourcesCase):
    """An archive is served here under its digest; it stands on the page where it says which release it is."""

    async def test_an_sdist_stands_on_the_page_under_the_name_of_its_release(self) -> None:
        (file,) = (await self.shelf.page(committed(self.sdist), "six")).files
        self.assertEqual((file.filename, str(file.version), file.listed), ("six-1.5.tar.gz", "1.5", True))
        self.assertEqual(await whole(await self.shelf.file(committed(self.sdist), "six", "six-1.5.tar.gz")), SDIST)

    async def test_a_wheel_stands_on_the_page(self) -> None:
        (file,) = (await self.shelf.page(committed(self.wheel), "six")).files
        self.assertEqual((str(file.version), file.wheel, file.core_metadata), ("1.6", True, True))

    async def test_what_does_not_say_its_version_is_there_and_not_on_the_page(self) -> None:
        (file,) = (await self.shelf.page(committed(self.bare), "six")).files
        self.assertEqual((file.filename, file.listed), ("six-main.tar.gz", False))
        self.assertEqual(await whole(await self.shelf.file(committed(self.bare), "six", file.filename)), BARE)

    async def test_neither_form_of_the_page_shows_what_does_not_stand_on_it(self) -> None:
        page = await self.shelf.page(committed(self.bare, self.sdist), "six")
        for shown in (simple.page_html(page), simple.page_json(page)):
            self.assertNotIn(b"six-main", shown)
            self.assertIn(b"six-1.5.tar.gz", shown)

    async def test_it_is_served_with_its_host_gone(self) -> None:
        first = await self.shelf.page(committed(self.sdist), "six")
        later = self.another_shelf(PlainUpstream())
        self.assertEqual(await later.page(committed(self.sdist), "six"), first)
        self.assertEqual(await whole(await later.file(committed(self.sdist), "six", "six-1.5.tar.gz")), SDIST)

    async def test_every_digest_that_is_given_must_hold(self) -> None:
        right, wrong = digest_of(SDIST), digest_of(b"other", "sha512")
        pin = archive("https://files.example.org/x/download.tar.gz", right, wrong)
        await self.assert_raises(DigestMismatch, self.shelf.page(committed(pin), "six"))
        self.assertEqual([sha256 async for sha256 in self.store.all()], [])

    async def test_an_archive_of_another_project_is_refused(self) -> None:
        other = evolve(self.sdist, project=canonicalize_name("seven"))
        error = await self.assert_raises(UpstreamTrouble, self.shelf.page(committed(other), "seven"))
        self.assertIn("seven contains the project six", error.title)

    async def test_a_release_of_the_same_project_is_not_admitted_by_a_source(self) -> None:
        commitment = committed(self.sdist)
        await self.assert_raises(NotAdmitted, self.shelf.file(commitment, "six", "six-1.0.tar.gz"))
        self.assertNotIn("six", self.upstream.asked)

    async def test_a_source_and_a_release_stand_side_by_side(self) -> None:
        release = Pin(SIX, "1.0", text="six==1.0")
        page = await self.shelf.page(committed(self.sdist, release), "six")
        self.assertEqual([str(file.version) for file in page.files], ["1.0", "1.0", "1.5"])

    async def test_a_source_whose_name_an_index_has_too_gets_another(self) -> None:
        self.upstream.offer(a_page(a_file("six-1.5.tar.gz", b"release")), b"release")
        page = await self.shelf.page(committed(self.sdist, Pin(SIX, "1.5", text="six==1.5")), "six")
        self.assertEqual(len({file.filename for file in page.files}), 2)
        self.assertEqual(page.by_filename["six-1.5.tar.gz"].source, None)


class GitTests(SourcesCase):
    """A commit is an archive like any other."""

    async def test_it_is_fetched_once_and_frozen_by_its_digest(self) -> None:
        commitment = committed(self.git)
        (file,) = (await self.shelf.page(commitment, "six")).files
        self.assertEqual((file.filename, file.sha256), (f"six-{COMMIT}.tar.gz", digest_of(BARE).hex))
        self.assertEqual(await whole(await self.shelf.file(commitment, "six", file.filename)), BARE)
        self.assertEqual(self.upstream.asked, [GIT_URL])


class IndexTests(ShelfCase):
    """A version comes from the first of its indexes that has it, unless digests decide."""

    ONE, TWO = "https://one.example.org/simple", "https://two.example.org/simple"

    def setUp(self) -> None:
        super().setUp()
        self.mine = a_file("six-1.0.tar.gz", b"mine")
        self.theirs = a_file("six-1.0-py3-none-any.whl", b"theirs")
        for url, content in ((self.mine.url, b"mine"), (self.theirs.url, b"theirs")):
            self.upstream.files[url] = content
        self.upstream.indexes = {self.ONE: {SIX: a_page(self.mine)}, self.TWO: {SIX: a_page(self.theirs)}}

    def pinned(self, *indexes: str, digests: frozenset[Digest] = frozenset()) -> Commitment:
        return committed(Pin(SIX, "1.0", digests=digests, indexes=indexes, text="six==1.0"))

    async def filenames(self, commitment: Commitment) -> set[str]:
        return {file.filename for file in (await self.shelf.page(commitment, "six")).files}

    async def test_the_first_that_has_it(self) -> None:
        """Uploading a name to the second index achieves nothing."""
        self.assertEqual(await self.filenames(self.pinned(self.ONE, self.TWO)), {self.mine.filename})
        self.assertEqual(self.upstream.asked, [f"{self.ONE} six"])

    async def test_the_first_that_has_the_version(self) -> None:
        """The extra index with builds for CPUs is such a one: the default index has the project in other versions."""
        self.upstream.indexes[self.ONE] = {SIX: a_page(a_file("six-0.9.tar.gz"), a_file("six-1.0+cpu.tar.gz"))}
        self.assertEqual(await self.filenames(self.pinned(self.ONE, self.TWO)), {self.theirs.filename})
        self.assertEqual(self.upstream.asked, [f"{self.ONE} six", f"{self.TWO} six"])

    async def test_each_version_comes_from_one_index(self) -> None:
        """Asking a later index for one version does not open it for another."""
        newer = a_file("six-2.0.tar.gz", b"newer")
        self.upstream.indexes[self.TWO] = {SIX: a_page(self.theirs, newer)}
        pins = [
            Pin(SIX, version, indexes=(self.ONE, self.TWO), text=f"six=={version}", marker=f"extra == '{version}'")
            for version in ("1.0", "2.0")
        ]
        self.assertEqual(await self.filenames(committed(*pins)), {self.mine.filename, newer.filename})

    async def test_the_kind_of_a_file_opens_no_later_index(self) -> None:
        """The first has the version, though not as a wheel, and wheels alone are admitted."""
        pin = Pin(SIX, "1.0", indexes=(self.ONE, self.TWO), sdists=False, text="six==1.0")
        await self.assert_raises(NothingUpstream, self.shelf.page(committed(pin), "six"))

    async def test_where_no_index_has_it_all_that_were_asked_are_named(self) -> None:
        self.upstream.indexes = {self.ONE: {SIX: a_page(a_file("six-0.9.tar.gz"))}, self.TWO: {SIX: a_page()}}
        error = await self.assert_raises(NothingUpstream, self.shelf.page(self.pinned(self.ONE, self.TWO), "six"))
        self.assertIn(f"{self.ONE} (0.9); {self.TWO} (no releases)", error.detail)
        self.upstream.indexes = {self.ONE: {}, self.TWO: {}}
        error = await self.assert_raises(NothingUpstream, self.shelf.page(self.pinned(self.ONE, self.TWO), "six"))
        self.assertIn(f"{self.ONE} and {self.TWO}", error.detail)

    async def test_the_next_where_the_first_has_it_not(self) -> None:
        self.upstream.indexes[self.ONE] = {}
        self.assertEqual(await self.filenames(self.pinned(self.ONE, self.TWO)), {self.theirs.filename})

    async def test_all_of_them_where_digests_decide(self) -> None:
        digests = frozenset({digest_of(b"mine"), digest_of(b"theirs")})
        both = self.pinned(self.ONE, self.TWO, digests=digests)
        self.assertEqual(await self.filenames(both), {self.mine.filename, self.theirs.filename})

    async def test_the_default_index_is_not_asked(self) -> None:
        self.upstream.indexes = {self.ONE: {}, self.TWO: {}}
        await self.assert_raises(NothingUpstream, self.shelf.page(self.pinned(self.ONE, self.TWO), "six"))
        self.assertNotIn("six", self.upstream.asked)


class KindTests(ShelfCase):
    """``--no-binary`` and ``--only-binary`` are part of what is admitted."""

    async def test_sources_alone(self) -> None:
        page = await self.shelf.page(committed(Pin(SIX, "1.0", wheels=False, text="six==1.0")), "six")
        self.assertEqual([file.wheel for file in page.files], [False])

    async def test_wheels_alone(self) -> None:
        commitment = committed(Pin(SIX, "1.0", sdists=False, text="six==1.0"))
        page = await self.shelf.page(commitment, "six")
        self.assertEqual([file.wheel for file in page.files], [True])
        await self.assert_raises(NotAdmitted, self.shelf.file(commitment, "six", "six-1.0.tar.gz"))


class ExportTests(SourcesCase):
    """The exports link to every source by its digest here."""

    def with_marker(self, pin: Pin) -> Pin:
        return evolve(pin, marker='python_version > "3"', extras=("socks",))

    async def exported(self, shelf: Shelf, *pins: Pin) -> tuple[str, Pylock]:
        commitment = committed(*pins)
        pages = await shelf.pages(commitment)
        text = export.requirements(commitment, pages, HERE).decode()
        return text, Pylock.from_dict(tomllib.loads(export.pylock(commitment, pages, HERE).decode()))

    async def test_an_archive(self) -> None:
        text, lock = await self.exported(self.shelf, self.with_marker(self.sdist))
        url = f"{HERE}simple/six/six-1.5.tar.gz"
        self.assertIn(f"--index-url {HERE}simple/\n", text)
        self.assertIn(f'six[socks] @ {url}#sha256={digest_of(SDIST).hex} ; python_version > "3"', text)
        (package,) = lock.packages
        assert package.archive is not None
        self.assertEqual((package.archive.url, package.archive.hashes), (url, {"sha256": digest_of(SDIST).hex}))

    async def test_a_commit_in_a_folder(self) -> None:
        text, lock = await self.exported(self.shelf, self.git)
        self.assertIn(f"#sha256={digest_of(BARE).hex}&subdirectory=src", text)
        (package,) = lock.packages
        assert package.archive is not None
        self.assertEqual(package.archive.subdirectory, "src")

    async def test_a_release(self) -> None:
        text, lock = await self.exported(self.shelf, Pin(SIX, "1.0", text="six==1.0"))
        self.assertEqual(text.count("--hash=sha256:"), 2)
        (package,) = lock.packages
        assert package.sdist is not None
        assert package.wheels is not None
        self.assertEqual(package.sdist.url, f"{HERE}simple/six/six-1.0.tar.gz")
        self.assertEqual(len(package.wheels), 1)

    async def test_they_are_the_same_bytes_each_time(self) -> None:
        commitment = committed(self.git, self.sdist, Pin(SIX, "1.0", text="six==1.0"))
        pages = [await shelf.pages(commitment) for shelf in (self.shelf, self.another_shelf(PlainUpstream()))]
        for write in (export.requirements, export.pylock):
            self.assertEqual(*[write(commitment, each, HERE) for each in pages])
