"""A regular expression that somebody else wrote, run where it can be ended: one that is made for it takes for ever."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection

from reqpi.client import BadUsage

__all__ = ["matched"]

_LONGEST = 5.0
"""Seconds for all of them: a plain one takes microseconds."""

_PROGRAM = """\
import json, re, sys
pattern, texts = json.load(sys.stdin)
found = re.compile(pattern)
json.dump([text for text in texts if found.search(text)], sys.stdout)
"""


def matched(pattern: str, texts: Collection[str], what: str) -> frozenset[str]:
    """Those of ``texts`` in which ``pattern`` is found, by a process of its own.

    :param pattern: a regular expression of :mod:`re`.
    :param what: whose pattern it is, for the message.
    :raises reqpi.client.BadUsage: it takes too long.
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
        raise BadUsage(f"{what}: the regular expression cannot be used: {why}", "Write a plainer one.") from error
