"""``reqpi run --receipt``: a record of what the command took, and of what it was refused."""

from __future__ import annotations

import random
import signal
import sys
from urllib.parse import urlsplit

from reqpi.core.address import address_of
from reqpi.core.receipts.model import Receipt, TakenEntry
from reqpi.core.receipts.reading import read_receipt
from tests.cli.test_run_inside import InsideTestCase
from tests.cli.test_run_sealed import skip_if_forbidden

ASK = r"""
import base64, os, socket, sys
from urllib.parse import urlsplit

def login(url):
    return "Basic " + base64.b64encode(f"{url.username}:{url.password}".encode()).decode()

index, proxy = urlsplit(os.environ["PIP_INDEX_URL"]), urlsplit(os.environ["HTTP_PROXY"])

def ask(where, target, *fields, method="GET", enough=None):
    name = "Proxy-Authorization" if where is proxy else "Authorization"
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((where.hostname, where.port))
        host = f"Host: {urlsplit(target).netloc or index.hostname}"
        lines = [f"{method} {target} HTTP/1.1", host, f"{name}: {login(where)}", *fields, "Connection: close", "", ""]
        client.sendall("\r\n".join(lines).encode())
        data = b""
        while piece := client.recv(1 << 16):
            data += piece
            if enough is not None and len(data) > enough:
                break
        return int(data.split(b" ", 2)[1])

def page(path, *fields, **more):
    return ask(index, index.path + path, *fields, **more)

def original(url, *fields, **more):
    return ask(proxy, url, *fields, **more)
"""


class RunReceiptCase(InsideTestCase):
    """The lock pins six; idna is not in it."""

    def run_recorded(self, *command: str, options: tuple[str, ...] = (), status: int = 0) -> Receipt:
        """Run a command that prints nothing, and return its receipt."""
        done = self.run_behind(*command, options=("-q", "--receipt", "receipt.json", *options))
        self.assertEqual((done[0], done[1]), (status, ""), done)
        return self.receipt()

    def run_program(self, program: str, *options: str, status: int = 0) -> Receipt:
        return self.run_recorded(sys.executable, "-c", ASK + program, options=options, status=status)

    def receipt(self) -> Receipt:
        return read_receipt((self.folder / "receipt.json").read_bytes())

    @property
    def original(self) -> str:
        """The original URL of the file that is pinned."""
        return f"{self.upstream.url.removesuffix('simple/')}files/{self.wheel.filename}"


def counted(receipt: Receipt) -> dict[str, tuple[int, int, int]]:
    """Return the counts of each thing, by its filename or its kind."""
    return {each.filename or each.kind: (each.count, each.partial, each.unchanged) for each in receipt.taken}


