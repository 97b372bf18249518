"""The input of Hermeto and Cachi2: the bare word ``pip``, one package, a list of packages, or a list with flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from reqpi.core.hermeto.binary import ANY_WHEEL, Binary, read_binary
from reqpi.core.hermeto.fields import InputFindings, parse, shown

__all__ = ["HermetoInput", "InputPackage", "distinct", "is_inline", "package_of", "read"]

_KEYS = ("type", "path", "requirements_files", "requirements_build_files", "allow_binary", "binary")

_OTHERS = ("bundler", "cargo", "generic", "gomod", "maven", "npm", "pnpm", "rpm", "uv", "yarn", "yarn-classic")
"""The other package managers of Hermeto, which may also be given as a bare word."""

_FLAGS = ("cgo-disable", "dev-package-managers", "force-gomod-tidy", "gomod-vendor", "gomod-vendor-check")
"""The flags of Hermeto. None of them concerns pip."""

_TRUTHS: Mapping[Any, bool] = {
    **dict.fromkeys((1, "1", "on", "t", "true", "y", "yes"), True),
    **dict.fromkeys((0, "0", "off", "f", "false", "n", "no"), False),
}
"""Every spelling of a truth value that Hermeto accepts. ``True`` equals 1, and ``False`` equals 0."""

_EXAMPLE = '{"type": "pip", "path": "."}'


@frozen
class InputPackage:
    """One package whose requirements are fetched.

    :param path: its folder, relative to the source; ``.`` for the source itself.
    :param requirements_files: relative to the folder; ``None`` for the default file, if it exists.
    :param requirements_build_files: the same, for build requirements.
    :param binary: the wheels that are selected; ``None`` for no wheels.
    """

    path: str = "."
    requirements_files: tuple[str, ...] | None = None
    requirements_build_files: tuple[str, ...] | None = None
    binary: Binary | None = None


@frozen
class HermetoInput:
    """An input that was read.

    :param packages: in the order of the input, without repetitions.
    :param notes: remarks for the user that do not stop the fetch.
    """

    packages: tuple[InputPackage, ...]
    notes: tuple[str, ...] = ()


def is_inline(argument: str) -> bool:
    """Return whether a command's argument is the input itself; otherwise it is the path of a file that has it."""
    word = argument.strip()
    return word.startswith(("{", "[")) or word == "pip" or word in _OTHERS


def read(text: str) -> HermetoInput:
    """Read an input.

    :raises BadInput: it is not an input, or has flaws; the error carries all of them.
    """
    word = text.strip()
    value = {"type": word} if word == "pip" or word in _OTHERS else parse(text)
    findings, notes = InputFindings(), list[str]()
    if isinstance(value, dict) and "packages" in value and "type" not in value:
        findings.keys(value, "", ("packages", "flags"))
        _flags(value.get("flags", []), findings, notes)
        value, where = value["packages"], "packages"
    else:
        where = ""
    entries = value if isinstance(value, list) else [value]
    if not isinstance(value, list) and where:
        findings.say(where, f"{shown(value)} is not a list", f"Write one such as [{_EXAMPLE}].")
        findings.conclude()
    named = [(f"{where}[{at}]" if isinstance(value, list) else where, each) for at, each in enumerate(entries)]
    packages = distinct([(at, _package(each, at, findings, notes)) for at, each in named], findings)
    if not entries:
        findings.say(where, "there are no packages", f"Write at least one: {_EXAMPLE}.")
    findings.conclude()
    return HermetoInput(packages, tuple(dict.fromkeys(notes)))


def package_of(fields: Mapping[str, Any], where: str, findings: InputFindings) -> InputPackage:
    """Return the folder of a package and its requirements files, which all interfaces describe by the same keys."""
    said = fields.get("path", ".")
    path = findings.path("." if said == "" else said, f"{where}.path".strip("."), "the source")
    run, build = (
        findings.paths(fields[key], f"{where}.{key}".strip(".")) if key in fields else None for key in _KEYS[2:4]
    )
    return InputPackage(path or ".", run, build)


def distinct(packages: list[tuple[str, InputPackage | None]], findings: InputFindings) -> tuple[InputPackage, ...]:
    """Return the packages without repetitions; add a flaw if two packages of one folder differ.

    :param packages: (place in the document, package); the package is ``None`` if it could not be read.
    """
    known: dict[str, tuple[str, InputPackage]] = {}
    for where, package in packages:
        if package is None:
            continue
        earlier, same = known.setdefault(package.path, (where, package))
        if same != package:
            problem = f"{earlier} has the same path, {shown(package.path)}, with other values"
            findings.say(where, problem, "Merge the two entries.")
    return tuple(package for _, package in known.values())


def _package(value: Any, where: str, findings: InputFindings, notes: list[str]) -> InputPackage | None:
    fields = findings.an_object(value, where, _EXAMPLE)
    if fields is None:
        return None
    kind = fields.get("type")
    if kind != "pip":
        problem = "the type is missing" if "type" not in fields else f"{shown(kind)} is not supported"
        findings.say(f"{where}.type".strip("."), problem, 'Write "pip"; use Hermeto for other package managers.')
        return None
    findings.keys(fields, where, _KEYS)
    package = package_of(fields, where, findings)
    return InputPackage(
        package.path,
        package.requirements_files,
        package.requirements_build_files,
        _binary(fields, where, findings, notes),
    )


def _binary(fields: Mapping[str, Any], where: str, findings: InputFindings, notes: list[str]) -> Binary | None:
    allowed = None
    if "allow_binary" in fields:
        said = fields["allow_binary"]
        allowed = _TRUTHS.get(said.lower() if isinstance(said, str) else said if isinstance(said, int) else None)
        if allowed is None:
            advice = 'Write "true" or "false"; or use "binary", which selects wheels.'
            findings.say(f"{where}.allow_binary".strip("."), f"{shown(said)} is neither true nor false", advice)
        notes.append('"allow_binary" is deprecated; use "binary", which selects wheels')
    if fields.get("binary") is None:
        return ANY_WHEEL if allowed else None
    if allowed is False:
        advice = "Keep one of the two."
        findings.say(f"{where}.binary".strip("."), 'it asks for wheels, but "allow_binary" is false', advice)
    return read_binary(fields["binary"], f"{where}.binary".strip("."), findings)


def _flags(value: Any, findings: InputFindings, notes: list[str]) -> None:
    if not isinstance(value, list):
        findings.say("flags", f"{shown(value)} is not a list", "Omit the key: no flag concerns pip.")
        return
    for at, flag in enumerate(value):
        if flag not in _FLAGS:
            findings.say(f"flags[{at}]", f"{shown(flag)} is not a known flag", f"The flags are: {', '.join(_FLAGS)}.")
        else:
            notes.append(f"the flag {flag} has no effect for pip")
