"""Download of everything that a lock admits into a folder: several at a time, resumed and verified.

A file gets its name in the folder only once its digest has been verified. If a server sends other bytes, nothing of
what it sent in this run remains. The part of a file whose download was
interrupted is stored in the same folder, named after its digest, and a later run resumes from there.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import BinaryIO
from urllib.parse import quote

from reqpi.client.answers import trouble_of
from reqpi.client.bounds import most_bytes
from reqpi.client.errors import BadUsage, ClientError, FileInTheWay, ServerTrouble, WrongBytes, final_trouble
from reqpi.client.exchange import ServerResponse, begun
from reqpi.client.listed_file import ListedFile
from reqpi.client.own_files import open_own_part
from reqpi.client.pace import pieces
from reqpi.client.partial_file import PartialFile
from reqpi.client.polling import PAUSE
from reqpi.client.redirects import redirected
from reqpi.client.target import ServerTarget, target_of

__all__ = ["FetchFailed", "fetch", "path_in_index", "remove"]

_AT_ONCE = 8
"""Files that are downloaded at the same time."""

_REDIRECTS = 3

_ATTEMPTS = 6
"""Requests for a file, if the connection closes too early or the server is in trouble."""


class FetchFailed(ClientError):
    """Some files could not be fetched. The others are in the folder, unless the server sent wrong bytes.

    :ivar failures: the reasons, by filename.
    :ivar wrong: the server sent wrong bytes.
    """

    def __init__(self, failures: Mapping[str, ClientError]) -> None:
        what = "1 file" if len(failures) == 1 else f"{len(failures)} files"
        passing = not all(getattr(failure, "final", False) for failure in failures.values())
        super().__init__(f"{what} could not be fetched", "Run it again: it resumes." * passing)
        self.failures = failures
        self.wrong = any(_is_wrong(failure) for failure in failures.values())


def path_in_index(file: ListedFile) -> str:
    """Return the path of a file below its address."""
    return f"simple/{file.project}/{quote(file.filename)}"


def fetch(
    base_url: str,
    address: str,
    files: Sequence[ListedFile],
    folder: Path,
    progress: Callable[[int], None] = lambda _: None,
    *,
    landed: Callable[[ListedFile], None] = lambda _: None,
    is_right: Callable[[ListedFile, BinaryIO], bool] = lambda *_: True,
    replace: bool = False,
    path_of: Callable[[ListedFile], str] = path_in_index,
    at_once: int = _AT_ONCE,
) -> list[ListedFile]:
    """Download the ``files`` that are not in ``folder`` yet, and verify those that are.

    :param progress: is called from several threads with numbers of bytes: those that arrive, and those that were there;
        negative if bytes are discarded.
    :param landed: is called from several threads with each file that is in the folder.
    :param is_right: is called from several threads with each file whose sha256 is right, and with its content: returns
        whether the file is right in any other respect.
    :param replace: replace a file of the same name that has other bytes; otherwise it is an error.
    :param path_of: returns the path of a file below the address, escaped.
    :param at_once: files that are downloaded at the same time.
    :returns: the files that were not there before.
    :raises FetchFailed: some files could not be fetched.
    :raises BadUsage: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadUsage(f"{folder} cannot be written: {error.strerror}") from error
    job = _Fetch(target_of(base_url), address, folder, progress, is_right=is_right, replace=replace, path_of=path_of)
    with ThreadPoolExecutor(at_once) as pool:

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
    return _outcome(work, folder)


def remove(files: Iterable[ListedFile], folder: Path) -> None:
    """Remove files that were fetched from a folder.

    :raises BadUsage: the folder cannot be written.
    """
    _unlink(folder / file.name for file in files)


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise BadUsage(f"{path} cannot be removed: {error.strerror or error}") from error


def _is_wrong(failure: ClientError) -> bool:
    """Return whether a failure is that the server sent wrong bytes, too many, or something else that is hostile.

    What a server itself reports is not: the other files are as good as they would be without it.
    """
    if isinstance(failure, ServerTrouble):
        return failure.final and not failure.said
    return isinstance(failure, WrongBytes) and not isinstance(failure, FileInTheWay)


