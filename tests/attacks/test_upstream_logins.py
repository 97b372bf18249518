"""A malicious upstream, against the logins and the private hosts of another one."""

from __future__ import annotations

from typing import Any

from reqpi.upstream.allowed.credentials import basic
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.upstreams import Upstreams
from tests.attacks.upstream_case import TwoUpstreamsCase, at, with_login
from tests.upstream.case import reactor
from tests.upstream.scripted import ok

LOGIN = basic("me", "secret")


def place(url: str) -> str:
    """Return the host and the port of a URL."""
    return url.split("/")[2]


class PrivateHostTests(TwoUpstreamsCase):
    """The host of ``b`` is on a private address, and allowed for ``b`` only."""

    async def test_a_link_does_not_reach_it(self) -> None:
        """A page of A links to a file of B, whose digest the lock has."""
        self.link(self.a, at("b.example", self.b.url).replace("simple/", "files/"))
        errors = await self.everything(self.shelf())
        self.assertEqual(self.b.connections, 0)
        self.assertIn("b.example is not on the public internet", "".join(errors))

    async def test_a_redirect_of_a_page_does_not_reach_it(self) -> None:
        """A answers the request for a page with a redirect to a page of B."""
        self.redirect(self.a, "page", f"{self.b_url}thing/")
        self.assertTrue(await self.everything(self.shelf()))
        self.assertEqual(self.b.connections, 0)

    async def test_a_redirect_of_a_file_does_not_reach_it(self) -> None:
        """A answers the requests for a file and for its metadata with a redirect to B."""
        for kind in ("file", "metadata"):
            self.redirect(self.a, kind, self.b_file)
        self.assertTrue(await self.everything(self.shelf()))
        self.assertEqual(self.b.connections, 0)

    async def test_a_connection_of_the_other_upstream_is_not_used_for_it(self) -> None:
        """B was asked before, and its idle connection is still open."""
        outside = self.outside()
        await outside.page(self.project, self.b_url)
        requests, connections = len(self.b.requests), self.b.connections
        await self.trouble(outside.open(self.b_file))
        self.assertEqual((len(self.b.requests), self.b.connections), (requests, connections))

    async def test_a_file_in_flight_for_the_other_upstream_is_not_shared(self) -> None:
        """A and B list the same file, with the same URL, size and digest; only B's listing leads to it."""
        self.link(self.a, at("b.example", self.b.url).replace("simple/", "files/"))
        shelf = self.shelf()
        commitment = await self.committed(shelf)
        other = await self.committed(shelf, f"--index-url {self.b_url}", f"thing==1.0 --hash={self.digest}")
        for each in (commitment, other):
            await shelf.page(each, "thing")
        await self.trouble(shelf.hold(commitment, "thing", self.thing.filename))
        self.assertTrue(await shelf.hold(other, "thing", self.thing.filename))

    async def test_a_local_command_does_not_reach_it_either(self) -> None:
        """The user is the operator; the page is still A's."""
        self.link(self.a, at("b.example", self.b.url).replace("simple/", "files/"))
        self.assertTrue(await self.everything(self.shelf(local=True)))
        self.assertEqual(self.b.connections, 0)


