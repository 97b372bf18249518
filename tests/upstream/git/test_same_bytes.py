"""The bytes of an archive depend on the commit alone: its digest can be pinned."""

from __future__ import annotations

import os
from hashlib import sha256

from tests.upstream.git.archival import ARCHIVAL
from tests.upstream.sources import SourceCase, unpacked

KNOWN_COMMIT = "4e846d59f16902ad6e6f9af532c1edfa13ec0332"
KNOWN_SHA256 = "e8415069230f2f74274383907df8ec3a671ede60a44f6320965d3266fc27a514"


class SameBytesTests(SourceCase):
    """The bytes depend on the commit alone."""

    async def test_of_two_hosts(self) -> None:
        """One has tags, branches, notes, and more history on top; a name that ends in .git is the same name."""
        one, other = self.host.repository("thing"), self.a_host()
        two = other.repository("thing.git")
        one.commit({"a": "0"})
        commit = one.commit({"a": "1", **ARCHIVAL})
        self.assertEqual((two.commit({"a": "0"}), two.commit({"a": "1", **ARCHIVAL}))[1], commit)
        two.commit({"a": "2"})
        two.git("tag", "v1", commit)
        two.git("notes", "add", "-m", "noted", commit)
        two.git("gc", "--quiet")
        upstreams = self.upstreams(self.host, other)
        first = await self.bytes_of(upstreams, f"git+{one.url}@{commit}")
        self.assertEqual(await self.bytes_of(upstreams, f"git+{two.url}@{commit}"), first)
        said = unpacked(first)[f"thing-{commit}/.git_archival.txt"]
        assert isinstance(said, bytes)
        lines = dict(line.split(": ", 1) for line in said.decode().splitlines())
        parent = one.git("rev-parse", f"{commit}^")
        self.assertEqual((lines["H"], lines["h"], lines["P"], lines["p"]), (commit, commit, parent, parent))
        self.assertEqual((lines["d"], lines["D"], lines["(describe)"]), ("", "", ""))
        self.assertEqual(lines["ar"], "in the future")

    async def test_of_a_machine_with_settings_of_its_own(self) -> None:
        """Of git, in every place where it looks for them."""
        thing = self.host.repository("thing")
        commit = thing.commit({"a.txt": "1\n", ".gitattributes": "*.txt text\n"})
        plain = await self.bytes_of(self.upstreams(), f"git+{thing.url}@{commit}")
        home = self.folder()
        (home / ".gitconfig").write_text("[core]\nautocrlf = true\neol = crlf\n[tar]\numask = 0077\n")
        self.patch(os, "environ", {**os.environ, "HOME": str(home), "GIT_DIR": "/nowhere", "TZ": "Asia/Tokyo"})
        self.assertEqual(await self.bytes_of(self.upstreams(), f"git+{thing.url}@{commit}"), plain)

    async def test_are_known(self) -> None:
        """A later git, Python or zlib that changes the bytes fails here: digests in locks would be wrong."""
        thing = self.host.repository("thing")
        commit = thing.commit({"a": "1\n"})
        data = await self.bytes_of(self.upstreams(), f"git+{thing.url}@{commit}")
        self.assertEqual(commit, KNOWN_COMMIT)
        self.assertEqual(sha256(data).hexdigest(), KNOWN_SHA256)
