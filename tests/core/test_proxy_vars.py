"""The environment variables that send a command through one proxy."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.proxy_vars import through_proxy

PROXY = "http://reqpi:x@127.0.0.1:1"
HERE = {"PDM_PYPI_URL": "http://127.0.0.1:2/simple/"}


class ProxyVarsTests(SynchronousTestCase):
    def test_what_the_caller_has_for_proxies_and_authorities_is_replaced(self) -> None:
        """However it is spelled."""
        before = {"https_proxy": "http://own", "Uv_Http_Proxy": "x", "SSL_CERT_DIR": "/etc", "PATH": "/bin"}
        after = through_proxy(before, PROXY, "/run/ca.pem")
        self.assertEqual((after["https_proxy"], after["HTTPS_PROXY"], after["PATH"]), (PROXY, PROXY, "/bin"))
        self.assertEqual((after["SSL_CERT_FILE"], after["GIT_SSL_CAINFO"]), ("/run/ca.pem",) * 2)
        self.assertTrue({"Uv_Http_Proxy", "SSL_CERT_DIR"}.isdisjoint(after))

    def test_pdm_gets_the_first_default_index_that_is_not_on_this_machine(self) -> None:
        """It asks for all URLs in the way in which it asks its index, and connections to this machine use no proxy."""
        for indexes, wanted in (
            (("https://a.example/simple/", "https://b.example/simple/"), "https://a.example/simple/"),
            (("http://localhost:3/simple/", "https://b.example/simple/"), "https://b.example/simple/"),
            (("http://[::1]:3/simple/",), HERE["PDM_PYPI_URL"]),
            ((), HERE["PDM_PYPI_URL"]),
        ):
            self.assertEqual(through_proxy(HERE, PROXY, "ca.pem", indexes)["PDM_PYPI_URL"], wanted)
