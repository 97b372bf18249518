"""A commit becomes an archive."""

from __future__ import annotations

import tempfile

from reqpi.core.errors import NotFound
from tests.sourcehost import Repository
from tests.upstream.git.archival import ARCHIVAL
from tests.upstream.sources import SourceCase, unpacked

MODULE = {"pyproject.toml": "[project]\n", "src/thing.py": "x = 1\n"}


class ArchiveTests(SourceCase):
    """``git+https://host/repo@commit``."""

    def setUp(self) -> None:
        super().setUp()
        self.thing = self.host.repository("thing.git")

    def git_url(self, repository: Repository, commit: str) -> str:
        return f"git+{repository.url}@{commit}"

    async def test_its_files_are_in_one_folder(self) -> None:
        """Called by repository and commit; links stay links."""
        (self.thing.folder / "src").mkdir()
        (self.thing.folder / "src" / "link.py").symlink_to("thing.py")
        commit = self.thing.commit(MODULE)
        files = unpacked(await self.bytes_of(self.upstreams(), self.git_url(self.thing, commit)))
        folder = f"thing-{commit}"
        self.assertEqual(
            files,
            {
                f"{folder}/pyproject.toml": b"[project]\n",
                f"{folder}/src/thing.py": b"x = 1\n",
                f"{folder}/src/link.py": "-> thing.py",
            },
        )

    async def test_an_older_commit_is_had_too(self) -> None:
        """No branch leads straight to it."""
        first = self.thing.commit({"a": "1"})
        self.thing.commit({"a": "2"})
        files = unpacked(await self.bytes_of(self.upstreams(), self.git_url(self.thing, first)))
        self.assertEqual(files[f"thing-{first}/a"], b"1")

    async def test_a_host_that_gives_branches_alone_is_asked_for_all_of_them(self) -> None:
        """And the bytes are the same."""
        first = self.thing.commit({"a": "1", **ARCHIVAL})
        self.thing.commit({"a": "2"})
        self.thing.git("tag", "-a", "v1", "-m", "v1", first)
        url = self.git_url(self.thing, first)
        shallow = await self.bytes_of(self.upstreams(), url)
        self.host.protocols = False
        self.assertEqual(await self.bytes_of(self.upstreams(), url), shallow)

    async def test_a_repository_of_sha256_is_no_different(self) -> None:
        """Its ids have 64 digits."""
        repository = self.host.repository("new", "--object-format=sha256")
        commit = repository.commit({"a": "1"})
        self.assertEqual(len(commit), 64)
        files = unpacked(await self.bytes_of(self.upstreams(), self.git_url(repository, commit)))
        self.assertEqual(files, {f"new-{commit}/a": b"1"})

    async def test_a_commit_that_is_not_there_is_not_found(self) -> None:
        """Neither by itself nor among all branches; and a repository that is not there is not found either."""
        self.thing.commit(MODULE)
        for protocols in (True, False):
            self.host.protocols = protocols
            trouble = await self.trouble(self.upstreams().open(self.git_url(self.thing, "ab" * 20)))
            self.assertIsInstance(trouble, NotFound)
            self.assertIn("no commit abababababab", trouble.title)
        trouble = await self.trouble(self.upstreams().open(f"git+{self.host.url}/git/nothing@{'ab' * 20}"))
        self.assertIsInstance(trouble, NotFound)

    async def test_the_id_of_a_tag_is_no_commit(self) -> None:
        """What it leads to is said."""
        commit = self.thing.commit(MODULE)
        self.thing.git("tag", "-a", "v1", "-m", "v1")
        tag = self.thing.git("rev-parse", "v1")
        trouble = await self.trouble(self.upstreams().open(self.git_url(self.thing, tag)))
        self.assertIn(commit, trouble.detail)

    async def test_nothing_is_left_behind(self) -> None:
        """No folder, neither after success nor after failure."""
        scratch = self.folder()
        self.patch(tempfile, "tempdir", str(scratch))
        commit = self.thing.commit(MODULE)
        upstreams = self.upstreams()
        await self.bytes_of(upstreams, self.git_url(self.thing, commit))
        await self.trouble(upstreams.open(self.git_url(self.thing, "ab" * 20)))
        await upstreams.close()
        self.assertEqual(list(scratch.iterdir()), [])
