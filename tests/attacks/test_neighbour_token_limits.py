"""Others on the network, with a token that is limited or cannot commit, against upstreams with a login."""

from __future__ import annotations

import json

from attrs import evolve

from reqpi.core.access.clients import AccessScope, anonymous_client
from reqpi.core.access.tokens import Token, Tokens, digest_of
from reqpi.upstream.allowed.policy import Policy
from reqpi.upstream.allowed.urls import index_key
from tests.attacks.tokens_case import TokensCase, text_of, token
from tests.distributions import a_file, a_page
from tests.web.case import WHEEL

DEFAULT, CORP = "https://default.example/simple/", "https://corp.example/simple/"
KEYS = (index_key(DEFAULT), index_key(CORP))
COMMIT = frozenset({AccessScope.READ, AccessScope.COMMIT, AccessScope.HOLD, AccessScope.LEARN})

ANY_PAGE = (
    *("/simple/six/", f"/simple/six/{WHEEL}", f"/simple/six/{WHEEL}.metadata", "/files.json", "/requirements.txt"),
    *("/pylock.toml", "/wheelhouse.tar", "/sbom.cdx.json", "/sbom.spdx.json", "/build-requirements", "/closed"),
    *("/held", "/files/files.example.org/six.whl", "//simple///SIX"),
)
"""Paths below an address that may need a page of six."""


def limited(name: str, **limits: frozenset[str]) -> Token:
    """A token that may do everything with some locks."""
    return evolve(Token(name, digest_of(text_of(name)), COMMIT), **limits)


class LimitsCase(TokensCase):
    """Two upstreams, and a login for those of ``with_login``."""

    anonymous = "read"
    with_login = frozenset(KEYS)

    async def setUp(self) -> None:
        await super().setUp()
        self.upstream.policy = Policy(
            dict(zip(KEYS, (DEFAULT, CORP), strict=True)),
            urls=dict(zip(KEYS, (DEFAULT, CORP), strict=True)),
            with_login=self.with_login,
            names=dict(zip(KEYS, ("default", "corp"), strict=True)),
        )
        self.upstream.indexes[CORP] = {"own": a_page(a_file("own-1.0.tar.gz", project="own"), project="own")}  # type: ignore[dict-item]
        limits = (
            limited("corp-only", upstreams=frozenset({"corp"})),
            limited("six-only", projects=frozenset({"six"})),
            limited("free"),
        )
        self.access.tokens = Tokens([*limits, token("reader")])
        self.upstream.asked.clear()


class ReadingTests(LimitsCase):
    """The attacker knows the address of a lock whose pages are not frozen, and may not commit it."""

    async def test_no_request_has_the_upstream_asked(self) -> None:
        """Neither without a token, nor with one that reads, nor with one for other upstreams."""
        for login in ({}, {"name": "reader"}, {"name": "corp-only"}):
            for path in ANY_PAGE:
                where = f"/{self.address}{path}"
                reply = await (self.as_client(login["name"], where) if login else self.ask(where))
                self.assertEqual(reply.status, 503, (login, path, reply.body))
                self.assertIn("not frozen yet", reply.body.decode())
        self.assertEqual(self.upstream.asked, [])

    async def test_what_a_client_that_may_commit_has_frozen_is_for_readers(self) -> None:
        """Then the files are fetched for them too."""
        self.assertEqual((await self.as_client("six-only", f"/{self.address}/simple/six/")).status, 200)
        for path in ("/simple/six/", f"/simple/six/{WHEEL}", "/files.json", "/files.json", "/held"):
            self.assertEqual((await self.under(path)).status, 200, path)

    async def test_a_run_is_no_way_around(self) -> None:
        """The attacker got the token of a run from one who may commit, and reads the index through that."""
        self.assertEqual((await self.ask(f"/{self.address}/runs", "POST", b"")).status, 401)
        reply = await self.as_client("free", f"/{self.address}/runs", "POST", b"")
        self.assertEqual(reply.status, 201, reply.body)
        index = json.loads(reply.body)["index"]
        path = index[index.index("/runs/") :]
        for below in ("six/", f"six/{WHEEL}"):
            self.assertEqual((await self.ask(f"{path}{below}")).status, 503)
        self.assertEqual(self.upstream.asked, [])
        self.assertEqual((await self.as_client("free", f"{path}six/")).status, 200)
        self.assertEqual((await self.ask(f"{path}six/")).status, 200)
        run = path.removesuffix("/simple/")
        self.assertEqual((await self.ask(f"{run}/receipt")).status, 200)
        self.assertEqual((await self.ask(run, "DELETE")).status, 401)

    async def test_a_head_is_answered_as_a_get_is(self) -> None:
        """With and without the page."""
        self.assertEqual((await self.under("/simple/six/", "HEAD")).status, 503)
        await self.as_client("free", f"/{self.address}/simple/six/")
        for path in ("/simple/six/", "/files.json", "/requirements.txt"):
            get, head = await self.under(path), await self.under(path, "HEAD")
            self.assertEqual((get.status, head.status, head.body), (200, 200, b""), path)
            self.assertEqual(get["ETag"], head["ETag"])

    async def test_other_answers_need_no_page(self) -> None:
        """What the lock is, and what it refused."""
        for path in ("/", "/lock", "/env", "/refused?suggest=1", "/simple/", "/simple/other/"):
            self.assertIn((await self.under(path)).status, (200, 410), path)
        self.assertEqual((await self.ask(f"/{'0' * 64}/simple/six/")).status, 410)
        self.assertEqual(self.upstream.asked, [])


