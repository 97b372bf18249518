"""``twistd reqpi``: its options, from the command line or the environment, and the service that they make."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.logger import ILogObserver, Logger
from twisted.python import usage
from twisted.scripts._twistd_unix import ServerOptions, UnixAppLogger

from reqpi import __version__
from reqpi.core.errors import Misconfigured, ReqPIError
from reqpi.runtime import gc_pause
from reqpi.server.listening import CannotListen
from reqpi.server.log_levels import LEVELS, at_level
from reqpi.server.server import Settings, assemble
from reqpi.server.workers import Workers, probe
from reqpi.storage.place import options_of, place_of
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import read_upstreams

__all__ = ["Options", "makeService"]

_NUMBERS = {
    "max-document": 1,
    "frequency": 1,
    "max-age": 0,
    "verify-rate": 1,
    "workers": 1,
    "memory": 0,
    "cache-size": 1,
    "redirect-above": 0,
    "page-cache": 0,
}
_SWITCH = 0.001
"""Seconds. Python's own 5 ms make a request of some reads and writes wait 20; a fifth of that costs no rate."""

_FOR_OBJECTS = ("store-option", "cache", "cache-size", "redirect-above")
_FLAGS = ("offline", "learning", "trust-proxy")
_WORDS = ("url", "store", "cache", "netrc", "ca", "client-cert", "proxy", "access-log", "log-level")
_LISTS = ("upstream", "allow-host", "trusted-host", "store-option")


