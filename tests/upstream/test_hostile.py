"""What a hostile lock may say reaches nothing: each is tried on the whole way, with a host that would answer."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from reqpi.core.errors import NotAllowed, NothingUpstream
from reqpi.core.model import Archive, Digest, Git, Lock, Pin
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.upstreams import Upstreams
from tests.upstream.case import reactor
from tests.upstream.names import Names
from tests.upstream.sources import SourceCase

COMMIT = "ab" * 20
DIGESTS = frozenset({Digest("sha256", "0" * 64)})


class HostileTests(SourceCase):
    """``HOST`` stands for a host that is allowed, ``OTHER`` for one on the same machine that is not."""

    SOURCES = (
        "https://OTHER/x.tar.gz",
        "http://HOST/x.tar.gz",
        "http://OTHER/x.tar.gz",
        "file:///etc/passwd",
        "file://HOST/etc/passwd",
        "ftp://HOST/x.tar.gz",
        "//HOST/x.tar.gz",
        "/etc/passwd",
        "https://HOST/../x.tar.gz",
        "https://HOST/a/%2e%2e/x.tar.gz",
        "https://HOST/a/./x.tar.gz",
        "https://HOST/a%2f..%2fx.tar.gz",
        "https://HOST/x\n.tar.gz",
        "https://HOST/x\r\nHost: a\r\n\r\n.tar.gz",
        "https://HOST/x%\x00.tar.gz",
        "https://HOST/x y.tar.gz",
        "https://HOST/ü.tar.gz",
        "https://HOST\\@OTHER/x.tar.gz",
        "https://HOST@OTHER/x.tar.gz",
        "https://me:secret@HOST/x.tar.gz",
        "https://HOST:0/x.tar.gz",
        "https://HOST:99999/x.tar.gz",
        "https://[::1/x.tar.gz",
        "https:///x.tar.gz",
        "https://--upload-pack=touch/x",
        "--upload-pack=touch",
        "-oProxyCommand=touch",
        "ext::touch",
        "ssh://HOST/x",
        "HOST:x",
        "",
    )

    def setUp(self) -> None:
        super().setUp()
        self.other = self.a_host()
        self.open_to_one = self.upstreams(self.host)
        self.thing = self.host.repository("thing")

    def spelled(self, text: str) -> str:
        return text.replace("HOST", self.host.name).replace("OTHER", self.other.name)

    def untouched(self, what: str) -> None:
        self.assertEqual((self.host.requests, self.other.connections), ([], 0), what)

    def assert_refused(self, upstreams: Upstreams, source: Archive | Git) -> None:
        """It is a defect where it is wrong in itself; and in any case it is refused before anything is asked."""
        pin = Pin(canonicalize_name("thing"), "", source=source, line=3, text="thing @ …", document="a.txt")
        lock = Lock(b"", "requirements.txt", (pin,))
        said = [*upstreams.denies(lock), *upstreams.notes(lock)]
        self.assertTrue(said, source.url)
        self.assertEqual({(each.line, each.document) for each in said}, {(3, "a.txt")})
        error = self.assertRaises(NotAllowed, upstreams.allow, pin, source)
        self.assertNotIn("secret", f"{said} {error}")

    async def test_no_archive(self) -> None:
        """A lock that names it is refused; and if it were not, it still would not be asked for."""
        for text in self.SOURCES:
            url = self.spelled(text)
            self.assert_refused(self.open_to_one, Archive(url, DIGESTS))
            trouble = await self.trouble(self.open_to_one.open(f"archive+{url}"))
            self.assertTrue(trouble.final)
            self.assertNotIn("secret", str(trouble))
            self.untouched(text)

    async def test_no_repository(self) -> None:
        """The same, with a commit behind it."""
        for text in self.SOURCES:
            url = self.spelled(text)
            self.assert_refused(self.open_to_one, Git(url, COMMIT))
            await self.trouble(self.open_to_one.open(f"git+{url}@{COMMIT}"))
            self.untouched(text)

    async def test_a_local_command_reaches_no_private_address_either(self) -> None:
        """The user is the operator, and yet has named none of these hosts: a lock may come from anyone."""
        local = self.upstreams(self.host, local=True, hosts=Hosts())
        for text in self.SOURCES:
            url = self.spelled(text)
            for place in (f"archive+{url}", f"git+{url}@{COMMIT}"):
                trouble = await self.trouble(local.open(place))
                self.assertNotIn("secret", str(trouble))
                self.untouched(place)
        trouble = await self.trouble(local.open(f"archive+{self.host.url}/x.tar.gz"))
        self.assertIn(f"add --allow-host {self.host.name}", trouble.detail)
        await self.trouble(local.page(canonicalize_name("thing"), f"{self.host.url}/simple"))
        self.untouched("a page")

    async def test_a_public_name_leads_a_local_command_to_no_private_address(self) -> None:
        """It is resolved, and then refused: as a source, as a repository, and as an index."""
        names = Names(reactor, {"public.example": ["127.0.0.1"]})
        local = self.made(AllowedUpstreams(local=True), names)
        place = f"public.example:{self.host.port}"
        pin = Pin(canonicalize_name("thing"), "1.0", indexes=(f"https://{place}/simple",))
        self.assertEqual(local.denies(Lock(b"", "requirements.txt", (pin,))), ())
        for asked in (
            local.open(f"archive+https://{place}/x.tar.gz"),
            local.open(f"git+https://{place}/x@{COMMIT}"),
            local.page(pin.project, pin.indexes[0]),
        ):
            trouble = await self.trouble(asked)
            self.assertIsInstance(trouble, NothingUpstream)
            self.assertIn("public.example is not on the public internet", trouble.title)
            self.assertIn(f"add --allow-host {place}", trouble.detail)
        self.assertEqual(self.host.connections, 0)

    async def test_no_commit(self) -> None:
        """Invalid ids: an option, a branch, a short id, an id with a suffix."""
        marker = self.folder() / "touched"
        for text in (
            *(
                "main",
                "v1.0",
                "abcdef",
                "AB" * 20,
                "ab" * 21,
                f"{COMMIT}\n",
                f"{COMMIT} main",
                "",
                f"--upload-pack=touch {marker}",
            ),
            *(
                f"{COMMIT}#subdirectory=x",
                f"{COMMIT}^{{commit}}",
                f"+{COMMIT}:refs/heads/x",
                f"{COMMIT}:x",
                "-",
                "HEAD",
            ),
        ):
            trouble = await self.trouble(self.open_to_one.open(f"git+{self.thing.url}@{text}"))
            self.assertTrue(trouble.final, text)
            self.untouched(text)
        self.assertFalse(marker.exists())

    async def test_no_file_of_a_page(self) -> None:
        """URLs that are not http; and http to a port that was not named."""
        for text in ("file:///etc/passwd", "ftp://HOST/x", "//OTHER/x", "http://OTHER/x", "https://OTHER/x", "x", ""):
            await self.trouble(self.open_to_one.open(self.spelled(text)))
            self.untouched(text)

    async def test_no_redirect_of_a_repository(self) -> None:
        """To a host that is not allowed, to http, to a file; one to an allowed host is followed."""
        commit = self.thing.commit({"a": "1"})
        for target in ("https://OTHER/git/thing*", "http://HOST/git/thing*", "file:///etc/*", "https://OTHER/x"):
            self.host.redirects["/old"] = self.spelled(target)
            await self.trouble(self.open_to_one.open(f"git+{self.host.url}/old@{commit}"))
            self.assertEqual([each.path.partition("?")[0] for each in self.host.requests], ["/old/info/refs"])
            self.assertEqual(self.other.connections, 0)
            self.host.requests.clear()
        self.host.redirects["/old"] = self.spelled("https://HOST/git/thing*")
        self.assertTrue(await self.bytes_of(self.open_to_one, f"git+{self.host.url}/old@{commit}"))

    async def test_git_itself_follows_no_redirect(self) -> None:
        """A host that answers us well, and git with a redirect."""
        commit = self.thing.commit({"a": "1"})
        served = self.host.redirects

        def turn(request: object) -> None:
            served.clear()
            if "git/" in str(getattr(request, "headers", {}).get("user-agent", "")):
                served["/git/thing"] = f"{self.other.url}/git/thing*"

        self.host.before = turn  # type: ignore[assignment]
        await self.trouble(self.open_to_one.open(f"git+{self.thing.url}@{commit}"))
        self.assertEqual(self.other.connections, 0)
