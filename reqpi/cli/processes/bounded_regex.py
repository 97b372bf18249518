"""A hostile regular expression, matched in a process that can be ended: such an expression may run forever."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection

from reqpi.client import BadUsage

__all__ = ["matched"]

_LONGEST = 5.0
"""Seconds for all texts. An ordinary expression takes microseconds."""

_PROGRAM = """\
import json, re, sys
pattern, texts = json.load(sys.stdin)
found = re.compile(pattern)
json.dump([text for text in texts if found.search(text)], sys.stdout)
"""


def matched(pattern: str, texts: Collection[str], what: str) -> frozenset[str]:
    """Return the texts in which ``pattern`` is found. They are searched in a separate process.

    :param pattern: a regular expression of :mod:`re`.
    :param what: the key that has the pattern, for the message.
    :raises reqpi.client.BadUsage: the search takes too long or fails.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the pattern is data to it
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", _PROGRAM],
            input=json.dumps([pattern, sorted(texts)]),
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=True,
        )
        return frozenset(json.loads(done.stdout)) & frozenset(texts)
    except (subprocess.SubprocessError, ValueError) as error:
        why = (
            f"it takes more than {_LONGEST:.0f} seconds" if isinstance(error, subprocess.TimeoutExpired) else "it fails"
        )
        raise BadUsage(f"{what}: the regular expression cannot be used: {why}", "Write a simpler one.") from error
