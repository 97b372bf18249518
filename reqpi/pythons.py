"""Markers that speak of the version of Python alone, as what a project page has for that: ``requires-python``.

A lock may pin two versions of a project for two ranges of Python. Whoever installs from the lock evaluates the markers;
whoever installs the bare name sees both versions, and needs the page to say which is whose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import evolve
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from reqpi import narrow
from reqpi.model import Lock, Page, Pin

__all__ = ["requires_python", "with_markers"]

_ATOM = r"python_(full_)?version\s*(<=|>=|<|>|==|!=)\s*(['\"])([0-9]+(?:\.[0-9]+)*)\3"
_ALL = re.compile(rf"\s*\(?\s*{_ATOM}\s*\)?\s*")
_AND = re.compile(r"\s+and\s+")


def with_markers(lock: Lock, page: Page) -> Page:
    """The page, each file's ``requires-python`` narrowed to the Pythons for which the lock pins it."""
    pins = lock.projects.get(page.project, ())
    if not any(pin.marker for pin in pins):
        return page
    files = []
    for file in page.files:
        pythons = _common(narrow.admitting(lock, file))
        both = ",".join(filter(None, [file.requires_python, pythons]))
        files.append(evolve(file, requires_python=_normal(both, file.requires_python)) if pythons else file)
    return evolve(page, files=tuple(files))


def requires_python(marker: str) -> str | None:
    """The specifier that says what ``marker`` does; ``None`` where it speaks of anything else, or has an ``or``."""
    specifiers = []
    for part in _AND.split(marker):
        match = _ALL.fullmatch(part)
        if match is None:
            return None
        full, operator, _, version = match.groups()
        specifiers.append(f"{operator}{version}" if full else _short(operator, version))
    return ",".join(specifiers)


def _short(operator: str, version: str) -> str:
    """``python_version`` is ``major.minor``: what it says of 3.11 it says of every 3.11.x."""
    numbers = [int(number) for number in version.split(".")]
    if len(numbers) != 2:
        return f"{operator}{version}"
    above = f"{numbers[0]}.{numbers[1] + 1}"
    return {"==": f"=={version}.*", "!=": f"!={version}.*", ">": f">={above}", "<=": f"<{above}"}.get(
        operator, f"{operator}{version}"
    )


def _common(pins: Iterable[Pin]) -> str | None:
    """What all the pins that admit a file say; a file that one admits without a condition has none."""
    said = {requires_python(pin.marker) if pin.marker else None for pin in pins}
    return next(iter(said)) if len(said) == 1 else None


def _normal(specifier: str, otherwise: str | None) -> str | None:
    """Sorted; upstream's own where that was nonsense, which clients pass over."""
    try:
        return str(SpecifierSet(specifier))
    except InvalidSpecifier:
        return otherwise
