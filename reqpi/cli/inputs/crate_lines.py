"""The lines from which cargo chooses crates: those that an address has frozen, or all that the registries list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from reqpi.cli.processes.loopback_index import IndexUnknown
from reqpi.client.errors import ClientError
from reqpi.client.exchange import ask
from reqpi.client.polling import poll, unavailable
from reqpi.client.target import ServerTarget, target_of
from reqpi.core.crates.cargo_config import registry_key
from reqpi.core.crates.index import IndexLine, index_path, read_index, read_open_index
from reqpi.core.crates.model import CargoLock, Crate
from reqpi.core.errors import NotFound, ReqPIError

if TYPE_CHECKING:  # it imports Twisted, which --url does not need
    from twisted.internet.defer import Deferred

    from reqpi.server.server import Server
    from reqpi.web.http.only_client import OnlyClient

__all__ = ["OpenCrates", "frozen_lines"]

_AT_ONCE = 24


def frozen_lines(url: str, address: str, lock: CargoLock) -> Mapping[tuple[str, str], Sequence[IndexLine]]:
    """Return the lines of the crates of a Cargo.lock, by registry and name in lower case.

    The server asks the registry for those that it has not frozen yet, as it would for the crates themselves.

    :param address: of a lock that admits these crates.
    :raises IndexUnknown: some cannot be obtained.
    """
    target = target_of(url)
    by_name: dict[tuple[str, str], list[Crate]] = {}
    for crate in lock.crates:
        by_name.setdefault((crate.registry, crate.name), []).append(crate)
    found: dict[tuple[str, str], list[IndexLine]] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for (registry, name), lines in zip(
            by_name, pool.map(partial(_lines, target, address), by_name.values()), strict=True
        ):
            found.setdefault((registry, name.lower()), []).extend(lines)
    return found


def _lines(target: ServerTarget, address: str, crates: Sequence[Crate]) -> list[IndexLine]:
    """Return the lines of the releases of one crate."""
    key, name = registry_key(crates[0].registry), crates[0].name
    path = f"/{address}/crates/{f'registry/{key}/' if key else ''}{index_path(name)}"
    try:
        answer = poll(partial(ask, target, "GET", path), unavailable(target, path))
    except ClientError as error:
        raise IndexUnknown(error.title) from error
    listed = read_index(answer.body, name) if answer.status == 200 else {}
    lines = [listed[crate.version] for crate in crates if crate.version in listed]
    if [line.cksum for line in lines] != [crate.sha256 for crate in crates]:
        raise IndexUnknown(f"the server does not list the crate {name} as the Cargo.lock has it")
    return lines


class OpenCrates:
    """All releases that the registries of a server inside this process list, while it runs.

    It is a :class:`reqpi.cli.inputs.in_process.Beside`, and is called from other threads.
    """

    def __init__(self) -> None:
        self._server: Server | None = None
        self._reactor: Any = None

    def start(self, server: Server, only: OnlyClient, reactor: Any) -> None:
        """Begin."""
        self._server, self._reactor = server, reactor

    def stop(self) -> Deferred[Any]:
        """End."""
        from twisted.internet.defer import succeed  # noqa: PLC0415

        self._server = None
        return succeed(None)

    def lines(self, registries: Sequence[str], registry: str, name: str) -> list[IndexLine]:
        """Return the lines of a crate; none if the registry has no such crate.

        :param registries: those that a line may name.
        :param name: in lower case.
        :raises IndexUnknown: they cannot be obtained.
        """
        from twisted.internet.defer import Deferred  # noqa: PLC0415
        from twisted.internet.threads import blockingCallFromThread  # noqa: PLC0415

        assert self._server is not None
        source = self._server.crates.source

        def whole() -> Deferred[bytes]:
            return Deferred.fromCoroutine(source.whole(name, registry))

        try:
            body = bytes(cast(Any, blockingCallFromThread)(self._reactor, whole))
        except NotFound:
            return []
        except ReqPIError as error:
            raise IndexUnknown(error.title) from error
        return list(read_open_index(body, name, registries).values())
