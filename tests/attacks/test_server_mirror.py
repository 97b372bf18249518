"""A malicious server: ``reqpi mirror`` writes what the lock admits, below its folder, and nothing else."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import evolve

from reqpi.core.model import File
from tests.attacks.case import CONTENTS, OPEN_LOCK, ServerCase, hashed
from tests.attacks.test_server_crates import CratesCase
from tests.attacks.test_server_lists import EVIL, LIES, WHEEL, adds_a_version, adds_setuptools, leaves_out_a_pin
from tests.crates_registry import MadeCrate, build_crate
from tests.distributions import digest_of
from tests.rust_sdists import GREET, WORDS

SDIST = "six-1.0.tar.gz"


class MirrorCase(ServerCase):
    """A server whose tree is written to ``tree``."""

    def mirror(self, *options: str) -> tuple[int, str]:
        return self.reqpi("mirror", "requirements.txt", "-o", "tree", "--url", self.liar.url, *options)

    def written(self) -> None:
        """Write the tree while the server tells the truth."""
        status, err = self.mirror()
        self.assertEqual(status, 0, err)

    @property
    def top(self) -> Path:
        """The folder of the address."""
        return self.folder / "tree" / self.liar.address

    def contents(self) -> dict[str, bytes]:
        """Every file in the folder of the address, by its path."""
        files = (path for path in self.top.rglob("*") if not path.is_dir())
        return {path.relative_to(self.top).as_posix(): path.read_bytes() for path in files}

    def assert_nothing(self, outcome: tuple[int, str], text: str) -> None:
        """Check that the server was refused, and that nothing was written."""
        status, err = outcome
        self.assertEqual((status, self.left()), (3, set()), err)
        self.assertIn(text, err)


class MirrorTests(MirrorCase):
    """A server that tells the truth until a test changes that."""

    def test_the_truth_is_accepted(self) -> None:
        """The same server without a lie."""
        self.written()
        files = self.contents()
        self.assertEqual(files["lock"], hashed("sha256"))
        self.assertEqual({name: files[f"simple/{name.partition('-')[0]}/{name}"] for name in CONTENTS}, CONTENTS)

    def test_every_lie_about_the_list(self) -> None:
        """The server adds, replaces, repeats and leaves out files."""
        for lie in LIES:
            self.begin(hashed("sha256"))
            named = lie(self.liar)
            self.liar.speak()
            self.assert_nothing(self.mirror(), named)
        for lie in (adds_setuptools, adds_a_version, leaves_out_a_pin):
            self.begin(OPEN_LOCK)
            named = lie(self.liar)
            self.liar.speak()
            self.assert_nothing(self.mirror(), named)

    def test_other_bytes(self) -> None:
        """The server lists the right digest, and sends other bytes."""
        self.liar.contents[WHEEL] = EVIL
        self.liar.speak()
        self.assert_nothing(self.mirror(), f"wrong bytes for {WHEEL}")

    def test_a_sha512_that_is_claimed_for_other_bytes(self) -> None:
        """The server pairs the lock's sha512 with the sha256 of its own bytes."""
        self.begin(hashed("sha512"))
        lying = frozenset({digest_of(EVIL), digest_of(CONTENTS[WHEEL], "sha512")})
        self.liar.contents[WHEEL] = EVIL
        self.liar.change("six", lambda file: evolve(file, digests=lying, size=len(EVIL)) if file.wheel else file)
        self.liar.speak()
        self.assert_nothing(self.mirror(), f"wrong bytes for {WHEEL}")

    def test_a_tree_stays_as_it_is(self) -> None:
        """The server was honest, and is not any more: neither its list nor its bytes change what is there."""
        self.written()
        before = self.contents()
        self.liar.contents[WHEEL] = EVIL
        adds_setuptools(self.liar)
        self.liar.speak()
        self.assertEqual(self.mirror()[0], 3)
        self.assertEqual(self.contents(), before)

    def test_bytes_that_replace_a_damaged_file_are_verified(self) -> None:
        """A file is damaged, and the server sends its own bytes in place of it."""
        self.written()
        (self.top / "simple" / "six" / WHEEL).write_bytes(b"damaged")
        self.liar.contents[WHEEL] = EVIL
        self.liar.speak()
        status, err = self.mirror()
        self.assertEqual(status, 3, err)
        self.assertEqual(self.contents()[f"simple/six/{WHEEL}"], b"damaged")

    def test_original_paths_that_lead_out(self) -> None:
        """The server says that files come from URLs whose paths lead out of the folder, or are no names of files."""
        for path in (
            "../../../../evil",
            "a/%2e%2e/%2e%2e/%2e%2e/%2e%2e/evil",
            "%2e%2e/%2e%2e/%2e%2e/%2e%2e/evil",
            "a/..%2f..%2f..%2f..%2fevil",
            "%2fetc/evil",
            "a%00b/evil",
            "a%0ab/evil",
            f"{'x' * 300}/evil",
            "..%5c..%5cevil",
        ):
            self.begin(hashed("sha256"))
            self.liar.change("six", lambda file, path=path: evolve(file, url=f"https://files.example.org/{path}"))  # type: ignore[misc]
            self.liar.speak()
            status, err = self.mirror()
            self.assertEqual(status, 0, (path, err))
            inside = [name for name in self.contents() if "evil" in name]
            self.assertEqual(inside, [], path)
            self.assertEqual(list(self.folder.parent.rglob("evil*")), [], path)

    def test_an_original_path_in_place_of_another_file(self) -> None:
        """The server says that a file comes from the URL at which the lock has another one."""
        url = f"https://files.example.org/{WHEEL}"
        self.begin(hashed("sha256") + f"# {url}\n".encode())
        self.liar.change("idna", lambda file: evolve(file, url=url))
        self.liar.speak()
        self.written()
        self.assertEqual(self.contents()[f"files/files.example.org/{WHEEL}"], CONTENTS[WHEEL])

    def test_a_component_that_the_lock_does_not_pin(self) -> None:
        """The server adds a component to the SBOM, which is made here."""

        def add(document: dict[str, Any]) -> None:
            document["components"].append({**document["components"][0], "name": "evil", "purl": "pkg:pypi/evil@1.0"})

        self.liar.send_sbom(add)
        self.written()
        self.assertNotIn(b"evil", self.contents()["sbom.cdx.json"])

    def test_the_provenance_of_another_file(self) -> None:
        """The server sends a provenance object that is not about the file."""

        def offer(file: File) -> File:
            return evolve(file, provenance="https://files.example.org/provenance")

        self.liar.change("idna", offer)
        self.liar.speak()
        name = self.liar.pages["idna"].files[0].filename  # type: ignore[index]
        self.liar.says(f"/{self.liar.address}/simple/idna/{name}.provenance", 200, {"version": 1})
        self.assertEqual(self.mirror()[0], 3)
        self.assertFalse(self.top.exists())

    def test_another_lock_for_an_address(self) -> None:
        """The server sends another lock for the address that the user names."""
        self.liar.says(f"/{self.liar.address}/lock", 200, b"evil==1.0\n", "text/plain")
        status, err = self.reqpi("mirror", "--from", self.liar.address, "-o", "tree", "--url", self.liar.url)
        self.assertEqual((status, self.left()), (4, set()), err)


