"""Archives come from hosts that the operator allowed, and from nowhere else."""

from __future__ import annotations

from reqpi.upstream.allowed.denied import Denied
from tests.upstream.sources import SourceCase


class ArchiveTests(SourceCase):
    """``archive+https://…``."""

    async def test_one_of_an_allowed_host_is_had(self) -> None:
        """Whole, or a part of it where the host does that."""
        url = self.host.archive("thing.tar.gz", b"content")
        self.assertEqual(await self.bytes_of(self.upstreams(), f"archive+{url}"), b"content")
        self.assertEqual(await self.bytes_of(self.upstreams(), url), b"content")

    async def test_a_redirect_to_an_allowed_host_is_followed(self) -> None:
        """Many hosts send an archive from another one of theirs."""
        other = self.a_host()
        self.host.redirects["/thing.tar.gz"] = other.archive("moved", b"content")
        upstreams = self.upstreams(self.host, other)
        self.assertEqual(await self.bytes_of(upstreams, f"archive+{self.host.url}/thing.tar.gz"), b"content")

    async def test_any_other_host_is_not_asked(self) -> None:
        """Neither at once nor after a redirect; the words say how it could be."""
        other = self.a_host()
        url = other.archive("thing.tar.gz", b"content")
        self.host.redirects["/away"] = url
        for asked in (f"archive+{url}", f"archive+{self.host.url}/away", f"{self.host.url}/away"):
            trouble = await self.trouble(self.upstreams().open(asked))
            self.assertIsInstance(trouble, Denied)
            self.assertIn(f"--allow-host {other.name}", trouble.detail)
        self.assertEqual(other.connections, 0)

    async def test_an_index_is_no_host_of_archives(self) -> None:
        """It may be reached, but a lock may neither name it nor be redirected to it."""
        index = self.upstream(tls=True)
        self.host.redirects["/away"] = f"{index.url}thing/"
        upstreams = self.upstreams(default=index.url)
        for asked in (f"archive+{index.url}thing/", f"archive+{self.host.url}/away"):
            trouble = await self.trouble(upstreams.open(asked))
            self.assertIn("nothing is taken from", trouble.title)
        self.assertEqual(index.requests, [])

    async def test_a_redirect_to_http_is_not_followed(self) -> None:
        """Though the host be the same."""
        self.host.redirects["/away"] = f"http://{self.host.name}/thing"
        await self.trouble(self.upstreams().open(f"archive+{self.host.url}/away"))
        self.assertEqual(len(self.host.requests), 1)
