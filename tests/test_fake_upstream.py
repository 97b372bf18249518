"""The tests' own upstream keeps its word: tests that lean on it are worth no more than that."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Callable
from hashlib import md5, sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.parse import urljoin, urlsplit

from attrs import evolve
from packaging.metadata import Metadata
from twisted.trial.unittest import SynchronousTestCase

from tests.fake_upstream import Style, Upstream, build_sdist, build_wheel, faults
from tests.fake_upstream.pages import JSON


class Asking(SynchronousTestCase):
    """An upstream with one wheel, and a connection to it."""

    def setUp(self) -> None:
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.wheel = self.upstream.wheel("Some.Thing", "1.0", ["other>=2"], python_requires=">=3.8")
        self.file = f"/files/{self.wheel.filename}"

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
        """Ask on a connection of its own, for at most 5 s."""
        connection = HTTPConnection("127.0.0.1", urlsplit(self.upstream.url).port or 0, timeout=240)
        self.addCleanup(connection.close)
        connection.request(method, path, headers={name.replace("_", "-"): headers[name] for name in headers})
        response = connection.getresponse()
        return response, response.read()

    def page(self, **headers: str) -> str:
        return self.get("/simple/some-thing/", **headers)[1].decode()

    def json(self) -> dict[str, object]:
        """The page's only file."""
        [entry] = json.loads(self.page(Accept=JSON))["files"]
        assert isinstance(entry, dict)
        return entry


class DistributionsTests(SynchronousTestCase):
    """What is built is the same every time, and says what was asked for."""

    def test_a_wheel_and_an_sdist_are_the_same_bytes_every_time(self) -> None:
        """Digests in tests may be written down."""
        for build in (build_wheel, build_sdist):
            self.assertEqual(build("a", "1", ["b"]), build("a", "1", ["b"]))
            self.assertNotEqual(build("a", "1"), build("a", "2"))

    def test_core_metadata_is_valid_and_complete(self) -> None:
        """It is what clients resolve by."""
        with Upstream() as upstream:
            found = upstream.wheel("A.b", "1.0", ["c; extra == 'x'"], python_requires=">=3.9").metadata
        metadata = Metadata.from_email(found or b"", validate=False)
        self.assertEqual((metadata.name, str(metadata.version)), ("A.b", "1.0"))
        self.assertEqual([str(each) for each in metadata.requires_dist or ()], ['c; extra == "x"'])
        self.assertEqual(str(metadata.requires_python), ">=3.9")


