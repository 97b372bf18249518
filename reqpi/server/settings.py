"""The settings of a server, and how they are read from its options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import field, frozen

from reqpi.core.errors import Misconfigured
from reqpi.core.limits.rates import BadRate, read_rate
from reqpi.server.limit_options import RATE_OPTIONS
from reqpi.server.listening import endpoint_of
from reqpi.server.options import OPTIONS, BadOption, ServerOption, ValueKind, option_named
from reqpi.server.policy_words import checked_min_age, checked_refusals
from reqpi.storage.place import options_of, place_of
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import read_upstreams
from reqpi.upstream.crates.allowed import CrateSettings, read_crates
from reqpi.web.http.only_client import OnlyClient

__all__ = ["Settings", "check_values", "read_values", "settings_of"]

_DEFAULTS: Mapping[str, Any] = {option.setting: option.default for option in OPTIONS}

_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]")

_ABSENT: tuple[Any, ...] = (None, "", [])
"""The values of an option that is not specified. 0 is not among them."""


@frozen
class Settings:
    """The settings of one server.

    :data:`reqpi.server.options.OPTIONS` describes each option and has its default. Its ``setting`` is the attribute
    here. Sizes are in bytes, times in seconds.

    :param listen: Twisted's endpoint strings.
    :param url: the canonical URL; ``None``: the URL of each request.
    :param hosts: names that the server answers to, in addition to that of ``url``.
    :param store: a directory, or the URL of an object store; ``None``: a directory in the user's state directory.
    :param upstream: the default index; ``None``: the one that pip on this host is configured with.
    :param upstreams: the URLs of further indexes, by name.
    :param file_hosts: the hosts that have the files of an index, by its name, which is empty for the default one.
    :param crates: the registries of crates.
    :param proxy: the URL of a proxy, ``off``, or ``None`` for the proxies in the environment.
    :param limit_requests: the text of a rate, as for the other three; see :func:`reqpi.core.limits.rates.read_rate`.
    :param max_client_connections: ``None``: half of ``max_connections``.
    :param largest_store: 0: any size; likewise ``largest_hold``.
    :param limit_prefreeze: the text of a rate; see :func:`reqpi.core.limits.rates.read_rate`.
    :param refuse: the texts of rules with actions, which count more than the file ``policy``; see
        :func:`reqpi.core.policy.options.read_refusals`.
    :param min_age: the text of an age with an action, likewise.
    :param frequency: seconds between two sweeps; 0: never; ``None``: see :mod:`reqpi.server.sweeping`.
    :param max_age: seconds without use after which a sweep removes a lock; ``None``: likewise.
    :param verify_rate: bytes per second; ``None``: nothing is verified in the background.
    :param access_log: ``log``, ``off``, or the path of a file.
    :param own_netrc: the netrc file of the user who runs a local command. Its logins are used for upstreams and for
        the hosts named in ``allow_hosts`` only. No option sets it.
    :param local: the user is the operator, and no other machine can reach this server: public hosts that a lock names
        are asked without being in ``allow_hosts``. No option sets it.
    :param only: the one client of a server inside a command. No option sets it.
    :param metrics: a Twisted endpoint string; ``None``: there are no metrics.
    :param worker: the number of this process among several workers, from 1; 0: it is the only one. No option sets it.
    :param log_file: the server's own log, to which each process appends its access log: its path, or the descriptor of
        the open file; ``None``: the log is not a file. No option sets it.
    :param passing: a folder for files that are needed no longer than this process runs; ``None``: the store keeps
        them. No option sets it.
    """

    listen: Sequence[str] = _DEFAULTS["listen"]
    url: str | None = None
    hosts: Sequence[str] = ()
    store: Path | str | None = None
    store_options: Mapping[str, str] = field(factory=dict)
    cache: Path | None = None
    cache_size: int = _DEFAULTS["cache_size"]
    record_key: Path | None = None
    redirect_above: int | None = None
    upstream: str | None = None
    upstreams: Mapping[str, str] = field(factory=dict)
    file_hosts: Mapping[str, Hosts] = field(factory=dict)
    crates: CrateSettings = field(factory=CrateSettings)
    allow_hosts: Sequence[str] = ()
    trusted_hosts: Sequence[str] = ()
    netrc: Path | None = None
    own_netrc: Path | None = None
    tokens: Path | None = None
    oidc: Path | None = None
    anonymous: str | None = None
    ca: Path | None = None
    client_cert: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    offline: bool = False
    learning: bool = False
    trust_proxy: bool = False
    require_hashes: bool = False
    largest_document: int = _DEFAULTS["largest_document"]
    limit_requests: str = _DEFAULTS["limit_requests"]
    limit_commits: str = _DEFAULTS["limit_commits"]
    limit_holds: str = _DEFAULTS["limit_holds"]
    limit_sessions: str = _DEFAULTS["limit_sessions"]
    max_connections: int = _DEFAULTS["max_connections"]
    max_client_connections: int | None = None
    head_timeout: int = _DEFAULTS["head_timeout"]
    body_timeout: int = _DEFAULTS["body_timeout"]
    max_uploads: int = _DEFAULTS["max_uploads"]
    max_unread: int = _DEFAULTS["max_unread"]
    largest_store: int = _DEFAULTS["largest_store"]
    largest_hold: int = _DEFAULTS["largest_hold"]
    largest_file: int = _DEFAULTS["largest_file"]
    limit_prefreeze: str = _DEFAULTS["limit_prefreeze"]
    advisories: Path | None = None
    policy: Path | None = None
    refuse: Sequence[str] = ()
    min_age: str | None = None
    frequency: float | None = None
    max_age: float | None = None
    drift_every: int = _DEFAULTS["drift_every"]
    verify_rate: int | None = None
    workers: int = _DEFAULTS["workers"]
    memory: int = _DEFAULTS["memory"]
    access_log: str = _DEFAULTS["access_log"]
    audit_log: Path | None = None
    page_cache: int = _DEFAULTS["page_cache"]
    local: bool = False
    log_level: str = _DEFAULTS["log_level"]
    log_format: str = _DEFAULTS["log_format"]
    metrics: str | None = None
    worker: int = 0
    log_file: Path | int | None = None
    passing: Path | None = None
    only: OnlyClient | None = None


def read_values(
    options: Iterable[ServerOption], given: Callable[[ServerOption], Any], environ: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of options, by name, from the command line and the environment.

    :param given: returns the value of an option on the command line, as for :meth:`ServerOption.read`.
    :raises reqpi.core.errors.Misconfigured: a value is not of its option's kind.
    """
    try:
        return {option.name: option.read(given(option), environ) for option in options}
    except BadOption as error:
        raise Misconfigured(str(error)) from None


