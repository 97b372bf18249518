"""Everything that a lock admits, taken from a server into a folder: several at a time, resumed, verified, in one step.

A file has its name in the folder once its digest was right, and not before. What came so far of one that was broken
off lies beside, under its digest, and a later run goes on from there.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

from reqpi.client.answers import trouble_of
from reqpi.client.errors import BadUsage, ClientError, ServerTrouble
from reqpi.client.exchange import ServerResponse, ask, begun
from reqpi.client.polling import PAUSE, Patience, poll, unavailable
from reqpi.client.target import ServerTarget, target_of

__all__ = ["FetchFailed", "ListedFile", "WrongBytes", "fetch", "listed", "metadata", "pages"]

_AT_ONCE = 8
"""Files that come at the same time."""

_PIECE = 1 << 18

_PART = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a part is opened: a folder may come with a source, and a link in it lead anywhere."""

_LONGEST_LIST = 256 << 20
"""Bytes of a list of files: some hundred for each, and a large project has hundreds of files of each release."""

_REDIRECTS = 3

_ATTEMPTS = 6
"""Requests for the rest of a file whose connection breaks."""

_LOOKED_UP = Patience(pending=60, otherwise=7)
"""How long a server may take to look everything up."""


class ListedFile(NamedTuple):
    """One file that a lock admits.

    :param project: normalised.
    :param size: bytes, where they are known.
    :param version: of the release; empty where a source has none.
    :param saved_as: what it is called in a folder, where that is not its filename.
    :param source: the lock names it by a URL or a commit.
    :param marker: of the pin, as the lock spells it; empty where it has none.
    :param subdirectory: where in a source the project is.
    """

    project: str
    filename: str
    sha256: str
    size: int | None = None
    marker: str = ""
    version: str = ""
    saved_as: str = ""
    source: bool = False
    subdirectory: str = ""

    @property
    def name(self) -> str:
        """What it is called in the folder."""
        return self.saved_as or self.filename


class WrongBytes(ClientError):
    """What came, or was there, is not what the lock admits."""


class FetchFailed(ClientError):
    """Some files could not be had. The others are there.

    :ivar failures: by filename.
    """

    def __init__(self, failures: Mapping[str, ClientError]) -> None:
        what = "1 file" if len(failures) == 1 else f"{len(failures)} files"
        passing = not all(getattr(failure, "final", False) for failure in failures.values())
        super().__init__(f"{what} could not be fetched", "Run it again: it goes on from what is there." * passing)
        self.failures = failures


