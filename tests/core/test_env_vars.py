"""The variables that point installers at one index."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.env_vars import pointed_at

INDEX = "http://127.0.0.1:2000/0123/simple/"
REMOTE = "http://buildhost:2000/0123/simple/"
OTHER = "https://other.example.org/simple"


class PointedTests(SynchronousTestCase):
    """Afterwards there is one index in the environment, and what is not about indexes is as it was."""

    def test_an_empty_environment(self) -> None:
        """Everything that is set."""
        expected = {
            "PDM_CHECK_UPDATE": "0",
            "PDM_CONFIG_FILE": os.devnull,
            "PDM_PYPI_URL": INDEX,
            "PIPENV_PYPI_MIRROR": INDEX,
            "POETRY_PYPI_MIRROR_URL": INDEX,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_INDEX_URL": INDEX,
            "PIP_TRUSTED_HOST": "127.0.0.1:2000",
            "UV_DEFAULT_INDEX": INDEX,
            "UV_NO_CONFIG": "1",
        }
        self.assertEqual(pointed_at(INDEX, {}), expected)

    def test_no_other_index_is_left(self) -> None:
        """Whatever name it came by."""
        names = (
            "PIP_INDEX_URL PIP_PYPI_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_CONFIG_FILE "
            "UV_INDEX UV_DEFAULT_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_CONFIG_FILE "
            "PDM_PYPI_URL PIPENV_PYPI_MIRROR POETRY_PYPI_MIRROR_URL"
        )
        found = pointed_at(INDEX, dict.fromkeys(names.split(), OTHER))
        self.assertNotIn(OTHER, found.values())

    def test_the_callers_own_settings_stay(self) -> None:
        """They are not about where files come from."""
        own = {
            "PATH": "/bin",
            "PIP_REQUIRE_VIRTUALENV": "1",
            "PIP_CERT": "/ca.pem",
            "UV_CACHE_DIR": "/cache",
            "LANG": "C",
        }
        found = pointed_at(INDEX, own)
        self.assertEqual({name: found[name] for name in own}, own)

    def test_a_login_for_another_index_goes_nowhere(self) -> None:
        """pdm would send it to this one."""
        found = pointed_at(INDEX, {"PDM_PYPI_USERNAME": "me", "PDM_PYPI_PASSWORD": "secret"})
        self.assertNotIn("secret", str(found))

    def test_the_environment_that_is_given_is_not_changed(self) -> None:
        """A pure function."""
        given = {"PIP_EXTRA_INDEX_URL": OTHER, "http_proxy": "http://proxy.example.org"}
        before = dict(given)
        pointed_at(INDEX, given)
        self.assertEqual(given, before)


class TrustTests(SynchronousTestCase):
    """The hosts that pip trusts without TLS: none, this machine, or the one host that the user named."""

    def test_plain_http_elsewhere_has_to_be_trusted_by_name(self) -> None:
        """With its port, and without a login; no other host is trusted any longer."""
        for url, host in ((REMOTE, "buildhost:2000"), ("http://me:secret@[2001:db8::1]/0123/simple/", "[2001:db8::1]")):
            found = pointed_at(url, {"PIP_TRUSTED_HOST": "other.example.org"})
            self.assertEqual(found["PIP_TRUSTED_HOST"], host)

    def test_tls_needs_no_such_trust(self) -> None:
        """The values of the caller are unset."""
        found = pointed_at(
            "https://buildhost/0123/simple/", {"PIP_TRUSTED_HOST": "buildhost", "UV_INSECURE_HOST": "buildhost"}
        )
        self.assertEqual({"PIP_TRUSTED_HOST", "UV_INSECURE_HOST"} & set(found), set())

    def test_loopback_is_trusted_only_so_that_pip_caches_what_comes_from_there(self) -> None:
        """pip caches nothing that came over http from a host that is not trusted; the login is left out."""
        for url in (INDEX, INDEX.replace("//", "//me:secret@")):
            found = pointed_at(url, {"PIP_TRUSTED_HOST": "buildhost"})
            self.assertEqual(found["PIP_TRUSTED_HOST"], urlsplit(INDEX).netloc)


class ProxyTests(SynchronousTestCase):
    """No proxy stands between a command and an index on its own machine."""

    def test_loopback_is_asked_directly(self) -> None:
        """Both spellings say so, and what they said before is kept."""
        given = {"HTTPS_PROXY": "http://proxy.example.org", "no_proxy": ".example.org", "NO_PROXY": "x"}
        found = pointed_at(INDEX, given)
        self.assertEqual(found["no_proxy"], ".example.org,localhost,127.0.0.1,::1")
        self.assertEqual(found["NO_PROXY"], "x,localhost,127.0.0.1,::1")
        self.assertEqual(found["HTTPS_PROXY"], "http://proxy.example.org")

    def test_one_spelling_becomes_two(self) -> None:
        """A client that reads the other one must not lose what the first says."""
        found = pointed_at(INDEX, {"http_proxy": "http://proxy.example.org", "NO_PROXY": ".example.org"})
        self.assertEqual(found["no_proxy"], found["NO_PROXY"])
        self.assertTrue(found["no_proxy"].startswith(".example.org,"))

    def test_everything_is_everything(self) -> None:
        """``*`` counts only where it stands alone."""
        self.assertEqual(pointed_at(INDEX, {"http_proxy": "http://p", "no_proxy": "*"})["no_proxy"], "*")

    def test_pips_own_proxy_is_taken_away(self) -> None:
        """pip would use it for everything, whatever no_proxy says."""
        self.assertNotIn("PIP_PROXY", pointed_at(INDEX, {"PIP_PROXY": "http://proxy.example.org"}))

    def test_without_proxies_nothing_is_added(self) -> None:
        """The environment stays small."""
        self.assertEqual({"no_proxy", "NO_PROXY"} & set(pointed_at(INDEX, {"http_proxy": ""})), set())

    def test_an_index_elsewhere_goes_the_callers_way(self) -> None:
        """Only the caller knows how to get there."""
        given = {"http_proxy": "http://proxy.example.org", "PIP_PROXY": "http://proxy.example.org"}
        found = pointed_at(REMOTE, given)
        self.assertNotIn("no_proxy", found)
        self.assertEqual(found["PIP_PROXY"], given["PIP_PROXY"])
