"""The ``<project>-<version>-variants.json`` of a release (:pep:`825`, a draft), made from its variant wheels.

A variant wheel has a label at the end of its filename, and a ``variant.json`` that states what the label means. An
installer chooses among the wheels of a release before it has any of them, so an index serves the content of all of
these files as one, and lists it next to the wheels.

No lock has a digest of that file. It is not harmless: it decides which wheel is installed, and names packages that a
tool may install and run to find out what a machine can do. So the upstream's file is never passed on. The file that an
address serves is put together from the ``variant.json`` of each wheel that the lock admits, whose bytes the digest of
the wheel covers. The PEP allows an index to do so, and has the rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from reqpi.core.filenames import variant_label
from reqpi.core.metadata.wheel import BrokenWheel, dist_info_file
from reqpi.core.metadata.zip_ranges import Readable
from reqpi.core.model import File, Page, Project
from reqpi.core.stored_json import NOT_WRITTEN, mapping, parse

__all__ = ["MOST_TOGETHER", "merged", "read_variant", "variant_files"]

LARGEST = 1 << 18
"""Bytes of a ``variant.json``, at most. Those of wheels with the most properties have some KB."""

MOST_TOGETHER = 1 << 22
"""Bytes of all of a release, at most."""

_NAMESPACES = ("default-priorities", "namespace")


def variant_files(page: Page) -> dict[str, tuple[File, ...]]:
    """Return the variant wheels on a page by the name of the file that describes them.

    The name is spelled as in normalised filenames of wheels, whatever the spelling of the upstream.
    """
    found: dict[str, list[File]] = {}
    for file in page.files:
        if file.listed and file.wheel and variant_label(file.filename) is not None:
            found.setdefault(f"{file.project.replace('-', '_')}-{file.version}-variants.json", []).append(file)
    return {name: tuple(sorted(found[name], key=lambda file: file.filename)) for name in sorted(found)}


def read_variant(file: Readable, filename: str, project: Project) -> bytes:
    """Return the ``variant.json`` of a wheel; see :func:`reqpi.core.metadata.wheel.dist_info_file`."""
    return dist_info_file(file, filename, project, "variant.json", LARGEST)


def merged(documents: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the file that describes all wheels of a release. The same wheels give the same bytes.

    Two wheels must agree on everything that both state. As the PEP allows, one of them may have further namespaces of
    a lower priority.

    :param documents: the filename of each wheel and its ``variant.json``, in the order of the filenames.
    :raises reqpi.core.metadata.wheel.BrokenWheel: one of them is not valid, or contradicts another one.
    """
    whole: dict[str, Any] = {}
    for filename, data in documents:
        try:
            whole = _united(whole, _document(data, str(variant_label(filename))), ())
        except NOT_WRITTEN as error:
            reason = str(error)[:300] if isinstance(error, _Flaw) else "It is not valid JSON."
            raise BrokenWheel(f"the variant.json of {filename} is not valid", reason, final=True) from None
    return json.dumps(whole, separators=(",", ":")).encode()


class _Flaw(ValueError):
    """A sentence about what is wrong with a ``variant.json``."""


def _document(data: bytes, label: str) -> dict[str, Any]:
    document = parse(data)
    if not isinstance(document, dict) or not isinstance(document.get("variants"), dict):
        raise _Flaw("It must be an object with the object `variants`.")
    if list(document["variants"]) != [label]:
        raise _Flaw(f"Its `variants` must have exactly the label {label}.")
    if not isinstance(document["variants"][label], dict):
        raise _Flaw(f"The properties of {label} must be an object.")
    return document


def _united(one: Any, other: Any, path: tuple[str, ...]) -> Any:
    """Return what two documents state at one place.

    :raises _Flaw: they contradict each other.
    """
    if one == other:
        return one
    if isinstance(one, dict) and isinstance(other, dict) and not _is_value(path):
        return one | {key: _united(one.get(key, value), value, (*path, key)) for key, value in mapping(other).items()}
    if path == _NAMESPACES and isinstance(one, list) and isinstance(other, list):
        shorter, longer = sorted((one, other), key=len)
        if longer[: len(shorter)] == shorter:
            return longer
    raise _Flaw(f"Its `{'.'.join(path)}` differs from that of another wheel of the release.")


def _is_value(path: tuple[str, ...]) -> bool:
    """Return whether wheels must state the same at a place: the properties of a label, all about one namespace."""
    return len(path) > 2 or (len(path) == 2 and path[0] != "default-priorities")