class PagesTests(Asking):
    """Pages say what the style says, in the form that was asked for."""

    def test_the_form_follows_accept_where_there_are_both(self) -> None:
        """HTML for everybody who does not name JSON."""
        self.assertIn("<a href=", self.page(Accept="*/*"))
        self.assertEqual(self.json()["filename"], self.wheel.filename)

    def test_an_index_of_one_form_gives_it_whatever_was_asked(self) -> None:
        """There are such indexes."""
        self.upstream.style = Style(forms="html")
        self.assertTrue(self.page(Accept=JSON).startswith("<!DOCTYPE html>"))
        self.upstream.style = Style(forms="json")
        self.assertEqual(json.loads(self.page(Accept="text/html"))["name"], "some-thing")

    def test_both_forms_tell_everything_about_a_file(self) -> None:
        """Digest, size, upload time, core metadata, Requires-Python, yanked, provenance."""
        self.upstream.add(evolve(self.wheel, yanked='"bad" & old', provenance="http://127.0.0.1/provenance"))
        entry, html = self.json(), self.page()
        digest, metadata = self.wheel.sha256, sha256(self.wheel.metadata or b"").hexdigest()
        self.assertEqual(entry["hashes"], {"sha256": digest})
        self.assertEqual(entry["core-metadata"], {"sha256": metadata})
        self.assertEqual(entry["size"], len(self.wheel.content))
        self.assertEqual(entry["upload-time"], self.wheel.upload_time)
        self.assertEqual((entry["requires-python"], entry["yanked"]), (">=3.8", '"bad" & old'))
        self.assertIn(f"{self.wheel.filename}#sha256={digest}", html)
        self.assertIn(f'data-core-metadata="sha256={metadata}"', html)
        self.assertIn('data-yanked="&quot;bad&quot; &amp; old"', html)
        self.assertIn('data-requires-python="&gt;=3.8"', html)

    def test_what_a_style_leaves_out_is_left_out(self) -> None:
        """Poor indexes are many."""
        self.upstream.style = Style(digest=None, core_metadata=None, sizes=False, upload_times=False)
        entry = self.json()
        self.assertEqual((entry["hashes"], entry["core-metadata"]), ({}, False))
        self.assertFalse({"size", "upload-time"} & set(entry))
        self.assertNotIn("#", self.page())
        self.assertEqual(self.get(f"{self.file}.metadata")[0].status, 404)
        self.upstream.style = Style(digest="md5", core_metadata="true", api_version="7.0")
        self.assertIn(f"#md5={md5(self.wheel.content).hexdigest()}", self.page())
        self.assertIn('data-core-metadata="true"', self.page())
        self.assertIn('content="7.0"', self.page())

    def test_every_style_of_link_leads_to_the_file(self) -> None:
        """Relative, absolute, moved by a base, on another port."""
        for style in (Style(), Style(base=True), Style(links="absolute"), Style(links="elsewhere")):
            self.upstream.style = style
            html = self.page()
            base = html.partition('<base href="')[2].partition('"')[0]
            link = html.partition('<a href="')[2].partition("#")[0]
            url = urljoin(urljoin(f"{self.upstream.url}some-thing/", base), link)
            connection = HTTPConnection(urlsplit(url).netloc, timeout=240)
            self.addCleanup(connection.close)
            connection.request("GET", urlsplit(url).path)
            self.assertEqual(connection.getresponse().read(), self.wheel.content, style)
            self.assertEqual(url.startswith(self.upstream.url.removesuffix("/simple/")), style.links != "elsewhere")

    def test_the_status_of_a_project_is_told_in_both_forms(self) -> None:
        """:pep:`792`."""
        self.upstream.statuses["some-thing"] = ("archived", "no more")
        document = json.loads(self.page(Accept=JSON))
        self.assertEqual(document["project-status"], {"status": "archived", "reason": "no more"})
        self.assertIn('<meta name="pypi:project-status" content="archived">', self.page())

    def test_the_root_lists_the_projects_and_a_name_not_normalised_is_redirected(self) -> None:
        """:pep:`503`."""
        self.assertIn('<a href="some-thing/">', self.get("/simple/")[1].decode())
        response, _ = self.get("/simple/Some.Thing")
        self.assertEqual((response.status, response.headers["Location"]), (301, "/simple/some-thing/"))
        self.assertEqual(self.get("/simple/nothing/")[0].status, 404)

    def test_a_file_can_leave_its_page_or_the_index(self) -> None:
        """A release that was withdrawn, or whose file is still there."""
        self.upstream.delist(self.wheel)
        self.assertNotIn(self.wheel.filename, self.page())
        self.assertEqual(self.get(self.file)[1], self.wheel.content)
        self.upstream.remove(self.wheel)
        self.assertEqual(self.get(self.file)[0].status, 404)


class FilesTests(Asking):
    """Files come whole, in part, or not at all where they are known already."""

    def test_ranges_are_honoured_and_can_be_switched_off(self) -> None:
        """From the start, from the end, past the end."""
        content = self.wheel.content
        for asked, expected in (
            ("0-3", content[:4]),
            ("5-", content[5:]),
            ("-7", content[-7:]),
            ("2-99999", content[2:]),
        ):
            response, body = self.get(self.file, Range=f"bytes={asked}")
            self.assertEqual((response.status, body), (206, expected), asked)
        self.assertEqual(self.get(self.file, Range="bytes=99999-")[0].status, 416)
        self.upstream.style = Style(ranges=False)
        self.assertEqual(self.get(self.file, Range="bytes=0-3")[1], content)

    def test_a_known_etag_is_answered_304_and_etags_can_be_switched_off(self) -> None:
        """For pages and files."""
        for path in (self.file, "/simple/some-thing/"):
            etag = self.get(path)[0].headers["ETag"]
            response, body = self.get(path, If_None_Match=etag)
            self.assertEqual((response.status, body), (304, b""))
        self.upstream.style = Style(etags=False)
        self.assertNotIn("ETag", self.get(self.file)[0].headers)

    def test_head_has_the_headers_alone(self) -> None:
        """With the length that GET would have."""
        response, body = self.get(self.file, "HEAD")
        self.assertEqual((response.headers["Content-Length"], body), (str(len(self.wheel.content)), b""))

    def test_core_metadata_is_beside_its_wheel(self) -> None:
        """:pep:`658`."""
        self.assertEqual(self.get(f"{self.file}.metadata")[1], self.wheel.metadata)


