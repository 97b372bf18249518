"""Whether the real upstream can be reached: the index that pip is configured with here, asked for one page.

Run as a program: status 0, or status 1 and the reason on stdout.
"""

from __future__ import annotations

import sys
from urllib.error import URLError
from urllib.request import Request, urlopen

__all__ = ["index_of_pip", "why_not"]

LIMIT = 10.0  # seconds

_JSON = "application/vnd.pypi.simple.v1+json"


def index_of_pip() -> str:
    """The index that pip is configured with here."""
    from pip._internal.commands import create_command

    index: str = create_command("download").parser.get_default_values().index_url
    return index


def why_not() -> str | None:
    """Why it cannot be reached; ``None`` where it can."""
    try:
        index = index_of_pip()
    except ImportError as error:
        return f"there is no pip to ask for its index: {error}"
    if not index.startswith(("http://", "https://")):
        return f"pip's index is no http or https URL: {index}"
    try:
        with urlopen(Request(f"{index.rstrip('/')}/twisted/", headers={"Accept": _JSON}), timeout=LIMIT) as response:
            response.read(1)
    except (URLError, OSError, ValueError) as error:
        return f"the upstream cannot be reached within {LIMIT:.0f} s: {error}"
    return None


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(reason)
        sys.exit(1)
