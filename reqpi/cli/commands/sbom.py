"""``reqpi sbom``: the SBOM of a lock, as CycloneDX or SPDX, reproducible byte for byte."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from reqpi.cli.folders.local_index import unproven
from reqpi.cli.folders.source_tree import Source
from reqpi.cli.folders.written_file import write
from reqpi.cli.inputs.checked_listing import CheckedListing, checked_files
from reqpi.cli.inputs.checked_sbom import SBOM_DOCUMENTS, checked_sbom
from reqpi.cli.inputs.lock_files import add_arguments, committed, take_or_tell
from reqpi.cli.inputs.require_hashes import add_require_hashes, check_digests
from reqpi.cli.inputs.which_server import add_server, check_server, private_index, server_for
from reqpi.cli.messages import count_of, size_of, tell_remark
from reqpi.cli.statuses import DONE, USAGE
from reqpi.client import BadUsage
from reqpi.client.sboms import take_sbom
from reqpi.core.errors import UnreadableProject
from reqpi.core.sbom import MainComponent

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Write the SBOM."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    check_server(parser, options)
    if options.main_version and not options.name:
        parser.error("--version is the version of --name: add --name")
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    check_digests(options, taken)
    name, version = _own(options)
    query = _query(name, version, private_index(options))
    with server_for(options, taken) as url:
        lock = committed(url, taken, quiet=options.quiet)
        sbom = take_sbom(url, f"/{lock.address}/{SBOM_DOCUMENTS[options.format]}{query}")
        if options.url:
            own = MainComponent(name, version or "") if name else None
            listing = checked_files(url, lock.address, taken)
            sbom = sbom._replace(body=checked_sbom(sbom.body, listing, own, options.format))
            _tell_unproven(listing)
    if not sbom.complete:
        tell_remark(
            "the SBOM is not final: some core metadata is missing, or its wheel is not in the store yet, so that the "
            "upstream's claim counts; `reqpi gethash --hold` fetches the wheels"
        )
    if options.output is None:
        sys.stdout.buffer.write(sbom.body)
    else:
        write(options.output, sbom.body)
        if not options.quiet:
            tell_remark(f"{size_of(len(sbom.body))} in {options.output}")
    return DONE


def _tell_unproven(listing: CheckedListing) -> None:
    """Report the files whose sha256 nothing has confirmed: an SBOM is made without their bytes."""
    files = len({file.sha256 for file in unproven(listing)})
    if files:
        tell_remark(
            f"the sha256 of {count_of(files, 'file')} in the SBOM is the server's word: the lock has other digests only"
        )


def _own(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """Return name and version of the lock's project: as specified, otherwise from the folder of the first file."""
    if options.name is not None or options.file == ["-"]:
        return options.name, options.main_version
    try:
        said = Source(Path(options.file[0]).parent).declared()
    except (BadUsage, UnreadableProject) as error:
        tell_remark(f"the name of the project is not known: {error}")
        return None, None
    return (None, None) if said is None else (said.name, said.version)


def _query(name: str | None, version: str | None, index: str) -> str:
    said = {key: value for key, value in (("name", name), ("version", version), ("index", index)) if value}
    return f"?{urlencode(said)}" if said else ""


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi sbom",
        description="Write the SBOM of a lock: every project that it pins, with the digests of all files, the licences "
        "and the dependencies. The output is the same bytes on every machine and every day.",
        epilog=f"Exit status: 0 done; 1 the lock has defects; {USAGE} usage, or the file cannot be written; 3 no "
        "server or its error; 4 the server returned another address.",
    )
    parser.add_argument(
        "--format",
        choices=SBOM_DOCUMENTS,
        default="cyclonedx",
        help="CycloneDX 1.6 (default) or SPDX 2.3, both in JSON",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to this file (default: standard output)"
    )
    parser.add_argument(
        "--name",
        help="the name of the lock's project, the main component (default: read from pyproject.toml, setup.py or "
        "setup.cfg next to the first FILE; '' for none)",
    )
    parser.add_argument("--version", dest="main_version", help="the version of that project")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    add_server(parser)
    add_require_hashes(parser)
    add_arguments(parser)
    return parser
