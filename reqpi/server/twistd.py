"""``twistd reqpi``: its options and its service."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, TextIO, cast

from attrs import evolve
from twisted.application.service import IService, MultiService
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.logger import ILogObserver, Logger, textFileLogObserver
from twisted.python import usage
from twisted.scripts._twistd_unix import ServerOptions, UnixAppLogger

from reqpi import __version__
from reqpi.core.errors import Misconfigured, ReqPIError
from reqpi.runtime import gc_pause
from reqpi.runtime.log_file import LogFile
from reqpi.runtime.plain_polling import poll_plainly
from reqpi.server.daemon import pidfile_left, report_failure, watch_start
from reqpi.server.hangup import handle_hangup
from reqpi.server.json_log import json_observer
from reqpi.server.listening import CannotListen, private_socket
from reqpi.server.log_levels import at_level
from reqpi.server.options import OPTIONS, ServerOption, ValueKind
from reqpi.server.readable_python import check_readable
from reqpi.server.server import assemble
from reqpi.server.service_manager import ServiceManager
from reqpi.server.settings import Settings, check_values, read_values, settings_of
from reqpi.server.workers import Workers, probe

__all__ = ["TwistdOptions", "makeService"]

_SWITCH = 0.001
"""Seconds. With Python's own 5 ms, a request of some reads and writes waits 20; a fifth of that costs no throughput."""


def _parameters() -> Iterator[list[str | None]]:
    for option in OPTIONS:
        if option.kind not in (ValueKind.FLAG, ValueKind.LIST):
            yield [option.name, None, None, option.described()]


