"""Download of a lock's archive: resumed after an interruption, and verified file by file."""

from __future__ import annotations

import hashlib
import http.client
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from reqpi.client.answers import trouble_of
from reqpi.client.errors import BadUsage, ServerTrouble
from reqpi.client.exchange import ServerResponse, begun
from reqpi.client.fetching import WrongBytes
from reqpi.client.polling import Patience, poll
from reqpi.client.target import ServerTarget, target_of

__all__ = ["take_archive"]

_PIECE = 1 << 18
_PATIENCE = Patience(pending=6, otherwise=6)
_OUR_OWN = ("SHA256SUMS", "requirements.txt")


def take_archive(
    base_url: str, path: str, to: Path, admitted: Mapping[str, str], progress: Callable[[int], None] = lambda _: None
) -> None:
    """Download the archive at ``path`` to a file, which appears only when it is complete and verified.

    :param admitted: the sha256 of each file that may be in the archive, by filename.
    :param progress: is called with the number of bytes of each piece that arrives.
    :raises ServerTrouble: the archive did not arrive completely.
    :raises WrongBytes: a file in the archive is not one that the lock admits.
    :raises BadUsage: ``to`` cannot be written.
    """
    target = target_of(base_url)
    part = to.with_name(f".{to.name}.part")
    try:
        with part.open("wb") as out:
            _take(target, path, out, progress)
        _verify(part, admitted)
        part.replace(to)
    except OSError as error:
        raise BadUsage(f"{to} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _take(target: ServerTarget, path: str, out: IO[bytes], progress: Callable[[int], None]) -> None:
    """Download the archive to ``out``, in several attempts if necessary.

    :raises ServerTrouble: the last attempt failed too.
    """
    etag = ""

    def attempt() -> ServerTrouble | None:
        nonlocal etag
        start = out.tell()
        headers = {"Range": f"bytes={start}-", "If-Range": etag} if etag else {}
        try:
            with closing(begun(target, path, headers)) as response:
                _refuse_trouble(target, path, response)
                etag = response.getheader("ETag") or ""
                _receive(response, out, start, progress)
        except ServerTrouble as trouble:
            return trouble
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            return ServerTrouble(f"{target.url} closed the connection too early", f"{type(error).__name__}.")
        return None

    failure = poll(attempt, lambda outcome: outcome, _PATIENCE)
    if failure is not None:
        raise failure


def _receive(response: http.client.HTTPResponse, out: IO[bytes], start: int, progress: Callable[[int], None]) -> None:
    """Append the body. A server that sends all of it again (200) replaces what has arrived before."""
    if response.status == 200 and start:
        out.seek(0)
        out.truncate()
    while data := response.read(_PIECE):
        out.write(data)
        progress(len(data))


def _refuse_trouble(target: ServerTarget, path: str, response: http.client.HTTPResponse) -> None:
    if response.status not in (200, 206):
        body = response.read(1 << 16)
        answer = ServerResponse(response.status, response.reason, response.headers.get_content_type(), None, body)
        raise trouble_of(target, path, answer)


def _verify(part: Path, admitted: Mapping[str, str]) -> None:
    """Hash every member of the archive.

    :raises WrongBytes: a member is not one that the lock admits.
    """
    try:
        with tarfile.open(part) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                data = archive.extractfile(member)
                if data is None or (name not in _OUR_OWN and _sha256(data) != admitted.get(name)):
                    raise WrongBytes(f"wrong bytes for {name} in the archive", "The archive was discarded.")
    except tarfile.TarError as error:
        raise WrongBytes("the server did not send a tar archive", f"{error}. It was discarded.") from error


def _sha256(data: Any) -> str:
    return hashlib.file_digest(data, "sha256").hexdigest()
