"""``--require-hashes``: reject a lock with a pin that has no digest, whatever a server says about the lock."""

from __future__ import annotations

import argparse
import os

from reqpi.cli.inputs.lock_files import LockFiles, LockHasDefects
from reqpi.cli.messages import tell_defects

__all__ = ["add_require_hashes", "check_digests"]

_VARIABLE = "REQPI_REQUIRE_HASHES"


def add_require_hashes(parser: argparse.ArgumentParser) -> None:
    """Add ``--require-hashes``."""
    parser.add_argument(
        "--require-hashes",
        action="store_true",
        help=f"reject a lock in which a pin has no digest (default: ${_VARIABLE})",
    )


def check_digests(options: argparse.Namespace, taken: LockFiles) -> None:
    """Read the lock here, and report its pins without digests, if the user requires digests.

    :raises LockHasDefects: there are some, or the lock has other defects. They have been reported.
    :raises reqpi.client.errors.BadUsage: the variable has another value than yes or no.
    """
    if not options.require_hashes and not os.environ.get(_VARIABLE):
        return
    # Imported here because they take longer to import than gethash takes as a whole.
    from reqpi.cli.inputs.read_locks import lock_of  # noqa: PLC0415
    from reqpi.cli.inputs.which_server import value_of  # noqa: PLC0415
    from reqpi.core.locks.required_digests import missing_digests  # noqa: PLC0415

    if not value_of(options, "require-hashes"):
        return
    defects = missing_digests(lock_of(taken))
    if defects:
        tell_defects(taken.names, defects)
        raise LockHasDefects