class TwistdOptions(usage.Options):
    """The options of ``twistd reqpi``, from :data:`reqpi.server.options.OPTIONS`.

    Each can also come from the environment: ``--max-age`` is ``REQPI_MAX_AGE``.
    """

    synopsis = "[options]"
    longdesc = (
        "The hermetic package index: serves exactly what a lock pins. Each option can also be set in the environment "
        "as REQPI_<OPTION>, with underscores; a repeatable option as a list separated by spaces."
    )
    optParameters = list(_parameters())
    optFlags = [[option.name, None, option.described()] for option in OPTIONS if option.kind is ValueKind.FLAG]

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self._environ = environ
        for option in OPTIONS:
            if option.kind is ValueKind.LIST:
                self[option.name] = []

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"reqpi {__version__}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the command line. An error is one line, where twistd would print its whole help.

        :raises SystemExit: with that line.
        """
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            close = self._spelled_alike(options or ()) if "not recognized" in str(error) else ""
            raise SystemExit(f"reqpi: {error}{close} (reqpi server --help lists all options.)") from None

    def _spelled_alike(self, arguments: Sequence[str]) -> str:
        """Return a question that names the option most like the one given; empty if there is none."""
        known = [f"--{name.rstrip('=')}" for name in self.longOpt]
        written = [argument.partition("=")[0] for argument in arguments if argument.startswith("--")]
        close = [get_close_matches(each, known, n=1, cutoff=0.7) for each in written if each not in known]
        return f". Did you mean {close[0][0]}?" if close and close[0] else ""

    def parseArgs(self, *extra: str) -> None:
        """Reject arguments: there are options only."""
        if extra:
            raise usage.UsageError(f"{extra[0]} is not an option.")

    def postOptions(self) -> None:
        """Read the settings from the command line and the environment."""
        try:
            values = read_values(OPTIONS, lambda option: self[option.name], self._environ)
            values["http"] = [_endpoint(where) for where in values["http"]]
            check_values(values)
            self._settings = settings_of(values)
        except Misconfigured as error:
            raise usage.UsageError(str(error)) from None

    @property
    def settings(self) -> Settings:
        """The settings that were read."""
        return self._settings


def _appending(option: ServerOption) -> Callable[[TwistdOptions, str], None]:
    """Return the method with which :class:`twisted.python.usage.Options` reads a repeatable option."""

    def append(self: TwistdOptions, value: str) -> None:
        self[option.name].append(value)

    append.__doc__ = option.described()
    return append


for _option in OPTIONS:
    if _option.kind is ValueKind.LIST:
        setattr(TwistdOptions, f"opt_{_option.dest}", _appending(_option))


Options = TwistdOptions
"""The name under which twistd looks the class up in this module."""


def makeService(options: TwistdOptions) -> IService:
    """Return the service that the options describe; twistd calls this."""
    twistds = getattr(options, "parent", None)
    config = twistds if isinstance(twistds, ServerOptions) else {}
    return _OneLine(evolve(options.settings, log_file=_own_log(options)), partial(_observer, options), config)


class _OneLine(MultiService):
    """The server. Its failure to start is one line on stderr and exit status 1."""

    _log = Logger()

    def __init__(
        self, settings: Settings, observer: Callable[[], ILogObserver | None], config: Mapping[str, Any]
    ) -> None:
        super().__init__()
        watch_start()
        self._config = config
        self._user = os.geteuid()
        self._maker = os.getpid()
        self._observer = observer
        self._terminal = _Terminal()
        self._manager = ServiceManager()
        with self._failing_in_one_line():
            probe(settings.listen)
            service = Workers(settings, reactor) if settings.workers > 1 else assemble(settings, reactor)
            service.setServiceParent(self)

    def setServiceParent(self, parent: Any) -> None:
        """Join the application, and give it the observer with which twistd logs."""
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
            if os.geteuid() != self._user:
                check_readable()
            super().startService()
        if left := pidfile_left(self._config):
            self._log.warn("{warning}", warning=left)
            self._terminal.say(f"reqpi: {left}")
        self._terminal.close()
        handle_hangup(reactor)
        poll_plainly(reactor)
        self._manager.ready(reactor)
        gc_pause.settle()
        # While a thread computes, the reactor waits this long for the interpreter, again after each read and write.
        sys.setswitchinterval(_SWITCH)

    def stopService(self) -> Any:
        """See :class:`reqpi.server.server.Server`."""
        self._manager.stopping()
        return super().stopService()

    @contextmanager
    def _failing_in_one_line(self) -> Iterator[None]:
        try:
            yield
        except ReqPIError as error:
            advice = error.advice if isinstance(error, CannotListen) else ""
            message = f"reqpi: {error} {advice}".rstrip()
            self._terminal.say(message)
            if os.getpid() != self._maker:
                self._log.critical("{message}", message=message)
                report_failure(self._config)  # the parent would wait forever
            raise SystemExit(1) from None


class _Terminal:
    """The stderr that this process was started with: a log replaces ``sys.stderr``, and a daemon closes the file."""

    def __init__(self) -> None:
        try:
            self._descriptor: int | None = os.dup(2)
        except OSError:  # closed by the caller
            self._descriptor = None

    def say(self, line: str) -> None:
        """Print a line, and close the terminal: a program that reads to its end must not wait for the daemon."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, f"{line}\n".encode(errors="replace"))
        self.close()

    def close(self) -> None:
        """Close it. Closing it again does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


def _observer(options: TwistdOptions) -> ILogObserver | None:
    """Return the observer that twistd's own options specify, at our level.

    :returns: ``None`` without twistd, or if the operator has chosen an observer.
    """
    twistds = getattr(options, "parent", None)
    if not isinstance(twistds, ServerOptions) or twistds["logger"] is not None:
        return None
    path = _log_path(twistds)
    if options.settings.log_format == "json":
        if twistds["syslog"]:
            raise SystemExit("reqpi: --log-format json cannot be used with --syslog.")
        observer = json_observer(sys.stdout if path is None else _log_file(path))
    elif path is None:
        observer = UnixAppLogger(twistds)._getLogObserver()
    else:
        observer = textFileLogObserver(cast(TextIO, _log_file(path)))
    return at_level(observer, options.settings.log_level)


def _own_log(options: TwistdOptions) -> Path | int | None:
    """Return the log for :attr:`Settings.log_file`: only a file takes whole lines of several writers."""
    twistds = getattr(options, "parent", None)
    if not isinstance(twistds, ServerOptions) or twistds["logger"] is not None or twistds["syslog"]:
        return None
    path = _log_path(twistds)
    return 1 if path is None and twistds["nodaemon"] and _is_file(1) else path


def _is_file(descriptor: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:  # closed by the caller
        return False


def _log_path(twistds: ServerOptions) -> Path | None:
    """Return the path of the log that twistd's own options specify; ``None`` if they specify no file."""
    named = twistds["logfile"]
    if twistds["syslog"] or named == "-" or (twistds["nodaemon"] and not named):
        return None
    return Path(named or "twistd.log").absolute()


def _log_file(path: Path) -> LogFile:
    """Return a file to which an observer appends.

    twistd would rename the file at each MB and keep every piece, all of them renamed each time.

    :raises SystemExit: the file cannot be written.
    """
    file = LogFile(path, "the log")
    try:
        file.open()
    except Misconfigured as error:
        raise SystemExit(f"reqpi: {error}") from None
    return file


def _endpoint(where: str) -> str:
    """Return an endpoint string; a bare port means every interface, as it does in Twisted.

    :raises usage.UsageError: it is neither a port nor an endpoint.
    """
    if not where.strip():
        raise usage.UsageError("--http: write a port or an endpoint, such as 2000 or tcp:2000:interface=127.0.0.1.")
    if where.isascii() and where.isdigit():
        if int(where) > 65535:
            raise usage.UsageError(f"--http {where}: write a port of at most 65535.")
        return f"tcp:{where}"
    try:
        serverFromString(reactor, where)
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise usage.UsageError(f"--http {where}: this is neither a port nor an endpoint: {error}.") from error
    return private_socket(where)
