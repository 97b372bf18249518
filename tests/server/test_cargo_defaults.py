"""The registry that cargo uses on this host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.server.cargo_defaults import default_registry

MIRROR = "https://mirror.example.org/index/"


class ConfiguredTests(SynchronousTestCase):
    """``config.toml`` in ``CARGO_HOME``."""

    def found(self, text: str, name: str = "config.toml") -> str:
        home = Path(self.mktemp())
        home.mkdir()
        (home / name).write_text(text)
        return default_registry({"CARGO_HOME": str(home), "PATH": str(home)})

    def test_the_replacement_of_the_default_registry_counts(self) -> None:
        for text in (
            f'[source.crates-io]\nreplace-with = "a"\n[source.a]\nregistry = "sparse+{MIRROR}"\n',
            f'[source.crates-io]\nreplace-with = "a"\n[registries.a]\nindex = "sparse+{MIRROR}"\n',
            'source.crates-io.replace-with = "a"\nsource.a.replace-with = "b"\n'
            f'source.b.registry = "sparse+{MIRROR}"\n',
        ):
            self.assertEqual(self.found(text), MIRROR, text)
            self.assertEqual(self.found(text, "config"), MIRROR, text)

    def test_what_is_no_sparse_registry_is_not_passed_over(self) -> None:
        """The user wants no crates from the network, or none from the usual place."""
        for text in (
            '[source.crates-io]\nreplace-with = "a"\n[source.a]\ndirectory = "vendor"\n',
            '[source.crates-io]\nreplace-with = "a"\n[source.a]\nregistry = "https://example.org/index.git"\n',
            '[source.crates-io]\nreplace-with = "a"\n',
            '[source.crates-io]\nreplace-with = "a"\n[source.a]\nreplace-with = "a"\n',
        ):
            error = self.assertRaises(Misconfigured, self.found, text)
            self.assertIn("--crates URL", error.detail, text)

    def test_a_configuration_without_a_replacement_names_none(self) -> None:
        """Nor does one that cannot be read; and there is no cargo to ask."""
        for text in ("", "[net]\noffline = true\n", "[[[", "source = 7\n", "[source]\ncrates-io = 7\n"):
            self.assertIn("no registry", self.assertRaises(Misconfigured, self.found, text).title, text)


class BuiltInTests(SynchronousTestCase):
    """A cargo that says which registry it could not reach."""

    def environ(self, script: str) -> Mapping[str, str]:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "cargo").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "cargo").chmod(0o755)
        return {"PATH": str(folder.resolve()), "CARGO_HOME": str(folder / "none")}

    def test_the_error_of_cargo_names_the_registry(self) -> None:
        environ = self.environ(
            'echo "failed to download from \\`https://crates.example.org/i/config.json\\`" >&2; exit 101'
        )
        self.assertEqual(default_registry(environ), "https://crates.example.org/i/")

    def test_cargo_reaches_no_network(self) -> None:
        """Its proxy is a port of this machine on which nothing listens, and it has an empty home."""
        script = (
            'case "$CARGO_HTTP_PROXY" in http://127.0.0.1:*) ;; *) exit 1;; esac; [ -z "$NO_PROXY" ] || exit 1; '
            '[ "$CARGO_HOME" != "$ORIGINAL" ] || exit 1; echo "\\`http://crates.example.org/config.json\\`" >&2'
        )
        environ = dict(self.environ(script))
        environ |= {"NO_PROXY": "*", "ORIGINAL": environ["CARGO_HOME"]}
        self.assertEqual(default_registry(environ), "http://crates.example.org/")

    def test_a_cargo_that_names_none_is_no_help(self) -> None:
        for script in ("exit 1", "echo fine", "echo 'failed to fetch `https://example.org/index.git`' >&2"):
            error = self.assertRaises(Misconfigured, default_registry, self.environ(script))
            self.assertIn("--crates URL", error.detail, script)
