"""The attackers, each a process: ``python -m benchmarks.attackers ATTACK TARGET ANSWERS`` until SIGTERM.

Each sends from a loopback address of its own, so that it is a client of its own. TARGET is a file that describes the
server; the number of answers by status is written into ANSWERS.
"""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from benchmarks.attack_site import SLOW, yielding

__all__ = ["ATTACKS", "Target"]

_LARGEST = 8 << 20
_ENTIRE = 1 << 25


@frozen
class Target:
    """The server.

    :param index: the path of the index of the held lock, with slashes around it; ``file`` that of one of its files.
    :param programs: the lock of sdists whose setup.py takes long to parse.
    """

    host: str
    port: int
    index: str
    file: str
    programs: str


@define
class _Attacker:
    """One client.

    :ivar answers: the number of answers by status; ``closed``: connections without one.
    :ivar numbers: numbers that were not used yet.
    """

    target: Target
    source: str
    answers: Counter[str] = field(factory=Counter)
    numbers: Iterator[int] = field(factory=count)

    async def connected(self, limit: int = _ENTIRE) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection that holds ``limit`` bytes, about, which were not read."""
        where = (self.target.host, self.target.port)
        return await asyncio.open_connection(*where, limit=limit, local_addr=(self.source, 0))

    def head(self, method: str, path: str, *more: str) -> bytes:
        """Return the head of a request."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.target.host}:{self.target.port}", *more]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def ask(self, path: str, body: bytes | None = None) -> None:
        """Send a request on a connection of its own: POST with a body, GET without one."""
        reader, writer = await self.connected()
        try:
            sizes = [] if body is None else [f"Content-Length: {len(body)}"]
            writer.write(self.head("GET" if body is None else "POST", path, "Connection: close", *sizes))
            writer.write(body or b"")
            await self.counted(reader)
            while await reader.read(1 << 16):
                pass
        finally:
            writer.close()

    async def commit(self, document: bytes, query: str = "") -> str:
        """Commit a lock, and return the path of its address, with a slash at the end."""
        await self.ask(f"/locks{query}", document)
        return f"/{sha256(document).hexdigest()}/"

    async def counted(self, reader: asyncio.StreamReader) -> None:
        """Wait for the next response, and count it."""
        await reader.readuntil(b"HTTP/1.1 ")
        self.answers[(await reader.readexactly(3)).decode()] += 1

    async def pipelined(self, paths: Callable[[], Sequence[str]]) -> None:
        """Send GETs of several paths at a time on one connection."""
        reader, writer = await self.connected()
        try:
            while True:
                batch = paths()
                writer.write(b"".join(self.head("GET", path) for path in batch))
                for _ in batch:
                    await self.counted(reader)
        finally:
            writer.close()

    async def repeat(self, times: int, attack: Callable[[], Awaitable[object]]) -> None:
        """Run an attack ``times`` times at once, and again each time that it ends."""
        await asyncio.gather(*(self._again(attack) for _ in range(times)))

    async def _again(self, attack: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await attack()
            except (OSError, EOFError):
                self.answers["closed"] += 1
                await asyncio.sleep(0.01)


async def _commits(attacker: _Attacker) -> None:
    await attacker.repeat(8, lambda: attacker.commit(b"six==%d\n" % next(attacker.numbers)))


async def _documents(attacker: _Attacker) -> None:
    strings = b"version = 1\nx = [" + b'"aaaaaaaaaaaaaa",' * 490_000 + b"]\n"
    await attacker.repeat(4, lambda: attacker.commit(strings + b"# %d\n" % next(attacker.numbers)))


async def _digits(attacker: _Attacker) -> None:
    digits = b"1" * (_LARGEST - 100)
    forms = (b"version = 1\nx = %s\n# %d\n", b'{"_meta": {"x": %s, "y": %d}}', b"six==%s # %d\n")

    async def once() -> None:
        number = next(attacker.numbers)
        await attacker.commit(forms[number % len(forms)] % (digits, number))

    await attacker.repeat(4, once)


async def _programs(attacker: _Attacker) -> None:
    async def once() -> None:
        address = await attacker.commit(f"# {next(attacker.numbers)}\n{attacker.target.programs}".encode())
        await attacker.ask(f"{address}build-requirements")

    await attacker.repeat(4, once)


async def _measuring(attacker: _Attacker) -> None:
    async def once() -> None:
        name = f"large-{next(attacker.numbers)}"
        address = await attacker.commit(f"{name}==1.0 --hash=sha384:{'0' * 96}\n".encode())
        await attacker.ask(f"{address}simple/{name}/")

    await attacker.repeat(40, once)


async def _prefreeze(attacker: _Attacker) -> None:
    async def once() -> None:
        number = next(attacker.numbers)
        size = 300 if number % 4 else 4000
        await attacker.commit("".join(f"bulk-{number * 10_000 + each}==1.0\n" for each in range(size)).encode())

    await attacker.repeat(2, once)


async def _holds(attacker: _Attacker) -> None:
    async def once() -> None:
        address = await attacker.commit(f"slow-{next(attacker.numbers) % SLOW}==1.0\n".encode(), "?hold=1")
        await attacker.ask(f"{address}held")

    await attacker.repeat(8, once)


async def _slow(attacker: _Attacker) -> None:
    """Send heads and bodies, a byte each second."""

    async def once() -> None:
        reader, writer = await attacker.connected()
        answered = asyncio.ensure_future(attacker.counted(reader))
        try:
            if next(attacker.numbers) % 2:
                writer.write(attacker.head("POST", "/locks", "Content-Length: 9000"))
            else:
                writer.write(b"GET / HTTP/1.1\r\nX: ")
            while not answered.done():
                writer.write(b"x")
                await asyncio.wait([answered], timeout=1)
            answered.result()
        finally:
            answered.cancel()
            writer.close()

    await attacker.repeat(800, once)


async def _idle(attacker: _Attacker) -> None:
    """Open more connections than one address may have."""

    async def once() -> None:
        reader, writer = await attacker.connected()
        try:
            await attacker.counted(reader)
        finally:
            writer.close()

    await attacker.repeat(4400, once)


async def _unread(attacker: _Attacker) -> None:
    """Request large responses and files, and read none."""
    address = await attacker.commit(b"six==1.0\n" + (b"#" * 99 + b"\n") * 40_000)

    async def once() -> None:
        _, writer = await attacker.connected(limit=1)
        try:
            path = f"{address}lock" if next(attacker.numbers) % 4 else attacker.target.file
            writer.write(attacker.head("GET", path) * 4)
            await asyncio.sleep(20)
            attacker.answers["unread"] += 1
        finally:
            writer.transport.abort()

    await attacker.repeat(200, once)


async def _bodies(attacker: _Attacker) -> None:
    """Send bodies, all but their last byte."""

    async def once() -> None:
        reader, writer = await attacker.connected()
        try:
            writer.write(attacker.head("POST", "/locks", f"Content-Length: {_LARGEST}"))
            for _ in range(7):
                writer.write(bytes(1 << 20))
                await writer.drain()
            await attacker.counted(reader)
        finally:
            writer.transport.abort()

    await attacker.repeat(200, once)


async def _refusals(attacker: _Attacker) -> None:
    locks = [await attacker.commit(b"six==1.0 # %d\n" % number) for number in range(20)]

    def paths() -> Sequence[str]:
        return [f"{address}simple/{'x' * 100}-{next(attacker.numbers)}/" for address in locks]

    await attacker.repeat(8, lambda: attacker.pipelined(paths))


async def _requests(attacker: _Attacker) -> None:
    paths = ["/", attacker.target.index, f"{attacker.target.index}package-1/", attacker.target.file] * 8
    await attacker.repeat(16, lambda: attacker.pipelined(lambda: paths))


async def _crowd(attacker: _Attacker) -> None:
    """Send one request at a time on each of 200 connections, for what is never ready."""
    paths = [f"{attacker.target.index}nothing/"]
    await attacker.repeat(200, lambda: attacker.pipelined(lambda: paths))


async def _sessions(attacker: _Attacker) -> None:
    address = await attacker.commit(b"six==1.0\n")
    paths = (f"{address}runs", "/learn")
    await attacker.repeat(4, lambda: attacker.ask(paths[next(attacker.numbers) % 2], b""))


ATTACKS: Mapping[str, Callable[[_Attacker], Awaitable[None]]] = {
    "commits of small locks": _commits,
    "documents of 8 MiB": _documents,
    "8 MB of digits": _digits,
    "setup.py of 60 sdists": _programs,
    "files to measure": _measuring,
    "thousands of pins": _prefreeze,
    "holds that wait": _holds,
    "slow heads and bodies": _slow,
    "idle connections": _idle,
    "responses that are not read": _unread,
    "bodies without an end": _bodies,
    "refusals": _refusals,
    "plain requests": _requests,
    "requests on 200 connections": _crowd,
    "runs and learn sessions": _sessions,
}


async def _until_ended(attacker: _Attacker, attack: Callable[[_Attacker], Awaitable[None]]) -> None:
    running: asyncio.Future[Any] = asyncio.ensure_future(attacker.repeat(1, lambda: attack(attacker)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    await asyncio.wait([running])


def main() -> None:
    """Attack until SIGTERM."""
    name, target, answers = sys.argv[1:]
    yielding()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    source = f"127.0.0.{2 + list(ATTACKS).index(name)}"
    attacker = _Attacker(Target(**json.loads(Path(target).read_text())), source)
    Path(answers).write_text("{}")
    asyncio.run(_until_ended(attacker, ATTACKS[name]))
    Path(answers).write_text(json.dumps(attacker.answers))


if __name__ == "__main__":
    main()
