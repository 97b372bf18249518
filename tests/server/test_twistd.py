"""``twistd reqpi``: its options, from the command line or the environment."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path

from attrs import fields
from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.commands.server import command_line
from reqpi.cli.inputs.which_server import add_server, value_of
from reqpi.client.errors import BadUsage
from reqpi.server.options import OPTIONS, ValueKind
from reqpi.server.settings import Settings
from reqpi.server.twistd import TwistdOptions
from reqpi.upstream.crates.allowed import CrateSettings
from reqpi.upstream.upstreams import PAGE_CACHE


def settings(*arguments: str, environ: Mapping[str, str] | None = None) -> Settings:
    options = TwistdOptions(environ or {})
    options.parseOptions(list(arguments))
    return options.settings


class OptionsTests(SynchronousTestCase):
    """Every option can come from either; the command line wins."""

    def test_nothing_is_said(self) -> None:
        said = settings()
        self.assertEqual(said, Settings())
        self.assertEqual(list(said.listen), ["tcp:2000:interface=127.0.0.1"])

    def test_a_bare_port_is_every_interface_and_all_else_is_an_endpoint(self) -> None:
        said = settings("--http", "2000", "--http", "tcp:2001:interface=127.0.0.1", "--http=unix:/run/reqpi")
        self.assertEqual(said.listen, ("tcp:2000", "tcp:2001:interface=127.0.0.1", "unix:/run/reqpi:mode=600"))

    def test_every_option_has_its_variable(self) -> None:
        environ = {
            "REQPI_HTTP": "2000 unix:/run/reqpi",
            "REQPI_URL": "https://index.example.org",
            "REQPI_HOST": "index other.example.org",
            "REQPI_STORE": "/srv/reqpi",
            "REQPI_UPSTREAM": "https://up.example.org/simple own=https://own.example.org/simple",
            "REQPI_ALLOW_HOST": "git.example.org files.example.org:8443",
            "REQPI_TRUSTED_HOST": "own.example.org",
            "REQPI_NETRC": "/etc/reqpi/netrc",
            "REQPI_CA": "/etc/reqpi/ca.pem",
            "REQPI_CLIENT_CERT": "/etc/reqpi/client.pem",
            "REQPI_PROXY": "http://me:secret@proxy.example.org:3128",
            "REQPI_OFFLINE": "1",
            "REQPI_LEARNING": "on",
            "REQPI_TRUST_PROXY": "yes",
            "REQPI_REQUIRE_HASHES": "1",
            "REQPI_MAX_DOCUMENT": "1000",
            "REQPI_FREQUENCY": "60",
            "REQPI_MAX_AGE": "600",
            "REQPI_WORKERS": "4",
            "REQPI_VERIFY_RATE": "1000000",
            "REQPI_CRATES": "https://crates.example.org/ own=https://own.example.org/,token=/etc/token",
        }
        command_line = [
            *("--http", "2000", "--http", "unix:/run/reqpi", "--url", "https://index.example.org"),
            *("--host", "index", "--host", "other.example.org"),
            *(
                "--store",
                "/srv/reqpi",
                "--upstream",
                "https://up.example.org/simple",
                "--offline",
                "--learning",
                "--trust-proxy",
                "--require-hashes",
            ),
            *(
                "--max-document",
                "1000",
                "--frequency",
                "60",
                "--max-age",
                "600",
                "--workers",
                "4",
                "--verify-rate",
                "1000000",
            ),
            *("--upstream", "own=https://own.example.org/simple", "--allow-host", "git.example.org"),
            *("--allow-host", "files.example.org:8443", "--trusted-host", "own.example.org"),
            *("--netrc", "/etc/reqpi/netrc", "--ca", "/etc/reqpi/ca.pem", "--client-cert", "/etc/reqpi/client.pem"),
            *("--proxy", "http://me:secret@proxy.example.org:3128"),
            *("--crates", "https://crates.example.org/", "--crates", "own=https://own.example.org/,token=/etc/token"),
        ]
        said = settings(environ=environ)
        self.assertEqual(said, settings(*command_line))
        self.assertEqual(
            said,
            Settings(
                listen=("tcp:2000", "unix:/run/reqpi:mode=600"),
                url="https://index.example.org",
                hosts=("index", "other.example.org"),
                store=Path("/srv/reqpi"),
                upstream="https://up.example.org/simple",
                upstreams={"own": "https://own.example.org/simple"},
                crates=CrateSettings(
                    "https://crates.example.org/",
                    {"own": "https://own.example.org/"},
                    tokens={"own": Path("/etc/token")},
                ),
                allow_hosts=("git.example.org", "files.example.org:8443"),
                trusted_hosts=("own.example.org",),
                netrc=Path("/etc/reqpi/netrc"),
                ca=Path("/etc/reqpi/ca.pem"),
                client_cert=Path("/etc/reqpi/client.pem"),
                proxy="http://me:secret@proxy.example.org:3128",
                offline=True,
                learning=True,
                trust_proxy=True,
                require_hashes=True,
                largest_document=1000,
                frequency=60,
                max_age=600,
                workers=4,
                verify_rate=1000000,
            ),
        )

    def test_the_options_and_the_variables_are_the_same_in_number(self) -> None:
        """An option that is added without its variable fails here."""
        options = TwistdOptions({})
        names = {long.rstrip("=") for long in options.longOpt} - {"help", "version", "baseurl", "http"}
        for name in names:
            values = {"url": "http://1", "workers": "2", "store-option": "a=b", "log-level": "debug"}
            values |= {
                "crates": "https://crates.example.org",
                "anonymous": "read",
                "log-format": "json",
                "max-uploads": "1 GB",
                "refuse": "malware",
                "min-age": "7d",
            }
            value = values.get(name, "1/s" if name.startswith("limit-") else "1")
            said = settings(environ={f"REQPI_{name.upper().replace('-', '_')}": value} | self.companions(name))
            without = Settings(store="s3://bucket") if said.store == "s3://bucket" else Settings()
            self.assertNotEqual(said, without, name)

    @staticmethod
    def companions(name: str) -> dict[str, str]:
        if name in ("store-option", "cache", "cache-size", "redirect-above"):
            return {"REQPI_STORE": "s3://bucket"}
        return {}

    def test_no_page_cache_is_one_too(self) -> None:
        """0 is no absence of an option."""
        self.assertEqual(settings("--page-cache", "0").page_cache, 0)

    def test_the_command_line_wins(self) -> None:
        environ = {"REQPI_HTTP": "1", "REQPI_URL": "https://one.example.org", "REQPI_MAX_DOCUMENT": "1"}
        said = settings("--http", "2", "--url", "https://two.example.org", "--max-document", "2", environ=environ)
        self.assertEqual((said.listen, said.url, said.largest_document), (("tcp:2",), "https://two.example.org", 2))

    def test_baseurl_is_url(self) -> None:
        self.assertEqual(settings("--baseurl", "https://index.example.org").url, "https://index.example.org")

    def test_the_command_line_replaces_a_whole_list(self) -> None:
        said = settings("--upstream", "a=https://a", environ={"REQPI_UPSTREAM": "https://b c=https://c"})
        self.assertEqual((said.upstream, said.upstreams), (None, {"a": "https://a"}))

    def test_an_empty_variable_says_nothing(self) -> None:
        names = ("HTTP", "URL", "STORE", "UPSTREAM", "ALLOW_HOST", "NETRC", "CA", "OFFLINE", "MAX_AGE")
        self.assertEqual(settings(environ=dict.fromkeys([f"REQPI_{name}" for name in names], "")), Settings())


class BadOptionsTests(SynchronousTestCase):
    """A bad option is one clear line and exit status 1."""

    def refusal(self, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
        end = self.assertRaises(SystemExit, settings, *arguments, environ=environ)
        self.assertIsInstance(end.code, str)  # which Python prints, and exits with status 1
        line = str(end.code)
        self.assertEqual(len(line.splitlines()), 1)
        return line

    def test_each_names_the_option_and_what_is_wanted(self) -> None:
        for arguments, *words in (
            (["--max-age", "soon", "--frequency", "1"], "--max-age", "soon", "number"),
            (["--max-age", "-1", "--frequency", "1"], "--max-age", "-1"),
            (["--max-age", "9" * 5000, "--frequency", "1"], "--max-age"),
            (["--max-document", "0"], "--max-document", "1 or more"),
            (["--max-document", "8 parsecs"], "--max-document 8 parsecs", "500 MB"),
            (["--max-file", "-1"], "--max-file -1", "whole number of bytes"),
            (["--limit-prefreeze", "many"], "--limit-prefreeze many", "60/min"),
            (["--store", "ftp://a"], "--store ftp://a", "s3"),
            (["--store", "s3://a", "--store-option", "region"], "--store-option region", "NAME=VALUE"),
            (["--cache", "/x"], "--cache", "object store"),
            (["--redirect-above", "5"], "--redirect-above", "object store"),
            (["--workers", "0"], "--workers", "1 or more"),
            (["--url", "index.example.org"], "--url", "https://"),
            (["--url", "http://a.example", "--baseurl", "http://b.example"], "--baseurl"),
            (["--http", "70000"], "--http", "65535"),
            (["--http", ""], "--http"),
            (["--http", "2000x"], "--http 2000x", "endpoint"),
            (["--http", "tcp:x"], "--http tcp:x"),
            (["--http", "nosuch:1"], "--http nosuch:1"),
            (["--nosuch"], "nosuch"),
            (["--upstream", "https://a", "--upstream", "https://b"], "--upstream", "NAME=URL"),
            (["--upstream", "a=https://a", "--upstream", "a=https://b"], "--upstream a", "taken"),
            (["--allow-host", "https://a.example"], "--allow-host", "https://a.example", "HOST:PORT"),
            (["--trusted-host", "a:b"], "--trusted-host", "a:b"),
            (["requirements.txt"], "requirements.txt"),
        ):
            line = self.refusal(*arguments)
            for word in words:
                self.assertIn(word, line)

    def test_a_bad_variable_is_named(self) -> None:
        self.assertIn("REQPI_OFFLINE", self.refusal(environ={"REQPI_OFFLINE": "maybe"}))


class OptionTableTests(SynchronousTestCase):
    """One table declares the options, and everything else agrees with it."""

    def test_each_option_sets_an_attribute_of_the_settings(self) -> None:
        names = {attribute.name for attribute in fields(Settings)}
        self.assertEqual({option.setting for option in OPTIONS} - names, set())
        self.assertEqual(
            names - {option.setting for option in OPTIONS},
            {"upstreams", "file_hosts", "own_netrc", "local", "passing", "only", "worker", "log_file"},
        )

    def test_the_defaults_of_the_settings_are_those_of_the_options(self) -> None:
        for option in OPTIONS:
            if option.default is not None:
                self.assertEqual(getattr(Settings(), option.setting), option.default, option.name)
        self.assertEqual(Settings().page_cache, PAGE_CACHE)

    def test_the_reference_has_each_option_in_order_with_its_variable_and_default(self) -> None:
        page = Path(__file__).parents[2].joinpath("docs/reference/options.md").read_text("utf-8")
        rows = re.findall(r"^\| `--([a-z-]+)(?: ([^`]*))?` \| `(\w+)` \| (.*) \| (.*) ?\|$", page, re.MULTILINE)
        self.assertEqual([(name, variable) for name, _, variable, *_ in rows], [(o.name, o.variable) for o in OPTIONS])
        for option, (_, metavar, _, meaning, default) in zip(OPTIONS, rows, strict=True):
            self.assertEqual(metavar.replace("\\", ""), option.metavar, option.name)
            self.assertEqual("repeatable" in meaning, option.kind is ValueKind.LIST, option.name)
            if option.kind is ValueKind.NUMBER and option.default is not None:
                self.assertEqual(default.split()[0], str(option.default), option.name)

    def test_the_help_of_the_command_has_each_option(self) -> None:
        text = " ".join(command_line().format_help().split())
        for option in OPTIONS:
            self.assertIn(f"--{option.name}", text)
        self.assertIn("--help", text)

    def test_local_commands_read_a_flag_as_the_server_does(self) -> None:
        parser = ArgumentParser()
        add_server(parser)
        for text, expected in (("", False), ("off", False), ("No", False), ("1", True), ("true", True)):
            self.patch(os, "environ", {"REQPI_OFFLINE": text})
            self.assertEqual(value_of(parser.parse_args([]), "offline"), expected)
        self.patch(os, "environ", {"REQPI_OFFLINE": "maybe"})
        self.assertIn("REQPI_OFFLINE", str(self.assertRaises(BadUsage, value_of, parser.parse_args([]), "offline")))
        self.assertTrue(value_of(parser.parse_args(["--offline"]), "offline"))

    def test_local_commands_have_the_options_that_concern_a_server_of_their_own(self) -> None:
        parser = ArgumentParser()
        add_server(parser)
        names = {action.option_strings[-1].removeprefix("--") for action in parser._actions} - {
            "help",
            "url",
            "token-file",
        }
        self.assertEqual(names, {option.name for option in OPTIONS if option.local})
