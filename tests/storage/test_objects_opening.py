"""Tests of an object store at the start, and the messages for its operator."""

from __future__ import annotations

import os
import socket
import threading
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.core.errors import Misconfigured, StoreFull, StoreTrouble
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.connect import LONGEST_PREFIX, connect
from reqpi.storage.objects.opening import prepare
from tests.storage.test_objects import in_memory, keys

URL = "s3://shelf/some/prefix"
ROOT = "/shelf/some/prefix/"


class FakeS3(ThreadingHTTPServer):
    """As much of S3 as a store needs, on this machine, with faults at will."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.held: dict[str, tuple[bytes, float]] = {}
        """By path: what is there, and when it was written."""
        self.now = 1_700_000_000.0
        self.ignores_conditions = False
        self.answers: dict[str, tuple[int, str]] = {}
        """By verb (LIST is one), what every request is answered with: a status and S3's code."""
        self.breaks_after: int | None = None
        """Bytes of a body after which the connection is cut."""
        self.hides_new = False
        """Lists nothing."""
        self.keeps_deleted = False
        self.asked: list[str] = []
        """The verb, and the range where there is one, of each request."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def options(self) -> dict[str, str]:
        """For ``--store-option``."""
        endpoint = f"http://127.0.0.1:{self.server_port}"
        return {"endpoint": endpoint, "region": "r", "access_key_id": "key", "secret_access_key": "secret"}

    def stop(self) -> None:
        """No more requests."""
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeS3

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        if "list-type" in split.query:
            if not self.refused("LIST"):
                self.list(parse_qs(split.query)["prefix"][0])
        elif not self.refused(f"GET {self.headers.get('Range', '')}".strip()):
            self.give()

    def do_HEAD(self) -> None:
        if not self.refused("HEAD"):
            self.give()

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.refused("PUT"):
            return
        held, path = self.server.held, unquote(self.path)
        if self.headers.get("If-None-Match") == "*" and path in held and not self.server.ignores_conditions:
            self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        held[path] = body, self.server.now
        self.answer(200, ETag='"0"')

    def do_DELETE(self) -> None:
        if self.refused("DELETE"):
            return
        if not self.server.keeps_deleted:
            self.server.held.pop(unquote(self.path), None)
        self.answer(204)

    def refused(self, verb: str) -> bool:
        self.server.asked.append(verb)
        status, code = self.server.answers.get(verb.partition(" ")[0], (200, ""))
        if status != 200:
            self.answer(status, f"<Error><Code>{code}</Code><Message>About {code}</Message></Error>".encode())
        return status != 200

    def list(self, prefix: str) -> None:
        root = "/shelf/"
        found = [] if self.server.hides_new else sorted(self.server.held.items())
        entries = "".join(
            f"<Contents><Key>{escape(path.removeprefix(root))}</Key><Size>{len(body)}</Size>"
            f"<LastModified>{_iso(when)}</LastModified><ETag>0</ETag></Contents>"
            for path, (body, when) in found
            if path.startswith(root + prefix)
        )
        self.answer(200, f"<ListBucketResult><Name>shelf</Name>{entries}</ListBucketResult>".encode())

    def give(self) -> None:
        body, when = self.server.held.get(unquote(self.path), (None, 0.0))
        if body is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        told = {"Last-Modified": formatdate(when, usegmt=True), "ETag": '"0"'}
        wanted = self.headers.get("Range")
        if wanted is None:
            self.answer(200, body, **told)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last) + 1 if last else len(body), len(body))
        if start >= stop:
            self.answer(416, b"<Error><Code>InvalidRange</Code></Error>")
            return
        told["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
        self.answer(206, body[start:stop], **told)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            breaks_after = self.server.breaks_after
            self.wfile.write(body[:breaks_after])
            if breaks_after is not None and breaks_after < len(body):
                self.close_connection = True


def _iso(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class FakeS3Case(SynchronousTestCase):
    """A store at :data:`URL` in a fake S3."""

    def setUp(self) -> None:
        if find_spec("obstore") is None:
            raise SkipTest("obstore is not installed")
        self.server = FakeS3()
        self.addCleanup(self.server.stop)

    def objects(self, url: str = URL, **options: str) -> ObjectClient:
        objects = ObjectClient(lambda: connect(url, {**self.server.options, **options}))
        objects.open()
        return objects


class RefusalsTests(FakeS3Case):
    """A store that cannot be used is rejected at the start, with advice."""

    def assert_refused(self, words: str, **options: str) -> None:
        refusal = self.assertRaises(Misconfigured, prepare, self.objects(**options))
        self.assertEqual(str(refusal), f"{URL} cannot be the store: {words}")

    def test_one_that_can_be_is_not(self) -> None:
        """The layout is written down, and nothing of what was tried out stays."""
        prepare(self.objects())
        self.assertEqual(self.server.held, {f"{ROOT}layout": (b"1\n", self.server.now)})
        prepare(self.objects())
        self.assertEqual(list(self.server.held), [f"{ROOT}layout"])

    def test_one_that_ignores_conditions(self) -> None:
        """Two servers would each believe that theirs is the frozen page."""
        self.server.ignores_conditions = True
        self.assert_refused(
            "it lacks a guarantee that ReqPI needs: to write an object only if there is none: "
            "Two servers that share it would overwrite each other. "
            "Use a store, or a version of it, that honours If-None-Match."
        )
        self.assertEqual(self.server.held, {})

    def test_one_that_knows_no_conditions(self) -> None:
        """It says so, or its configuration does."""
        words = (
            "it lacks a guarantee that ReqPI needs: to write an object only if there is none: "
            "Two servers that share it would overwrite each other. "
            "Use a store, or a version of it, that honours If-None-Match."
        )
        self.assert_refused(words, conditional_put="disabled")
        self.server.answers["PUT"] = (501, "NotImplemented")
        self.assert_refused(words)

    def test_a_bucket_that_is_missing(self) -> None:
        """Some say that it is the object that is missing, even where one is to be written."""
        for code in ("NoSuchBucket", "NoSuchKey"):
            self.server.answers = dict.fromkeys(("GET", "PUT", "HEAD", "LIST", "DELETE"), (404, code))
            self.assert_refused("there is no such bucket: Create it, or fix the URL or --store-option endpoint.")

    def test_credentials_that_are_wrong(self) -> None:
        """The store's own message is shown to the operator."""
        self.server.answers["GET"] = (403, "SignatureDoesNotMatch")
        self.assert_refused(
            "it rejects the credentials: It says: SignatureDoesNotMatch: About SignatureDoesNotMatch. "
            "Fix them in the environment or --store-option, and check this machine's clock."
        )

    def test_credentials_that_do_not_permit_enough(self) -> None:
        """Each permission is tried."""
        for verb, doing in (("GET", "read"), ("PUT", "write"), ("LIST", "list"), ("DELETE", "delete")):
            self.server.answers = {verb: (403, "AccessDenied")}
            self.assert_refused(
                f"the credentials do not allow ReqPI to {doing}: "
                "They must allow ReqPI to read, write, list and delete everything below its prefix."
            )

    def test_no_credentials(self) -> None:
        """The client asks the machine for them, which here has none."""
        nobody = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(nobody.close)
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        nobody.close()
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            self.addCleanup(os.environ.__setitem__, name, os.environ.pop(name))
        options = {"endpoint": self.server.options["endpoint"], "region": "r", "metadata_endpoint": endpoint}
        objects = ObjectClient(lambda: connect(URL, options))
        objects.open()
        self.assertEqual(
            str(self.assertRaises(Misconfigured, prepare, objects)),
            f"{URL} cannot be the store: there are no credentials: "
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
        )

    def test_one_that_is_full(self) -> None:
        """Although it could be read."""
        prepare(self.objects())
        self.server.answers["PUT"] = (507, "StorageFull")
        self.assert_refused("it is full: Make room, or raise the quota.")

    def test_one_in_another_region(self) -> None:
        """The client finds out."""
        self.server.answers["GET"] = (400, "AuthorizationHeaderMalformed")
        self.assert_refused(
            "it is in another region: It says: AuthorizationHeaderMalformed: About AuthorizationHeaderMalformed. "
            "Fix --store-option region."
        )

    def test_one_that_fails(self) -> None:
        """With an error that ReqPI does not know."""
        self.server.answers["GET"] = (418, "Teapot")
        self.assert_refused("it answers with an error: It says: Teapot: About Teapot.")

    def test_one_that_nobody_listens_for(self) -> None:
        """The port is wrong, or it is not started."""
        self.server.stop()
        self.assert_refused("it cannot be reached: it refuses connections: Fix --store-option endpoint, or start it.")

    def test_one_that_does_not_answer(self) -> None:
        """It takes connections, and that is all; the limit is the operator's, or some seconds."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.assert_refused(
            "it cannot be reached: it does not answer in time: Fix --store-option endpoint, or start it.",
            endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}",
            timeout="1s",
        )

    def test_one_that_does_not_speak_tls(self) -> None:
        """The endpoint was mistyped."""
        self.assert_refused(
            "it cannot be reached: it does not speak TLS: Write http:// in --store-option endpoint.",
            endpoint=self.server.options["endpoint"].replace("http:", "https:"),
        )

    def test_one_that_does_not_show_what_was_written(self) -> None:
        """Removing and using could not see each other."""
        self.server.hides_new = True
        self.assert_refused(
            "it does not list an object that was just written: Use a store that shows each write at once."
        )
        self.server.hides_new, self.server.keeps_deleted = False, True
        self.assert_refused("it still shows an object that was deleted: Use a store that shows each write at once.")

    def test_one_of_a_newer_layout(self) -> None:
        """Nothing is written to it."""
        self.server.held[f"{ROOT}layout"] = b"2\n", 0.0
        self.assert_refused(
            "a newer ReqPI wrote it (layout 2; this one knows 1): Run that version, or name another prefix."
        )
        self.assertNotIn("PUT", self.server.asked)

    def test_one_whose_layout_is_no_number(self) -> None:
        """It may belong to someone else."""
        self.server.held[f"{ROOT}layout"] = b"{}", 0.0
        self.assert_refused("its object layout does not contain a number: Restore that object, or name another prefix.")

    def test_a_prefix_that_is_too_long(self) -> None:
        """Keys of 1024 bytes are the longest there are, and records have names of up to 900."""
        self.objects(f"s3://shelf/{'a' * LONGEST_PREFIX}/")
        refusal = self.assertRaises(Misconfigured, self.objects, f"s3://shelf/{'a' * (LONGEST_PREFIX + 1)}/")
        self.assertEqual(
            str(refusal),
            f"the prefix in the store's URL is too long: It has {LONGEST_PREFIX + 1} bytes; the limit is "
            f"{LONGEST_PREFIX}.",
        )


class LeftBehindTests(FakeS3Case):
    """Starts that did not finish leave what they tried out."""

    def test_it_is_deleted_by_a_later_start(self) -> None:
        """But not the probe of another replica that is starting now."""
        now = self.server.now
        self.server.held = {f"{ROOT}probes/old": (b"", now - 3601), f"{ROOT}probes/new": (b"", now - 3599)}
        prepare(self.objects())
        self.assertEqual(sorted(self.server.held), [f"{ROOT}layout", f"{ROOT}probes/new"])


class TogetherTests(SynchronousTestCase):
    """Replicas start at the same time."""

    def test_many_that_start_at_once_all_start(self) -> None:
        """And one layout is written."""
        connect = in_memory()
        failed: list[Exception] = []
        together = threading.Barrier(8)

        def start() -> None:
            objects = ObjectClient(connect)
            objects.open()
            together.wait(240)
            try:
                prepare(objects)
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(240)
        self.assertEqual((failed, keys(connect)), ([], []))


class WordsTests(FakeS3Case):
    """Messages that reach HTTP clients name no bucket, endpoint or key."""

    def words(self, *answer: object, verb: str = "GET") -> StoreTrouble:
        self.server.answers = {verb: answer}  # type: ignore[dict-item]
        objects = self.objects()
        call = objects.get if verb == "GET" else lambda key: objects.put(key, b"")
        trouble: StoreTrouble = self.assertRaises(StoreTrouble, call, "records/a_")
        for name in ("shelf", "prefix", "127.0.0.1", "records", "secret"):
            self.assertNotIn(name, str(trouble))
        return trouble

    def test_each_kind_of_trouble_is_told(self) -> None:
        """And the operator's log has what the store said."""
        rest = " Try again; the log of this index has more for its operator."
        for answer, why in (
            ((404, "NoSuchBucket"), "Its bucket is gone."),
            ((403, "InvalidAccessKeyId"), "It rejects the credentials."),
            ((403, "AccessDenied"), "It does not permit that."),
            ((400, "Odd"), "It answers with an error."),
        ):
            trouble = self.words(*answer)
            self.assertEqual(str(trouble), f"the store cannot be read: {why}{rest}")
            self.assertIn(answer[1], str(trouble.__cause__))

    def test_what_cannot_be_written_says_so(self) -> None:
        """A full store is distinguished: it can still be read."""
        self.assertIn("the store cannot be written: ", str(self.words(400, "Odd", verb="PUT")))
        self.assertIsInstance(self.words(507, "QuotaExceeded", verb="PUT"), StoreFull)
