"""Locks with their URLs here, and files at their original URLs, over HTTP."""

from __future__ import annotations

from reqpi.core.rewritten_lock import rewritten_lock
from reqpi.web.public_url import PublicUrl
from tests.distributions import digest_of
from tests.web.case import CONTENTS, SDIST, WHEEL, WebCase

ORIGINAL = "https://files.example.org"
MIRROR = "https://mirror.example.org/f"


def uv_lock(files: str = ORIGINAL) -> bytes:
    """A uv.lock that pins both files of six 1.0."""
    wheel, sdist = digest_of(CONTENTS[WHEEL]), digest_of(CONTENTS[SDIST])
    return (
        'version = 1\n\n[[package]]\nname = "six"\nversion = "1.0"\n'
        'source = { registry = "https://index.example.org/simple" }\n'
        f'sdist = {{ url = "{files}/{SDIST}", hash = "{sdist}" }}\n'
        f'wheels = [\n    {{ url = "{files}/{WHEEL}", hash = "{wheel}" }},\n]\n'
    ).encode()


class UvCase(WebCase):
    """A server whose address is that of a uv.lock. Its pins are found on the pages of the index that it names."""

    document = uv_lock()

    async def setUp(self) -> None:
        await super().setUp()
        self.upstream.indexes["https://index.example.org/simple"] = self.upstream.pages
        self.upstream.indexes["https://index.example.org/simple/"] = self.upstream.pages
        commitment, _ = await self.shelf.commit(self.document)
        self.address = commitment.address


class RewrittenLocks(UvCase):
    async def test_a_uv_lock_is_served_with_its_urls_here(self) -> None:
        """And what a client computes of the lock and the address is the same."""
        reply = await self.under("/uv.lock")
        self.assertEqual((reply.status, reply["Content-Type"]), (200, "application/toml"))
        here = f"http://index.example.org/{self.address}/"
        self.assertEqual(reply.body, rewritten_lock(self.document, here).document)
        self.assertEqual(reply["Cache-Control"], "private, no-cache")
        self.assertEqual((await self.under("/uv.lock", If_None_Match=str(reply["ETag"]))).status, 304)
        for name, content in CONTENTS.items():
            path = f"/simple/six/{name}"
            self.assertIn(f'"{here.removesuffix("/")}{path}"'.encode(), reply.body)
            self.assertEqual((await self.under(path)).body, content)

    async def test_each_host_has_its_own(self) -> None:
        """What was written for one name of the server is not sent under another."""
        await self.under("/uv.lock")
        reply = await self.under("/uv.lock", Host="other.example.org")
        self.assertIn(b'"http://other.example.org/', reply.body)
        self.assertNotIn(b"index.example.org/a", reply.body)

    async def test_no_upstream_is_asked(self) -> None:
        """The lock is enough."""
        self.upstream.asked.clear()
        await self.under("/uv.lock")
        self.assertEqual(self.upstream.asked, [])

    async def test_another_format_is_named(self) -> None:
        problem = self.assert_problem(await self.under("/pdm.lock"), 404)
        self.assertIn("has no pdm.lock", problem["title"])
        self.assertIn("Its format is uv.lock.", problem["detail"])
        address = await self.committed("six==1.0")
        problem = self.assert_problem(await self.ask(f"/{address}/uv.lock"), 404)
        self.assertIn("Its format is requirements.txt.", problem["detail"])

    async def test_a_pdm_lock_is_served_with_its_urls_here(self) -> None:
        wheel = digest_of(CONTENTS[WHEEL])
        document = (
            '[metadata]\nstrategy = ["static_urls"]\nlock_version = "4.5.1"\ncontent_hash = "sha256:1"\n'
            f'[[package]]\nname = "six"\nversion = "1.0"\nfiles = [{{url = "{ORIGINAL}/{WHEEL}", hash = "{wheel}"}}]\n'
        )
        commitment, _ = await self.shelf.commit(document.encode())
        here = f"http://index.example.org/{commitment.address}"
        reply = await self.ask(f"/{commitment.address}/pdm.lock")
        self.assertEqual(reply.body.decode(), document.replace(ORIGINAL, f"{here}/simple/six"))

    async def test_a_lock_in_another_form_is_refused(self) -> None:
        """Rather than leave a URL as it is."""
        document = self.document.replace(b'registry = "https://index.example.org/simple"',
                                         b'registry = """https://index.example.org/simple"""')  # fmt: skip
        commitment, _ = await self.shelf.commit(document)
        problem = self.assert_problem(await self.ask(f"/{commitment.address}/uv.lock"), 404)
        self.assertIn("lock again", problem["detail"])


class CanonicalUrl(UvCase):
    base = PublicUrl("https://reqpi.example.org/pypi")

    async def test_the_canonical_url_is_the_one_that_is_written(self) -> None:
        """It is the operator's, so everyone may keep it."""
        reply = await self.under("/uv.lock")
        self.assertIn(f'"https://reqpi.example.org/pypi/{self.address}/simple/"'.encode(), reply.body)
        self.assertEqual(reply["Cache-Control"], "public, max-age=31536000, immutable")


class OriginalFiles(UvCase):
    async def test_a_file_is_at_its_original_path(self) -> None:
        """Whole, in part, and as a head."""
        for name, content in CONTENTS.items():
            path = f"/files/files.example.org/{name}"
            self.assertEqual((await self.under(path)).body, content)
            self.assertEqual((await self.under(path, Range="bytes=1-3")).body, content[1:4])
            head = await self.under(path, "HEAD")
            self.assertEqual((head.status, head["Content-Length"]), (200, str(len(content))))
        self.assert_problem(await self.under(f"/files/files.example.org/{WHEEL}", "POST"), 405)

    async def test_its_core_metadata_is_next_to_it(self) -> None:
        """As PEP 658 has it; an sdist has none."""
        self.upstream.files[f"{ORIGINAL}/{WHEEL}.metadata"] = b""
        reply = await self.under(f"/files/files.example.org/{SDIST}.metadata")
        self.assert_problem(reply, 404)

    async def test_one_unavailable_project_does_not_hide_the_others(self) -> None:
        address = await self.committed("six==1.0", "absent==1.0")
        self.assertEqual((await self.ask(f"/{address}/simple/six/")).status, 200)
        reply = await self.ask(f"/{address}/files/files.example.org/{WHEEL}")
        self.assertEqual(reply.body, CONTENTS[WHEEL])
        self.assert_problem(await self.ask(f"/{address}/files/files.example.org/other.whl"), 410)


class MirroredFiles(UvCase):
    """The lock was made with a mirror, so its URLs are on no page."""

    document = uv_lock(MIRROR)

    async def test_the_urls_of_the_lock_count(self) -> None:
        for host in ("mirror.example.org/f", "files.example.org"):
            self.assertEqual((await self.under(f"/files/{host}/{WHEEL}")).body, CONTENTS[WHEEL])
