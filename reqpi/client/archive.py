"""Download of a lock's archive, resumed after an interruption. The caller verifies it."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import IO

from reqpi.client.answers import trouble_of
from reqpi.client.errors import BadUsage, ServerTrouble, final_trouble
from reqpi.client.exchange import ServerResponse, begun
from reqpi.client.own_files import create_own
from reqpi.client.pace import pieces
from reqpi.client.polling import Patience, poll
from reqpi.client.target import ServerTarget, target_of

__all__ = ["take_archive"]

_PATIENCE = Patience(pending=6, otherwise=6)


def take_archive(
    base_url: str, path: str, to: Path, most: int, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Download the archive at ``path`` to a file. If that fails, there is no file.

    :param most: bytes. A longer archive is an error.
    :param progress: is called with the number of bytes of each piece that arrives.
    :raises ServerTrouble: the archive did not arrive completely, or is too long.
    :raises BadUsage: ``to`` cannot be written.
    """
    try:
        with open(create_own(to), "wb") as out:
            _take(target_of(base_url), path, out, most, progress)
    except OSError as error:
        raise BadUsage(f"{to} cannot be written: {error.strerror or error}") from error
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def _take(target: ServerTarget, path: str, out: IO[bytes], most: int, progress: Callable[[int], None]) -> None:
    """Download the archive to ``out``, in several attempts.

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
                if response.status == 200 and start:  # all of it again
                    out.seek(0)
                    out.truncate()
                _receive(pieces(response, target.url), out, most, progress)
                if out.tell() > most:
                    return _too_long(target, most)
        except ServerTrouble as trouble:
            return trouble
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            return ServerTrouble(f"{target.url} closed the connection too early", f"{type(error).__name__}.")
        return None

    failure = poll(attempt, lambda outcome: outcome, _PATIENCE)
    if failure is not None:
        raise failure


def _receive(body: Iterable[bytes], out: IO[bytes], most: int, progress: Callable[[int], None]) -> None:
    """Append the body, up to a little more than ``most`` bytes."""
    for data in body:
        out.write(data)
        progress(len(data))
        if out.tell() > most:
            return


def _too_long(target: ServerTarget, most: int) -> ServerTrouble:
    return final_trouble(f"{target.url} sent an archive without end", f"More than {most} bytes arrived.")


def _refuse_trouble(target: ServerTarget, path: str, response: http.client.HTTPResponse) -> None:
    if response.status not in (200, 206):
        body = response.read(1 << 16)
        answer = ServerResponse(response.status, response.reason, response.headers.get_content_type(), None, body)
        raise trouble_of(target, path, answer)
