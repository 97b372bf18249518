"""``reqpi inject``: rewrite requirements files so that their sources are the fetched files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from reqpi.cli.folders.fetched_folder import deps_of, fetched_in, verify
from reqpi.cli.folders.patch import patch_of
from reqpi.cli.folders.written_file import write
from reqpi.cli.inputs.lock_files import LockFiles, LockHasDefects, take_or_tell
from reqpi.cli.inputs.read_locks import lock_of
from reqpi.cli.messages import count_of, tell_defects, tell_notes, tell_remark
from reqpi.cli.statuses import DONE
from reqpi.client import BadUsage
from reqpi.core.export.folder_record import Fetched
from reqpi.core.export.rewriting import RewrittenDocument, rewritten
from reqpi.core.model import Pin
from reqpi.core.report import Defect, Document

__all__ = ["command_line", "main"]

_FORMAT = "requirements.txt"


def main(arguments: Sequence[str]) -> int:
    """Rewrite the files; nothing is written before everything has been checked."""
    parser = command_line()
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    if not folder.is_dir():
        raise BadUsage(f"{folder} is not a folder", "Specify one that reqpi fetch has filled.")
    fetched = fetched_in(folder)
    mounted = options.for_output_dir or str(folder.absolute())
    if not mounted.startswith("/"):
        raise BadUsage(f"{mounted} is not an absolute path", "Specify the path of the folder in the container.")
    work = [
        file
        for taken in _taken(options, fetched)
        for file in _rewritten(taken, fetched or Fetched(), folder, deps_of(mounted, fetched))
    ]
    _finish(work, options)
    return DONE


@frozen
class _Rewritten:
    """A file, and its new content.

    :param name: as the user types it.
    """

    name: str
    now: RewrittenDocument
    taken: LockFiles


def _taken(options: argparse.Namespace, fetched: Fetched | None) -> Iterator[LockFiles]:
    """Yield the files to rewrite: the specified ones together, or those of each package in the folder's record."""
    if options.requirement:
        yield take_or_tell(options.requirement, allow_outside=options.allow_outside)
    elif fetched is None or not fetched.packages:
        raise BadUsage(f"{options.folder} does not record which files to rewrite", "Specify them: -r requirements.txt")
    else:
        for package in fetched.packages:
            files = [_inside(options.source, file) for file in package.files]
            if files:
                yield take_or_tell(files, source=str(options.source))


def _inside(source: Path, file: str) -> str:
    """Return the path of a file of the source, which may come from anyone.

    :raises BadUsage: a symbolic link leads outside the source.
    """
    place = os.path.normpath(source / file)
    top, real = os.path.realpath(source), os.path.realpath(place)
    if os.path.commonpath([top, real]) != top:
        raise BadUsage(f"{place} leads outside the source, to {real}", "Copy it into the source.")
    return place


def _rewritten(taken: LockFiles, fetched: Fetched, folder: Path, mounted: str) -> Iterator[_Rewritten]:
    lock = lock_of(taken)
    pins = [pin for pin in lock.pins if pin.source is not None and pin.source.place not in fetched.left_out]
    _check(taken, lock.documents, pins, fetched, folder)
    verify(Path(deps_of(str(folder), fetched)), pins, fetched.sources)
    for document in lock.documents:
        ours = [pin for pin in pins if pin.document == document.path]
        if ours:
            now = rewritten(document.data, ours, fetched.sources, mounted)
            yield _Rewritten(taken.names.of(document.path), now, taken)


def _check(
    taken: LockFiles, documents: Sequence[Document], pins: Sequence[Pin], fetched: Fetched, folder: Path
) -> None:
    """Check that every pin can be rewritten.

    :raises LockHasDefects: one cannot. It has been reported.
    """
    formats = {document.path: document.format for document in documents}
    defects = []
    for pin in pins:
        assert pin.source is not None
        if formats[pin.document] != _FORMAT:
            problem = f"a {formats[pin.document]} cannot be rewritten"
            advice = "download /<address>/requirements.txt from the server, commit that, and rewrite it"
        elif pin.source.place not in fetched.sources:
            problem, advice = f"the file that this names is not in {folder}", "fetch this lock into that folder"
        else:
            continue
        defects.append(Defect(pin.line, pin.text, problem, advice, document=pin.document))
    if defects:
        tell_defects(taken.names, defects)
        raise LockHasDefects


def _finish(work: Sequence[_Rewritten], options: argparse.Namespace) -> None:
    files = {os.path.realpath(file.name): file for file in work}
    for file in files.values():
        if not options.quiet:
            tell_notes(file.taken.names, file.now.notes)
        if options.dry_run:
            patch = "".join(patch_of(file.name, file.now.lines, file.now.edits))
            sys.stdout.buffer.write(patch.encode())
            sys.stdout.buffer.flush()
        else:
            write(Path(file.name), file.now.document)
    if not options.quiet:
        lines = sum(len(file.now.edits) for file in files.values())
        what = f"{count_of(lines, 'requirement')} in {count_of(len(files), 'file')}"
        tell_remark(f"{what} would be rewritten" if options.dry_run else f"{what} rewritten")


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi inject",
        description="Rewrite requirements files in place: a requirement from a URL or a git commit becomes the file "
        "that reqpi fetch has put into DIR. Comments, extras, markers, options and hashes stay as they are.",
        epilog="Exit status: 0 done; 1 a file has defects, or requires a file that is not in DIR; 2 usage, or a file "
        "cannot be written; 3 a file in DIR is not what was fetched.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that reqpi fetch has filled")
    parser.add_argument(
        "-r", "--requirement", action="append", metavar="FILE", help="rewrite this file, and those that it includes "
        "with -r and -c (repeatable; default: the files that were passed to reqpi fetch --source)",
    )  # fmt: skip
    parser.add_argument(
        "--source", type=Path, default=Path(), metavar="DIR", help="the source that contains the files (default: .)"
    )
    parser.add_argument(
        "--for-output-dir",
        metavar="DIR",
        help="the path of the folder where the files are installed, such as in a container",
    )
    parser.add_argument("--dry-run", action="store_true", help="print a patch, and write nothing")
    parser.add_argument(
        "--allow-outside", action="store_true", help="also accept files outside the folder of the first one"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    return parser
