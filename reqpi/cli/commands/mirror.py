"""``reqpi mirror``: an address as plain files, which any web server, object store or CDN can serve."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from reqpi.cli.folders.passing_files import forgetting, passing
from reqpi.cli.folders.static_tree import static_tree
from reqpi.cli.folders.written_file import write
from reqpi.cli.inputs.lock_files import LockFiles, add_arguments, committed, take_or_tell
from reqpi.cli.inputs.require_hashes import add_require_hashes, check_digests
from reqpi.cli.inputs.which_server import add_server, check_server, server_for
from reqpi.cli.messages import DocumentNames, count_of, tell_remark
from reqpi.cli.mirrored_tree import mirrored_tree
from reqpi.cli.statuses import DONE, USAGE
from reqpi.client.committed_lock import committed_lock
from reqpi.client.listed_file import ListedFile
from reqpi.client.target import target_of
from reqpi.core.address import address_of, is_address
from reqpi.core.static_tree.headers_file import HEADERS_FILE, headers_file
from reqpi.core.static_tree.nginx import HTTP_CONF, SERVER_CONF, http_conf, server_conf
from reqpi.core.static_tree.object_list import object_list, object_list_name

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Write the tree, and print its address."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    _check(parser, options)
    check_server(parser, options)
    served_at = _served_at(parser, options.served_at)
    taken = _taken(options)
    check_digests(options, taken)
    address = address_of(taken.committed)
    with static_tree(options.output, address) as tree:
        with passing(options, options.output) as room, server_for(options, taken, room) as url:
            if not options.address:
                committed(url, taken, quiet=options.quiet)
            resources = mirrored_tree(
                url,
                taken,
                tree,
                served_at,
                _forgetting_wheels(room),
                crates=not options.no_crates,
                quiet=options.quiet,
            )
        _write_around(options.output)
        written = tree.place(resources)
        write(options.output / object_list_name(address), object_list(address, resources), follow=False)
    if not options.quiet:
        tell_remark(f"{count_of(len(resources), 'file')}, {written} of them new, in {options.output / address}")
    print(address)
    return DONE


def _served_at(parser: argparse.ArgumentParser, url: str | None) -> str:
    """Return the URL of the folder without a slash at its end; empty if none is specified."""
    if not url:
        return ""
    target = target_of(url)
    if target.credentials is not None:
        parser.error("--served-at is written into files that anyone may read: leave out the login")
    return target.url


def _forgetting_wheels(room: Path | None) -> Callable[[ListedFile], None]:
    """Return a function that removes the copy of a wheel in ``room``. The server still reads sdists, for their crates.

    :param room: has what a server inside this process has fetched; ``None``: it keeps that, or runs elsewhere.
    """
    forget = forgetting(room)
    return lambda file: forget(file) if file.filename.endswith(".whl") else None


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a usage error if the options contradict each other."""
    if bool(options.address) == bool(options.file):
        parser.error("specify either a lock, FILE, or --from ADDRESS")
    if options.address and not options.url:
        parser.error("--from is an address of a running server: add --url")
    if options.address and not is_address(options.address):
        parser.error("--from takes the 64 hex digits that sha256sum prints")


def _taken(options: argparse.Namespace) -> LockFiles:
    """Return the lock: the files, or what the server has at the address, if it has that address."""
    if not options.address:
        return take_or_tell(options.file, allow_outside=options.allow_outside)
    names = DocumentNames(f"the lock of {options.address[:8]}")
    return LockFiles(committed_lock(options.url, options.address), names)


def _write_around(folder: Path) -> None:
    """Write the configurations, which are the same for every address."""
    for name, content in ((HTTP_CONF, http_conf()), (SERVER_CONF, server_conf()), (HEADERS_FILE, headers_file())):
        place = folder / name
        if place.is_symlink() or not place.is_file() or place.read_bytes() != content:
            write(place, content, follow=False)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi mirror",
        description="Write the index of a lock as plain files, for nginx, an object store or a CDN. Run it again to "
        "verify every file, and to add what is missing. The address is printed.",
        epilog=f"Exit status: 0 everything is there; 1 the lock has defects; {USAGE} usage, or the folder cannot be "
        "written; 3 something could not be fetched: run it again; 4 the server returned another address.",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder of all addresses")
    parser.add_argument(
        "--from", dest="address", metavar="ADDRESS", help="an address of the server of --url, in place of FILE"
    )
    parser.add_argument(
        "--served-at",
        metavar="URL",
        help="the URL of the folder once it is served, for the files that need it: requirements.txt, pylock.toml, "
        "uv.lock, pdm.lock, env, and the configuration of cargo",
    )
    parser.add_argument("--no-crates", action="store_true", help="leave out the crates of sdists that need Rust")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the address only")
    add_server(parser)
    add_require_hashes(parser)
    add_arguments(parser, nargs="*")
    return parser
