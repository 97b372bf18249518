"""The port of ``--metrics``: apart from the port of clients, so that no client reads how the server is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from reqpi.core.errors import Misconfigured
from reqpi.core.extras import advice_for
from reqpi.server.listening import cannot_listen
from reqpi.server.metrics import ServerReadings
from reqpi.server.own_names import own_names
from reqpi.server.ports import listening_now, stopped
from reqpi.server.settings import Settings
from reqpi.web.health import HealthResource
from reqpi.web.http.feature import Feature
from reqpi.web.http.metrics import MetricsRoot
from reqpi.web.http.site import BoundedSite

__all__ = ["MetricsPort", "exposition", "port_of_server"]

_LARGEST_BODY = 1 << 10


class MetricsPort:
    """The site of ``--metrics``, and its port.

    :param written: see :class:`reqpi.web.http.metrics.MetricsRoot`.
    :param features: what else it answers.
    """

    _log = Logger()

    def __init__(
        self,
        settings: Settings,
        reactor: Any,
        written: Callable[[str], tuple[bytes, str]],
        features: Sequence[Feature],
    ) -> None:
        self._settings = settings
        self._reactor = reactor
        self.site = BoundedSite(MetricsRoot(written, features), reactor, _LARGEST_BODY)
        self._port: IListeningPort | None = None

    def listen(self) -> None:
        """Listen, unless it does already.

        :raises reqpi.core.errors.Misconfigured: the port cannot be opened.
        """
        description = str(self._settings.metrics)
        if self._port is not None:
            return
        try:
            self._port = listening_now(serverFromString(self._reactor, description).listen(self.site))
        except (CannotListenError, ValueError, TypeError, LookupError, OSError) as error:
            found = cannot_listen(description, error)
            found.advice = "Specify another one with --metrics or REQPI_METRICS."
            raise found from error
        self.site.names = own_names(self._settings, [self.address])
        self._log.info("metrics on {address}", address=description)

    @property
    def address(self) -> Any:
        """The Twisted address that it listens on."""
        return None if self._port is None else self._port.getHost()

    def stop(self) -> Deferred[Any]:
        """Stop listening. Do this last: until then, the metrics show how the server stops."""
        port, self._port = self._port, None
        self.site.ending = True
        return gatherResults([] if port is None else [stopped(port)])


def port_of_server(
    settings: Settings, reactor: Any, readings: ServerReadings, features: Sequence[Feature]
) -> MetricsPort | None:
    """Return the port of a server that is one process; ``None`` if the operator wants none.

    :param features: what else it answers, besides the health.
    :raises reqpi.core.errors.Misconfigured: prometheus_client is not installed.
    """
    if settings.metrics is None:
        return None
    shown = exposition().Exposition.of_process(readings)
    return MetricsPort(settings, reactor, shown.written, [HealthResource(lambda: readings.problem), *features])


def exposition() -> Any:
    """Return the module that needs prometheus_client.

    :raises reqpi.core.errors.Misconfigured: it is not installed.
    """
    try:
        return import_module("reqpi.server.metrics_exposition")
    except ImportError as error:
        raise Misconfigured("--metrics needs prometheus_client", advice_for("metrics")) from error
