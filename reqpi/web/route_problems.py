"""The problems of paths that lead nowhere, and of methods that a path does not take."""

from __future__ import annotations

import re

from attrs import evolve
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from reqpi.web.http import problems

__all__ = ["problem_of_path", "problem_of_route"]

_NO_PATH = problems.Problem(problems.NO_SUCH_PATH, "no such path", "The front page of this server shows its paths.")
_NO_ADDRESS = evolve(
    _NO_PATH, detail="An address has 64 hex digits, as sha256sum prints them. The front page of this server shows more."
)

_ADDRESS = re.compile(r"[0-9A-Fa-f]{64}")
"""A segment that may be an address. Any other first segment is 404, because no lock can be missing there."""


def problem_of_path(path: list[bytes], names: frozenset[str]) -> problems.Problem | None:
    """Return the problem of a path, whatever the method is; ``None`` if there is none.

    :param names: the first segments of the paths of features.
    """
    try:
        segments = [segment.decode("utf-8") for segment in path]
    except UnicodeDecodeError:
        return problems.Problem(problems.BAD_PATH, "bad path", "The path is not UTF-8.")
    if any("/" in segment or segment in (".", "..") for segment in segments):
        return _NO_PATH
    if segments in ([""], ["locks"]) or segments[0] == "learn" or (segments[0] == "runs" and segments[1:]):
        return None
    if segments[0] in names or _ADDRESS.fullmatch(segments[0]):
        return None
    return _NO_ADDRESS


def problem_of_route(error: BaseException | None) -> problems.Problem:
    """Return the problem of a request that no route takes."""
    if isinstance(error, MethodNotAllowed):
        return problems.not_allowed(", ".join(sorted(error.valid_methods or ())))
    status = (error.code if isinstance(error, HTTPException) else None) or 404
    return evolve(_NO_PATH, status=status)
