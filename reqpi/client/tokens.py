"""Things on a server that have a token: how they end."""

from __future__ import annotations

from reqpi.client.answers import trouble_of
from reqpi.client.exchange import ask
from reqpi.client.target import target_of

__all__ = ["end_at"]


def end_at(base_url: str, path: str) -> None:
    """End a session or a run.

    :param path: with its token.
    :raises reqpi.client.errors.ServerTrouble: the server did not end it.
    """
    target = target_of(base_url)
    answer = ask(target, "DELETE", path)
    if answer.status != 204:
        raise trouble_of(target, path, answer)
