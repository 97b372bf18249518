"""Requests that the lock does not admit, as lines that can be pasted into the lock."""

from __future__ import annotations

from collections.abc import Iterable

from reqpi.client import ReportedRefusal

__all__ = ["lines_for", "since"]


def since(before: Iterable[ReportedRefusal], after: Iterable[ReportedRefusal]) -> list[ReportedRefusal]:
    """Return what was refused between two answers of one server, in the server's order."""
    times = {(refusal.project, refusal.filename): refusal.times for refusal in before}
    return [refusal for refusal in after if refusal.times > times.get((refusal.project, refusal.filename), 0)]


def lines_for(refusals: Iterable[ReportedRefusal], command: str = "") -> list[str]:
    """Return a line for each refusal, each line once; a comment if the right line is not known.

    :param command: adds a requirement to the lock, such as ``uv add``; empty if the requirement is a line of the lock.
    """
    lines = [_added(refusal, command) if command else refusal.line or _comment(refusal) for refusal in refusals]
    return list(dict.fromkeys(lines))


def _added(refusal: ReportedRefusal, command: str) -> str:
    return f"{command} {refusal.line or refusal.project}" if refusal.filename is None else _comment(refusal)


def _comment(refusal: ReportedRefusal) -> str:
    """Return a comment: a project that is not pinned needs a version, a file of a pinned one an explanation."""
    if refusal.filename is None:
        return f"# {refusal.project}==<version>"
    return f"# {refusal.filename}: {refusal.reason}"
