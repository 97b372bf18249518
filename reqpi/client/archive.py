"""The archive of a lock, taken from a server: resumed where it breaks off, and verified file by file."""

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
    """Write the archive at ``path`` to a file, in one step.

    :param admitted: the sha256 of each file that may be in it, by filename.
    :param progress: is told of bytes as they come.
    :raises ServerTrouble: it did not come to its end.
    :raises WrongBytes: something in it is not what the lock admits.
    :raises BadUsage: it cannot be written.
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
    """Write the archive to ``out``.

    :raises ServerTrouble: it did not arrive completely, in several attempts.
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
            return ServerTrouble(f"{target.url} broke off", f"{type(error).__name__}.")
        return None

    failure = poll(attempt, lambda outcome: outcome, _PATIENCE)
    if failure is not None:
        raise failure


def _receive(response: http.client.HTTPResponse, out: IO[bytes], start: int, progress: Callable[[int], None]) -> None:
    """Append the body; a server that sends all of it again replaces what there is."""
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
    """Hash every member."""
    try:
        with tarfile.open(part) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                data = archive.extractfile(member)
                if data is None or (name not in _OUR_OWN and _sha256(data) != admitted.get(name)):
                    raise WrongBytes(f"wrong bytes for {name} in the archive", "Nothing of it was kept.")
    except tarfile.TarError as error:
        raise WrongBytes("what came is no archive", f"{error}. Nothing of it was kept.") from error


def _sha256(data: Any) -> str:
    return hashlib.file_digest(data, "sha256").hexdigest()