def check_values(values: Mapping[str, Any]) -> None:
    """Check the values of all options against each other.

    :raises reqpi.core.errors.Misconfigured: two contradict each other, or one lacks another.
    """
    url, alias = values["url"], values["baseurl"]
    if url and alias and url != alias:
        raise Misconfigured("--url and --baseurl are the same option, but have different values.")
    only = [option.name for option in OPTIONS if option.object_store and values[option.name] not in _ABSENT]
    if only and not (values["store"] and isinstance(place_of(values["store"]), str)):
        raise Misconfigured(f"--{only[0]} is for an object store: --store s3://BUCKET/PREFIX.")


def settings_of(values: Mapping[str, Any], **others: Any) -> Settings:
    """Return the settings that the values of options make.

    :param values: by the options' names; a setting whose option has no value keeps its default.
    :param others: settings that no option has.
    :raises reqpi.core.errors.Misconfigured: a value cannot be used.
    """
    settings: dict[str, Any] = {
        option_named(name).setting: _setting(option_named(name), value)
        for name, value in values.items()
        if value not in _ABSENT
    }
    settings["upstream"], settings["upstreams"], settings["file_hosts"] = read_upstreams(values.get("upstream", ()))
    made = Settings(**settings | others)
    if made.only is None:  # with one client there are no limits
        _check_sizes(made.max_uploads, made.largest_document)
    return made


def _check_sizes(uploads: int, document: int) -> None:
    """Check whether a client, which may have half of the bytes of bodies, could send the largest lock."""
    if 0 < uploads < 2 * document:
        reason = f"one client may have half of it, and a lock may have --max-document {document}"
        raise Misconfigured(f"--max-uploads {uploads}: {reason}. Write at least {2 * document}, or 0 for any number.")


def _setting(option: ServerOption, value: Any) -> Any:
    """Return the value of a setting. Paths are absolute, because a daemon changes its working directory."""
    read = _READERS.get(option.name)
    if read is not None:
        return read(value)
    if option.kind is ValueKind.PATH:
        return Path(value).absolute()
    return tuple(value) if option.kind is ValueKind.LIST else value


def _url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise Misconfigured(f"--url {url}: write a URL that begins with http:// or https://.")
    if "?" in url or "#" in url:
        raise Misconfigured(f"--url {url}: write the URL without a query and without a fragment.")
    if "@" in url.split("/")[2]:
        raise Misconfigured("--url has a login: write the URL without it, because every client sees it.")
    return url


def _names(names: Sequence[str]) -> tuple[str, ...]:
    wrong = next((name for name in names if not _NAME.fullmatch(name)), None)
    if wrong is not None:
        raise Misconfigured(f"--host {wrong}: write a name or an address without scheme and port: pypi.example.org.")
    return tuple(names)


def _hosts(option: str, hosts: Sequence[str], *, every_port: bool = False) -> tuple[str, ...]:
    Hosts.read(hosts, option, every_port=every_port)
    return tuple(hosts)


def _rate(option: str, text: str) -> str:
    try:
        read_rate(text)
    except BadRate as bad:
        raise Misconfigured(f"--{option} {text}: {bad}.") from None
    return text


def _access_log(where: str) -> str:
    return where if where in ("log", "off") else str(Path(where).absolute())


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "url": _url,
    "baseurl": _url,
    "host": _names,
    "store": place_of,
    "store-option": options_of,
    "crates": read_crates,
    "allow-host": partial(_hosts, "--allow-host"),
    "trusted-host": partial(_hosts, "--trusted-host", every_port=True),
    "access-log": _access_log,
    **{option.name: partial(_rate, option.name) for option in RATE_OPTIONS},
    "limit-prefreeze": partial(_rate, "limit-prefreeze"),
    "refuse": checked_refusals,
    "min-age": checked_min_age,
    "metrics": endpoint_of,
}
"""The options whose text is more than text, a path or a list."""
