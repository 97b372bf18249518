"""Others on the network, without a token or with one that does not allow what they request."""

from __future__ import annotations

from reqpi.core.access.tokens import Tokens
from tests.attacks.tokens_case import TokensCase, basic, text_of
from tests.web.case import SDIST, WHEEL

PAGE = "/simple/six/"

WRONG = (
    "",
    "Basic",
    "Basic !!!",
    "Basic " + "A" * 9000,
    "Bearer ",
    "Bearer nonsense",
    "Negotiate " + text_of("reader"),
    f"Bearer {text_of('reader')[:-1]}t",
    f"Bearer {text_of('reader').replace('reader', 'holder')[:-1]}x",
    basic(text_of("reader")[:-1]),
    basic("x", text_of("reader")),
    basic(text_of("reader") + "\n"),
)
"""Values of ``Authorization`` that have no token."""


class StrangerTests(TokensCase):
    """Reading needs a token, and the attacker has none."""

    def paths(self) -> tuple[str, ...]:
        below = ("/", "/lock", "/env", "/refused", "/held", "/files.json", PAGE, f"{PAGE}{SDIST}", "/wheelhouse.tar")
        return ("/", "/locks", "/learn", *(f"/{self.address}{path}" for path in below))

    async def test_without_a_token_there_is_nothing(self) -> None:
        """The attacker knows every path, and spells it in other ways."""
        for path in (*self.paths(), f"/%6cearn/{'a' * 32}", "//locks/", f"//{self.address}//simple//six"):
            for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT"):
                reply = await self.ask(path, method, b"" if method == "POST" else None)
                self.assertEqual(reply.status, 401, (method, path))
                self.assertEqual(reply["WWW-Authenticate"], 'Basic realm="reqpi"')

    async def test_a_wrong_token_is_no_token(self) -> None:
        """The attacker tries parts of a token, other schemes and other names."""
        for value in WRONG:
            reply = await self.under(PAGE, Authorization=value)
            self.assert_problem(reply, 401)
            self.assertNotIn(text_of("reader"), reply.body.decode())

    async def test_the_fast_path_asks_for_the_token_too(self) -> None:
        """The attacker requests what a client with a token has just made ready, on any connection."""
        for path in (PAGE, f"{PAGE}{SDIST}", f"{PAGE}{WHEEL}", "/simple/"):
            for _ in range(3):
                self.assertEqual((await self.as_client("reader", f"/{self.address}{path}")).status, 200)
            for headers in ({}, {"Authorization": basic("x")}, {"Authorization": basic(text_of("learner"))}):
                self.assertIn((await self.under(path, **headers)).status, (401, 403), path)

    async def test_a_connection_is_not_a_login(self) -> None:
        """The attacker sends requests on a connection that a proxy shares between clients."""
        wire = await self.wire()
        authorized = self.request(f"/{self.address}{PAGE}", Authorization=basic(text_of("reader")))
        statuses = []
        for request in (authorized, authorized, self.request(f"/{self.address}{PAGE}"), authorized):
            wire.say(request)
            statuses.append((await wire.reply()).status)
        self.assertEqual(statuses, [200, 200, 401, 200])

    async def test_a_large_lock_without_a_token_is_not_received(self) -> None:
        """The attacker announces a lock, or sends one without a length, to have it kept in memory."""
        for name, status in ((None, 401), ("reader", 403)):
            login = {} if name is None else {"Authorization": basic(text_of(name))}
            wire = await self.wire()
            head = self.request("/locks", "POST", Content_Length=str(1 << 17), **login)
            wire.say(head)
            self.assertEqual((await wire.reply()).status, status, name)

    async def test_no_answer_may_stay_in_a_shared_cache(self) -> None:
        """The attacker asks a proxy in front of the server for what it has kept; both ways say that it must not."""
        for path in (PAGE, f"{PAGE}{SDIST}", "/lock", "/files.json"):
            for _ in range(3):
                reply = await self.as_client("reader", f"/{self.address}{path}")
                self.assertEqual(reply["Cache-Control"], "private, max-age=31536000, immutable", path)


class RevokedTests(TokensCase):
    """The attacker has a token that was revoked, or has expired."""

    async def test_a_revoked_token_ends_on_open_connections_too(self) -> None:
        """The connection has used it for ready answers."""
        wire = await self.wire()
        request = self.request(f"/{self.address}{PAGE}", Authorization=basic(text_of("reader")))
        for _ in range(3):
            wire.say(request)
            self.assertEqual((await wire.reply()).status, 200)
        self.revoke("reader")
        for _ in range(2):
            wire.say(request)
            self.assertEqual((await wire.reply()).status, 401)

    async def test_the_last_token_that_is_revoked_opens_nothing(self) -> None:
        """The file is empty now."""
        self.access.tokens = Tokens()
        self.site.clients_changed()
        self.assertEqual((await self.as_client("reader", f"/{self.address}{PAGE}")).status, 401)


class ScopeTests(TokensCase):
    """The attacker has a token, and requests what its scopes do not allow."""

    anonymous = "read"

    async def test_each_scope_opens_what_it_is_for(self) -> None:
        """A reader commits, a committer holds, and a learner reads."""
        allowed = {
            ("reader", "POST", "/locks"): 403,
            ("committer", "POST", "/locks"): 200,
            ("committer", "POST", "/locks?hold=1"): 403,
            ("holder", "POST", "/locks?hold=1"): 200,
            ("learner", "POST", "/locks"): 403,
            ("committer", "POST", "/learn"): 403,
            ("learner", "POST", "/learn"): 404,  # the operator has not allowed record mode
            ("nothing", "DELETE", f"/{self.address}/"): 403,
            ("nothing", "GET", f"/{self.address}{PAGE}"): 200,  # as anyone
        }
        for (name, method, path), status in allowed.items():
            body = b"six==1.0\n" if method == "POST" else None
            reply = await self.as_client(name, path, method, body)
            self.assertEqual(reply.status, status, (name, method, path, reply.body))
            if status == 403:
                self.assertEqual(self.assert_problem(reply, 403)["type"], "urn:reqpi:missing-scope")

    async def test_without_a_token_one_can_read_and_no_more(self) -> None:
        """The attacker commits a lock of the operator's private projects."""
        self.assertEqual((await self.under(PAGE)).status, 200)
        self.assertEqual((await self.under(PAGE)).status, 200)
        self.assertEqual((await self.under(PAGE))["Cache-Control"], "public, max-age=31536000, immutable")
        for path in ("/locks", "/locks?hold=1", "/learn"):
            reply = await self.ask(path, "POST", b"six==1.0\n")
            self.assertEqual(self.assert_problem(reply, 401)["type"], "urn:reqpi:login-required")
            self.assertEqual(reply["WWW-Authenticate"], 'Basic realm="reqpi"')

    async def test_clients_send_tokens_in_every_usual_way(self) -> None:
        """As the password of any user, as the user, as Bearer, and as cargo does."""
        text = text_of("committer")
        for value in (basic(text), basic(text, ""), basic("", text), f"Bearer {text}", f"bearer  {text}", text):
            reply = await self.ask("/locks", "POST", b"six==1.0\n", Authorization=value)
            self.assertEqual(reply.status, 200, value)


class OpenTests(TokensCase):
    """The operator lets anyone commit."""

    anonymous = "commit"

    async def test_committing_does_not_include_learning(self) -> None:
        """The attacker wants all of the upstream."""
        self.assertEqual((await self.ask("/locks?hold=1", "POST", b"six==1.0\n")).status, 200)
        self.assertEqual((await self.ask("/learn", "POST", b"")).status, 401)