def _part_of(file: ListedFile, folder: Path) -> Path:
    return folder / f".{file.sha256}.part"


def _outcome(work: Mapping[Future[bool], ListedFile], folder: Path) -> list[ListedFile]:
    """Return the files that were fetched.

    :raises FetchFailed: some could not be fetched. If the server sent wrong bytes, the others have been removed.
    """
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
        failed = FetchFailed(failures)
        if failed.wrong:
            remove(fresh, folder)
            _unlink(_part_of(file, folder) for file in work.values())
        raise failed
    return fresh


class _Fetch:
    """The state that the threads of one call of :func:`fetch` have in common.

    :ivar stopped: is set when they are to end.
    """

    def __init__(
        self,
        target: ServerTarget,
        address: str,
        folder: Path,
        progress: Callable[[int], None],
        *,
        is_right: Callable[[ListedFile, BinaryIO], bool],
        replace: bool,
        path_of: Callable[[ListedFile], str],
    ) -> None:
        self._target = target
        self._address = address
        self._folder = folder
        self._progress = progress
        self._is_right = is_right
        self._replace = replace
        self._path_of = path_of
        self.stopped = Event()

    def have(self, file: ListedFile) -> bool:
        """Download one file if it is not in the folder; return whether it was not."""
        path = self._folder / file.name
        try:
            if path.exists():
                with path.open("rb") as there:
                    part = PartialFile(there, self._progress)
                    if part.sha256 == file.sha256 and self._is_right(file, there):
                        return False
                if not self._replace:
                    raise FileInTheWay(
                        f"{path} has other bytes than the lock admits", "Remove it, or choose another folder."
                    )
                self._progress(-part.size)
            partial = _part_of(file, self._folder)
            with open(open_own_part(partial), "ab+") as stream:
                self._complete(file, PartialFile(stream, self._progress))
                if not self._is_right(file, stream):
                    raise WrongBytes(
                        f"wrong bytes for {file.filename}", "None of its digests is one that the lock admits."
                    )
            partial.replace(path)
        except OSError as error:
            raise BadUsage(f"{path} cannot be written: {error.strerror or error}") from error
        return True

    def _complete(self, file: ListedFile, part: PartialFile) -> None:
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

    def _go_on(self, file: ListedFile, part: PartialFile) -> None:
        """Append bytes to the part until it is complete, and follow redirects to wherever the server has them.

        :raises ServerTrouble: they did not arrive completely.
        """
        target, path = self._target, f"/{self._address}/{self._path_of(file)}"
        for _ in range(_REDIRECTS + 1):
            with closing(begun(target, path, {"Range": f"bytes={part.size}-"} if part.size else {})) as response:
                location = response.getheader("Location")
                if location is None or not 300 <= response.status < 400:
                    self._receive(target, file, part, response)
                    return
            target, path = redirected(target, path, location)
        raise final_trouble(f"{target.url} redirects more than {_REDIRECTS} times")

    def _receive(
        self, target: ServerTarget, file: ListedFile, part: PartialFile, response: http.client.HTTPResponse
    ) -> None:
        if response.status == 416:
            part.forget()
            raise ServerTrouble(f"{target.url} has a shorter {file.filename}")
        if response.status not in (200, 206):
            body = response.read(1 << 16)
            answer = ServerResponse(response.status, response.reason, response.headers.get_content_type(), None, body)
            raise trouble_of(target, f"/…/{file.filename}", answer)
        passed_over = part.size if response.status == 200 else 0
        try:
            for data in pieces(response, target.url):
                if self.stopped.is_set():
                    raise ServerTrouble("the download was interrupted")
                part.append(data[passed_over:])
                passed_over = max(0, passed_over - len(data))
                if file.size is not None and part.size > file.size:
                    return  # its digest is wrong, whatever follows
                if part.size > most_bytes(file.size):
                    part.forget()
                    raise final_trouble(f"{target.url} sent too many bytes for {file.filename}")
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            raise ServerTrouble(f"{target.url} closed the connection too early", f"{type(error).__name__}.") from error
