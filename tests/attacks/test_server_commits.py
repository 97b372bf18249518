"""A malicious server: it sends another commit than the one from which a Cargo.lock takes crates."""

from __future__ import annotations

import io
import json
import tarfile
from hashlib import sha256
from typing import Any

from reqpi.core.crates.commits import CrateCommit
from tests.attacks.test_server_crates import COMMANDS, LAYOUTS, CratesCase
from tests.git_crates import WORKSPACE, git_lock, git_sdist
from tests.rust_sdists import WORDS, maturin_sdist

URL, ID = "https://git.example.org/greetings.git", "7" * 40
COMMIT = CrateCommit(URL, ID)

Member = tuple[str, bytes | str]
"""A path, and the content of a file or the target of a link."""


def archive_of(*members: Member, commit: str = ID) -> bytes:
    """Return the archive of a commit, as git writes it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", pax_headers={"comment": commit} if commit else {}) as archive:
        for path, content in members:
            member = tarfile.TarInfo(path)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def workspace(*more: Member) -> list[Member]:
    """Return the members of an archive of the workspace."""
    files = {**WORKSPACE, "crates/loud/src/mark.txt": "!\n"}
    return [(f"greetings-{ID}/{path}", text.encode()) for path, text in files.items()] + list(more)


class CommitCase(CratesCase):
    """A server with one sdist, whose Cargo.lock takes crates from a commit."""

    def setUp(self) -> None:
        super().setUp()
        self.start(git_sdist(URL, ID).content)
        self.archive(archive_of(*workspace()))

    def start(self, sdist: bytes) -> None:
        """Start a server for this sdist."""
        self.begin(f"shout==1.0 --hash=sha256:{sha256(sdist).hexdigest()}\n".encode(), WORDS, sdist=sdist)

    def archive(self, content: bytes, **said: Any) -> None:
        """Send this archive for the commit."""
        place = f"/{self.liar.address}/crates/git/{COMMIT.key}/{ID}"
        listed = {"filename": COMMIT.filename, "sha256": sha256(content).hexdigest(), "size": len(content)} | said
        self.liar.says(f"{place}.json", 200, listed, "application/json")
        self.liar.says(f"{place}.tar.gz", 200, content, "application/gzip")

    def refused(self, words: str) -> None:
        """Check that every command refuses what the server sends, and leaves nothing."""
        for command in COMMANDS:
            for layout in LAYOUTS:
                status, err = self.fetched(command, layout)
                self.assertEqual(status, 3, err)
                self.assertIn(words, err)
                self.assertFalse((self.folder / "out" / ".cargo").exists())
                self.assertFalse((self.folder / "out" / "deps" / "cargo").exists())


class SwappedCommitTests(CommitCase):
    """The client knows the commit from the sdist that it has verified."""

    def test_the_truth_is_accepted(self) -> None:
        for command in COMMANDS:
            for layout, place in zip(LAYOUTS, ("cargo", "cargo/git"), strict=True):
                status, err = self.fetched(command, layout)
                self.assertEqual(status, 0, err)
                crate = self.folder / "out/deps" / place / "made_greet-0.4.0"
                self.assertIn('version = "0.4.0"', (crate / "Cargo.toml").read_text())
        bom = json.loads((self.folder / "out/bom.json").read_bytes())
        purl = f"pkg:cargo/loud@2.0.0?vcs_url=git%2B{URL}%40{ID}"
        self.assertIn(purl, {each["purl"] for each in bom["components"]})

    def test_the_archive_of_another_commit(self) -> None:
        """The server sends a commit that someone else pushed, with its true digest; or one that names none."""
        for commit in ("8" * 40, ""):
            self.archive(archive_of(*workspace(), commit=commit))
            self.refused("It is the archive of another commit")

    def test_other_bytes_than_the_server_has_frozen(self) -> None:
        """The server states the digest of the first fetch, and sends what the commit is now."""
        self.archive(archive_of(*workspace()), sha256="0" * 64)
        self.refused(f"wrong bytes for {COMMIT.filename}")

    def test_a_digest_that_is_none(self) -> None:
        """The server states something else in its place, which would be part of a path."""
        for said in ("", "../../x", 7, None):
            self.archive(archive_of(*workspace()), sha256=said)
            self.refused("states no digest")

    def test_a_commit_without_the_crate(self) -> None:
        """The repository has a crate of another version, of another name, or none."""
        for change in (('version = "0.4.0"', 'version = "0.4.1"'), ("made_greet", "made_other")):
            self.archive(archive_of(*((path, _text(data).replace(*change).encode()) for path, data in workspace())))
            self.refused("made_greet 0.4.0")
        self.archive(archive_of((f"greetings-{ID}/README", b"")))
        self.refused("cannot be used")

    def test_an_archive_that_is_none(self) -> None:
        for content in (b"", b"\x1f\x8b", b"<html>"):
            self.archive(content)
            self.refused("broken archive")


class HostileRepositoryTests(CommitCase):
    """The author of a repository: its files do harm when they are unpacked."""

    def test_links_that_lead_outside(self) -> None:
        """A crate would have a secret of the user in it, or write through a link."""
        secret = self.folder / "secret"
        secret.write_text("secret")
        top = f"greetings-{ID}"
        loud = f"{top}/crates/loud"
        for links in (
            [(f"{loud}/leak", str(secret))],
            [(f"{loud}/leak", "../" * 9 + str(secret)[1:])],
            [(f"{loud}/a", "../.."), (f"{loud}/leak", "a/../../../../secret")],
            [(f"{loud}/leak", str(self.folder))],
        ):
            self.archive(archive_of(*workspace(*links)))
            status, err = self.fetched("fetch", "vendored")
            self.assertEqual(status, 0, err)
            self.assertIn("left out: loud-2.0.0/leak", err)
            found = [path for path in (self.folder / "out").rglob("*") if path.is_file()]
            self.assertFalse([path for path in found if b"secret" in path.read_bytes()])
            self.assertFalse([path for path in (self.folder / "out").rglob("*") if path.is_symlink()])

    def test_links_that_have_no_end(self) -> None:
        """Folders show each other, so that a copy of all paths would fill the disk."""
        loud = f"greetings-{ID}/crates/loud"
        links = [(f"{loud}/d{number}/{name}", f"../d{number + 1}") for number in range(40) for name in "ab"]
        self.archive(archive_of(*workspace(*links, (f"{loud}/d40/x", b"x"))))
        status, err = self.fetched("fetch", "vendored")
        self.assertEqual((status, "through more than 1000 links" in err), (3, True), err)
        self.archive(archive_of(*workspace((f"{loud}/again", "."), (f"{loud}/top", "../.."))))
        status, err = self.fetched("fetch", "vendored")
        self.assertEqual(status, 0, err)
        self.assertIn("left out: loud-2.0.0/again", err)

    def test_paths_that_lead_outside(self) -> None:
        """Members have .., or an absolute path."""
        for path in (f"greetings-{ID}/../../evil", "/tmp/evil", f"greetings-{ID}/crates/../../../evil"):
            self.archive(archive_of(*workspace((path, b"evil"))))
            self.fetched("fetch", "vendored")
            self.assertFalse(list(self.folder.parent.glob("**/evil")))

    def test_a_workspace_outside_the_repository(self) -> None:
        """The crate would inherit from a file of the user."""
        (self.folder / "Cargo.toml").write_text('[workspace.package]\nversion = "0.4.0"\n')
        manifest = '[package]\nname = "made_greet"\nversion.workspace = true\nworkspace = "../../../../../.."\n'
        files = [(path, data) for path, data in workspace() if "greet/Cargo" not in path]
        self.archive(archive_of(*files, (f"greetings-{ID}/crates/greet/Cargo.toml", manifest.encode())))
        self.refused("there is none")

    def test_manifests_of_any_form(self) -> None:
        """No traceback, whatever a Cargo.toml is."""
        for manifest in (
            b"\xff",
            b"a = [" * 5000,
            b'package = "made_greet"',
            b'package.name = "made_greet"\npackage.version = 7',
            b'package.name = "made_greet"\npackage.version.workspace = true\ndependencies = 7',
            b'package.name = "made_greet"\npackage.version.workspace = true\ntarget.x = 7',
            b'package.name = "made_greet"\npackage.version.workspace = true\nlints = 7\n[dependencies.loud]\n'
            b"workspace = true\nfeatures = 7",
        ):
            files = [(path, data) for path, data in workspace() if "greet/Cargo" not in path]
            self.archive(archive_of(*files, (f"greetings-{ID}/crates/greet/Cargo.toml", manifest)))
            self.refused("made_greet 0.4.0")

    def test_a_decoy_nearer_to_the_top(self) -> None:
        """A manifest that is found first has the name of the crate, and cannot be used."""
        top = f"greetings-{ID}"
        for decoy in (
            b'[package]\nname = "made_greet"\nversion.workspace = true\nworkspace = "nowhere"\n',
            b'[package]\nname = "made_greet"\nversion = "0.4.0"\n[lints]\nworkspace = true\n',
            b'package.name = "made_greet"\npackage.version = "0.4.0"\ntarget.x = 7\nlints.workspace = true',
            b"a = [" * 5000,
            b"#" * (4 << 20) + b"\n",
        ):
            self.archive(archive_of((f"{top}/a/Cargo.toml", decoy), *workspace()))
            status, err = self.fetched("fetch", "vendored")
            self.assertEqual(status, 0, err)
            self.assertTrue((self.folder / "out/deps/cargo/made_greet-0.4.0/src/lib.rs").is_file())
        self.archive(archive_of((f"{top}/a/Cargo.toml", "nowhere"), *workspace()))
        status, err = self.fetched("fetch", "vendored")
        self.assertEqual(status, 0, err)

    def test_a_crate_that_writes_its_own_checksums(self) -> None:
        """The repository has a .cargo-checksum.json, which names other digests."""
        evil = (f"greetings-{ID}/crates/loud/.cargo-checksum.json", b'{"files":{},"package":"0"}')
        self.archive(archive_of(*workspace(evil)))
        status, err = self.fetched("fetch", "vendored")
        self.assertEqual(status, 0, err)
        sums = json.loads((self.folder / "out/deps/cargo/loud-2.0.0/.cargo-checksum.json").read_bytes())
        self.assertIsNone(sums["package"])
        self.assertIn("src/lib.rs", sums["files"])

    def test_two_crates_with_one_name(self) -> None:
        """A crate of a registry would be replaced by one of a repository, which has no digest."""
        lock = git_lock(URL, ID).replace(
            'name = "loud"\nversion = "2.0.0"', f'name = "made-words"\nversion = "{WORDS.version}"'
        )
        self.start(maturin_sdist(lock=lock).content)
        self.archive(archive_of(*workspace()))
        status, err = self.fetched("fetch", "vendored")
        self.assertEqual(status, 2, err)
        self.assertIn(f"two different crates are named made-words-{WORDS.version}", err)


def _text(data: bytes | str) -> str:
    return data.decode() if isinstance(data, bytes) else data