class Options(usage.Options):
    """The options. Each can also come from the environment: ``--max-age`` is ``REQPI_MAX_AGE``."""

    synopsis = "[options]"
    longdesc = (
        "The hermetic package index: serves exactly what a lock pins. Every option can come from the environment as "
        "REQPI_<OPTION>, with underscores; an option that may be given several times, as a list separated by spaces."
    )
    optParameters = [
        ["url", None, None, "The canonical URL, for what must be absolute. Default: each request's own."],
        ["baseurl", None, None, "The same as --url."],
        ["store", None, None, "Where everything is: a directory, or s3://BUCKET/PREFIX. Default: the user's own."],
        ["cache", None, None, "A directory for what was read last from an object store. Default: none."],
        ["cache-size", None, None, "Bytes of that. Default: 10737418240."],
        ["redirect-above", None, None, "Bytes of a file from which on clients get it from the object store itself."],
        ["netrc", None, None, "A netrc file: users and passwords of upstreams, by host. Default: none."],
        ["ca", None, None, "A file of certificates to trust beside the platform's, in PEM. Default: none."],
        ["client-cert", None, None, "A client certificate and its key for upstreams that require one, in PEM."],
        ["proxy", None, None, "An http or https proxy for upstreams, or off. Default: HTTPS_PROXY and so on."],
        ["max-document", None, None, "Bytes of the largest lock that is taken. Default: 8388608."],
        ["frequency", None, None, "Seconds between two removals of what is not used. Default: never."],
        ["max-age", None, None, "Seconds without use after which a lock is removed. Default: never."],
        ["verify-rate", None, None, "Bytes a second that are hashed again, in the background. Default: none."],
        ["workers", None, None, "Processes that serve. Default: 1."],
        ["memory", None, None, "Bytes of answers that each process keeps ready. Default: 67108864."],
        ["access-log", None, None, "Who asked for what: a file, or off. Default: log, this server's own log."],
        ["log-level", None, None, "Events that are logged: debug, info, warn or error, and all above. Default: info."],
        ["page-cache", None, None, "Bytes of memory for pages of upstreams, between locks. Default: 33554432."],
    ]
    optFlags = [
        ["offline", None, "Never ask an upstream."],
        ["learning", None, "Let reqpi learn have an index, at /learn, through which all of the upstream can be had."],
        ["trust-proxy", None, "Believe X-Forwarded-Proto, -Host and -Prefix: only behind a proxy that sets them."],
    ]

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self._environ = environ
        for name in ("http", *_LISTS):
            self[name] = []

    def opt_http(self, where: str) -> None:
        """A port, on every interface; or an endpoint: tcp:2000:interface=127.0.0.1, tls:…, unix:…, systemd:….

        May be given several times. Default: port 2000, for this machine alone.
        """
        self["http"].append(_endpoint(where))

    def opt_upstream(self, index: str) -> None:
        """The index to take files from; or NAME=URL, a further one that a lock may name by its URL.

        May be given several times. Default: the one that pip here is configured with.
        """
        self["upstream"].append(index)

    def opt_allow_host(self, host: str) -> None:
        """HOST or HOST:PORT: locks may name archives and git repositories there. May be given several times."""
        self["allow-host"].append(host)

    def opt_trusted_host(self, host: str) -> None:
        """HOST or HOST:PORT, whose TLS is not verified. May be given several times."""
        self["trusted-host"].append(host)

    def opt_store_option(self, option: str) -> None:
        """NAME=VALUE, for the object store: region=eu-central-1, endpoint=https://… May be given several times."""
        self["store-option"].append(option)

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"reqpi {__version__}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the command line. What is wrong with it is one line, where twistd would print its whole help."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            close = self._spelled_alike(options or ()) if "not recognized" in str(error) else ""
            raise SystemExit(f"reqpi: {error}{close} (reqpi server --help lists all options.)") from None

    def _spelled_alike(self, arguments: Sequence[str]) -> str:
        """Return a question that names an option like the one that was written; empty if there is none."""
        known = [f"--{name.rstrip('=')}" for name in self.longOpt]
        written = [argument.partition("=")[0] for argument in arguments if argument.startswith("--")]
        close = [get_close_matches(each, known, n=1, cutoff=0.7) for each in written if each not in known]
        return f". Did you mean {close[0][0]}?" if close and close[0] else ""

    def parseArgs(self, *extra: str) -> None:
        """There are no arguments beside the options."""
        if extra:
            raise usage.UsageError(f"{extra[0]} is no option.")

    def postOptions(self) -> None:
        """Fill in from the environment, and refuse what makes no sense."""
        self._fill_in()
        if self["url"] and self["baseurl"] and self["url"] != self["baseurl"]:
            raise usage.UsageError("--url and --baseurl are the same option, and are given two values.")
        self["url"] = _url(self["url"] or self["baseurl"])
        if (self["frequency"] is None) != (self["max-age"] is None):
            raise usage.UsageError("--frequency and --max-age go together: how often, and after how long without use.")
        try:
            self["default-upstream"], self["upstreams"] = read_upstreams(self["upstream"])
            for name in ("allow-host", "trusted-host"):
                Hosts.read(self[name], f"--{name}")
            self["store"] = place_of(self["store"]) if self["store"] else None
            self["store-options"] = options_of(self["store-option"])
        except Misconfigured as error:
            raise usage.UsageError(str(error)) from None
        if self["log-level"] is not None and self["log-level"] not in LEVELS:
            raise usage.UsageError(f"--log-level {self['log-level']}: write {', '.join(LEVELS[:-1])} or {LEVELS[-1]}.")
        given = [name for name in _FOR_OBJECTS if self[name] or self[name] == 0]
        if given and not isinstance(self["store"], str):
            raise usage.UsageError(f"--{given[0]} is for an object store: --store s3://BUCKET/PREFIX.")

    def _fill_in(self) -> None:
        """What the command line does not say, the environment may."""
        for where in self._environ.get("REQPI_HTTP", "").split() if not self["http"] else ():
            self.opt_http(where)
        for name in _LISTS:
            self[name] = self[name] or self._environ.get(_variable(name), "").split()
        for name in (*_WORDS, "baseurl", *_NUMBERS):
            if self[name] is None:
                self[name] = self._environ.get(_variable(name)) or None
        for name in _FLAGS:
            self[name] = bool(self[name]) or _truth(_variable(name), self._environ.get(_variable(name), ""))
        for name, least in _NUMBERS.items():
            self[name] = _number(name, self[name], least)

    @property
    def settings(self) -> Settings:
        """What was said."""
        return Settings(
            listen=tuple(self["http"]) or Settings().listen,
            url=self["url"],
            store=self["store"],
            store_options=self["store-options"],
            cache=_path(self["cache"]),
            cache_size=self["cache-size"] or Settings().cache_size,
            redirect_above=self["redirect-above"],
            upstream=self["default-upstream"],
            upstreams=self["upstreams"],
            allow_hosts=tuple(self["allow-host"]),
            trusted_hosts=tuple(self["trusted-host"]),
            netrc=_path(self["netrc"]),
            ca=_path(self["ca"]),
            client_cert=_path(self["client-cert"]),
            proxy=self["proxy"],
            offline=self["offline"],
            learning=self["learning"],
            trust_proxy=self["trust-proxy"],
            largest_document=self["max-document"] or Settings().largest_document,
            frequency=self["frequency"],
            max_age=self["max-age"],
            verify_rate=self["verify-rate"],
            workers=self["workers"] or 1,
            memory=Settings().memory if self["memory"] is None else self["memory"],
            access_log=_access_log(self["access-log"]),
            log_level=self["log-level"] or Settings().log_level,
            page_cache=Settings().page_cache if self["page-cache"] is None else self["page-cache"],
        )


