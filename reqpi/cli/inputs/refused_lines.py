"""What a command asked for and the lock does not admit, as lines that could be pasted into the lock."""

from __future__ import annotations

from collections.abc import Iterable

from reqpi.client import ReportedRefusal

__all__ = ["lines_for", "since"]


def since(before: Iterable[ReportedRefusal], after: Iterable[ReportedRefusal]) -> list[ReportedRefusal]:
    """What was refused between two answers of one server, in its order."""
    times = {(refusal.project, refusal.filename): refusal.times for refusal in before}
    return [refusal for refusal in after if refusal.times > times.get((refusal.project, refusal.filename), 0)]


def lines_for(refusals: Iterable[ReportedRefusal], command: str = "") -> list[str]:
    """A line for each, and each line once; a comment where nobody knows what it should say.

    :param command: the one that adds a requirement to the lock, as ``uv add``; empty where it is a line of the lock.
    """
    lines = [_added(refusal, command) if command else refusal.line or _comment(refusal) for refusal in refusals]
    return list(dict.fromkeys(lines))


def _added(refusal: ReportedRefusal, command: str) -> str:
    return f"{command} {refusal.line or refusal.project}" if refusal.filename is None else _comment(refusal)


def _comment(refusal: ReportedRefusal) -> str:
    """A project that is not pinned wants a version; a file of one that is pinned wants an explanation."""
    if refusal.filename is None:
        return f"# {refusal.project}==<version>"
    return f"# {refusal.filename}: {refusal.reason}"
