"""``/runs/<token>/crates`` and ``/runs/<token>/cargo``: the crates of an address for one build, in its receipt."""

from __future__ import annotations

from functools import partial

from twisted.web.server import Request

from reqpi.shelf.runs import Runs
from reqpi.shelf.shelf import Shelf
from reqpi.web.crates import CratesResource, answered
from reqpi.web.http.answers import answer_with
from reqpi.web.permission import FrozenPages
from reqpi.web.runs import Recording, offered

__all__ = ["RunCrates"]


class RunCrates:
    """The crates below each run: a :class:`~reqpi.web.http.feature.Feature`.

    :param crates: sends them, as it does below an address.
    :param frozen: checks whether a client may have the pages of sdists looked up.
    :param runs: ``None`` if the server offers none.
    """

    names = frozenset[str]()

    def __init__(self, shelf: Shelf, crates: CratesResource, frozen: FrozenPages, runs: Runs | None) -> None:
        self._shelf = shelf
        self._crates = crates
        self._frozen = frozen
        self._runs = runs

    def takes(self, segments: list[str]) -> bool:
        """Return whether a path leads here."""
        return segments[0] == "runs" and self._crates.takes(segments[1:])

    def answer(self, request: Request, segments: list[str]) -> int:
        """Answer ``/runs/<token>/crates/…`` and ``/runs/<token>/cargo/…``."""
        token, rest = segments[1], tuple(segments[2:])
        return answer_with(request, partial(answered, request, partial(self._send, request, token, rest), rest))

    async def _send(self, request: Request, token: str, rest: tuple[str, ...]) -> None:
        runs = offered(self._runs)
        run = await runs.get(token)
        commitment = await self._shelf.commitment(run.address)
        await self._frozen.check_run(request, [run.address, *rest])
        taken = request.method == b"GET"
        recording = Recording(runs, run, commitment, request, "/".join(rest)) if taken else None
        await self._crates.send(request, commitment, f"runs/{run.token}", rest, recording)
