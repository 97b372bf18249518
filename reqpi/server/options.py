"""The table of the server's options, each declared once.

twistd's command line, ``reqpi server --help``, the server options of local commands and the defaults of
:class:`reqpi.server.settings.Settings` derive from it. A test compares docs/reference/options.md with it.

This module imports the standard library only: local commands build their parsers from the table, and a command with
``--url`` must not spend time on importing attrs or Twisted.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

__all__ = ["LEVELS", "OPTIONS", "BadOption", "ServerOption", "ValueKind", "option_named"]

LEVELS = ("debug", "info", "warn", "error")
"""Log levels, from the most to the fewest lines."""

_YES = ("1", "yes", "true", "on")
_NO = ("", "0", "no", "false", "off")
_MOST_DIGITS = 15


class BadOption(ValueError):
    """The value of an option or a variable cannot be used."""


class ValueKind(Enum):
    """The form of an option's value."""

    TEXT = "text"
    PATH = "path"
    NUMBER = "number"
    FLAG = "flag"
    LIST = "list"
    """Repeatable. Its variable lists the values, separated by spaces."""


class ServerOption(NamedTuple):
    """An option of the server.

    :ivar name: without the leading ``--``.
    :ivar setting: the attribute of :class:`reqpi.server.settings.Settings` that it sets.
    :ivar metavar: what stands for the value in the help; empty for a flag. Shells complete WHERE, DIR and FILE as
        paths.
    :ivar help: what it does, without its default.
    :ivar default: the value if neither the command line nor the environment has one.
    :ivar shown: the default in words; empty to show ``default`` itself.
    :ivar least: the least value of a number.
    :ivar choices: all values of a text; empty if any will do.
    :ivar local: whether local commands have it too, for the server that they start themselves.
    :ivar shown_locally: the default in words for local commands; empty where it is the same.
    :ivar object_store: whether it is for an object store only.
    """

    name: str
    setting: str
    kind: ValueKind
    metavar: str
    help: str
    default: Any = None
    shown: str = ""
    least: int = 0
    choices: tuple[str, ...] = ()
    local: bool = False
    shown_locally: str = ""
    object_store: bool = False

    @property
    def variable(self) -> str:
        """The environment variable: ``REQPI_MAX_AGE`` for ``max-age``."""
        return f"REQPI_{self.name.upper().replace('-', '_')}"

    @property
    def dest(self) -> str:
        """The name of its attribute in an :class:`argparse.Namespace`."""
        return self.name.replace("-", "_")

    def described(self, *, locally: bool = False) -> str:
        """Return the help with the default: one line.

        :param locally: describe it as an option of a local command.
        """
        if self.kind is ValueKind.FLAG:
            return self.help
        shown = self._shown_locally if locally else self.shown or str(self.default)
        repeatable = "repeatable; " if self.kind is ValueKind.LIST else ""
        return f"{self.help} ({repeatable}default: {shown})"

    @property
    def _shown_locally(self) -> str:
        shown = self.shown_locally or self.shown
        return f"${self.variable}" if shown == "none" else f"${self.variable}, then {shown}"

    def read(self, given: Any, environ: Mapping[str, str]) -> Any:
        """Return the value on the command line, or otherwise the one in the environment.

        :param given: the value on the command line: a list for a repeatable option, a boolean for a flag, text
            otherwise; ``None`` or an empty list if the option is absent.
        :returns: a list, a boolean, a number or text; ``None`` if neither has a value. An empty variable has none.
        :raises BadOption: the value is not of the option's kind.
        """
        text = environ.get(self.variable, "")
        if self.kind is ValueKind.LIST:
            return list(given or text.split())
        if self.kind is ValueKind.FLAG:
            return bool(given) or _flag(self.variable, text)
        value = (text or None) if given is None else given
        if value is not None and self.kind is ValueKind.NUMBER:
            return self._number(value)
        if value is not None and self.choices and value not in self.choices:
            raise BadOption(f"--{self.name} {value}: write {', '.join(self.choices[:-1])} or {self.choices[-1]}.")
        return value

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS or int(text) < self.least:
            raise BadOption(f"--{self.name} {text}: write a whole number, {self.least} or more.")
        return int(text)


def _flag(variable: str, text: str) -> bool:
    if text.lower() in _NO:
        return False
    if text.lower() in _YES:
        return True
    raise BadOption(f"{variable}={text}: write 1 or 0.")


