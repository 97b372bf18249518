"""``--follow-index``: use the index URL that a server reports, also if it is on another host."""

from __future__ import annotations

import argparse

from reqpi.client import Committed
from reqpi.client.index_urls import index_to_use

__all__ = ["add_follow_index", "check_follow_index", "index_for"]


def add_follow_index(parser: argparse.ArgumentParser) -> None:
    """Add ``--follow-index``."""
    parser.add_argument(
        "--follow-index",
        action="store_true",
        help="use the index URL that the server reports, also on another host; never http if --url is https",
    )


def check_follow_index(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a usage error if there is no ``--url``: a server inside this process has the URL that it listens on."""
    if options.follow_index and not options.url:
        parser.error("--follow-index is for a running server: leave it out, or add --url")


def index_for(options: argparse.Namespace, url: str, lock: Committed) -> str:
    """Return the index URL of a lock to use.

    :param url: the URL that the lock was committed to.
    :raises reqpi.client.errors.IndexElsewhere: the server reports an index that is not to be used.
    """
    return index_to_use(url, lock, follow=options.follow_index)
