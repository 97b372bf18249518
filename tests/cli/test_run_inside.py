"""``reqpi run`` with the server inside, before the tests' own upstream, and with a real pip."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import closing
from hashlib import sha256
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from reqpi.cli.inputs.in_process import port_for
from reqpi.core.address import address_of
from tests.cli.asking import OPEN
from tests.cli.process import DOCUMENT, CommandTestCase
from tests.fake_upstream import Upstream
from tests.fake_upstream.distributions import build_sdist
from tests.sourcehost import SourceHost

NOTHING = (
    "reqpi: nothing was asked of the index, and nothing of the proxy: the command needed nothing, or has it in a cache "
    "of its own, which pip --no-cache-dir and uv --no-cache leave out\nreqpi: 0 files taken, 0 refused\n"
)
SAY_INDEX = ("sh", "-c", "echo $PIP_INDEX_URL")
ASK = OPEN + "print(len(opened(sys.argv[1]).read()))"


TAKEN = """
from pathlib import Path
from reqpi.cli.inputs.in_process import served
from reqpi.server.settings import Settings
with served(Settings(listen=("tcp:{port}:interface=127.0.0.1",), store=Path("store"), offline=True)) as url:
    print(url)
"""


class InsideTestCase(CommandTestCase):
    """An upstream with two projects, of which the lock pins one."""

    def setUp(self) -> None:
        super().setUp()
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.wheel = self.upstream.wheel("six", "1.17.0")
        self.upstream.wheel("idna", "3.10")
        self.environ["REQPI_STORE"] = str(self.folder / "store")
        self.environ["REQPI_UPSTREAM"] = self.upstream.url
        self.document = _of_nobody_else()
        self.lock.write_bytes(self.document)

    def run_behind(self, *command: str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        return self.run_reqpi("run", *options, "requirements.txt", "--", *command)


class InsideTests(InsideTestCase):
    """A developer on a laptop needs no server."""

    def test_pip_gets_what_is_pinned(self) -> None:
        """The file is upstream's, byte for byte; the last line counts, and is silenced by -q."""
        download = (sys.executable, "-m", "pip", "download", "--no-cache-dir", "--quiet", "--dest", "got", "six")
        self.assertEqual(self.run_behind(*download), (0, "", "reqpi: 1 file taken, 0 refused\n"))
        self.assertEqual(self.run_behind(*download, options=("-q",)), (0, "", ""))
        self.assertEqual((self.folder / "got" / self.wheel.filename).read_bytes(), self.wheel.content)

    def test_pip_does_not_get_the_rest_and_we_say_what_to_pin(self) -> None:
        """Whatever else the environment names: those places are not asked."""
        self.environ |= {"PIP_EXTRA_INDEX_URL": self.upstream.url, "PIP_FIND_LINKS": self.upstream.url}
        download = (sys.executable, "-m", "pip", "download", "--no-cache-dir", "--quiet", "--dest", "got", "idna")
        status, out, err = self.run_behind(*download)
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"\n# .*requirements\.txt.*\nidna==3\.10\nreqpi: 0 files taken, 1 refused\n$")
        self.assertEqual(list((self.folder / "got").glob("*")), [])

    def test_a_store_with_seals_stays_one(self) -> None:
        """A server on the same store answers 503 for a frozen list that no key has sealed."""
        key = self.folder / "key"
        key.write_text("k" * 64)
        key.chmod(0o600)
        fetch = ("fetch", "requirements.txt", "-o", "out", "-q", "--record-key", str(key))
        self.assertEqual(self.run_reqpi(*fetch), (0, "", ""))
        verify = ("verify", "--record-key", str(key), "--store", str(self.folder / "store"))
        status, out, err = self.run_reqpi(*verify)
        self.assertEqual((status, err), (0, ""), out)
        self.assertIn("1 frozen list", out)

    def test_a_store_with_seals_gets_nothing_without_the_key(self) -> None:
        """The lists would be refused by servers with it. The error names the option, and no file is there."""
        key = self.folder / "key"
        key.write_text("k" * 64)
        key.chmod(0o600)
        other = self.folder / "other.txt"
        other.write_text("idna==3.10\n")
        sealed = ("--record-key", str(key))
        self.assertEqual(self.run_reqpi("fetch", str(other), "-o", "other", "-q", *sealed)[0], 0)
        for words in (
            ("fetch", "requirements.txt", "-o", "out", "-q"),
            ("run", "requirements.txt", "--", *SAY_INDEX),
            ("refreeze", address_of(other.read_bytes()), "idna"),
        ):
            status, _, err = self.run_reqpi(*words)
            self.assertNotEqual(status, 0, words)
            self.assertIn("--record-key", err, words)
        verify = ("verify", *sealed, "--store", str(self.folder / "store"))
        self.assertEqual(self.run_reqpi(*verify)[0], 0)

    def test_afterwards_nothing_listens(self) -> None:
        """The port is free again, and was on loopback."""
        _, out, _ = self.run_behind(*SAY_INDEX)
        index = urlsplit(out.strip())
        self.assertEqual((index.hostname, index.path), ("127.0.0.1", f"/{address_of(self.document)}/simple/"))
        with closing(socket.socket()) as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", index.port)), 0)

    def test_a_broken_lock_runs_nothing(self) -> None:
        """Every defect, and status 1."""
        self.lock.write_text("six\nidna>=3\n")
        status, out, err = self.run_behind("echo", "ran")
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"(?m)^requirements\.txt:1: .*: six$")
        self.assertRegex(err, r"(?m)^requirements\.txt:2: .*: idna>=3$")

    def test_offline_serves_what_was_served_before(self) -> None:
        """And asks no upstream."""
        self.run_behind(sys.executable, "-c", ASK, f"six/{self.wheel.filename}")
        self.upstream.forget()
        again = self.run_behind(sys.executable, "-c", ASK, f"six/{self.wheel.filename}", options=("--offline",))
        self.assertEqual(again, (0, f"{len(self.wheel.content)}\n", "reqpi: 1 file taken, 0 refused\n"))
        self.assertEqual(self.upstream.asked(), [])

    def test_a_store_that_cannot_be_one(self) -> None:
        """A message, and the status of a setting that cannot be used."""
        status, out, err = self.run_behind("echo", "ran", options=("--store", str(self.lock)))
        self.assertEqual((status, out), (2, ""))
        self.assertNotIn("Traceback", err)
        self.assertIn(str(self.lock), err)


