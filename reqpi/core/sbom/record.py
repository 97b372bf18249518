"""How what core metadata says is written down, once all of it is known: for a bill that never changes again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from reqpi.core.errors import StoreTrouble
from reqpi.core.sbom.model import About, Licence
from reqpi.core.sbom.requires import read

__all__ = ["dump", "load", "of_interest"]

_LAYOUT = 1


def of_interest(said: About, projects: Collection[str]) -> About:
    """The same, without requirements on anything but ``projects``: a bill has no use for them."""
    named = (line for line in said.requires if (requirement := read(line)) and requirement.project in projects)
    return About(said.summary, said.licences, tuple(named))


def dump(known: Mapping[str, About]) -> bytes:
    """What is known, by the sha256 of the file that it is of. The same gives the same bytes."""
    files = {
        sha256: [said.summary, [[each.text, each.expression] for each in said.licences], list(said.requires)]
        for sha256, said in known.items()
    }
    return json.dumps({"layout": _LAYOUT, "files": files}, sort_keys=True, separators=(",", ":")).encode()


def load(data: bytes) -> dict[str, About]:
    """What :func:`dump` wrote down.

    :raises reqpi.core.errors.StoreTrouble: it is damaged, or from a ReqPI newer than this.
    """
    try:
        record = json.loads(data)
        if record["layout"] != _LAYOUT:
            raise StoreTrouble(f"a newer ReqPI wrote the store (layout {record['layout']})", "Install that one.")
        return {
            sha256: About(summary, tuple(Licence(*licence) for licence in licences), tuple(requires))
            for sha256, (summary, licences, requires) in record["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreTrouble("what a bill is made of is damaged in the store", "The operator can remove it.") from error
