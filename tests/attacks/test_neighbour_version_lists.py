"""Others on the network who commit locks with guessed versions, to learn what an upstream with a login has."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred

from reqpi.core.access.clients import anonymous_client
from tests.attacks.test_neighbour_token_limits import CORP, LimitsCase
from tests.attacks.tokens_case import basic, text_of
from tests.distributions import a_file, a_page
from tests.web.wire import Reply, Wire

GUESSED = b"own==1.0\n"


class VersionListTests(LimitsCase):
    """The default upstream has another version of the project than the one that is guessed."""

    async def setUp(self) -> None:
        await super().setUp()
        self.access._anonymous = anonymous_client("commit")
        self.upstream.offer(a_page(a_file("own-7.7.tar.gz", project="own"), project="own"), b"own")
        reply = await self.as_client("free", "/locks", "POST", GUESSED)
        self.guess = (reply["Location"] or "").rstrip("/").rpartition("/")[2]

    async def told(self, name: str, path: str = "/simple/own/") -> str:
        """Return the error that a client gets; without a name, one without a token."""
        where = f"/{self.guess}{path}"
        reply = await (self.as_client(name, where) if name else self.ask(where))
        self.assertGreaterEqual(reply.status, 400)
        return reply.body.decode()

    async def test_only_a_client_that_may_commit_is_told_the_versions(self) -> None:
        """The attacker has no token, or one that reads, or one for other upstreams or projects."""
        said = await self.told("free")
        self.assertIn("The lock pins 1.0; the newest versions upstream: 7.7.", said)
        for name in ("", "corp-only", "six-only"):
            self.assertNotIn("7.7", await self.told(name), name)
        self.assertIn("requires a login, so its versions are not shown", await self.told(""))
        self.access._anonymous = anonymous_client("read")
        for name in ("", "reader"):
            self.assertNotIn("7.7", await self.told(name), name)

    async def test_a_shared_lookup_tells_each_client_its_own(self) -> None:
        """The attacker requests the page while a client that may know looks it up, and the other way round."""
        for first, second in (("free", ""), ("", "free")):
            gate: Deferred[None] = Deferred()
            self.upstream.before["own"] = lambda gate=gate: gate  # type: ignore[misc]
            wires: dict[str, Wire] = {}
            for name in (first, second):
                login = {"Authorization": basic(text_of(name))} if name else {}
                wires[name] = await self.wire()
                wires[name].say(self.request(f"/{self.guess}/simple/own/", **login))
                while self.site.in_flight < len(wires):
                    await self.turn()
            del self.upstream.before["own"]
            gate.callback(None)
            replies: dict[str, Reply] = {name: await wire.reply() for name, wire in wires.items()}
            self.assertIn("7.7", replies["free"].body.decode())
            self.assertNotIn("7.7", replies[""].body.decode())

    async def test_lines_of_the_lock_tell_no_more(self) -> None:
        """The attacker requests what is made from the whole lock: the error names each line, with what is wrong."""
        self.assertIn("7.7", str(self.assert_lines(await self.told("free", "/pylock.toml"))))
        self.assertNotIn("7.7", await self.told("", "/pylock.toml"))

    def assert_lines(self, said: str) -> list[Any]:
        defects: list[Any] = json.loads(said)["defects"]
        self.assertTrue(defects)
        return defects

    async def test_several_lines_tell_each_what_the_client_may_know(self) -> None:
        """The token is for one of the upstreams, and another project of the lock comes from the other one."""
        self.upstream.indexes[CORP.rstrip("/")] = self.upstream.indexes[CORP]
        self.upstream.indexes[CORP]["own"] = a_page(a_file("own-8.8.tar.gz", project="own"), project="own")  # type: ignore[index]
        both = f"--extra-index-url {CORP}\nown==1.0\nsix==9.9\n".encode()
        reply = await self.as_client("free", "/locks", "POST", both)
        self.guess = (reply["Location"] or "").rstrip("/").rpartition("/")[2]
        said = await self.told("free", "/pylock.toml")
        self.assertIn("7.7", said)
        self.assertIn("8.8", said)
        for name in ("", "corp-only", "six-only"):
            told = await self.told(name, "/pylock.toml")
            self.assertNotIn("7.7", told, name)
            self.assertNotIn("8.8", told, name)

    async def test_wrong_digests_and_excluded_kinds_are_told_likewise(self) -> None:
        """The attacker guesses the digest of a file, or excludes its kind."""
        for lines, word in (
            (f"own==7.7 --hash=sha256:{'0' * 64}", "none with a digest that the lock contains"),
            ("own==7.7\n--only-binary=own", "--only-binary exclude all of them"),
        ):
            reply = await self.as_client("free", "/locks", "POST", f"{lines}\n".encode())
            self.guess = (reply["Location"] or "").rstrip("/").rpartition("/")[2]
            self.assertIn(word, await self.told("free"))
            self.assertNotIn(word, await self.told(""))

    async def test_what_is_held_tells_no_one(self) -> None:
        """Everyone who may read the lock may read what became of its hold."""
        reply = await self.as_client("free", "/locks?hold=1", "POST", GUESSED)
        self.assertLess(reply.status, 300)
        said: dict[str, Any] = {"holding": True}
        while said["holding"]:
            await self.turn()
            said = json.loads((await self.as_client("free", f"/{self.guess}/held")).body)
        self.assertIn("requires a login", str(said))
        self.assertNotIn("7.7", str(said))
