"""The upstream of ``--offline``, which has nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn
from urllib.parse import urlsplit

from packaging.version import Version

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Digest, Project
from reqpi.upstream.allowed.policy import Policy
from reqpi.upstream.by_policy import ByPolicy

__all__ = ["Offline"]


class Offline(ByPolicy):
    """An :class:`~reqpi.core.interfaces.Upstream` that has nothing and uses no network.

    :param policy: denies the same as with the network, so that an address means the same with and without it.
    """

    name = "no upstream (--offline)"

    def __init__(self, policy: Policy | None = None) -> None:
        super().__init__(policy or Policy(local=True))

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> NoReturn:
        """Raise: there is never a page."""
        raise _not_here(project, "This server is offline, and has not frozen this project for this lock.")

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> NoReturn:
        """Raise: there is never a file."""
        filename = urlsplit(url).path.rpartition("/")[2]
        raise _not_here(filename, "This server is offline, and has not fetched this file before.")


def _not_here(what: str, detail: str) -> UpstreamTrouble:
    return UpstreamTrouble(f"{what} is not in the store", detail, final=True)
