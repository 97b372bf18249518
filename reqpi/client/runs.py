"""A run on a server: begin it, get its receipt, end it."""

from __future__ import annotations

import re

from reqpi.client.answers import object_of, trouble_of
from reqpi.client.errors import ServerTrouble
from reqpi.client.exchange import ask
from reqpi.client.target import target_of
from reqpi.client.tokens import end_at

__all__ = ["begin_run", "end_run", "index_of_run", "receipt_of_run"]

_TOKEN = re.compile(r"[0-9a-f]{32}")


def begin_run(base_url: str, address: str) -> str:
    """Begin a run on the server at ``base_url``; return its token.

    :param address: of a lock that is committed there.
    :raises ServerTrouble: there is no server, or it records no runs.
    """
    target = target_of(base_url)
    path = f"/{address}/runs"
    answer = ask(target, "POST", path, b"", "application/octet-stream")
    if answer.status != 201:
        raise trouble_of(target, path, answer)
    token = object_of(target, path, answer).get("token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ServerTrouble(f"{target.url} began a run without a token", "Is it a newer ReqPI?")
    return token


def index_of_run(index: str, address: str, token: str) -> str:
    """Return the index URL of a run, on the same host as that of its address.

    :param index: the URL of the index of the address.
    :raises ServerTrouble: that URL does not end as one does.
    """
    base, found, _ = index.rpartition(f"/{address}/simple/")
    if not found:
        raise ServerTrouble(f"{index} is not the URL of an index of ReqPI", "Leave out --follow-index, or --receipt.")
    return f"{base}/runs/{token}/simple/"


def receipt_of_run(base_url: str, token: str, longest: int) -> bytes:
    """Return the receipt of a run.

    :param longest: bytes, at most.
    :raises ServerTrouble: the server does not send it.
    """
    target = target_of(base_url)
    path = f"/runs/{token}/receipt"
    answer = ask(target, "GET", path, longest=longest)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    return answer.body


def end_run(base_url: str, token: str) -> None:
    """End a run.

    :raises ServerTrouble: the server did not end it.
    """
    end_at(base_url, f"/runs/{token}/")
