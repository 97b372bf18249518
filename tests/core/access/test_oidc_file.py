"""The file of ``--oidc``."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.access.clients import AccessScope, name_in
from reqpi.core.access.oidc_file import BadOidcFile, read_oidc
from reqpi.core.access.tokens import NAME

ISSUER = 'url = "https://ci.example.org"\naudiences = ["reqpi"]\nkeys = "/etc/reqpi/jwks.json"\n'
RULE = '[[issuer.rule]]\nclaims = { repository = "acme/web", ref = "refs/tags/*" }\nscopes = ["read", "commit"]\n'
WHOLE = f"[[issuer]]\n{ISSUER}{RULE}"

DEFECTS = {
    "": "write one or more [[issuer]]",
    "[[issuer": "it is not TOML",
    "x = 1": "the file has 'x'",
    f"[[issuer]]\n{ISSUER}": "write one or more [[issuer.rule]]",
    WHOLE.replace("url =", "iss ="): "an issuer has 'iss': write some of url, audiences, keys, rule",
    WHOLE.replace('["reqpi"]', '"reqpi"'): "issuer 'https://ci.example.org': write audiences as a list of texts",
    WHOLE.replace('["reqpi"]', "[]"): "write audiences as a list of texts",
    WHOLE.replace('"/etc/reqpi/jwks.json"', '"http://ci.example.org/keys"'): "keys are not read over plain http",
    WHOLE.replace('"commit"', '"root"'): "rule 1: 'root' is not a scope",
    WHOLE.replace('{ repository = "acme/web", ref = "refs/tags/*" }', "{}"): "every job of the issuer is meant",
    WHOLE.replace('"acme/web"', "true"): "write the claim 'repository' as a text",
    WHOLE.replace('"acme/web"', '"acme*"'): "a * stands at the end, behind a slash or a colon",
    WHOLE.replace('"acme/web"', '"*"'): "a * stands at the end",
    WHOLE.replace('"acme/web"', '"*/web"'): "a * stands at the end",
    f"{WHOLE}{WHOLE}": "two issuers have the same url",
    f'{WHOLE}quota = "much"\n': "rule 1: quota 'much': write a size, such as 20GB",
    f"{WHOLE}quota = 20\n": "rule 1: write quota as a text",
    "#" * (1 << 20) + "\n": "the file is larger",
}


JOB = {"sub": "repo:acme/web", "repository": "acme/web", "ref": "refs/tags/v1"}


class FileTests(SynchronousTestCase):
    def test_a_wrong_file_is_an_error_that_names_the_place(self) -> None:
        for text, problem in DEFECTS.items():
            error = self.assertRaises(BadOidcFile, read_oidc, text.encode())
            self.assertIn(problem, str(error), text[:200])
        self.assertRaises(BadOidcFile, read_oidc, b"\xff")

    def test_the_first_rule_counts_whose_claims_a_token_has(self) -> None:
        more = '[[issuer.rule]]\nclaims = { repository = "acme/web" }\nscopes = ["read"]\nprojects = ["Foo.Bar"]\n'
        [issuer] = read_oidc(f"{WHOLE}{more}".encode())
        tag = issuer.client_of({"sub": "repo:acme/web", "repository": "acme/web", "ref": "refs/tags/v1"})
        branch = issuer.client_of({"sub": "repo:acme/web", "repository": "acme/web", "ref": "refs/heads/main"})
        assert tag is not None
        assert branch is not None
        self.assertEqual((tag.name, tag.scopes), ("repo:acme/web", {AccessScope.READ, AccessScope.COMMIT}))
        self.assertEqual((branch.scopes, branch.projects), ({AccessScope.READ}, {"foo-bar"}))

    def test_what_no_rule_matches_is_no_client(self) -> None:
        [issuer] = read_oidc(WHOLE.encode())
        good = {"repository": "acme/web", "ref": "refs/tags/v1"}
        for name, value in (
            ("repository", "acme/web2"),
            ("repository", "Acme/web"),
            ("repository", None),
            ("repository", ["acme/web"]),
            ("ref", "refs/tags"),
            ("ref", "refs/heads/refs/tags/v1"),
        ):
            self.assertIsNone(issuer.client_of(good | {name: value}), (name, value))
        self.assertIsNone(issuer.client_of({}))

    def test_a_client_always_has_a_name(self) -> None:
        """A client without one would be anonymous."""
        [issuer] = read_oidc(WHOLE.encode())
        for subject in (None, "", 7, "a\nb", "é"):
            client = issuer.client_of({"repository": "acme/web", "ref": "refs/tags/v1", "sub": subject})
            assert client is not None
            self.assertEqual(client.name, "https://ci.example.org")

    def test_each_subject_of_a_rule_with_a_quota_has_an_account(self) -> None:
        """No token has such a name, and the account alone says which quota it has."""
        [issuer] = read_oidc(f'{WHOLE}quota = "20 GB"\n'.encode())
        accounts = set()
        for subject in ("repo:acme/web", "ci-main", "a" * 300, "a" * 300 + "b", None):
            client = issuer.client_of(JOB | {"sub": subject})
            assert client is not None
            self.assertIsNone(NAME.fullmatch(client.account))
            self.assertLess(len(client.account), 250)
            self.assertEqual(name_in(client.account)[:100], client.name[:100])
            self.assertEqual(issuer.quota(client.account), 20 * 10**9)
            accounts.add(client.account)
        self.assertEqual(len(accounts), 5)
        self.assertIsNone(issuer.quota("ci-main"))

    def test_a_quota_stays_with_its_claims(self) -> None:
        """Wherever in the file the rule is, and whatever its quota is now; another issuer has other accounts."""
        [before] = read_oidc(f'{WHOLE}quota = "1 GB"\n'.encode())
        other = '[[issuer.rule]]\nclaims = { repository = "acme/other" }\nscopes = ["read"]\nquota = "1 kB"\n'
        [after] = read_oidc(f'[[issuer]]\n{ISSUER}{other}{RULE}quota = "2 GB"\n'.encode())
        [elsewhere] = read_oidc(f'{WHOLE.replace("ci.example", "ci2.example")}quota = "3 GB"\n'.encode())
        client = before.client_of(JOB)
        assert client is not None
        self.assertEqual(after.quota(client.account), 2 * 10**9)
        self.assertIsNone(elsewhere.quota(client.account))