class SuggestionTests(LimitsCase):
    """The attacker asks for a project that the lock does not pin, and then for what would pin it."""

    async def line(self, name: str) -> str | None:
        """Return the suggestion that a client gets; without a name, one without a token."""
        path = f"/{self.address}/refused?suggest=1"
        reply = await (self.as_client(name, path) if name else self.ask(path))
        [entry] = json.loads(reply.body)["refused"]
        return entry["line"]  # type: ignore[no-any-return]

    async def test_versions_are_suggested_to_those_who_may_commit_them(self) -> None:
        """Neither without a token, nor with one that reads, nor with one for other upstreams or projects."""
        self.upstream.offer(a_page(a_file("own-7.7.tar.gz", project="own"), project="own"), b"own")
        await self.under("/simple/own/")
        for name in ("", "reader", "corp-only", "six-only"):
            self.assertIsNone(await self.line(name), name)
        self.assertEqual(self.upstream.asked, [])
        self.assertEqual(await self.line("free"), "own==7.7")

    async def test_where_anyone_may_commit_a_login_of_the_client_is_needed(self) -> None:
        """The server has tokens, and takes locks from everyone."""
        self.access._anonymous = anonymous_client("commit")
        self.upstream.offer(a_page(a_file("own-7.7.tar.gz", project="own"), project="own"), b"own")
        await self.under("/simple/own/")
        self.assertIsNone(await self.line(""))
        self.assertIsNone(await self.line("corp-only"))
        self.assertEqual(await self.line("free"), "own==7.7")


class NoLoginTests(LimitsCase):
    """Without a login there is nothing to protect: readers have pages frozen, as on any server."""

    with_login = frozenset({KEYS[1]})

    async def test_only_the_upstream_with_the_login_is_closed(self) -> None:
        """A lock has a project of each."""
        lock = f"--extra-index-url {CORP}\nown==1.0\n".encode()
        address = (await self.as_client("free", "/locks", "POST", lock))["Location"] or ""
        address = address.rstrip("/").rpartition("/")[2]
        self.assertEqual((await self.under("/simple/six/")).status, 200)
        self.assertEqual((await self.ask(f"/{address}/simple/own/")).status, 503)


class CommittingTests(LimitsCase):
    """The attacker commits locks that the token is not for."""

    async def commit(self, name: str, *lines: str) -> tuple[int, str]:
        reply = await self.as_client(name, "/locks", "POST", "".join(f"{line}\n" for line in lines).encode())
        if reply.status == 403:
            self.assertEqual(self.assert_problem(reply, 403)["type"], "urn:reqpi:missing-scope")
        return reply.status, reply.body.decode()

    async def test_only_locks_within_the_limits_are_committed(self) -> None:
        """With projects and upstreams that the token is for, and with others; again after another client did."""
        corp = f"--index-url {CORP}"
        six, other = f"six==1.0 --hash=sha256:{'a' * 64}", "other==1.0"
        for _ in range(2):
            self.assertEqual((await self.commit("corp-only", corp, "own==1.0"))[0] // 100, 2)
            status, said = await self.commit("corp-only", "own==1.0")
            self.assertEqual(status, 403)
            self.assertIn("the token corp-only is not for the upstream default", said)
            self.assertEqual((await self.commit("six-only", "SIX==1.0"))[0] // 100, 2)
            status, said = await self.commit("six-only", "six==1.0", other)
            self.assertEqual(status, 403)
            self.assertIn("the token six-only is not for the project other", said)
            # A digest may be found at every upstream, whatever index the lock names.
            elsewhere = "--index-url https://elsewhere.example/simple/"
            self.assertEqual((await self.commit("corp-only", elsewhere, six))[0], 403)
            self.assertEqual((await self.commit("free", "six==1.0", other))[0] // 100, 2)

    async def test_a_refused_lock_is_not_stored(self) -> None:
        """The attacker reads it afterwards."""
        await self.commit("six-only", "other==1.0")
        from reqpi.core.address import address_of

        self.assertEqual((await self.ask(f"/{address_of(b'other==1.0' + bytes([10]))}/lock")).status, 410)

    async def test_an_open_index_is_not_within_any_limits(self) -> None:
        """It has all of the upstream."""
        for name, status in {"corp-only": 403, "six-only": 403, "free": 404}.items():
            self.assertEqual((await self.as_client(name, "/learn", "POST", b"")).status, status, name)
