"""A malicious server: it has other crates than those that the Cargo.lock of an sdist names."""

from __future__ import annotations

import json
from shutil import rmtree
from typing import Any

from tests.attacks.case import ServerCase
from tests.attacks.lying_server import LyingServer
from tests.crates_registry import MadeCrate, build_crate, crate_of_members
from tests.rust_sdists import GREET, WORDS, maturin_sdist

SDIST = maturin_sdist()
LAYOUTS = ("vendored", "local-registry")
COMMANDS = ("fetch", "fetch --source")


class CratesCase(ServerCase):
    """A server with one sdist, and with the crates of its Cargo.lock."""

    document = f"shout==1.0 --hash=sha256:{SDIST.sha256}\n".encode()

    def begin(self, document: bytes, *crates: MadeCrate, sdist: bytes = SDIST.content) -> None:
        """Start a server with one sdist, and with the crates of its Cargo.lock."""
        super().begin(document)
        self.liar = LyingServer(document, {SDIST.filename: sdist})
        self.addCleanup(self.liar.close)
        for crate in crates or (GREET, WORDS):
            self.send(crate, crate.content)

    def send(self, crate: MadeCrate, content: bytes) -> None:
        """Send these bytes as a crate."""
        path = f"/{self.liar.address}/crates/dl/{crate.name}/{crate.version}/{crate.sha256}.crate"
        self.liar.says(path, 200, content, "application/octet-stream")

    def fetched(self, command: str, layout: str) -> tuple[int, str]:
        return self.reqpi(*self.command(command), "--crates-layout", layout)


class CrateTests(CratesCase):
    """The client reads the Cargo.lock of the sdist that it has verified."""

    def test_the_truth_is_accepted(self) -> None:
        for command in COMMANDS:
            for layout in LAYOUTS:
                status, err = self.fetched(command, layout)
                self.assertEqual(status, 0, err)
                self.assertIn("2 crates", err)
                self.assertIn("out/.cargo/config.toml", self.left())
        self.check_sbom(json.loads((self.folder / "out" / "bom.json").read_bytes()))

    def check_sbom(self, bom: dict[str, Any]) -> None:
        """Both crates are components with Hermeto's purls and annotation, and the sdist needs the first of them."""
        words, greet = (f"pkg:cargo/{each.name}@{each.version}?checksum={each.sha256}" for each in (WORDS, GREET))
        purls = {each["purl"] for each in bom["components"] if each["purl"].startswith("pkg:cargo/")}
        self.assertEqual(purls, {words, greet})
        named = {each["text"]: set(each["subjects"]) for each in bom["annotations"]}
        self.assertEqual(named["hermeto:backend:cargo"], {words, greet})
        needed = {each["ref"]: set(each.get("dependsOn", ())) for each in bom["dependencies"]}
        self.assertIn(greet, needed["pkg:pypi/shout@1.0"])
        self.assertEqual(needed[greet], {words})

    def test_other_bytes(self) -> None:
        """The server sends a crate with other bytes, of the same name and version."""
        self.send(WORDS, build_crate("made-words", "1.0.2", source="pub fn words() -> u8 { evil() }").content)
        for command in COMMANDS:
            for layout in LAYOUTS:
                status, err = self.fetched(command, layout)
                self.assertEqual((status, self.left()), (3, set()), err)
                self.assertIn(f"wrong bytes for {WORDS.filename}", err)

    def test_a_missing_crate(self) -> None:
        """The server has no such crate."""
        self.liar.says(f"/{self.liar.address}/crates/dl/made-words/1.0.2/{WORDS.sha256}.crate", 410, b"no")
        for layout in LAYOUTS:
            status, err = self.fetched("fetch", layout)
            self.assertEqual(status, 3, err)
            self.assertIn(f"missing: {WORDS.filename}", err)
            self.assertFalse((self.folder / "out" / ".cargo").exists())


class HostileCrateTests(CratesCase):
    """The author of an sdist: its Cargo.lock names crates that do harm when they are unpacked."""

    def pinned(self, *members: tuple[str, bytes]) -> None:
        """Start a server for an sdist that pins a crate with these members."""
        rmtree(self.folder / "out", ignore_errors=True)
        evil = MadeCrate("evil", "1.0.0", crate_of_members(("evil-1.0.0/Cargo.toml", b""), *members))
        sdist = maturin_sdist(crates=(evil,))
        self.begin(f"shout==1.0 --hash=sha256:{sdist.sha256}\n".encode(), evil, sdist=sdist.content)

    def test_a_crate_with_a_path_that_leads_out(self) -> None:
        """The crate has members with .., an absolute path, or another top folder."""
        for path in ("evil-1.0.0/../../../evil", "/tmp/evil", "other/evil", "evil-1.0.0/a/../../b"):
            self.pinned((path, b"evil"))
            for layout in LAYOUTS:
                status, err = self.fetched("fetch", layout)
                self.assertEqual(status, 3, err)
                self.assertIn("evil-1.0.0.crate cannot be unpacked", err)
                self.assertFalse((self.folder / "out" / ".cargo").exists())
                self.assertFalse(list(self.folder.parent.glob("**/evil")))

    def test_a_crate_that_writes_its_own_checksums(self) -> None:
        """The crate has a .cargo-checksum.json, which names other digests."""
        self.pinned(("evil-1.0.0/.cargo-checksum.json", b'{"files":{},"package":"0"}'))
        status, err = self.fetched("fetch", "vendored")
        self.assertEqual(status, 0, err)
        sums = json.loads((self.folder / "out/deps/cargo/evil-1.0.0/.cargo-checksum.json").read_bytes())
        self.assertEqual(len(sums["package"]), 64)
