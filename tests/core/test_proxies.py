"""Which proxy a request goes through."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.proxies import BadProxy, Exceptions, Proxies, Proxy, read_environment, read_proxies, read_proxy

PROXY = "http://proxy.example.org:3128"
HTTPS = ("https", "index.example.org", 443)
HTTP = ("http", "index.example.org", 80)


class EnvironmentTests(SynchronousTestCase):
    """The variables that pip and uv read."""

    def asked(self, **environ: str) -> tuple[str | None, str | None]:
        """The proxies for an https and for an http URL."""
        proxies = read_environment(environ)
        found = [proxies.proxy_for(*each) for each in (HTTPS, HTTP)]
        return found[0] and found[0].url, found[1] and found[1].url

    def test_each_scheme_has_its_own_variable_in_either_case(self) -> None:
        self.assertEqual(self.asked(), (None, None))
        for name in ("https_proxy", "HTTPS_PROXY"):
            self.assertEqual(self.asked(**{name: PROXY}), (PROXY, None))
        for name in ("http_proxy", "HTTP_PROXY"):
            self.assertEqual(self.asked(**{name: PROXY}), (None, PROXY))
        for name in ("all_proxy", "ALL_PROXY"):
            self.assertEqual(self.asked(**{name: PROXY}), (PROXY, PROXY))

    def test_the_more_exact_variable_wins(self) -> None:
        self.assertEqual(self.asked(ALL_PROXY="http://all", https_proxy=PROXY), (PROXY, "http://all:80"))

    def test_lower_case_wins_even_if_it_is_empty(self) -> None:
        self.assertEqual(self.asked(https_proxy=PROXY, HTTPS_PROXY="http://other"), (PROXY, None))
        self.assertEqual(self.asked(https_proxy="", HTTPS_PROXY="http://other"), (None, None))

    def test_a_header_of_a_cgi_request_is_no_proxy(self) -> None:
        self.assertEqual(self.asked(HTTP_PROXY=PROXY, REQUEST_METHOD="GET"), (None, None))

    def test_a_socks_proxy_that_is_not_needed_is_no_error(self) -> None:
        """Desktops set ALL_PROXY in addition to the others."""
        self.assertEqual(
            self.asked(https_proxy=PROXY, http_proxy=PROXY, ALL_PROXY="socks5://127.0.0.1:1080"), (PROXY, PROXY)
        )
        error = self.assertRaises(BadProxy, read_environment, {"ALL_PROXY": "socks5://me:secret@127.0.0.1:1080"})
        self.assertEqual(str(error), "ALL_PROXY: socks5 proxies are not supported, only http:// and https://")

    def test_this_machine_is_never_asked_through_a_proxy(self) -> None:
        proxies = read_environment({"ALL_PROXY": PROXY})
        for host in ("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.0.0.2", "::1", "127.0.0.1."):
            self.assertIsNone(proxies.proxy_for("http", host, 80), host)


class OptionTests(SynchronousTestCase):
    """``--proxy`` is the operator's own choice."""

    def test_it_replaces_the_variables(self) -> None:
        proxies = read_proxies("https://me:pass%40word@own.example.org:8443", {"HTTPS_PROXY": PROXY})
        proxy = Proxy("https", "own.example.org", 8443, "me", "pass@word")
        self.assertEqual((proxies.proxy_for(*HTTPS), proxies.proxy_for(*HTTP)), (proxy, proxy))

    def test_no_proxy_still_counts(self) -> None:
        proxies = read_proxies(PROXY, {"NO_PROXY": "example.org"})
        self.assertIsNone(proxies.proxy_for(*HTTPS))

    def test_off_ignores_the_variables(self) -> None:
        """Even those that are wrong."""
        self.assertEqual(read_proxies("off", {"HTTPS_PROXY": "socks5://x"}), Proxies())

    def test_without_it_the_variables_count(self) -> None:
        for option in (None, ""):
            self.assertEqual(read_proxies(option, {"HTTPS_PROXY": PROXY}).https, read_proxy(PROXY, ""))

    def test_what_is_not_a_proxy_is_named_without_its_password(self) -> None:
        for text in (
            "socks5://me:secret@proxy",
            "ftp://me:secret@proxy",
            "http://me:secret@",
            "http://me:secret@proxy:port",
            "http://me:secret@pro xy",
            "http://me:secret%0d%0aX@proxy",
            "http://me:secret%ff@proxy",
            "http://m%3ae:secret@proxy",
            "http://me:sec/ret@proxy",
            "http://[me:secret@proxy",
        ):
            error = self.assertRaises(BadProxy, read_proxy, text, "--proxy")
            self.assertTrue(str(error).startswith("--proxy: "), text)
            self.assertNotIn("sec", str(error).removeprefix("--proxy: "), text)

    def test_a_proxy_never_shows_its_login(self) -> None:
        proxy = read_proxy("http://me:secret@[2001:db8::1]", "--proxy")
        self.assertEqual((repr(proxy), proxy.url), ("Proxy(http://[2001:db8::1]:80)", "http://[2001:db8::1]:80"))
        self.assertNotIn("secret", repr(read_proxies("http://me:secret@proxy", {})))

    def test_the_usual_ports(self) -> None:
        self.assertEqual(read_proxy("proxy", "").port, 80)
        self.assertEqual(read_proxy("https://proxy", "").port, 443)
        self.assertEqual(read_proxy("proxy.example.org:3128", ""), Proxy("http", "proxy.example.org", 3128))