class LoginTests(TwoUpstreamsCase):
    """The host of ``b`` may be reached by all, with ``--allow-host``; its login is still for ``b`` only."""

    def reachable(self, **more: Any) -> dict[str, Any]:
        return {"hosts": Hosts.read([place(self.b_url)], "--allow-host"), **more}

    async def test_a_link_does_not_send_it(self) -> None:
        """A page of A links to a file of B."""
        self.link(self.a, at("b.example", self.b.url).replace("simple/", "files/"))
        self.assertEqual(await self.everything(self.shelf(**self.reachable())), [])
        self.assertEqual(self.logins(self.b), {None})

    async def test_a_redirect_does_not_send_it(self) -> None:
        """A redirects a page and a file to B."""
        self.redirect(self.a, "page", f"{self.b_url}thing/")
        self.redirect(self.a, "file", self.b_file)
        await self.everything(self.shelf(**self.reachable()))
        self.assertTrue(self.b.requests)
        self.assertEqual(self.logins(self.b), {None})

    async def test_userinfo_in_a_link_or_a_redirect_is_not_sent(self) -> None:
        """A guesses a login, or has its own logged by B."""
        self.link(self.a, with_login(at("b.example", self.b.url)).replace("simple/", "files/"))
        await self.everything(self.shelf(**self.reachable()))
        self.redirect(self.a, "page", with_login(f"{self.b_url}thing/"))
        await self.everything(self.shelf(**self.reachable()))
        self.assertEqual(self.logins(self.b), {None})

    async def test_a_login_in_netrc_is_not_sent(self) -> None:
        """The login of B is in netrc."""
        self.link(self.a, at("b.example", self.b.url).replace("simple/", "files/"))
        logins = {"b.example": LOGIN}
        await self.everything(self.shelf(**self.reachable(upstreams={"b": self.b_url}, logins=logins)))
        self.assertEqual(self.logins(self.b), {None})

    async def test_an_upstream_on_the_same_host_is_another_one(self) -> None:
        """A and B have one host and port, and A's pages link to files of B."""
        link = b'<a href="/b/thing-1.0.tar.gz">thing-1.0.tar.gz</a>'
        script = self.scripted(ok(link, "Content-Type: text/html"), ok(b"x"))
        allowed = AllowedUpstreams(f"{script.url}/a", {"b": with_login(f"{script.url}/b")})
        outside = Upstreams(allowed, reactor, self.clock, self.agent)
        [file] = (await outside.page(self.project)).files
        (await outside.open(file.url)).close()
        self.assertEqual([script.header("Authorization", number) for number in (0, 1)], [[], []])

    async def test_its_own_login_is_not_sent_to_what_another_host_chose(self) -> None:
        """B's file is on A by a link, and A redirects back to another file of B."""
        self.link(self.b, at("a.example", self.a.url).replace("simple/", "files/"))
        self.redirect(self.a, "file", f"{self.b_url}other/")
        self.b.wheel("other", "1.0")
        hosts = Hosts.read([place(self.a_url)], "--allow-host")
        lines = (f"--index-url {self.b_url}", f"thing==1.0 --hash={self.digest}")
        await self.everything(self.shelf(hosts=hosts), *lines)
        self.assertEqual({each.headers.get("authorization") for each in self.b.asked("/thing/")}, {LOGIN})
        self.assertEqual({each.headers.get("authorization") for each in self.b.asked("/other/")}, {None})
        self.assertEqual(self.logins(self.a), {None})


class FileHostTests(TwoUpstreamsCase):
    """``--upstream URL,files=HOST``: the host with the files of an upstream gets its login."""

    def setUp(self) -> None:
        super().setUp()
        self.c = self.upstream()
        self.names._addresses |= {"c.example": ["127.0.0.1"]}  # type: ignore[operator]
        self.files = at("c.example", self.c.url).replace("simple/", "files/")
        self.declared = {"b": Hosts.read([place(self.files)], "--upstream")}
        self.lines = (f"--index-url {self.b_url}", f"thing==1.0 --hash=sha256:{self.thing.sha256}")

    async def test_it_is_reached_and_gets_the_login(self) -> None:
        """This is no attack: it is what the operator asked for."""
        self.link(self.b, self.files)
        self.assertEqual(await self.everything(self.shelf(file_hosts=self.declared), *self.lines), [])
        self.assertEqual(self.logins(self.c), {LOGIN})

    async def test_it_is_neither_reached_nor_introduced_for_another_upstream(self) -> None:
        """A page of A links to the files of B."""
        self.link(self.a, self.files)
        self.assertTrue(await self.everything(self.shelf(file_hosts=self.declared)))
        self.assertEqual(self.c.connections, 0)
        hosts = Hosts.read([place(self.files)], "--allow-host")
        await self.everything(self.shelf(file_hosts=self.declared, hosts=hosts))
        self.assertEqual(self.logins(self.c), {None})

    async def test_a_host_that_is_not_declared_is_not_reached(self) -> None:
        """B's own page links to it."""
        self.link(self.b, self.files)
        self.assertTrue(await self.everything(self.shelf(), *self.lines))
        self.assertEqual(self.c.connections, 0)
