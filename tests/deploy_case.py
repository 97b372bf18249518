"""The files of ``deploy/``, as the tests read them."""

from __future__ import annotations

from tests.end_to_end.server import ROOT

__all__ = ["DEPLOY", "unit"]

DEPLOY = ROOT / "deploy"


def unit(name: str) -> dict[str, list[str]]:
    """The values of each key of a systemd unit, of all its sections together."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text("utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found
