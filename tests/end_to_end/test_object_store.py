"""Real clients, real servers, and a real object store between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest

from tests.end_to_end import clients
from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.server import ROOT, Server
from tests.fake_upstream.faults import Drip
from tests.nginx import Nginx
from tests.seaweed import SeaweedFS
from tests.seaweed_cluster import SeaweedCluster


class ObjectStoreCase(EndToEnd):
    """A server whose store is in SeaweedFS."""

    def setUp(self) -> None:
        from tempfile import TemporaryDirectory

        short = TemporaryDirectory(dir="/tmp")
        self.addCleanup(short.cleanup)
        self.options = self.store_options(Path(short.name))
        super().setUp()

    def store_options(self, folder: Path) -> list[str]:
        """Start the object store; the options of a server for it."""
        self.seaweed = SeaweedFS(folder)
        self.addCleanup(self.seaweed.stop)
        self.seaweed.start()
        return words(self.seaweed.options)

    def started(self, *options: str) -> Server:
        server = Server(
            SeaweedFS.url, *self.options, *(options or ("--upstream", self.upstream.url)), folder=self.folder
        )
        self.addCleanup(server.stop)
        return server

    def installed(self, client: str, index: str, folder: str, *projects: str, **environ: str) -> clients.Done:
        """Install what is in :data:`LOCK`, with pip or with uv."""
        pip, uv = clients.environment("pip", "pip"), clients.environment("uv", "uv")
        if client == "pip":
            command = [pip / "python", "-m", "pip", "install", "--no-cache-dir", "--no-build-isolation", "--index-url"]
        else:
            command = [uv / "uv", "pip", "install", "--no-cache", "--python", pip / "python", "--default-index"]
        return clients.run(
            [*command, index, "--target", folder, *(projects or ("top",))],
            self.folder,
            {"PIP_CONFIG_FILE": "/dev/null", "PIP_TIMEOUT": "30"} | environ,
        )

    def assert_installed(self, folder: str) -> None:
        found = {path.name for path in (self.folder / folder).glob("*.py")}
        self.assertEqual(found, {"top.py", "mid.py", "source.py"})

    def verify(self) -> dict[str, object]:
        command = [sys.executable, "-m", "reqpi", "verify", "--json", "--store", SeaweedFS.url, *self.options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found: dict[str, object] = json.loads(done.stdout)
        return found

    def hold(self, url: str) -> None:
        """Have all of ``requirements.txt`` held by the server at ``url``."""
        command = [sys.executable, "-m", "reqpi", "gethash", "--hold", "--url", url, "requirements.txt"]
        done = clients.run(command, self.folder, {"PYTHONPATH": str(ROOT)})
        self.assertEqual(done.status, 0, done.said)


def words(options: Mapping[str, str]) -> list[str]:
    """Options of an object store, for a command line."""
    return [word for pair in options.items() for word in ("--store-option", "=".join(pair))]


@pytest.mark.clients
@pytest.mark.figures
class ObjectStoreTests(ObjectStoreCase):
    """``--store s3://…``."""

    def test_what_one_server_kept_another_serves(self) -> None:
        """With the upstream gone, and nothing on this machine's disk."""
        self.assertEqual(self.installed("pip", self.committed(), "first").status, 0)
        self.assert_installed("first")
        self.server.stop()
        self.upstream.close()
        self.server = self.started("--offline")
        done = self.installed("uv", self.committed(), "second")
        self.assertEqual(done.status, 0, done.said)
        self.assert_installed("second")
        self.assertEqual(self.verify()["damages"], [])

    def test_a_sweep_takes_what_nobody_uses(self) -> None:
        """From a machine that has nothing but the URL; first it says what would go."""
        index = self.committed()
        self.served(f"{index}top/{self.files['top'].filename}")
        command = [sys.executable, "-m", "reqpi", "sweep", "--max-age", "0", "--store", SeaweedFS.url, *self.options]
        said = []
        for options in (["--dry-run"], []):
            done = clients.run([*command, *options], self.folder, {"PYTHONPATH": str(ROOT)})
            self.assertEqual(done.status, 0, done.said)
            said.append(done.said)
        self.assertTrue(said[0].startswith("would remove 1 lock and "), said)
        # What came within the last hour stays: a page that names it may just be in the making.
        self.assertEqual(said[1], "removed 1 lock and 0 files of 0 bytes\n")
        self.assertEqual(self.verify()["locks"], 0)

    def test_what_an_operator_decides_reaches_servers_with_the_key_of_the_store(self) -> None:
        """From a machine that has nothing but the URL and the key."""
        key = self.folder / "key"
        key.write_text("k" * 64)
        key.chmod(0o600)
        self.server.stop()
        online = ("--upstream", self.upstream.url, "--record-key", str(key))
        self.server = self.started(*online)
        other = self.started(*online, "--cache", str(self.folder / "cache"))
        page = f"{self.committed()}top/"
        pages = [page, page.replace(self.server.url, other.url)]
        file = self.files["top"].filename
        for url in pages:
            self.assertIn(file, self.served(url).decode())
        address = urlsplit(page).path.split("/")[1]

        def operate(*words: str, status: int = 0, key: Path | None = key) -> str:
            command = [sys.executable, "-m", "reqpi", *words, "--store", SeaweedFS.url, *self.options]
            environ = {"PYTHONPATH": str(ROOT)} | ({} if key is None else {"REQPI_RECORD_KEY": str(key)})
            done = clients.run(command, self.folder, environ)
            self.assertEqual(done.status, status, done.said)
            return done.said

        operate("deny", "top", "--because", "it mines coins")
        for url in pages:
            self.assertIn("it mines coins", self.gone(url))
        self.assertTrue(operate("deny", "--list").startswith("top: it mines coins"))
        self.assertIn("Add their --record-key", operate("deny", "--list", key=None))
        operate("deny", "--revoke", "top")
        added = self.upstream.sdist("top", "1.0").filename
        self.assertIn(f"+ {added}", operate("refreeze", address, "top", "--upstream", self.upstream.url))
        for url in pages:
            end = monotonic() + 240
            while added not in self.served(url).decode():
                self.assertLess(monotonic(), end)
                sleep(0.2)
        self.assertIn(f"forgot {address}", operate("forget", address))
        for url in pages:
            self.assertIn("unknown-address", self.gone(url))
        operate("forget", address, status=3)
        operate("verify")

    def gone(self, url: str) -> str:
        """Return the problem of a page, as soon as it is answered with one."""
        end = monotonic() + 240
        while (answered := self.get(url))[0].status != 410:
            self.assertLess(monotonic(), end, answered[1])
            sleep(0.2)
        return answered[1].decode()

    def test_redirects(self) -> None:
        """Clients follow them; the URL is good without any credentials, and no proxy may remember it."""
        self.server.stop()
        self.server = self.started("--upstream", self.upstream.url, "--redirect-above", "0")
        index = self.committed()
        self.assertEqual(self.installed("pip", index, "first").status, 0)
        file = self.files["top"]
        response, body = self.get(f"{index}top/{file.filename}")
        self.assertEqual((response.status, body, response.headers["Cache-Control"]), (307, b"", "no-store"))
        self.assertEqual(self.get(response.headers["Location"])[1], file.content)
        done = self.installed("uv", index, "second")
        self.assertEqual(done.status, 0, done.said)
        self.assert_installed("second")

    def test_a_cache(self) -> None:
        """It holds what was read, and serves it while the store is away, as far as nothing else is needed."""
        cache = self.folder / "cache"
        self.server.stop()
        self.server = self.started("--upstream", self.upstream.url, "--cache", str(cache))
        index = self.posted()
        file = self.files["top"]
        url = f"{index}top/{file.filename}"
        self.assertEqual(self.served(url), file.content)
        self.assertIn(file.sha256, {path.name for path in cache.rglob("*")})
        self.seaweed.kill()
        self.assertEqual(self.get(url)[1], file.content)
        self.assertEqual(self.get(f"{index}mid/{self.files['mid'].filename}")[0].status, 503)

    def test_workers(self) -> None:
        """They share the spool, and so the fetch."""
        self.server.stop()
        self.server = self.started("--upstream", self.upstream.url, "--workers", "2")
        index = self.posted()
        file = self.upstream.wheel("large", "1.0", files={"large.bin": os.urandom(1 << 20)})
        index = self.posted("large==1.0\n")
        self.get(f"{index}large/")
        self.upstream.fail(file.filename, Drip(1 << 18, 0.3))
        from tests.end_to_end.test_workers import crowd

        self.assertEqual({digest for _, digest in crowd(f"{index}large/{file.filename}")}, {file.sha256})
        self.assertEqual(len(self.upstream.asked(file.filename)), 1)

    def test_a_store_that_goes_and_comes(self) -> None:
        """503 in words, soon; and all is well when it is back."""
        index = self.committed()
        self.served(f"{index}top/")
        file = self.files["mid"]
        self.seaweed.kill()
        began = monotonic()
        for _ in range(5):
            response, body = self.get(f"{index}mid/{file.filename}")
            self.assertEqual(response.status, 503, body)
            self.assertIn(b"the store cannot be", body)
        print(f"five answers while the store was away took {monotonic() - began:.1f} s")
        self.seaweed.start()
        self.assertEqual(self.served(f"{index}mid/{file.filename}"), file.content)

    def test_credentials_that_are_wrong(self) -> None:
        """One line, exit status 1, and nothing of the secret in it."""
        self.server.stop()
        command = [sys.executable, "-m", "reqpi", "server", "--http", "tcp:0:interface=127.0.0.1", "--offline"]
        done = subprocess.run(
            [*command, "--store", self.seaweed.url, *self.options, "--store-option", "secret_access_key=not-this"],
            cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 1)
        said = done.stdout + done.stderr
        self.assertIn(f"reqpi: {self.seaweed.url} cannot be the store: it rejects the credentials", said)
        self.assertNotIn("not-this", said)