class TakenTests(RunReceiptCase):
    """Everything that the command received, each thing once."""

    def test_pip_leaves_a_receipt_of_the_page_the_metadata_and_the_file(self) -> None:
        """With the address, the documents, and this machine."""
        pip = (sys.executable, "-m", "pip", "download", "--no-cache-dir", "--quiet", "--dest", "got", "six")
        receipt = self.run_recorded(*pip)
        file, metadata, page = receipt.taken
        purl, size = "pkg:pypi/six@1.17.0", len(self.wheel.content)
        expected = TakenEntry("file", "six", self.wheel.filename, self.original, purl, self.wheel.sha256, size, count=1)
        self.assertEqual(file, expected)
        self.assertEqual((metadata.filename, metadata.count), (f"{self.wheel.filename}.metadata", 1))
        self.assertEqual((page.kind, page.url, page.count), ("page", f"{self.upstream.url}six/", 1))
        self.assertEqual((receipt.refused, receipt.passed, receipt.complete), ((), (), True))
        self.assertEqual(receipt.address, address_of(self.document))
        self.assertEqual([each.sha256 for each in receipt.documents], [address_of(self.document)])
        self.assertEqual((receipt.target["sys_platform"], receipt.sealed), (sys.platform, False))

    def test_parts_and_copies_that_are_confirmed_are_not_the_whole(self) -> None:
        """Nor is the answer to HEAD anything; a second request may be answered on the fast path."""
        receipt = self.run_program(f"""
file = "six/{self.wheel.filename}"
assert page(file, method="HEAD") == 200
assert page(file, "Range: bytes=0-9") == 206
assert page(file, 'If-None-Match: "{self.wheel.sha256}"') == 304
assert [page("six/") for _ in range(3)] == [200] * 3
assert page(file + ".metadata", method="HEAD") == 200
""")
        self.assertEqual(counted(receipt), {self.wheel.filename: (0, 1, 1), "page": (3, 0, 0)})

    def test_a_file_has_one_entry_whatever_the_way_that_it_came(self) -> None:
        """From the index, from its original URL through the proxy, and on the fast path."""
        receipt = self.run_program(f"""
assert page("six/{self.wheel.filename}") == 200
assert page("six/{self.wheel.filename}") == 200
assert original("{self.original}") == 200
assert original("{self.original}", "Range: bytes=0-9") == 206
assert original("{self.original}", method="HEAD") == 200
assert original("{self.original}.metadata") == 200
assert original("{self.upstream.url}six/") == 200
""")
        metadata = f"{self.wheel.filename}.metadata"
        self.assertEqual(counted(receipt), {self.wheel.filename: (3, 1, 0), metadata: (1, 0, 0), "page": (1, 0, 0)})

    def test_a_download_that_the_command_breaks_off_is_a_part(self) -> None:
        """Its bytes may have been used; so are those of a download that goes on when the command ends."""
        large = self.upstream.wheel("six", "1.17.0", files={"six/data": random.Random(1).randbytes(16 << 20)})
        for program in ("page", "original"):
            where = f"six/{large.filename}" if program == "page" else self.original
            receipt = self.run_program(f"assert {program}({where!r}, enough=100) == 200")
            self.assertEqual(counted(receipt), {large.filename: (0, 1, 0)})

    def test_what_was_refused_is_there_with_the_program_that_asked(self) -> None:
        receipt = self.run_program("""
assert page("idna/", "User-Agent: pip/99.1 {}") == 410
assert page("six/six-9.tar.gz", "User-Agent: pip/99.1 {}") == 410
assert original("http://crates.example/a?token=1", "User-Agent: cargo/1.95.0") == 403
assert original("http://crates.example/a?token=2", "User-Agent: cargo/1.95.0") == 403
""")
        found = [(each.host, each.project, each.url, each.agent, each.count) for each in receipt.refused]
        expected = [
            ("", "idna", "simple/idna", "pip/99.1 {}", 1),
            ("", "six", "simple/six/six-9.tar.gz", "pip/99.1 {}", 1),
            ("crates.example", "", "http://crates.example/a", "cargo/1.95.0", 2),
        ]
        self.assertEqual(found, expected)
        self.assertEqual(receipt.refused[2].reason, "not in this lock")
        self.assertTrue(all(each.reason for each in receipt.refused))

    def test_a_receipt_has_no_password(self) -> None:
        """Neither that of the address nor that of the proxy, which are the same, even if the command sends it."""
        self.run_program("""
open("secret", "w").write(index.password)
page("idna/", f"User-Agent: {index.password}")
page(f"idna/{index.password}.whl")
original(f"http://{proxy.username}:{proxy.password}@crates.example/")
""")
        secret = (self.folder / "secret").read_bytes()
        self.assertGreater(len(secret), 20)
        self.assertNotIn(secret, (self.folder / "receipt.json").read_bytes())


class EndTests(RunReceiptCase):
    """The file is written however the command ends, and is empty until then."""

    def test_a_command_that_fails_or_is_killed_leaves_a_receipt(self) -> None:
        taken = 'assert page("six/") == 200\n'
        self.assertEqual(counted(self.run_program(f"{taken}sys.exit(7)", status=7)), {"page": (1, 0, 0)})
        killed = f"{taken}os.kill(os.getpid(), {int(signal.SIGKILL)})"
        self.assertEqual(counted(self.run_program(killed, status=-signal.SIGKILL)), {"page": (1, 0, 0)})

    def test_an_older_receipt_is_gone_while_the_command_runs(self) -> None:
        """It would be taken for the one of a command that was killed together with run."""
        (self.folder / "receipt.json").write_text("old")
        self.run_program('assert os.path.getsize("receipt.json") == 0')

    def test_a_file_that_cannot_be_written_is_an_error_before_the_command_runs(self) -> None:
        for place in (self.folder / "none" / "receipt.json", self.folder):
            status, out, err = self.run_behind("echo", "ran", options=("--receipt", str(place)))
            self.assertEqual((status, out), (2, ""), err)
            self.assertIn(f"{place} cannot be written", err)

    def test_a_client_with_a_cache_is_told_how_to_leave_it_out(self) -> None:
        """The receipt has the metadata as confirmed, and no file: pip has that in its cache."""
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--cache-dir", "cache", "--dest", "got", "six")
        self.run_recorded(*pip)
        status, out, err = self.run_behind(*pip[:-2], "again", "six", options=("--receipt", "receipt.json"))
        self.assertEqual((status, out), (0, ""))
        self.assertIn("used copies of its own cache, which receipt.json does not list; pip --no-cache-dir", err)
        self.assertEqual(counted(self.receipt()), {f"{self.wheel.filename}.metadata": (0, 0, 1)})

    def test_a_sealed_command_has_a_receipt_that_says_so(self) -> None:
        """A connection past the proxy fails."""
        skip_if_forbidden()
        receipt = self.run_program('assert page("six/") == 200', "--seal")
        self.assertEqual((receipt.sealed, counted(receipt)), (True, {"page": (1, 0, 0)}))
        self.assertTrue(urlsplit(self.upstream.url).port)
