"""``reqpi merge-sboms``: merge SBOMs of ReqPI and Hermeto, CycloneDX and SPDX, into one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from reqpi.cli.folders.written_file import write
from reqpi.cli.messages import tell_error, tell_remark
from reqpi.cli.statuses import DONE, USAGE
from reqpi.core.sbom import MainComponent, Sbom, cyclonedx, merged, spdx
from reqpi.core.sbom.reading import LARGEST, BadSbom, read_sbom

__all__ = ["command_line", "main"]

_WRITERS = {"cyclonedx": cyclonedx, "spdx": spdx}
_MOST = 1000
_MOST_COMPONENTS = 200_000


def main(arguments: Sequence[str]) -> int:
    """Write the merged SBOM."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    if options.main_version and not options.name:
        parser.error("--version is the version of --name: add --name")
    if len(options.file) > _MOST:
        parser.error(f"{len(options.file)} documents are too many: merge at most {_MOST} at a time")
    sboms = _sboms(dict.fromkeys(options.file), quiet=options.quiet)
    if sboms is None:
        return USAGE
    own = MainComponent(options.name, options.main_version or "") if options.name else None
    written = _WRITERS[options.format](merged(sboms, own))
    if options.output is None:
        sys.stdout.buffer.write(written)
    else:
        write(options.output, written)
    return DONE


def _sboms(files: Iterable[str], *, quiet: bool) -> list[Sbom] | None:
    """Return the SBOMs; ``None`` if any cannot be read. Each document's error is reported."""
    sboms: list[Sbom] = []
    failed = False
    left = _MOST_COMPONENTS
    for file in files:
        try:
            found = read_sbom(_bytes_of(file))
            left -= len(found.sbom.components)
            if left < 0:
                raise BadSbom(
                    "", f"together there are more than {_MOST_COMPONENTS} components", "Merge fewer documents."
                )
        except BadSbom as bad:
            failed = True
            tell_error(f"{file}: {bad.problem}", bad.advice)
            continue
        sboms.append(found.sbom)
        if found.left_out and not quiet:
            tell_remark(f"{file}: left out, as the output has no place for it: {', '.join(found.left_out)}")
    return None if failed else sboms


def _bytes_of(file: str) -> bytes:
    try:
        with Path(file).open("rb") as stream:
            return stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise BadSbom("", f"it cannot be read: {getattr(error, 'strerror', None) or error}") from None


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi merge-sboms",
        description="Merge SBOMs into one: those of reqpi and of Hermeto, CycloneDX and SPDX 2.3 in any mix. Each "
        "component is listed once, by its purl, with the files and digests of all documents. The order of the "
        "documents makes no difference. A single document is converted.",
        epilog=f"Exit status: 0 done; {USAGE} usage, or a document cannot be read.",
    )
    parser.add_argument("file", nargs="+", metavar="FILE", help="an SBOM, in JSON")
    parser.add_argument(
        "--format",
        "--sbom-output-type",
        choices=_WRITERS,
        default="cyclonedx",
        help="CycloneDX 1.6 (default) or SPDX 2.3, both in JSON",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to this file (default: standard output)"
    )
    parser.add_argument(
        "--name",
        "--sbom-name",
        help="the name of the main component (default: that of the documents, if all that have one agree)",
    )
    parser.add_argument("--version", dest="main_version", help="the version of the main component")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    return parser