class PortTests(InsideTestCase):
    """pip and uv cache by URL: a lock keeps its URL from run to run."""

    def test_a_lock_has_a_port(self) -> None:
        """The same for the same lock, and the index is on it."""
        port = port_for(address_of(self.document))
        self.assertEqual(urlsplit(self.run_behind(*SAY_INDEX)[1].strip()).port, port)
        self.assertEqual(urlsplit(self.run_behind(*SAY_INDEX)[1].strip()).port, port)

    def test_later_runs_take_nothing_although_the_password_differs(self) -> None:
        """pip caches what it trusts; neither the login nor the run is part of the key.

        The second run has the metadata confirmed, which is a request. The third needs none, and is told why.
        """
        download = (sys.executable, "-m", "pip", "download", "--quiet", "--cache-dir", "cache", "--dest")
        for number, said in enumerate(
            ("reqpi: 1 file taken, 0 refused\n", "reqpi: 0 files taken, 0 refused\n", NOTHING)
        ):
            self.assertEqual(self.run_behind(*download, f"got{number}", "six"), (0, "", said))
            self.assertEqual((self.folder / f"got{number}" / self.wheel.filename).read_bytes(), self.wheel.content)

    def test_another_where_it_is_taken(self) -> None:
        """Two runs of one lock at the same time are no conflict."""
        with socket.create_server(("127.0.0.1", port_for(address_of(self.document)))) as taken:
            status, out, err = self.run_behind(*SAY_INDEX)
            self.assertEqual((status, err), (0, NOTHING))
            self.assertNotEqual(urlsplit(out.strip()).port, taken.getsockname()[1])

    def test_another_where_it_was_taken_since_it_was_found_free(self) -> None:
        """Two runs that start at the same moment both find it free."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = self.start(program=["-c", TAKEN.format(port=port)])
            out, err = done.communicate(timeout=240)
        self.assertEqual((done.returncode, err), (0, ""))
        self.assertNotEqual(urlsplit(out.strip()).port, port)


class EndTests(InsideTestCase):
    """However it ends, neither child nor port is left."""

    def test_sigterm_ends_the_command_and_then_us(self) -> None:
        """We die of the same signal, and the server is stopped in good order."""
        program = "import os, signal; os.write(1, f'{os.getpid()}\\n'.encode()); signal.pause()"
        process = self.start("run", "requirements.txt", "--", sys.executable, "-c", program)
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.terminate()
        _, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, err), (-signal.SIGTERM, ""))
        self.assertRaises(ProcessLookupError, os.kill, child, 0)
        self.assertNotEqual(port_for(address_of(self.document)), 0)
        self.assertFalse(list(Path(self.environ["REQPI_STORE"]).glob("incoming/*")))


def _of_nobody_else() -> bytes:
    """A lock whose port no test that runs at the same time has, nor any connection: Linux deals out those below."""
    locks = (DOCUMENT + f"# {os.getpid()}.{number}\n".encode() for number in count())
    return next(lock for lock in locks if port_for(address_of(lock)) >= 61000)


SHOW = OPEN + (
    "from urllib.error import HTTPError\n"
    "try:\n"
    "    print(opened(sys.argv[1]).status)\n"
    "except HTTPError as error:\n"
    "    print(error.code, error.read().decode())\n"
)


class NamedByLockTests(InsideTestCase):
    """The user is the operator: what a lock names needs no option, if it is on the public internet."""

    def test_pip_takes_a_local_version_from_the_extra_index_and_the_rest_from_the_default_one(self) -> None:
        """The idiom of PyTorch, without digests."""
        extra = Upstream()
        self.addCleanup(extra.close)
        self.upstream.wheel("torch", "2.4.0")
        cpu = extra.wheel("torch", "2.4.0+cpu")
        extra.wheel("six", "1.17.0")
        self.lock.write_text(f"--extra-index-url {extra.url}\ntorch==2.4.0+cpu\nsix==1.17.0\n")
        download = (sys.executable, "-m", "pip", "download", "--no-cache-dir", "--quiet", "--dest", "got")
        options = ("--upstream", self.upstream.url, "--upstream", f"cpu={extra.url}")
        status, out, err = self.run_behind(*download, "torch", "six", options=options)
        self.assertEqual((status, out, len(err.splitlines())), (0, "", 2), err)
        self.assertIn("from the first index that has its version", err)
        self.assertEqual((self.folder / "got" / cpu.filename).read_bytes(), cpu.content)
        self.assertEqual((self.folder / "got" / self.wheel.filename).read_bytes(), self.wheel.content)
        self.assertEqual([request.path for request in extra.requests if "six" in request.path], [])

    def test_a_source_on_a_private_address_needs_the_option(self) -> None:
        """The note and the answer say which; nobody is asked."""
        host = SourceHost()
        self.addCleanup(host.close)
        archive = build_sdist("archived", "1.0")
        url = host.archive("archived-1.0.tar.gz", archive)
        self.lock.write_text(f"archived @ {url} --hash=sha256:{sha256(archive).hexdigest()}\n")
        ask = (sys.executable, "-c", SHOW, "archived/")
        trust = ("--ca", str(host.authority))
        status, out, err = self.run_behind(*ask, options=trust)
        self.assertEqual(status, 0, err)
        self.assertIn(f"to take it, add --allow-host {host.name}", err)
        self.assertTrue(out.startswith("410 "), out)
        self.assertIn(f"Add --allow-host {host.name}", out)
        self.assertEqual(host.requests, [])
        status, out, err = self.run_behind(*ask, options=(*trust, "-q", "--allow-host", host.name))
        self.assertEqual((status, out, err), (0, "200\n", ""))