OPTIONS = (
    ServerOption(
        "http",
        "listen",
        ValueKind.LIST,
        "PORT|ENDPOINT",
        "listen on this port of every interface, or on an endpoint: tcp:2000:interface=127.0.0.1, tls:…, unix:…, "
        "systemd:…",
        ("tcp:2000:interface=127.0.0.1",),
        "port 2000 of loopback",
    ),
    ServerOption(
        "url",
        "url",
        ValueKind.TEXT,
        "URL",
        "the canonical URL of the server, for links that must be absolute",
        shown="the URL of each request",
    ),
    ServerOption("baseurl", "url", ValueKind.TEXT, "URL", "the same as --url", shown="that of --url"),
    ServerOption(
        "host",
        "hosts",
        ValueKind.LIST,
        "NAME",
        "answer to this name too: a request that names another host is rejected",
        (),
        "that of --url; on loopback the names of loopback; beyond it any",
    ),
    ServerOption(
        "trust-proxy",
        "trust_proxy",
        ValueKind.FLAG,
        "",
        "believe X-Forwarded-Proto, -Host, -Prefix and -For: only behind a proxy that sets them",
        default=False,
    ),
    ServerOption(
        "store",
        "store",
        ValueKind.TEXT,
        "WHERE",
        "keep everything in this directory, or in s3://BUCKET/PREFIX",
        shown="reqpi in the user's state directory",
        local=True,
    ),
    ServerOption(
        "store-option",
        "store_options",
        ValueKind.LIST,
        "NAME=VALUE",
        "an option of the object store, such as region=eu-central-1 or endpoint=https://…",
        shown="the environment's",
        local=True,
        object_store=True,
    ),
    ServerOption(
        "cache",
        "cache",
        ValueKind.PATH,
        "DIR",
        "keep the blobs that were read last from the object store in this directory",
        shown="none",
        object_store=True,
    ),
    ServerOption(
        "cache-size",
        "cache_size",
        ValueKind.NUMBER,
        "BYTES",
        "the largest size of --cache",
        10 << 30,
        least=1,
        object_store=True,
    ),
    ServerOption(
        "record-key",
        "record_key",
        ValueKind.PATH,
        "FILE",
        "seal the records of the store with the first key in this file, and believe those that one of its keys sealed",
        shown="none",
        local=True,
    ),
    ServerOption(
        "redirect-above",
        "redirect_above",
        ValueKind.NUMBER,
        "BYTES",
        "redirect clients to the object store for files that are larger",
        shown="never",
        object_store=True,
    ),
    ServerOption(
        "upstream",
        "upstream",
        ValueKind.LIST,
        "[NAME=]URL[,files=HOST]",
        "the index that files come from; NAME=URL adds an index that locks may name by its URL; "
        "files=HOST is a host that has its files and gets its login",
        shown="the index that pip on this host is configured with",
        local=True,
    ),
    ServerOption(
        "allow-host",
        "allow_hosts",
        ValueKind.LIST,
        "HOST",
        "HOST or HOST:PORT: locks may name archives and git repositories there",
        (),
        "none",
        local=True,
    ),
    ServerOption(
        "trusted-host",
        "trusted_hosts",
        ValueKind.LIST,
        "HOST",
        "HOST or HOST:PORT: do not verify its TLS certificate",
        (),
        "none",
        local=True,
    ),
    ServerOption(
        "netrc",
        "netrc",
        ValueKind.PATH,
        "FILE",
        "a netrc file with the users and passwords of upstreams, by host",
        shown="none",
        local=True,
        shown_locally="$NETRC or ~/.netrc, for upstreams and hosts of --allow-host only",
    ),
    ServerOption(
        "ca",
        "ca",
        ValueKind.PATH,
        "FILE",
        "certificates in PEM to trust in addition to the platform's",
        shown="none",
        local=True,
    ),
    ServerOption(
        "client-cert",
        "client_cert",
        ValueKind.PATH,
        "FILE",
        "a client certificate and its key in PEM, for upstreams that require one",
        shown="none",
        local=True,
    ),
    ServerOption(
        "proxy",
        "proxy",
        ValueKind.TEXT,
        "URL",
        "an http or https proxy for upstreams, or off",
        shown="HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY",
        local=True,
    ),
    ServerOption(
        "page-cache",
        "page_cache",
        ValueKind.NUMBER,
        "BYTES",
        "memory of each process for cached pages of upstreams; 0 for none",
        32 << 20,
    ),
    ServerOption(
        "offline",
        "offline",
        ValueKind.FLAG,
        "",
        "serve what is in the store, and never ask an upstream",
        default=False,
        local=True,
    ),
    ServerOption(
        "learning",
        "learning",
        ValueKind.FLAG,
        "",
        "let reqpi learn open an index at /learn that serves all of the upstream",
        default=False,
    ),
    ServerOption(
        "require-hashes",
        "require_hashes",
        ValueKind.FLAG,
        "",
        "reject a lock in which a pin has no digest",
        default=False,
    ),
    ServerOption(
        "max-document",
        "largest_document",
        ValueKind.NUMBER,
        "BYTES",
        "the size of the largest lock that is accepted",
        8 << 20,
        least=1,
    ),
    ServerOption(
        "frequency",
        "frequency",
        ValueKind.NUMBER,
        "SECONDS",
        "the time between two sweeps, which remove what is unused; needs --max-age",
        shown="never",
        least=1,
    ),
    ServerOption(
        "max-age",
        "max_age",
        ValueKind.NUMBER,
        "SECONDS",
        "the time without use after which a sweep removes a lock; needs --frequency",
        shown="never",
    ),
    ServerOption(
        "verify-rate",
        "verify_rate",
        ValueKind.NUMBER,
        "BYTES",
        "bytes of the store per second that are hashed again in the background",
        shown="none",
        least=1,
    ),
    ServerOption("workers", "workers", ValueKind.NUMBER, "N", "the number of processes that serve", 1, least=1),
    ServerOption(
        "memory",
        "memory",
        ValueKind.NUMBER,
        "BYTES",
        "memory of each process for answers that are kept ready",
        64 << 20,
    ),
    ServerOption(
        "access-log",
        "access_log",
        ValueKind.TEXT,
        "WHERE",
        "write a line for each answer to a file, to the server's own log (log), or nowhere (off)",
        "log",
    ),
    ServerOption(
        "log-level",
        "log_level",
        ValueKind.TEXT,
        "LEVEL",
        "log events of this level and above: debug, info, warn or error",
        "info",
        choices=LEVELS,
    ),
)
"""All options, in the order of docs/reference/options.md."""

_BY_NAME = {option.name: option for option in OPTIONS}


def option_named(name: str) -> ServerOption:
    """Return an option by its name without the leading ``--``."""
    return _BY_NAME[name]