class DiskTests(MirrorCase):
    """Someone has changed the folder between two runs."""

    def test_a_byte_that_has_changed(self) -> None:
        """A file has the same size and date, and one other byte."""
        self.written()
        before = self.contents()
        for path in self.top.rglob("*"):
            if path.is_file():
                date, data = path.stat().st_mtime, path.read_bytes()
                path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
                self.assertEqual(len(data), path.stat().st_size)
                os.utime(path, (date, date))
        self.written()
        self.assertEqual(self.contents(), before)

    def test_a_file_that_the_lock_does_not_admit(self) -> None:
        """A wheel was put next to the others, and a page next to the pages."""
        self.written()
        before = self.contents()
        (self.top / "simple" / "six" / "six-9.9-py3-none-any.whl").write_bytes(EVIL)
        (self.top / "simple" / "evil").mkdir()
        (self.top / "simple" / "evil" / "index.html").write_bytes(b"evil")
        (self.top / "index.html").symlink_to("/etc/passwd")
        self.written()
        self.assertEqual(self.contents(), before)

    def test_links_are_replaced_and_not_followed(self) -> None:
        """Files and folders of the tree were replaced by links that lead out."""
        self.written()
        before = self.contents()
        outside = self.folder / "outside"
        outside.mkdir()
        (outside / WHEEL).write_bytes(b"mine")
        wheel = self.top / "simple" / "six" / WHEEL
        wheel.unlink()
        wheel.symlink_to(outside / WHEEL)
        (self.top / "simple" / "idna").rename(self.folder / "moved")
        (self.top / "simple" / "idna").symlink_to(outside)
        self.written()
        self.assertEqual(self.contents(), before)
        self.assertFalse(wheel.is_symlink())
        self.assertEqual({path.name: path.read_bytes() for path in outside.iterdir()}, {WHEEL: b"mine"})

    def test_the_folder_of_an_address_is_a_link(self) -> None:
        """The folder leads elsewhere: it is not written through."""
        outside = self.folder / "outside"
        outside.mkdir()
        self.top.parent.mkdir()
        for name in (self.liar.address, f".{self.liar.address}.part"):
            self.top.parent.joinpath(name).symlink_to(outside)
            status, err = self.mirror()
            self.assertEqual(status, 2, err)
            self.assertIn("is not a folder", err)
            self.top.parent.joinpath(name).unlink()
        self.assertEqual(list(outside.iterdir()), [])

    def test_a_file_of_another_address_is_verified_too(self) -> None:
        """The tree of another address has a file of the right name with other bytes: it is not shared."""
        other = self.folder / "tree" / ("a" * 64) / "simple" / "six"
        other.mkdir(parents=True)
        (other / WHEEL).write_bytes(EVIL)
        self.written()
        self.assertEqual(self.contents()[f"simple/six/{WHEEL}"], CONTENTS[WHEEL])
        self.assertEqual((other / WHEEL).read_bytes(), EVIL)

    def test_partial_files_of_an_earlier_run_are_verified(self) -> None:
        """What an interrupted run has left was changed."""
        work = self.folder / "tree" / f".{self.liar.address}.part"
        (work / "files").mkdir(parents=True)
        (work / "tree" / "simple" / "six").mkdir(parents=True)
        digest = sha256(CONTENTS[WHEEL]).hexdigest()
        (work / "files" / digest).write_bytes(EVIL)
        (work / "files" / f".{digest}.part").write_bytes(EVIL[:10])
        (work / "tree" / "simple" / "six" / WHEEL).write_bytes(EVIL)
        (work / "tree" / "evil").write_bytes(EVIL)
        self.written()
        self.assertEqual(self.contents()[f"simple/six/{WHEEL}"], CONTENTS[WHEEL])
        self.assertNotIn("evil", self.contents())
        self.assertFalse(work.exists())