class LogTests(Asking):
    """Every request is written down, and can be waited for."""

    def test_requests_are_in_the_log_with_their_headers(self) -> None:
        """In their order."""
        self.get(self.file, X_Mine="yes")
        self.get("/simple/")
        self.assertEqual([request.path for request in self.upstream.requests], [self.file, "/simple/"])
        self.assertEqual(self.upstream.requests[0].headers["x-mine"], "yes")
        self.upstream.forget()
        self.assertEqual(self.upstream.asked(), [])

    def test_a_request_can_be_waited_for(self) -> None:
        """No sleeping; and a request that does not come is an error."""
        Thread(target=self.get, args=["/simple/"]).start()
        self.assertEqual(self.upstream.wait_for(1, "/simple/").path, "/simple/")
        with self.assertRaises(TimeoutError):
            self.upstream.wait_for(2, "/simple/", limit=0.05)


class FaultsTests(Asking):
    """Each fault goes wrong in its own way, where it was plugged in and nowhere else."""

    def test_a_status_with_headers_for_a_kind(self) -> None:
        """A 503 for files leaves pages alone, until it is healed."""
        self.upstream.fail("file", faults.Status(503, {"Retry-After": "1"}))
        response, _ = self.get(self.file)
        self.assertEqual((response.status, response.headers["Retry-After"]), (503, "1"))
        self.assertEqual(self.get("/simple/some-thing/")[0].status, 200)
        self.upstream.heal("file")
        self.assertEqual(self.get(self.file)[1], self.wheel.content)

    def test_the_most_exact_place_counts(self) -> None:
        """A path over a filename over a kind."""
        for status, where in ((501, "file"), (502, self.wheel.filename), (503, self.file)):
            self.upstream.fail(where, faults.Status(status))
            self.assertEqual(self.get(self.file)[0].status, status)

    def test_wrong_bytes_have_the_right_length(self) -> None:
        """Nothing but a digest tells them from the true ones."""
        self.upstream.fail("file", faults.WrongBytes())
        response, body = self.get(self.file)
        self.assertEqual((response.status, len(body)), (200, len(self.wheel.content)))
        self.assertNotEqual(body, self.wheel.content)

    def test_a_short_body_ends_before_its_length(self) -> None:
        """As a connection that broke."""
        self.upstream.fail("file", faults.ShortBody(10))
        with self.assertRaises(IncompleteRead) as caught:
            self.get(self.file)
        self.assertEqual(caught.exception.partial, self.wheel.content[:10])

    def test_a_chunked_body_ends_without_its_last_chunk(self) -> None:
        """There is no length to tell by."""
        self.upstream.fail("file", faults.ShortChunked(10))
        with self.assertRaises(IncompleteRead):
            self.get(self.file)

    def test_a_reset_is_a_reset(self) -> None:
        """Before the headers or inside the body, and not a mere close."""
        for after in (None, 10):
            self.upstream.fail("file", faults.Reset(after))
            with self.assertRaises(ConnectionResetError):
                self.get(self.file)

    def test_a_hang_goes_on_when_it_is_released(self) -> None:
        """Before the headers, and inside the body."""
        for after in (None, 10):
            hang = faults.Hang(after)
            self.upstream.fail("file", hang)
            asked = _Aside(lambda: self.get(self.file)[1])
            self.upstream.wait_for(1, self.file)
            self.assertTrue(asked.thread.is_alive())
            hang.release()
            self.assertEqual(asked.result(), self.wheel.content)
            self.upstream.forget()

    def test_closing_ends_what_hangs(self) -> None:
        """At once, with an error for who was waiting."""
        self.upstream.fail("file", faults.First(1, faults.Hang()))
        asked = _Aside(lambda: self.get(self.file))
        self.upstream.wait_for(1)
        self.upstream.close()
        self.assertIsInstance(asked.result(), (OSError, HTTPException))

    def test_a_drip_is_slow_and_whole(self) -> None:
        """Bytes come in pieces."""
        self.upstream.fail("file", faults.Drip(200, 0.001))
        self.assertEqual(self.get(self.file)[1], self.wheel.content)

    def test_an_endless_body_goes_on(self) -> None:
        """Past any bound, with a length or without."""
        for length in (None, 1 << 40):
            self.upstream.fail("page", faults.Endless(length))
            connection = HTTPConnection("127.0.0.1", urlsplit(self.upstream.url).port or 0, timeout=240)
            connection.request("GET", "/simple/some-thing/")
            self.assertEqual(len(connection.getresponse().read(4 << 20)), 4 << 20)
            connection.close()

    def test_garbage_a_false_encoding_and_a_redirect_loop(self) -> None:
        """What came is not what its headers say."""
        self.upstream.fail("page", faults.Garbage(b"<<<"))
        self.assertEqual(self.page(), "<<<")
        self.upstream.fail("page", faults.Encoding("gzip"))
        response, body = self.get("/simple/some-thing/")
        self.assertEqual(response.headers["Content-Encoding"], "gzip")
        self.assertTrue(body.startswith(b"<!DOCTYPE"))
        self.upstream.fail("page", faults.RedirectLoop())
        response, _ = self.get("/simple/some-thing/")
        self.assertEqual((response.status, response.headers["Location"]), (302, "/simple/some-thing/"))

    def test_a_fault_can_pass_or_come_later(self) -> None:
        """The first requests fail and the rest do not; or the other way round. Each path is counted alone."""
        self.upstream.fail("file", faults.First(2, faults.Status(503)))
        self.assertEqual([self.get(self.file)[0].status for _ in range(3)], [503, 503, 200])
        self.upstream.fail("file", faults.Later(1, faults.WrongBytes()))
        self.assertEqual([self.get(self.file)[1] == self.wheel.content for _ in range(2)], [True, False])
        other = self.upstream.wheel("other", "2.0")
        self.assertEqual(self.get(f"/files/{other.filename}")[1], other.content)


