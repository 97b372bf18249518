"""The stored record of core metadata, written once all of it is known, so that an SBOM never changes again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from reqpi.core.errors import StoreTrouble
from reqpi.core.provenance.publishers import Publisher, publisher
from reqpi.core.requires_dist import read
from reqpi.core.sbom.model import About, Licence
from reqpi.core.stored_json import mapping, newer, parse, sequence, typed

__all__ = ["dump", "dump_publishers", "load", "load_publishers", "of_interest"]

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

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    :raises reqpi.core.errors.StoreTrouble: a newer ReqPI wrote it.
    """
    return {sha256: _about(entry) for sha256, entry in mapping(_record(data)["files"]).items()}


def dump_publishers(known: Mapping[str, Collection[Publisher]]) -> bytes:
    """Return the bytes of the record of who published the files that an SBOM describes.

    :param known: the publishers by the sha256 of the file.
    """
    files = {sha256: [each.members for each in publishers] for sha256, publishers in known.items()}
    return json.dumps({"layout": _LAYOUT, "publishers": files}, sort_keys=True, separators=(",", ":")).encode()


def load_publishers(data: bytes) -> dict[str, tuple[Publisher, ...]]:
    """Read a record of :func:`dump_publishers`; it raises the errors of :func:`load`."""
    files = mapping(_record(data)["publishers"])
    return {sha256: tuple(map(publisher, typed(entry, list))) for sha256, entry in files.items()}


def _record(data: bytes) -> Mapping[str, object]:
    record = mapping(parse(data))
    if record["layout"] != _LAYOUT:
        raise StoreTrouble(newer(record["layout"]), "Install that version.")
    return record


def _about(entry: object) -> About:
    summary, licences, requires = typed(entry, list)
    return About(typed(summary, str), tuple(map(_licence, typed(licences, list))), sequence(requires, str))


def _licence(entry: object) -> Licence:
    text, expression = typed(entry, list)
    return Licence(typed(text, str), typed(expression, bool))