def makeService(options: Options) -> IService:
    """Return the service."""
    return _OneLine(options.settings, partial(_observer, options))


class _OneLine(MultiService):
    """The server, whose failure to start is one line and exit status 1."""

    _log = Logger()

    def __init__(self, settings: Settings, observer: Callable[[], ILogObserver | None]) -> None:
        super().__init__()
        self._maker = os.getpid()
        self._observer = observer
        self._terminal = _Terminal()
        with self._failing_in_one_line():
            probe(settings.listen)
            service = Workers(settings, reactor) if settings.workers > 1 else assemble(settings, reactor)
            service.setServiceParent(self)

    def setServiceParent(self, parent: Any) -> None:
        """Join the application, and give it the observer that twistd is to log with."""
        super().setServiceParent(parent)
        observer = self._observer()
        if observer is not None:
            parent.setComponent(ILogObserver, observer)

    def privilegedStartService(self) -> None:
        """See :class:`reqpi.server.server.Server`."""
        with self._failing_in_one_line():
            super().privilegedStartService()

    def startService(self) -> None:
        """See :class:`reqpi.server.server.Server`."""
        with self._failing_in_one_line():
            super().startService()
        self._terminal.close()
        gc_pause.settle()
        # A thread that computes lets the reactor wait so long for the interpreter, again after each read and write.
        sys.setswitchinterval(_SWITCH)

    @contextmanager
    def _failing_in_one_line(self) -> Iterator[None]:
        try:
            yield
        except ReqPIError as error:
            advice = error.advice if isinstance(error, CannotListen) else ""
            said = f"reqpi: {error} {advice}".rstrip()
            self._terminal.say(said)
            if os.getpid() != self._maker:
                self._log.critical("{said}", said=said)
                # twistd has forked. Its other half waits forever if the daemon just exits; of an exception it prints
                # the first hundred bytes.
                raise NotStarted("the line above says why") from None
            raise SystemExit(1) from None


class NotStarted(Exception):
    """The daemon could not start, and its error was printed."""


class _Terminal:
    """The stderr that this process was started with: a log takes ``sys.stderr`` over, and a daemon loses the file."""

    def __init__(self) -> None:
        try:
            self._descriptor: int | None = os.dup(2)
        except OSError:  # closed by the caller
            self._descriptor = None

    def say(self, line: str) -> None:
        """Print a line, and let go of the terminal: a program that reads it to its end waits for no daemon."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, f"{line}\n".encode(errors="replace"))
        self.close()

    def close(self) -> None:
        """Let go of it. Closing it again does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


def _observer(options: Options) -> ILogObserver | None:
    """Return the observer that twistd's own options ask for, at our level.

    :returns: ``None`` where twistd is not there, or has an observer of the operator's choice.
    """
    twistds = getattr(options, "parent", None)
    if not isinstance(twistds, ServerOptions) or twistds["logger"] is not None:
        return None
    return at_level(UnixAppLogger(twistds)._getLogObserver(), options.settings.log_level)


def _path(text: str | None) -> Path | None:
    """A path as it is meant here, before a daemon changes its folder."""
    return Path(text).absolute() if text else None


def _access_log(text: str | None) -> str:
    """Where it goes; a file as it is meant here."""
    return text or "log" if text in (None, "", "log", "off") else str(Path(text).absolute())


def _variable(option: str) -> str:
    return f"REQPI_{option.upper().replace('-', '_')}"


def _endpoint(where: str) -> str:
    """An endpoint string: a bare port means every interface, as it does in Twisted."""
    if not where.strip():
        raise usage.UsageError("--http wants a port or an endpoint, such as 2000 or tcp:2000:interface=127.0.0.1.")
    if where.isascii() and where.isdigit():
        if int(where) > 65535:
            raise usage.UsageError(f"--http {where}: a port is at most 65535.")
        return f"tcp:{where}"
    try:
        serverFromString(reactor, where)
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise usage.UsageError(f"--http {where}: that is neither a port nor an endpoint: {error}.") from error
    return where


def _number(name: str, text: str | None, least: int) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 15 or int(text) < least:
        raise usage.UsageError(f"--{name} {text}: a whole number is wanted, {least} or more.")
    return int(text)


def _truth(variable: str, text: str) -> bool:
    if text.lower() in ("", "0", "no", "false", "off"):
        return False
    if text.lower() in ("1", "yes", "true", "on"):
        return True
    raise usage.UsageError(f"{variable}={text}: 1 or 0 is wanted.")


def _url(url: str | None) -> str | None:
    if url is not None and not url.startswith(("http://", "https://")):
        raise usage.UsageError(f"--url {url}: it begins with http:// or https://.")
    return url
