"""Submodules come along where the lock asks for them, and no farther than the operator allows."""

from __future__ import annotations

from tests.upstream.sources import SourceCase, unpacked


class SubmoduleTests(SourceCase):
    """``#submodules``."""

    def setUp(self) -> None:
        super().setUp()
        self.thing = self.host.repository("thing")
        self.inner = self.host.repository("inner.git")
        self.innermost = self.host.repository("innermost")

    async def files(self, commit: str, fragment: str = "#submodules") -> dict[str, bytes | str]:
        data = await self.bytes_of(self.upstreams(), f"git+{self.thing.url}@{commit}{fragment}")
        return {name.partition("/")[2]: content for name, content in unpacked(data).items()}

    async def nested(self) -> str:
        """A commit with a submodule that has one; the URLs are relative, the way both are found."""
        deep = self.innermost.commit({"deep": "3"})
        inner = self.inner.add_submodule("d", "../innermost", deep)
        self.thing.commit({"top": "1", "a": "0"})
        return self.thing.add_submodule("sub/inner", "../inner.git", inner)

    async def test_they_are_in_their_places(self) -> None:
        """Those of submodules too."""
        files = await self.files(await self.nested())
        self.assertEqual({"top", "a", "sub/inner/d/deep"} - set(files), set())
        self.assertEqual(files["sub/inner/d/deep"], b"3")

    async def test_nobody_asks_for_them_otherwise(self) -> None:
        """Their hosts hear nothing."""
        files = await self.files(await self.nested(), "")
        self.assertEqual(set(files), {".gitmodules", "top", "a"})
        self.assertEqual([each for each in self.host.requests if "inner" in each.path], [])

    async def test_the_commit_that_is_pinned_counts(self) -> None:
        """And not what the branch has become since."""
        first = self.inner.commit({"x": "1"})
        self.inner.commit({"x": "2"})
        self.thing.commit({"top": "1"})
        commit = self.thing.add_submodule("inner", self.inner.url, first)
        self.assertEqual((await self.files(commit))["inner/x"], b"1")

    async def test_a_host_that_is_not_allowed_is_not_asked(self) -> None:
        """Nor is anything but https."""
        other = self.a_host()
        elsewhere = other.repository("x")
        pinned = elsewhere.commit({"x": "1"})
        for url in (
            *(
                elsewhere.url,
                f"file://{elsewhere.folder}",
                str(elsewhere.folder),
                "--upload-pack=touch /tmp/reqpi-was-here",
            ),
            *("ext::sh -c true", "ssh://127.0.0.1/x", elsewhere.url.replace("https", "http")),
        ):
            commit = self.thing.add_submodule("inner", url, pinned)
            trouble = await self.trouble(self.upstreams().open(f"git+{self.thing.url}@{commit}#submodules"))
            self.assertIn("taken from", trouble.title, url)
        self.assertEqual(other.connections, 0)

    async def test_a_path_that_leads_out_is_refused(self) -> None:
        """Or that cannot be written on one line: git would not make such a commit, but a hand can."""
        pinned = self.inner.commit({"x": "1"})
        for name, written in ((b"..", ".."), (b"a\nb", '"a\\nb"')):
            said = f'[submodule "x"]\n\tpath = {written}\n\turl = {self.inner.url}\n'.encode()
            blob = self.thing.git("hash-object", "-w", "--stdin", data=said)
            entries = sorted([b".gitmodules", name])
            ids = {b".gitmodules": (b"100644", blob), name: (b"160000", pinned)}
            tree = b"".join(ids[each][0] + b" " + each + b"\0" + bytes.fromhex(ids[each][1]) for each in entries)
            tree_id = self.thing.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=tree)
            commit = self.thing.git("commit-tree", "-m", "odd", tree_id)
            self.thing.git("update-ref", "refs/heads/odd", commit)
            await self.trouble(self.upstreams().open(f"git+{self.thing.url}@{commit}#submodules"))
            self.assertEqual([each for each in self.host.requests if "inner" in each.path], [], name)

    async def test_one_that_is_not_described_is_trouble(self) -> None:
        """A folder that is silently empty would be found out at build time, or never."""
        pinned = self.inner.commit({"x": "1"})
        self.thing.commit({"top": "1"})
        self.thing.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},inner")
        self.thing.git("commit", "--quiet", "--message", "no .gitmodules")
        commit = self.thing.git("rev-parse", "HEAD")
        trouble = await self.trouble(self.upstreams().open(f"git+{self.thing.url}@{commit}#submodules"))
        self.assertIn(".gitmodules", trouble.detail)
