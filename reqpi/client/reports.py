"""A server's report on a lock, which may have to wait until the server knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import urlencode

from reqpi.client.answers import object_of, trouble_of
from reqpi.client.exchange import ask
from reqpi.client.polling import poll, unavailable
from reqpi.client.target import target_of

__all__ = ["report_path", "reported"]


def report_path(address: str, name: str, filters: Sequence[tuple[str, str]] = ()) -> str:
    """Return the path of a report.

    :param filters: the target of the installation, by the names of pip's options.
    """
    return f"/{address}/{name}{f'?{urlencode(filters)}' if filters else ''}"


def reported(base_url: str, path: str) -> Mapping[str, object]:
    """Return the report at a path as a JSON object; wait until the server knows it.

    :raises reqpi.client.errors.ServerTrouble: the server does not report it.
    """
    target = target_of(base_url)
    answer = poll(partial(ask, target, "GET", path), unavailable(target, path))
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    return object_of(target, path, answer)
