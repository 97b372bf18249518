"""The conversion of markers that depend only on the Python version into a page's ``requires-python``.

A lock may pin two versions of a project for two ranges of Python. An installer that reads the lock evaluates the
markers. An installer that is given the bare name sees both versions, and needs the page to state the Pythons of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import evolve
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from reqpi.core import admission
from reqpi.core.model import Lock, Page, Pin

__all__ = ["requires_python", "with_markers"]

_NUMBER = "[0-9]{1,5}"  # int() refuses thousands of digits, and takes quadratic time for fewer
_ATOM = rf"python_(full_)?version\s*(<=|>=|<|>|==|!=)\s*(['\"])({_NUMBER}(?:\.{_NUMBER}){{0,7}})\3"
_ALL = re.compile(rf"\s*\(?\s*{_ATOM}\s*\)?\s*")
_NEVER = "<0"
_AND = re.compile(r"\s+and\s+")


def with_markers(lock: Lock, page: Page) -> Page:
    """Return the page with each file's ``requires-python`` limited to the Pythons for which the lock pins it."""
    pins = lock.projects.get(page.project, ())
    if not any(pin.marker for pin in pins):
        return page
    files = []
    for file in page.files:
        pythons = _common(admission.admitting(lock, file))
        both = ",".join(filter(None, [file.requires_python, pythons]))
        files.append(evolve(file, requires_python=_normal(both, file.requires_python)) if pythons else file)
    return evolve(page, files=tuple(files))


def requires_python(marker: str) -> str | None:
    """Return the specifier that holds for the same final Pythons as ``marker``; it is empty if it holds for all.

    For example, ``python_version <= "3.11"`` becomes ``<3.12``, because it holds on 3.11.7.

    :returns: ``None`` if the marker depends on anything else, or has an ``or``.
    """
    specifiers = []
    for part in _AND.split(marker):
        match = _ALL.fullmatch(part)
        if match is None:
            return None
        full, operator, _, version = match.groups()
        specifiers.append(f"{operator}{version}" if full else _of_python_version(operator, version))
    return ",".join(filter(None, specifiers))


def _of_python_version(operator: str, version: str) -> str:
    """Return the specifier for a comparison with ``python_version``, which is only ``major.minor``.

    On 3.11.7 it is ``3.11``, so ``<= "3.11.2"`` holds there. A literal whose third number is not zero lies between two
    minor versions: no ``python_version`` equals it.
    """
    major, minor, *rest = [*map(int, version.split(".")), 0]
    this, following = f"{major}.{minor}", f"{major}.{minor + 1}"
    if any(rest):
        return {"==": _NEVER, "!=": "", "<": f"<{following}", "<=": f"<{following}"}.get(operator, f">={following}")
    return {
        "==": f"=={this}.*",
        "!=": f"!={this}.*",
        ">": f">={following}",
        "<=": f"<{following}",
    }.get(operator, f"{operator}{this}")


def _common(pins: Iterable[Pin]) -> str | None:
    """Return the specifier that all given pins share; ``None`` if they differ or one has no convertible marker."""
    specifiers = {requires_python(pin.marker) if pin.marker else None for pin in pins}
    return next(iter(specifiers)) if len(specifiers) == 1 else None


def _normal(specifier: str, otherwise: str | None) -> str | None:
    """Return the sorted specifier; ``otherwise`` if it is invalid, as the upstream's may be. Clients ignore that."""
    try:
        return str(SpecifierSet(specifier))
    except InvalidSpecifier:
        return otherwise