class TLSTests(SynchronousTestCase):
    """With TLS it is trusted by who trusts its authority, and by nobody else."""

    def test_a_client_needs_the_authority(self) -> None:
        """The certificate is for 127.0.0.1."""
        with Upstream(tls=True) as upstream:
            wheel = upstream.wheel("a", "1.0")
            for cafile in (upstream.authority, None):
                context = ssl.create_default_context(cafile=cafile)
                connection = HTTPSConnection(urlsplit(upstream.url).netloc, context=context, timeout=240)
                self.addCleanup(connection.close)
                if cafile is None:
                    with self.assertRaises(ssl.SSLCertVerificationError):
                        connection.request("GET", "/simple/a/")
                else:
                    connection.request("GET", urlsplit(upstream.file_url(wheel)).path)
                    self.assertEqual(connection.getresponse().read(), wheel.content)


class ClientsTests(SynchronousTestCase):
    """Real clients install from it: wheels, sdists, and what they require."""

    def install(self, *command: str) -> set[str]:
        """Install ``top`` into an empty folder; what is in it then."""
        with Upstream() as upstream, TemporaryDirectory() as name:
            folder = Path(name)
            upstream.wheel("top", "1.0", ["mid>=2"])
            upstream.wheel("mid", "2.0", ["source"])
            upstream.sdist("source", "3.0")
            full = [sys.executable, "-m", *command, "--index-url", upstream.url, "--target", str(folder), "top"]
            # Nothing of the machine's own configuration, which may name other indexes.
            environment = {"PATH": "", "PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1", "HOME": str(folder)}
            done = subprocess.run(full, env=environment, capture_output=True, text=True, check=False, timeout=240)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertTrue(upstream.asked("source-3.0.tar.gz"))
            return {path.stem for path in folder.glob("*.py")}

    def test_pip_installs_from_it(self) -> None:
        """Wheels and an sdist."""
        self.assertEqual(self.install("pip", "install", "--no-cache-dir", "--quiet"), {"top", "mid", "source"})

    def test_uv_installs_from_it(self) -> None:
        """Wheels and an sdist."""
        command = ("uv", "pip", "install", "--no-cache", "--python", sys.executable)
        self.assertEqual(self.install(*command), {"top", "mid", "source"})


class _Aside:
    """A call on a thread of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.thread = Thread(target=self._run, args=[call], daemon=True)
        self.thread.start()

    def _run(self, call: Callable[[], object]) -> None:
        try:
            self._result = call()
        except Exception as error:
            self._result = error

    def result(self) -> object:
        """What it returned or raised, within four minutes."""
        self.thread.join(240)
        return self._result
