"""A page is asked for again where that may help, and nowhere else."""

from __future__ import annotations

from tests.fake_upstream import faults
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Turn, ok

PAUSES = [0.3, 1.0]


class RetriesTests(UpstreamCase):
    """Three attempts in all, with pauses between them."""

    async def test_passing_trouble_is_passed(self) -> None:
        """An upstream that is down for two requests fails no build."""
        for fault in (faults.Status(500), faults.Status(503), faults.Reset(), faults.Reset(10), faults.ShortBody(9)):
            upstream = self.upstream()
            upstream.fail("page", faults.First(2, fault))
            self.clock.pauses.clear()
            self.assertEqual(len((await self.page(upstream.url)).files), 1)
            self.assertEqual(self.clock.pauses, PAUSES, fault)

    async def test_trouble_that_stays_is_reported_after_three_attempts(self) -> None:
        """The last of it."""
        for code in (408, 425, 429, 500, 502, 503, 504):
            upstream = self.upstream()
            upstream.fail("page", faults.Status(code))
            trouble = await self.trouble(self.page(upstream.url))
            self.assertIn(f"answered {code}", trouble.title)
            self.assertFalse(trouble.final)
            self.assertEqual(len(upstream.requests), 3)

    async def test_what_would_come_again_is_not_asked_for_again(self) -> None:
        """Asking three times lets no one in, and locks some out."""
        for code in (204, 300, 304, 400, 401, 403, 405, 406, 451):
            upstream = self.upstream()
            upstream.fail("page", faults.Status(code))
            trouble = await self.trouble(self.page(upstream.url))
            self.assertTrue(trouble.final)
            self.assertEqual(len(upstream.requests), 1, code)

    async def test_a_file_is_not_asked_for_again_here(self) -> None:
        """Who takes it knows how far it came, and asks for the rest."""
        upstream = self.upstream()
        upstream.fail("file", faults.Status(503))
        opened = self.index(upstream.url).open(upstream.file_url(self.thing))
        self.assertFalse((await self.trouble(opened)).final)
        self.assertEqual(len(upstream.requests), 1)


class RetryAfterTests(UpstreamCase):
    """``Retry-After`` (RFC 9110, section 10.2.3)."""

    async def pauses(self, said: str, status: str = "503 Busy") -> list[float]:
        """What was waited, where upstream says ``said`` once and then 404."""
        self.clock.pauses.clear()
        script = self.scripted(ok(b"", f"Retry-After: {said}", status=status), ok(b"", status="404 No"))
        await self.trouble(self.page(script.url))
        return self.clock.pauses

    async def test_it_is_waited_for(self) -> None:
        """With 429 as with 503, and never less than without it."""
        self.assertEqual(await self.pauses("2"), [2])
        self.assertEqual(await self.pauses("3", "429 Too Many Requests"), [3])
        self.assertEqual(await self.pauses("0"), PAUSES[:1])

    async def test_nobody_is_kept_waiting_for_long(self) -> None:
        """At most 5 s, however much is asked for."""
        self.assertEqual(await self.pauses("86400"), [5])
        self.assertEqual(await self.pauses("9" * 4000), PAUSES[:1])

    async def test_nonsense_is_passed_over(self) -> None:
        """And so is a date, which would need two clocks that agree."""
        for said in ("-1", "soon", "1.5", "\u00b2", "Fri, 31 Dec 2027 23:59:59 GMT"):
            self.assertEqual(await self.pauses(said), PAUSES[:1], said)


class KeptAwayTests(UpstreamCase):
    """Trouble says what it is about."""

    async def test_an_upstream_that_wants_a_password_says_so(self) -> None:
        """Its host and the status: what an operator needs."""
        script = self.scripted(Turn(ok(b"", "WWW-Authenticate: Basic", status="401 Who").data))
        trouble = await self.trouble(self.page(script.url))
        self.assertEqual(trouble.title, f"{script.url.removeprefix('http://')} answered 401")
        self.assertTrue(trouble.detail.startswith(f"For {script.url}/thing/. "))
        self.assertIn("--netrc", trouble.detail)