@pytest.mark.clients
@pytest.mark.figures
class ReplicasTests(ObjectStoreCase):
    """Two servers behind nginx, each with an S3 gateway of its own to one cluster, and no word between them."""

    def store_options(self, folder: Path) -> list[str]:
        self.cluster = SeaweedCluster(folder)
        self.addCleanup(self.cluster.stop)
        self.cluster.start()
        return words(self.cluster.options("s3a"))

    def setUp(self) -> None:
        super().setUp()
        self.options = words(self.cluster.options("s3b"))
        self.other = self.started()
        replicas = [urlsplit(server.url).netloc for server in (self.server, self.other)]
        self.nginx = Nginx(self.folder / "nginx", replicas)
        self.addCleanup(self.nginx.stop)

    def through(self, lock: str = LOCK) -> str:
        """Commit a lock through nginx."""
        body = json.loads(self.post(f"{self.nginx.url}/locks", lock.encode())[1])
        index: str = body["index"]
        self.assertEqual(index, f"{self.nginx.url}/{sha256(lock.encode()).hexdigest()}/simple/")
        return index

    def test_what_is_frozen_by_one_is_what_all_serve(self) -> None:
        """Though the upstream has changed in between."""
        path = self.through().removeprefix(self.nginx.url)
        first = self.served(f"{self.server.url}{path}top/")
        self.upstream.wheel("top", "1.0", tag="py2.py3-none-any")
        self.assertEqual(self.served(f"{self.other.url}{path}top/"), first)

    def test_one_is_killed_in_the_middle_with_the_upstream_gone(self) -> None:
        """With its gateway. The install completes: everything was held before."""
        projects = [f"part{number}" for number in range(30)]
        for project in projects:
            self.upstream.wheel(project, "1.0", files={f"{project}.py": os.urandom(1 << 16)})
        lock = "".join(f"{project}==1.0\n" for project in projects)
        (self.folder / "requirements.txt").write_text(lock)
        index = self.through(lock)
        self.hold(self.nginx.url)
        self.upstream.close()
        import threading

        seen = threading.Event()

        def kill() -> None:
            while not seen.wait(0.01):
                if sum(f"{project}-1.0" in line for line in self.server.log for project in projects) > 12:
                    self.server.kill()
                    self.cluster.kill("s3a")
                    return

        killer = threading.Thread(target=kill)
        killer.start()
        began = monotonic()
        done = self.installed("pip", index, "target", *projects)
        seen.set()
        killer.join()
        self.assertIsNotNone(self.server._process.poll(), "it was not killed in time")
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual({path.name for path in (self.folder / "target").glob("*.py")}, {f"{p}.py" for p in projects})
        print(f"30 packages through two replicas, one of them killed, took {monotonic() - began:.1f} s")
        self.assertEqual(self.verify()["damages"], [])
        self.addCleanup(setattr, self.server, "stop", lambda: None)

    def test_refusals_and_holds_are_everybodys(self) -> None:
        """Whoever is asked."""
        index = self.through()
        self.get(f"{self.server.url}{index.removeprefix(self.nginx.url)}flask/")
        self.server.stop()
        path = index.removeprefix(self.nginx.url).removesuffix("simple/")
        refused = json.loads(self.get(f"{self.other.url}{path}refused")[1])["refused"]
        self.assertEqual([each["project"] for each in refused], ["flask"])
