"""Download of everything that a lock admits into a folder: several at a time, resumed and verified.

A file gets its name in the folder only once its digest has been verified. The part of a file whose download was
interrupted is stored in the same folder, named after its digest, and a later run resumes from there.
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
"""Files that are downloaded at the same time."""

_PIECE = 1 << 18

_PART = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags for opening a part. The folder may be part of a source tree, in which a symbolic link may lead anywhere."""

_LONGEST_LIST = 256 << 20
"""Bytes of a list of files: some hundreds a file, and a large project has hundreds of files a release."""

_REDIRECTS = 3

_ATTEMPTS = 6
"""Requests for a file, if the connection closes too early or the server is in trouble."""

_LOOKED_UP = Patience(pending=60, otherwise=7)
"""Bounds for waiting until the server has looked up every project."""


class ListedFile(NamedTuple):
    """One file that a lock admits.

    :param project: normalised name.
    :param sha256: in hex.
    :param size: bytes, if known.
    :param marker: of the pin, as the lock spells it; empty if it has none.
    :param version: of the release; empty if a source has none.
    :param saved_as: its name in a folder, if that is not its filename.
    :param source: the lock names it by a URL or a commit.
    :param subdirectory: path of the project within a source.
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
        """Its name in the folder."""
        return self.saved_as or self.filename


class WrongBytes(ClientError):
    """Bytes that were received, or found in the folder, are not those that the lock admits."""


class FetchFailed(ClientError):
    """Some files could not be fetched. The others are in the folder.

    :ivar failures: the reasons, by filename.
    """

    def __init__(self, failures: Mapping[str, ClientError]) -> None:
        what = "1 file" if len(failures) == 1 else f"{len(failures)} files"
        passing = not all(getattr(failure, "final", False) for failure in failures.values())
        super().__init__(f"{what} could not be fetched", "Run it again: it resumes." * passing)
        self.failures = failures


def listed(base_url: str, address: str) -> list[ListedFile]:
    """Return every file that a lock admits, with at most one sdist a release, sorted by filename.

    :raises ServerTrouble: the server does not list them.
    """
    target, path = target_of(base_url), f"/{address}/pylock.toml"
    answer = _patiently(target, path)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    try:
        packages = tomllib.loads(answer.body.decode()).get("packages", [])
        found = {file for package in packages for file in _files(package)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServerTrouble(f"{target.url} sent an invalid pylock.toml", f"{error}.") from error
    return sorted(found, key=lambda file: (file.filename, file.marker))


def pages(base_url: str, address: str) -> bytes:
    """Return the frozen pages of a lock, as JSON that :func:`reqpi.core.frozen_pages.load_all` reads.

    :raises ServerTrouble: the server does not list them.
    """
    target, path = target_of(base_url), f"/{address}/files.json"
    answer = _patiently(target, path)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    return answer.body


def metadata(base_url: str, address: str, project: str, filename: str) -> bytes | None:
    """Return the core metadata of a wheel; ``None`` if the server does not send it."""
    answer = _patiently(target_of(base_url), f"/{address}/simple/{project}/{quote(filename)}.metadata")
    return answer.body if answer.status == 200 else None


def _patiently(target: ServerTarget, path: str) -> ServerResponse:
    """Return the response, once the server has looked up every project."""

    def attempt() -> ServerResponse:
        return ask(target, "GET", path, longest=_LONGEST_LIST)

    return poll(attempt, unavailable(target, path), _LOOKED_UP)


def _files(package: Mapping[str, Any]) -> Iterator[ListedFile]:
    single = [package[kind] for kind in ("sdist", "archive") if kind in package]
    for entry in (*package.get("wheels", ()), *single):
        filename = unquote(urlsplit(entry["url"]).path.rpartition("/")[2])
        sha256 = entry["hashes"]["sha256"]
        if not filename.isprintable() or "/" in filename or filename.startswith(".") or not filename:
            raise ValueError(f"{filename!r} is not a filename")
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
    """Download the ``files`` that are not in ``folder`` yet, and verify those that are.

    :param progress: is called from several threads with numbers of bytes: those that arrive, and those that were there;
        negative if bytes are discarded.
    :param landed: is called from several threads with each file that is in the folder.
    :param replace: replace a file of the same name that has other bytes; otherwise it is an error.
    :returns: the files that were not there before.
    :raises FetchFailed: some files could not be fetched.
    :raises BadUsage: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadUsage(f"{folder} cannot be written: {error.strerror}") from error
    job = _Fetch(target_of(base_url), address, folder, progress, replace)
    with ThreadPoolExecutor(_AT_ONCE) as pool:

        def have(file: ListedFile) -> bool:
            fresh = job.have(file)
            landed(file)
            return fresh

        work = {pool.submit(have, file): file for file in {file.name: file for file in files}.values()}
        try:
            wait(work)
        except BaseException:
            job.stopped.set()
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


