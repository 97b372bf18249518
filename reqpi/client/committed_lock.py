"""The documents of a lock, downloaded by its address and accepted only if they have that address."""

from __future__ import annotations

from urllib.parse import quote

from reqpi.client.answers import trouble_of
from reqpi.client.errors import AddressDiffers
from reqpi.client.exchange import ask
from reqpi.client.target import ServerTarget, target_of
from reqpi.core.address import address_of, parse_listing
from reqpi.core.report import Document

__all__ = ["committed_lock"]


def committed_lock(base_url: str, address: str) -> tuple[Document, ...]:
    """Return the documents of a lock: one without a path, or those of a listing.

    :raises AddressDiffers: the server sends other documents.
    :raises reqpi.client.errors.ServerTrouble: the server does not send them.
    """
    target = target_of(base_url)
    data = _verified(target, f"/{address}/lock", address)
    try:
        entries = parse_listing(data)
    except ValueError:
        return (Document("", data),)
    return tuple(
        Document(path, _verified(target, f"/{address}/lock/{quote(path)}", sha256)) for sha256, path in entries
    )


def _verified(target: ServerTarget, path: str, sha256: str) -> bytes:
    answer = ask(target, "GET", path)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    if address_of(answer.body) != sha256:
        raise AddressDiffers(
            f"{target.url} sends another document for {path}", f"Its sha256 is not {sha256}. Do not use this server."
        )
    return answer.body
