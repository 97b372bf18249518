"""The table of the server's options, each declared once.

twistd's command line, ``reqpi server --help``, the server options of local commands and the defaults of
:class:`reqpi.server.settings.Settings` derive from it. A test compares docs/reference/options.md with it.

This module imports the standard library only: local commands build their parsers from the table, and a command with
``--url`` must not spend time on importing attrs or Twisted.
"""

from __future__ import annotations

from reqpi.server.advisory_options import ADVISORY_OPTIONS
from reqpi.server.drift_options import DRIFT_OPTIONS
from reqpi.server.limit_options import LIMIT_OPTIONS
from reqpi.server.policy_options import POLICY_OPTIONS
from reqpi.server.room_options import ROOM_OPTIONS
from reqpi.server.server_option import BadOption, ServerOption, ValueKind

__all__ = ["FORMATS", "LEVELS", "OPTIONS", "BadOption", "ServerOption", "ValueKind", "option_named"]

LEVELS = ("debug", "info", "warn", "error")
"""Log levels, from the most to the fewest lines."""

FORMATS = ("text", "json")
"""Formats of the logs."""

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
        ValueKind.SIZE,
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
        ValueKind.SIZE,
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
        "crates",
        "crates",
        ValueKind.LIST,
        "[NAME=]URL[,token=FILE][,files=HOST]",
        "the sparse registry that crates of Rust come from; NAME=URL adds a registry that a Cargo.lock may name; "
        "token=FILE has its token; files=HOST is a host that has its crates and gets its login",
        shown="the registry that cargo on this host is configured with",
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
        "HOST, all of its ports, or HOST:PORT: do not verify its TLS certificate",
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
        ValueKind.SIZE,
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
        "tokens",
        "tokens",
        ValueKind.PATH,
        "FILE",
        "the tokens of clients, as reqpi token writes them; the file is read again when it changes",
        shown="none",
    ),
    ServerOption(
        "oidc",
        "oidc",
        ValueKind.PATH,
        "FILE",
        "whose signed tokens identify CI jobs, and what they may do",
        shown="none",
    ),
    ServerOption(
        "anonymous",
        "anonymous",
        ValueKind.TEXT,
        "WHAT",
        "what a client without a token may do: all, read, commit (and read and hold) or none",
        shown="read with --tokens or --oidc, otherwise all",
        choices=("all", "read", "commit", "none"),
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
        ValueKind.SIZE,
        "BYTES",
        "the size of the largest lock that is accepted",
        8 << 20,
        least=1,
    ),
    *LIMIT_OPTIONS,
    *ROOM_OPTIONS,
    *ADVISORY_OPTIONS,
    *POLICY_OPTIONS,
    ServerOption(
        "frequency",
        "frequency",
        ValueKind.NUMBER,
        "SECONDS",
        "the time between two sweeps, which remove what is unused; 0 for none",
        shown="86400, a day; with --offline none",
    ),
    ServerOption(
        "max-age",
        "max_age",
        ValueKind.NUMBER,
        "SECONDS",
        "the time without use after which a sweep removes a lock",
        shown="7776000, 90 days",
    ),
    *DRIFT_OPTIONS,
    ServerOption(
        "verify-rate",
        "verify_rate",
        ValueKind.SIZE,
        "BYTES",
        "bytes of the store per second that are hashed again in the background",
        shown="none",
        least=1,
    ),
    ServerOption("workers", "workers", ValueKind.NUMBER, "N", "the number of processes that serve", 1, least=1),
    ServerOption(
        "memory",
        "memory",
        ValueKind.SIZE,
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
        "audit-log",
        "audit_log",
        ValueKind.PATH,
        "FILE",
        "append a line of JSON to this file for each commit, hold, run, denial and sweep, with who did it",
        shown="none",
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
    ServerOption(
        "log-format",
        "log_format",
        ValueKind.TEXT,
        "FORMAT",
        "write the logs as lines of text, or of JSON: text or json",
        "text",
        choices=FORMATS,
    ),
    ServerOption(
        "metrics",
        "metrics",
        ValueKind.TEXT,
        "ENDPOINT",
        "serve metrics for Prometheus at HOST:PORT, at a port of loopback, or at an endpoint: unix:…",
        shown="nowhere",
    ),
)
"""All options, in the order of docs/reference/options.md."""

_BY_NAME = {option.name: option for option in OPTIONS}


def option_named(name: str) -> ServerOption:
    """Return an option by its name without the leading ``--``."""
    return _BY_NAME[name]
