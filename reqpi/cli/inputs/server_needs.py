"""The server options that a lock needs, computed without a server or an index."""

from __future__ import annotations

import argparse
import os

from reqpi.cli.inputs.which_server import value_of
from reqpi.core.errors import Misconfigured
from reqpi.core.model import Lock
from reqpi.core.report import Defect
from reqpi.server.host_defaults import builtin_index, default_upstream
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.needs import ALLOW_HOST, UPSTREAM, URL, Need, projects_of
from reqpi.upstream.allowed.operator import AllowedUpstreams, read_upstreams
from reqpi.upstream.allowed.own_addresses import Here

__all__ = ["as_defect", "in_words", "needs_in"]

_RULES = {ALLOW_HOST: "host-not-allowed", UPSTREAM: "unknown-upstream", URL: "unknown-upstream"}

_DEFAULT_PORT = 2000


def needs_in(lock: Lock, options: argparse.Namespace) -> tuple[Need, ...]:
    """Return the options that a lock needs in addition to those in the command line and the environment.

    :raises reqpi.core.errors.Misconfigured: an option cannot be used.
    """
    here = Here(os.environ.get("REQPI_URL") or None)
    here.listen("127.0.0.1", _DEFAULT_PORT, secure=False)
    default, upstreams, _ = read_upstreams(value_of(options, "upstream"))
    hosts = Hosts.read(value_of(options, "allow-host"), ALLOW_HOST)
    names_one = any(pin.indexes and any(pin.indexes) for pin in lock.pins)
    # Asking pip takes half a second, and few locks name an index.
    if names_one and default is None:
        default = _default_upstream()
    outside = AllowedUpstreams(default, upstreams, builtin_index() if names_one else None, hosts, here=here)
    outside.check()
    return outside.policy.needs(lock)


def in_words(need: Need) -> str:
    """Return ``--allow-host github.com, for a and b``, and what happens without the option."""
    projects = projects_of(need.pins)
    said = f"{need.option} {need.value}, for {projects}"
    if need.option == ALLOW_HOST:
        return said
    if need.decisive:
        return f"{said}: a server without it rejects the lock, because a pin has no digest"
    return f"{said}: a server without it looks for these files by digest at its other upstreams"


def as_defect(need: Need) -> Defect:
    """Return the defect for a need that the server does not meet."""
    pin = need.pins[0]
    return Defect(
        pin.line,
        pin.text[:200],
        f"{projects_of(need.pins)}: comes from {need.place}, for which the server needs an option",
        f"start it with {need.option} {need.value}; if it has that option, pass it to this command too",
        _RULES[need.option],
        pin.document,
    )


def _default_upstream() -> str | None:
    try:
        return default_upstream()
    except Misconfigured:
        return None