class CrateTests(CratesCase):
    """A server with an sdist that needs crates."""

    def lines(self, *crates: MadeCrate) -> None:
        """Send the lines of the index of each crate, one file for each name."""
        for crate in crates:
            name = crate.name
            path = f"/{self.liar.address}/crates/{name[:2]}/{name[2:4]}/{name}"
            self.liar.says(path, 200, b"".join(each.line for each in crates if each.name == name), "text/plain")

    def mirror(self) -> tuple[int, str]:
        return self.reqpi("mirror", "requirements.txt", "-o", "tree", "--url", self.liar.url)

    def test_the_truth_is_accepted(self) -> None:
        self.lines(GREET, WORDS)
        status, err = self.mirror()
        self.assertEqual(status, 0, err)
        crate = self.folder / "tree" / self.liar.address / f"crates/dl/made-words/1.0.2/{WORDS.sha256}.crate"
        self.assertEqual(crate.read_bytes(), WORDS.content)

    def test_a_line_that_no_cargo_lock_admits(self) -> None:
        """The server adds a release to the index of a crate, which cargo could choose."""
        self.lines(GREET, WORDS, build_crate("made-words", "9.0.0"))
        status, err = self.mirror()
        self.assertEqual((status, self.left() & {"tree"}), (3, set()), err)
        self.assertIn("no Cargo.lock admits this line", err)
        self.assertFalse((self.folder / "tree" / self.liar.address).exists())

    def test_other_bytes_for_a_crate(self) -> None:
        """The server sends other bytes for a crate."""
        self.lines(GREET, WORDS)
        self.send(WORDS, build_crate("made-words", "1.0.2", source="evil").content)
        status, err = self.mirror()
        self.assertEqual(status, 3, err)
        self.assertIn(f"wrong bytes for {WORDS.filename}", err)
        self.assertFalse((self.folder / "tree" / self.liar.address).exists())
