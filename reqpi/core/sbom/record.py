"""The stored record of core metadata, written once all of it is known, so that an SBOM never changes again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from reqpi.core.errors import StoreTrouble
from reqpi.core.requires_dist import read
from reqpi.core.sbom.model import About, Licence

__all__ = ["dump", "load", "of_interest"]

_LAYOUT = 1


def of_interest(said: About, projects: Collection[str]) -> About:
    """Return the same metadata with only the requirements on ``projects``: an SBOM does not use the others."""
    named = (line for line in said.requires if (requirement := read(line)) and requirement.project in projects)
    return About(said.summary, said.licences, tuple(named))


def dump(known: Mapping[str, About]) -> bytes:
    """Return the bytes of a record; equal metadata gives equal bytes.

    :param known: the metadata by the sha256 of its file.
    """
    files = {
        sha256: [said.summary, [[each.text, each.expression] for each in said.licences], list(said.requires)]
        for sha256, said in known.items()
    }
    return json.dumps({"layout": _LAYOUT, "files": files}, sort_keys=True, separators=(",", ":")).encode()


def load(data: bytes) -> dict[str, About]:
    """Read a record of :func:`dump`.

    :raises reqpi.core.errors.StoreTrouble: it is damaged, or a newer ReqPI wrote it.
    """
    try:
        record = json.loads(data)
        if record["layout"] != _LAYOUT:
            raise StoreTrouble(f"a newer ReqPI wrote the store (layout {record['layout']})", "Install that version.")
        return {
            sha256: About(summary, tuple(Licence(*licence) for licence in licences), tuple(requires))
            for sha256, (summary, licences, requires) in record["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreTrouble("a stored SBOM record is damaged", "The operator can remove it.") from error
