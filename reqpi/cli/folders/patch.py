"""The edits of a file in the format of ``diff -u``, in time that is linear in the size of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reqpi.core.export.rewriting import LineEdit

__all__ = ["patch_of"]

_CONTEXT = 3


def patch_of(name: str, lines: Sequence[str], edits: Sequence[LineEdit]) -> Iterator[str]:
    """Yield the lines, with their line ends, of a patch that ``patch -p0`` accepts.

    :param lines: the lines of the file before the edits.
    :param edits: in the order of their lines; without edits there are no lines.
    """
    if edits:
        yield f"--- {name}\n"
        yield f"+++ {name}\n"
    moved = 0
    for hunk in _hunks(edits):
        start = max(hunk[0].line - 1 - _CONTEXT, 0)
        end = min(_end(hunk[-1]) + _CONTEXT, len(lines))
        grown = sum(len(edit.after) - len(edit.before) for edit in hunk)
        yield f"@@ -{start + 1},{end - start} +{start + 1 + moved},{end - start + grown} @@\n"
        done = start
        for edit in hunk:
            yield from _marked(" ", lines[done : edit.line - 1])
            yield from _marked("-", edit.before)
            yield from _marked("+", edit.after)
            done = _end(edit)
        yield from _marked(" ", lines[done:end])
        moved += grown


def _hunks(edits: Sequence[LineEdit]) -> Iterator[list[LineEdit]]:
    """Yield the edits in groups whose context lines touch."""
    hunk: list[LineEdit] = []
    for edit in edits:
        if hunk and edit.line - 1 - _end(hunk[-1]) > 2 * _CONTEXT:
            yield hunk
            hunk = []
        hunk.append(edit)
    if hunk:
        yield hunk


def _end(edit: LineEdit) -> int:
    return edit.line - 1 + len(edit.before)


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"
