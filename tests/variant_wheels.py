"""Variant wheels (PEP 825): wheels that say of themselves which properties they need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.fake_upstream import build_wheel

__all__ = ["DIST_INFO", "SCHEMA", "variant_json", "variant_wheel"]

SCHEMA = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"
"""The draft that uv reads: PEP 825 with the providers of PEP 850."""

DIST_INFO = "demo-1.0.dist-info"


def variant_json(label: str, **more: Any) -> dict[str, Any]:
    """Return a ``variant.json`` for a label: the fast variant needs what every machine has, without any provider."""
    document: dict[str, Any] = {
        "$schema": SCHEMA,
        "default-priorities": {"namespace": ["demo"]},
        "providers": {"demo": {"static-properties": {"speed": ["fast"]}}},
        "variants": {label: {} if label == "null" else {"demo": {"speed": ["fast"]}}},
    }
    return document | more


def variant_wheel(label: str, document: Mapping[str, Any] | bytes | None = None) -> bytes:
    """Return a wheel of demo 1.0 that knows its label; an empty one makes an ordinary wheel.

    :param document: its ``variant.json``; ``None``: that of :func:`variant_json`.
    """
    files = {"demo.py": f"LABEL = {label!r}\n".encode()}
    if label:
        told = variant_json(label) if document is None else document
        files[f"{DIST_INFO}/variant.json"] = told if isinstance(told, bytes) else json.dumps(told).encode()
    return build_wheel("demo", "1.0", files=files)