class _Fetch:
    """The state that the threads of one call of :func:`fetch` have in common.

    :ivar stopped: is set when they are to end.
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
        """Download one file if it is not in the folder; return whether it was not."""
        path = self._folder / file.name
        try:
            if path.exists():
                with path.open("rb") as there:
                    part = _Part(there, self._progress)
                if part.sha256 == file.sha256:
                    return False
                if not self._replace:
                    raise WrongBytes(
                        f"{path} has other bytes than the lock admits", "Remove it, or choose another folder."
                    )
                self._progress(-part.size)
            partial = self._folder / f".{file.sha256}.part"
            with open(os.open(partial, _PART, 0o666), "ab+") as stream:
                self._complete(file, _Part(stream, self._progress))
            partial.replace(path)
        except OSError as error:
            raise BadUsage(f"{path} cannot be written: {error.strerror or error}") from error
        return True

    def _complete(self, file: ListedFile, part: _Part) -> None:
        """Download the rest of a file, in several attempts.

        :raises WrongBytes: it arrived completely, twice, and the digest was wrong.
        :raises ServerTrouble: the last attempt failed too.
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
            # The part that an earlier run left may be the cause.
            part.forget()
            if isinstance(failure, WrongBytes):
                break
            failure = WrongBytes(f"wrong bytes for {file.filename}", f"Its sha256 is not {file.sha256}.")
        raise failure or ServerTrouble(f"the download of {file.filename} was stopped")

    def _go_on(self, file: ListedFile, part: _Part) -> None:
        """Append bytes to the part until it is complete, and follow redirects to wherever the server has them.

        :raises ServerTrouble: they did not arrive completely.
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
        raise ServerTrouble(f"{target.url} redirects more than {_REDIRECTS} times")

    def _receive(self, target: ServerTarget, file: ListedFile, part: _Part, response: http.client.HTTPResponse) -> None:
        if response.status == 416:
            part.forget()
            raise ServerTrouble(f"{target.url} has a shorter {file.filename}")
        if response.status not in (200, 206):
            body = response.read(1 << 16)
            answer = ServerResponse(response.status, response.reason, response.headers.get_content_type(), None, body)
            raise trouble_of(target, f"/…/{file.filename}", answer)
        passed_over = part.size if response.status == 200 else 0
        try:
            while data := response.read(_PIECE):
                if self.stopped.is_set():
                    raise ServerTrouble("the download was interrupted")
                part.append(data[passed_over:])
                passed_over = max(0, passed_over - len(data))
                if file.size is not None and part.size > file.size:
                    raise ServerTrouble(f"{target.url} sent too many bytes for {file.filename}")
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            raise ServerTrouble(f"{target.url} closed the connection too early", f"{type(error).__name__}.") from error


class _Part:
    """The part of a file that has arrived, and its digest.

    :param stream: opened for reading, and for appending if it is to be written.
    :ivar size: bytes so far.
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
        """The digest of the bytes so far, in hex."""
        return self._computed.hexdigest()

    def append(self, data: bytes) -> None:
        """Append bytes."""
        self._stream.write(data)
        self._count(data)

    def forget(self) -> None:
        """Discard all bytes, to begin again."""
        self._stream.truncate(0)
        self._progress(-self.size)
        self._computed = hashlib.sha256()
        self.size = 0

    def settle(self) -> None:
        """Write everything to the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def _count(self, data: bytes) -> None:
        self._computed.update(data)
        self.size += len(data)
        self._progress(len(data))
