"""Documents of OSV for tests, and exports of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from reqpi.core.advisories.model import PYPI

__all__ = ["a_document", "a_package", "a_range", "an_export", "dumped"]


def a_range(*events: tuple[str, str], kind: str = "ECOSYSTEM") -> Mapping[str, Any]:
    """Return a range with these events, each a kind and a version."""
    return {"type": kind, "events": [{name: version} for name, version in events]}


def a_package(
    name: str, *ranges: Mapping[str, Any], versions: Iterable[str] = (), ecosystem: str = PYPI
) -> Mapping[str, Any]:
    """Return what an advisory says about a package."""
    return {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": list(ranges),
        "versions": list(versions),
    }


def a_document(advisory: str, *affected: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an advisory."""
    return {
        "schema_version": "1.7.3",
        "id": advisory,
        "modified": "2026-01-02T03:04:05Z",
        "published": "2026-01-01T00:00:00Z",
        "summary": f"The summary of {advisory}",
        "details": f"The details of {advisory}",
        "affected": list(affected),
        "references": [{"type": "WEB", "url": f"https://advisories.example/{advisory}"}],
        **fields,
    }


def dumped(document: Mapping[str, Any]) -> bytes:
    """Return a document as JSON."""
    return json.dumps(document).encode()


def an_export(documents: Iterable[Mapping[str, Any]]) -> bytes:
    """Return an export: a zip with a JSON file for each advisory."""
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for document in documents:
            archive.writestr(f"{document['id']}.json", dumped(document))
    return packed.getvalue()
