"""The requests of an operator: deny, list and revoke; forget a lock; freeze its pages again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reqpi.client.answers import object_of, trouble_of
from reqpi.client.exchange import ask
from reqpi.client.json_members import objects
from reqpi.client.target import target_of

__all__ = ["denials_at", "deny_at", "forget_at", "refreeze_at", "revoke_at"]

_TYPE = "application/json"


def deny_at(base_url: str, what: str, because: str) -> Mapping[str, Any]:
    """Deny something on the server at ``base_url``; return the denial.

    :raises reqpi.client.errors.ServerTrouble: the server does not do so.
    """
    body = json.dumps({"what": what, "because": because}).encode()
    return _answer(base_url, "POST", "/denials", 201, body)


def denials_at(base_url: str) -> tuple[Mapping[str, Any], ...]:
    """Return everything that is denied; see :func:`deny_at`."""
    return tuple(objects(_answer(base_url, "GET", "/denials"), "denials"))


def revoke_at(base_url: str, what: str) -> tuple[Mapping[str, Any], ...]:
    """Revoke a denial, and return it; see :func:`deny_at`."""
    return tuple(objects(_answer(base_url, "DELETE", f"/denials?what={quote(what, safe='')}"), "revoked"))


def forget_at(base_url: str, address: str) -> Mapping[str, Any]:
    """Remove a lock and its frozen lists; see :func:`deny_at`."""
    return _answer(base_url, "POST", f"/{address}/forget", 200, b"")


def refreeze_at(base_url: str, address: str, project: str = "") -> Mapping[str, Any]:
    """Freeze the pages of a lock again, and return what has changed; see :func:`deny_at`.

    :param project: the only project that is meant; empty: all of them.
    """
    query = f"?project={quote(project, safe='')}" if project else ""
    return _answer(base_url, "POST", f"/{address}/refreeze{query}", 200, b"")


def _answer(base_url: str, method: str, path: str, status: int = 200, body: bytes | None = None) -> Mapping[str, Any]:
    target = target_of(base_url)
    answer = ask(target, method, path, body, _TYPE)
    if answer.status != status:
        raise trouble_of(target, path, answer)
    return object_of(target, path, answer)