def listed(base_url: str, address: str) -> list[ListedFile]:
    """Every file that a lock admits, of each release one sdist at most; by filename.

    :raises ServerTrouble: the server does not say.
    """
    target, path = target_of(base_url), f"/{address}/pylock.toml"
    answer = _patiently(target, path)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    try:
        packages = tomllib.loads(answer.body.decode()).get("packages", [])
        found = {file for package in packages for file in _files(package)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServerTrouble(f"{target.url} answers what is no pylock.toml", f"{error}.") from error
    return sorted(found, key=lambda file: (file.filename, file.marker))


def pages(base_url: str, address: str) -> bytes:
    """All that is known of every file that a lock admits: what :func:`reqpi.core.frozen_pages.load_all` reads.

    :raises ServerTrouble: the server does not say.
    """
    target, path = target_of(base_url), f"/{address}/files.json"
    answer = _patiently(target, path)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    return answer.body


def metadata(base_url: str, address: str, project: str, filename: str) -> bytes | None:
    """The core metadata of a wheel; ``None`` where it cannot be had."""
    answer = _patiently(target_of(base_url), f"/{address}/simple/{project}/{quote(filename)}.metadata")
    return answer.body if answer.status == 200 else None


def _patiently(target: ServerTarget, path: str) -> ServerResponse:
    """Return the answer, once the server has looked everything up."""

    def attempt() -> ServerResponse:
        return ask(target, "GET", path, longest=_LONGEST_LIST)

    return poll(attempt, unavailable(target, path), _LOOKED_UP)


def _files(package: Mapping[str, Any]) -> Iterator[ListedFile]:
    single = [package[kind] for kind in ("sdist", "archive") if kind in package]
    for entry in (*package.get("wheels", ()), *single):
        filename = unquote(urlsplit(entry["url"]).path.rpartition("/")[2])
        sha256 = entry["hashes"]["sha256"]
        if not filename.isprintable() or "/" in filename or filename.startswith(".") or not filename:
            raise ValueError(f"no file can be called {filename!r}")
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError(f"{filename} has no sha256")
        yield ListedFile(
            package["name"],
            filename,
            sha256,
            entry.get("size"),
            package.get("marker", ""),
            package.get("version", ""),
            source="archive" in package,
            subdirectory=entry.get("subdirectory", ""),
        )


def fetch(
    base_url: str,
    address: str,
    files: Sequence[ListedFile],
    folder: Path,
    progress: Callable[[int], None] = lambda _: None,
    *,
    landed: Callable[[ListedFile], None] = lambda _: None,
    replace: bool = False,
) -> list[ListedFile]:
    """Have ``files`` in ``folder``.

    :param progress: is told of bytes, from several threads: of those that come, and of those that were there.
    :param landed: is told of each file that is there, from several threads.
    :param replace: a file of the same name that has other bytes makes way; if not, it is an error.
    :returns: those that were not there before.
    :raises Failed: some could not be had.
    :raises BadUsage: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadUsage(f"{folder} cannot be written: {error.strerror}") from error
    taking = _Taking(target_of(base_url), address, folder, progress, replace)
    with ThreadPoolExecutor(_AT_ONCE) as pool:

        def have(file: ListedFile) -> bool:
            fresh = taking.have(file)
            landed(file)
            return fresh

        work = {pool.submit(have, file): file for file in {file.name: file for file in files}.values()}
        try:
            wait(work)
        except BaseException:
            taking.stopped.set()
            for each in work:
                each.cancel()
            raise
    return _outcome(work)


def _outcome(work: Mapping[Future[bool], ListedFile]) -> list[ListedFile]:
    failures: dict[str, ClientError] = {}
    fresh = []
    for future, file in work.items():
        error = future.exception()
        if isinstance(error, ClientError):
            failures[file.filename] = error
        elif error is not None:
            raise error
        elif future.result():
            fresh.append(file)
    if failures:
        raise FetchFailed(failures)
    return fresh


class _Taking:
    """What the threads have in common.

    :ivar stopped: they are to end.
    """

    def __init__(
        self, target: ServerTarget, address: str, folder: Path, progress: Callable[[int], None], replace: bool
    ) -> None:
        self._target = target
        self._address = address
        self._folder = folder
        self._progress = progress
        self._replace = replace
        self.stopped = Event()

    def have(self, file: ListedFile) -> bool:
        """See that one file is there: whether it was not."""
        path = self._folder / file.name
        try:
            if path.exists():
                with path.open("rb") as there:
                    part = _Part(there, self._progress)
                if part.sha256 == file.sha256:
                    return False
                if not self._replace:
                    raise WrongBytes(
                        f"{path} has other bytes than the lock admits", "Remove it, or name another folder."
                    )
                self._progress(-part.size)
            beside = self._folder / f".{file.sha256}.part"
            with open(os.open(beside, _PART, 0o666), "ab+") as stream:
                self._complete(file, _Part(stream, self._progress))
            beside.replace(path)
        except OSError as error:
            raise BadUsage(f"{path} cannot be written: {error.strerror or error}") from error
        return True

    def _complete(self, file: ListedFile, part: _Part) -> None:
        """Take what is missing of it.

        :raises WrongBytes: it came to its end, twice, and was wrong.
        """
        failure: ClientError | None = None
        for attempt in range(_ATTEMPTS):
            if attempt and not isinstance(failure, WrongBytes) and self.stopped.wait(PAUSE):
                break
            try:
                if part.size != file.size:
                    self._go_on(file, part)
            except ServerTrouble as trouble:
                failure = trouble
                if trouble.final:
                    break
                continue
            if part.sha256 == file.sha256:
                part.settle()
                return
            # What was there from another day may be what is wrong.
            part.forget()
            if isinstance(failure, WrongBytes):
                break
            failure = WrongBytes(f"wrong bytes for {file.filename}", f"Their sha256 is not {file.sha256}.")
        raise failure or ServerTrouble(f"{file.filename} was given up")

    def _go_on(self, file: ListedFile, part: _Part) -> None:
        """Take bytes from where the part ends, wherever the server says that they are.

        :raises ServerTrouble: they did not come to their end.
        """
        target, path = self._target, f"/{self._address}/simple/{file.project}/{quote(file.filename)}"
        for _ in range(_REDIRECTS + 1):
            with closing(begun(target, path, {"Range": f"bytes={part.size}-"} if part.size else {})) as response:
                location = response.getheader("Location")
                if location is None or not 300 <= response.status < 400:
                    self._receive(target, file, part, response)
                    return
            elsewhere = urlsplit(urljoin(target.url + path, location))
            target = target_of(f"{elsewhere.scheme}://{elsewhere.netloc}")
            path = elsewhere._replace(scheme="", netloc="", fragment="").geturl()
        raise ServerTrouble(f"{target.url} redirects in circles")

    def _receive(self, target: ServerTarget, file: ListedFile, part: _Part, response: http.client.HTTPResponse) -> None:
        if response.status == 416:
            part.forget()
            raise ServerTrouble(f"{target.url} has {file.filename} shorter")
        if response.status not in (200, 206):
            body = response.read(1 << 16)
            answer = ServerResponse(response.status, response.reason, response.headers.get_content_type(), None, body)
            raise trouble_of(target, f"/…/{file.filename}", answer)
        passed_over = part.size if response.status == 200 else 0
        try:
            while data := response.read(_PIECE):
                if self.stopped.is_set():
                    raise ServerTrouble("it was interrupted")
                part.append(data[passed_over:])
                passed_over = max(0, passed_over - len(data))
                if file.size is not None and part.size > file.size:
                    raise ServerTrouble(f"{target.url} sends too much of {file.filename}")
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            raise ServerTrouble(f"{target.url} broke off", f"{type(error).__name__}.") from error


class _Part:
    """A file of which there is some, and the digest of that.

    :param stream: opened for reading, and for appending if it is to be written.
    """

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None]) -> None:
        self._stream = stream
        self._progress = progress
        self._computed = hashlib.sha256()
        self.size = 0
        stream.seek(0)
        while data := stream.read(_PIECE):
            self._count(data)

    @property
    def sha256(self) -> str:
        """Of what there is, in hex."""
        return self._computed.hexdigest()

    def append(self, data: bytes) -> None:
        """Some more."""
        self._stream.write(data)
        self._count(data)

    def forget(self) -> None:
        """Begin anew."""
        self._stream.truncate(0)
        self._progress(-self.size)
        self._computed = hashlib.sha256()
        self.size = 0

    def settle(self) -> None:
        """Have it on the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def _count(self, data: bytes) -> None:
        self._computed.update(data)
        self.size += len(data)
        self._progress(len(data))
