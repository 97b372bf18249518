"""``reqpi mirror``, and a real nginx that serves what it writes: every body is the one that the server sends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

from tests.crates_registry import SparseRegistry
from tests.end_to_end.case import LOCK
from tests.end_to_end.mirror_case import MirrorCase
from tests.end_to_end.server import ROOT, Server
from tests.fake_upstream import build_sdist
from tests.fake_upstream.faults import Trickle
from tests.rust_sdists import GREET, WORDS, maturin_sdist
from tests.upstream.sources import unpacked

COMPARED = ("Cache-Control", "Content-Type", "X-Content-Type-Options", "Content-Security-Policy", "Vary")
JSON = "application/vnd.pypi.simple.v1+json"
ACCEPTED = (
    "",
    "*/*",
    "text/html",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    JSON,
    f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
    f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
    f"{JSON};q=1.0",
    f"{JSON};q=0",
    f"{JSON};q=0, text/html;q=0.1",
    f"{JSON};q=0.5, text/html",
    f"{JSON};q=0.5",
    "application/vnd.pypi.simple.latest+json",
    "Application/VND.pypi.Simple.v1+JSON",
    "application/vnd.pypi.simple.v1+html",
    "application/vnd.pypi.simple.latest+html;q=0.4",
    "application/vnd.pypi.simple.v1+html, text/html",
    f"application/vnd.pypi.simple.v1+html, {JSON}",
    "application/json",
    "image/png",
)


class EveryBodyCase(MirrorCase):
    """The tree against the server, URL by URL."""

    def assert_same(self, path: str, **headers: str) -> None:
        there, theirs = self.get(f"{self.server.url}{path}", **headers)
        here, ours = self.get(f"{self.served_at}{path}", **headers)
        self.assertEqual((here.status, ours), (there.status, theirs), path)
        for name in COMPARED:
            self.assertEqual(here.headers[name], there.headers[name], (path, headers, name))

    def assert_all_same(self, address: str) -> list[str]:
        """Compare every URL of the tree, pages in each form; the URLs."""
        keys = [row[0] for row in self.rows(address)]
        for key in keys:
            if key.endswith("/index.json"):
                page = f"/{key.removesuffix('index.json')}"
                for accept in ACCEPTED:
                    for encoding in ("gzip", "identity"):
                        self.assert_same(page, **{"Accept": accept, "Accept-Encoding": encoding})
            elif key.endswith("requirements.none.txt"):
                self.assert_same(f"/{key.replace('.none', '')}?index=none")
            elif "/env." in key:
                self.assert_same(f"/{key.replace('env.', 'env?shell=')}")
            else:
                self.assert_same(f"/{quote(key)}")
        return [key.removeprefix(f"{address}/") for key in keys]


class EveryBodyTests(EveryBodyCase):
    """Locks of wheels, sdists and sources."""

    def test_every_url_has_the_body_and_the_headers_of_the_server(self) -> None:
        """Pages in each form, files, metadata, exports; errors have the status and the type."""
        address = self.mirrored().split()[0]
        self.serving()
        keys = self.assert_all_same(address)
        wheel = self.files["top"].filename
        self.assertLess({"lock", "files.json", "pylock.toml", "sbom.cdx.json", "sbom.spdx.json"}, set(keys))
        self.assertIn(f"simple/top/{wheel}.metadata", keys)
        for path in ("simple/other/", "simple/top/top-2.0.tar.gz", "simple/pip/", "nothing"):
            self.assert_same_problem(f"/{address}/{path}")
        self.assert_same_problem(f"/{address}/crates/dl/serde/1.0.0/{'c' * 64}.crate")
        self.assert_same_problem(f"/{'b' * 64}/simple/top/")

    def assert_same_problem(self, path: str) -> None:
        there, theirs = self.get(f"{self.server.url}{path}")
        here, ours = self.get(f"{self.served_at}{path}")
        found = [json.loads(body) for body in (ours, theirs)]
        self.assertEqual(*({"status": each["status"], "type": each["type"]} for each in found), path)
        self.assertEqual(here.status, there.status, path)
        self.assertEqual(here.headers["Content-Type"], "application/problem+json", path)
        self.assertEqual(here.headers["Cache-Control"], "no-store", path)

    def test_ranges_and_slashes(self) -> None:
        """A download is resumed with the ETag that nginx has made; a page without a slash leads to the one with it."""
        address = self.mirrored().split()[0]
        self.serving()
        file = self.files["top"]
        url = f"{self.served_at}/{address}/simple/top/{file.filename}"
        whole, body = self.get(url)
        tag = whole.headers["ETag"]
        part, rest = self.get(url, Range="bytes=10-", **{"If-Range": tag})
        self.assertEqual((part.status, rest), (206, body[10:]))
        self.assertEqual(self.get(url, **{"If-None-Match": tag})[0].status, 304)
        for page in ("simple", "simple/top"):
            moved, _ = self.get(f"{self.served_at}/{address}/{page}")
            self.assertEqual((moved.status, moved.headers["Location"]), (301, f"/{address}/{page}/"))

    def test_sources_original_paths_and_several_documents(self) -> None:
        """A lock with a commit and an archive, which is itself included in another document."""
        archive = build_sdist("archived", "1.0")
        url = self.host.archive("download/archived.tar.gz", archive)
        repository = self.host.repository("committed")
        commit = repository.commit(unpacked(build_sdist("committed", "2.0")))
        (self.folder / "more").mkdir()
        more = f"archived @ {url} --hash=sha256:{sha256(archive).hexdigest()}\n"
        (self.folder / "more" / "pins.txt").write_text(more)
        lock = f"{LOCK}committed @ git+{repository.url}@{commit}\n-r more/pins.txt\n"
        address = self.mirrored(lock).split()[0]
        self.serving()
        keys = self.assert_all_same(address)
        self.assertLess({"lock", "lock/more/pins.txt", "lock/requirements.txt"}, set(keys))
        self.assertIn(f"files/{self.host.name}/download/archived.tar.gz", keys)

    def test_a_second_run_repairs_and_a_second_address_shares(self) -> None:
        """A damaged file is fetched again, nothing else is; a file of two locks has one inode."""
        address = self.mirrored().split()[0]
        wheel = Path("simple", "top", self.files["top"].filename)
        (self.tree / address / wheel).unlink()
        (self.tree / address / wheel).write_bytes(b"damaged")
        (self.tree / address / "simple" / "index.html").unlink()
        self.assertIn(" 2 of them new", self.mirrored())
        self.assertIn(" 0 of them new", self.mirrored())
        self.assertEqual((self.tree / address / wheel).read_bytes(), self.files["top"].content)
        other = self.mirrored("top==1.0\n").split()[0]
        self.assertTrue((self.tree / address / wheel).samefile(self.tree / other / wheel))

    def test_a_run_without_a_server_has_the_same_tree(self) -> None:
        """The server is in the process; and the lock is that of an address."""
        address = self.mirrored().split()[0]
        before = self.contents()
        shutil.rmtree(self.tree)
        where = ("-o", str(self.tree), "--served-at", self.served_at)
        self.reqpi("mirror", "--from", address, "--url", self.server.url, *where)
        self.assertEqual(self.contents(), before)
        shutil.rmtree(self.tree)
        self.server.stop()
        self.reqpi("mirror", str(self.folder / "requirements.txt"), "--upstream", self.upstream.url, *where)
        self.assertEqual(self.contents(), before)

    def contents(self) -> dict[str, bytes]:
        """Every file, by its path."""
        files = (path for path in self.tree.rglob("*") if path.is_file())
        return {path.relative_to(self.tree).as_posix(): path.read_bytes() for path in files}

    def test_a_killed_run_leaves_nothing_that_looks_finished(self) -> None:
        """It is killed while a file arrives; the next run goes on with what is there."""
        large = self.upstream.wheel("large", "1.0", files={"large.bin": os.urandom(4 << 20)})
        lock = self.folder / "requirements.txt"
        lock.write_text("large==1.0\ntop==1.0\n")
        address = sha256(lock.read_bytes()).hexdigest()
        work = self.tree / f".{address}.part" / "files"
        self.upstream.fail(large.filename, Trickle(piece=1 << 10, first=2 << 20))  # the rest: four minutes
        command = ("mirror", str(lock), "-o", str(self.tree), "--upstream", self.upstream.url)
        whole = [sys.executable, "-m", "reqpi", *command]
        process = subprocess.Popen(whole, cwd=ROOT, env=self.environ, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        part, small = work / f".{large.sha256}.part", work / self.files["top"].sha256
        end = monotonic() + 240
        while not (small.exists() and part.exists() and part.stat().st_size > 1 << 20):
            self.assertLess(monotonic(), end, "nothing came")
            self.assertIsNone(process.poll(), "it ended by itself")
            sleep(0.02)
        process.kill()
        process.wait()
        self.assertEqual([path.name for path in self.tree.iterdir() if not path.name.startswith(".")], [])
        self.upstream.heal(large.filename)
        self.upstream.forget()
        self.reqpi(*command)
        self.assertEqual((self.tree / address / "simple" / "large" / large.filename).read_bytes(), large.content)
        top = self.files["top"].filename
        self.assertEqual([request for request in self.upstream.asked(top) if request.path.endswith(top)], [])
        self.assertEqual([path.name for path in self.tree.iterdir() if path.name.startswith(".")], [])


class CratesTests(EveryBodyCase):
    """An sdist that needs Rust, and its crates."""

    def setUp(self) -> None:
        self.registry = SparseRegistry(GREET, WORDS)
        self.addCleanup(self.registry.close)
        super().setUp()

    def started(self, *options: str) -> Server:
        """Start a server that asks the registry."""
        own = ("--upstream", self.upstream.url, "--url", self.served_at, "--crates", self.registry.url)
        return super().started(*(options or own))

    def test_the_registry_is_the_one_of_the_server(self) -> None:
        """Its configuration, its index, its crates."""
        sdist = self.upstream.add(maturin_sdist())
        address = self.mirrored(f"shout==1.0 --hash=sha256:{sdist.sha256}\n").split()[0]
        self.serving()
        keys = self.assert_all_same(address)
        crate = f"crates/dl/made-words/1.0.2/{WORDS.sha256}.crate"
        self.assertLess({crate, "crates/ma/de/made-words", "crates/config.json", "cargo/config.toml"}, set(keys))
        missing, body = self.get(f"{self.served_at}/{address}/crates/se/rd/serde")
        self.assertEqual((missing.status, json.loads(body)["status"]), (403, 403))
