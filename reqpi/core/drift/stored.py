"""The records of histories: JSON, written in one spelling, and read as what anyone may have written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from packaging.version import Version

from reqpi.core.drift.advised import AdvisedProject, AdvisedRelease
from reqpi.core.drift.history import FileHistory, History, ListedFacts, NewerRelease, ReleaseHistory
from reqpi.core.model import Digest, Project, Status
from reqpi.core.simple import entries
from reqpi.core.stored_json import finite, mapping, optional, parse, typed

__all__ = ["dump_advised", "dump_history", "load_advised", "load_history"]

_LAYOUT = 1

_LATEST = 253_402_300_799.0
"""The last second of the year 9999."""


def dump_history(history: History) -> bytes:
    """Return the history as JSON."""
    status = history.status
    return _json(
        {
            "layout": _LAYOUT,
            "source": history.source,
            "since": history.since,
            "asked": history.asked,
            "missing": history.missing,
            "status": status and [status.status, status.reason],
            "status-since": history.status_since,
            "releases": {name: _release_record(release) for name, release in history.releases.items()},
        }
    )


def load_history(data: bytes, project: Project) -> History:
    """Return the history that :func:`dump_history` wrote.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: the record is damaged.
    """
    record = _record(data)
    return History(
        project,
        _line(record["source"]),
        _time(record["since"]),
        _time(record["asked"]),
        _optional_time(record["missing"]),
        _status(record["status"]),
        _time(record["status-since"]),
        {str(Version(name)): _release(mapping(each)) for name, each in mapping(record["releases"]).items()},
    )


def dump_advised(known: AdvisedProject) -> bytes:
    """Return when the advisories about a project were first seen, as JSON."""
    releases = {version: {"since": release.since, "ids": release.ids} for version, release in known.items()}
    return _json({"layout": _LAYOUT, "releases": releases})


def load_advised(data: bytes) -> AdvisedProject:
    """Return what :func:`dump_advised` wrote.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: the record is damaged.
    """
    releases = mapping(_record(data)["releases"])
    return {_line(version): _advised(mapping(each)) for version, each in releases.items()}


def _advised(record: Mapping[str, Any]) -> AdvisedRelease:
    ids = {_line(one): _time(first) for one, first in mapping(record["ids"]).items()}
    return AdvisedRelease(_time(record["since"]), ids)


def _release_record(release: ReleaseHistory) -> dict[str, Any]:
    newer = release.newer
    return {
        "since": release.since,
        "wanted": release.wanted,
        "whole": release.whole,
        "newer": newer and [newer.version, newer.since],
        "files": {name: _file_record(file) for name, file in release.files.items()},
    }


def _release(record: Mapping[str, Any]) -> ReleaseHistory:
    newer = optional(record["newer"], list)
    return ReleaseHistory(
        _time(record["since"]),
        _time(record["wanted"]),
        {_line(name): _file(mapping(file)) for name, file in mapping(record["files"]).items()},
        typed(record["whole"], bool),
        None if newer is None else _newer(*newer),
    )


def _newer(version: object, since: object) -> NewerRelease:
    return NewerRelease(str(Version(typed(version, str))), _time(since))


def _file_record(file: FileHistory) -> dict[str, Any]:
    facts = file.facts
    record = {
        "digests": {digest.algorithm: digest.hex for digest in sorted(facts.digests)},
        "yanked": facts.yanked,
        "metadata": facts.metadata,
        "provenance": facts.provenance,
        "uploaded": facts.uploaded,
        "since": file.since,
        "changed": file.changed or None,
        "gone": file.gone,
    }
    return {name: value for name, value in record.items() if value is not None}


def _file(record: Mapping[str, Any]) -> FileHistory:
    facts = ListedFacts(
        _digests(record["digests"]),
        _yanked(record.get("yanked")),
        _optional_line(record.get("metadata")),
        _optional_line(record.get("provenance")),
        _uploaded(record.get("uploaded")),
    )
    changed = {_line(name): _time(since) for name, since in mapping(record.get("changed", {})).items()}
    return FileHistory(facts, _time(record["since"]), changed, _optional_time(record.get("gone")))


def _digests(value: object) -> frozenset[Digest]:
    claimed = entries.claimed(mapping(value).items())
    if claimed is None or len(claimed) != len(mapping(value)):
        raise ValueError("a digest is not valid")
    return claimed


def _uploaded(value: object) -> str | None:
    if value is not None and entries.upload_time(value) is None:
        raise ValueError("a time of an upload is not valid")
    return optional(value, str)


def _yanked(value: object) -> str | Literal[True] | None:
    return True if value is True else _optional_line(value)


def _status(value: object) -> Status | None:
    if value is None:
        return None
    status, reason = typed(value, list)
    return Status(_line(status), _optional_line(reason))


def _line(value: object) -> str:
    text = typed(value, str)
    if not text.isprintable():
        raise ValueError("a text is not printable")
    return text


def _optional_line(value: object) -> str | None:
    return None if value is None else _line(value)


def _time(value: object) -> float:
    seconds = finite(value)
    if not 0 <= seconds <= _LATEST:
        raise ValueError("a time is not between 1970 and 9999")
    return seconds


def _optional_time(value: object) -> float | None:
    return None if value is None else _time(value)


def _record(data: bytes) -> Mapping[str, Any]:
    record = mapping(parse(data))
    if record["layout"] != _LAYOUT:
        raise ValueError("its layout is unknown")
    return record


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