class ExceptionsTests(SynchronousTestCase):
    """``NO_PROXY``, one entry at a time."""

    def test_entries(self) -> None:
        for entry, inside, outside in (
            ("*", ["index.example.org:443", "192.0.2.1:80"], []),
            ("example.org", ["example.org:443", "INDEX.example.org.:80", "a.b.example.org:1"], ["badexample.org:443"]),
            (".example.org", ["example.org:443", "index.example.org:80"], ["badexample.org:443", "org:80"]),
            ("*.example.org", ["index.example.org:443"], ["badexample.org:443"]),
            ("Example.ORG.", ["index.example.org:443"], []),
            ("example.org:8443", ["index.example.org:8443"], ["index.example.org:443"]),
            ("192.0.2.7", ["192.0.2.7:443", "::ffff:192.0.2.7:443"], ["192.0.2.70:443", "192.0.2.7.example.org:443"]),
            ("192.0.2.7:8080", ["192.0.2.7:8080"], ["192.0.2.7:80"]),
            ("10.0.0.0/8", ["10.1.2.3:443"], ["11.0.0.1:443", "10.example.org:443"]),
            ("10.1.2.3/8", ["10.9.9.9:443"], []),
            ("2001:db8::1", ["2001:db8::1:443"], ["2001:db8::2:443"]),
            ("[2001:db8::1]", ["2001:db8::1:443"], []),
            ("[2001:db8::1]:8443", ["2001:db8::1:8443"], ["2001:db8::1:443"]),
            ("2001:db8::/32", ["2001:db8:1::1:443"], ["2001:db9::1:443", "192.0.2.1:443"]),
            ("bücher.example", ["xn--bcher-kva.example:443", "www.bücher.example:443"], []),
            ("a.example, b.example c.example", ["a.example:1", "b.example:1", "c.example:1"], ["d.example:1"]),
            ("", [], ["example.org:443"]),
            (" , .,:, [, example.org:port, 10.0.0.0/99,*.", [], ["example.org:443", "10.0.0.1:443"]),
        ):
            exceptions = Exceptions(entry)
            for expected, hosts in ((True, inside), (False, outside)):
                for where in hosts:
                    host, _, port = where.rpartition(":")
                    self.assertIs((host, int(port)) in exceptions, expected, f"{entry!r}: {where}")
