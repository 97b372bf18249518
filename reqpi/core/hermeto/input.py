"""What Hermeto and Cachi2 take: a bare ``pip``, one package, a list of them, or those with flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from reqpi.core.hermeto.binary import ANY_WHEEL, Binary, read_binary
from reqpi.core.hermeto.fields import InputFindings, parse, shown

__all__ = ["HermetoInput", "InputPackage", "distinct", "is_inline", "package_of", "read"]

_KEYS = ("type", "path", "requirements_files", "requirements_build_files", "allow_binary", "binary")

_OTHERS = ("bundler", "cargo", "generic", "gomod", "maven", "npm", "pnpm", "rpm", "uv", "yarn", "yarn-classic")
"""Their other package managers, which may stand as a bare word."""

_FLAGS = ("cgo-disable", "dev-package-managers", "force-gomod-tidy", "gomod-vendor", "gomod-vendor-check")
"""Their flags. None of them says anything of pip."""

_TRUTHS: Mapping[Any, bool] = {
    **dict.fromkeys((1, "1", "on", "t", "true", "y", "yes"), True),
    **dict.fromkeys((0, "0", "off", "f", "false", "n", "no"), False),
}
"""Every spelling that Hermeto takes. ``True`` is equal to 1, and ``False`` to 0."""

_EXAMPLE = '{"type": "pip", "path": "."}'


@frozen
class InputPackage:
    """One package whose requirements are fetched.

    :param path: its folder, relative to the source; ``.`` for the source itself.
    :param requirements_files: relative to the folder; ``None`` for the usual one, if it is there.
    :param requirements_build_files: likewise.
    :param binary: for whom wheels are taken; ``None`` for no wheels.
    """

    path: str = "."
    requirements_files: tuple[str, ...] | None = None
    requirements_build_files: tuple[str, ...] | None = None
    binary: Binary | None = None


@frozen
class HermetoInput:
    """What somebody asks for.

    :param packages: each once, in order.
    :param notes: what they should know, though it stops nothing.
    """

    packages: tuple[InputPackage, ...]
    notes: tuple[str, ...] = ()


def is_inline(argument: str) -> bool:
    """Whether a command's argument is the input itself; if not, it names a file that has it."""
    word = argument.strip()
    return word.startswith(("{", "[")) or word == "pip" or word in _OTHERS


def read(text: str) -> HermetoInput:
    """What ``text`` asks for.

    :raises BadInput: it is no input, or one with flaws: all of them.
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
        findings.say(where, f"{shown(value)} is no list", f"Write one such as [{_EXAMPLE}].")
        findings.conclude()
    named = [(f"{where}[{at}]" if isinstance(value, list) else where, each) for at, each in enumerate(entries)]
    packages = distinct([(at, _package(each, at, findings, notes)) for at, each in named], findings)
    if not entries:
        findings.say(where, "there are no packages", f"Write at least one: {_EXAMPLE}.")
    findings.conclude()
    return HermetoInput(packages, tuple(dict.fromkeys(notes)))


def package_of(fields: Mapping[str, Any], where: str, findings: InputFindings) -> InputPackage:
    """What is the same in all of the interfaces: a folder and its files."""
    said = fields.get("path", ".")
    path = findings.path("." if said == "" else said, f"{where}.path".strip("."), "the source")
    run, build = (
        findings.paths(fields[key], f"{where}.{key}".strip(".")) if key in fields else None for key in _KEYS[2:4]
    )
    return InputPackage(path or ".", run, build)


def distinct(packages: list[tuple[str, InputPackage | None]], findings: InputFindings) -> tuple[InputPackage, ...]:
    """Each once; two that differ and have one folder are a flaw.

    :param packages: each with where it stands.
    """
    known: dict[str, tuple[str, InputPackage]] = {}
    for where, package in packages:
        if package is None:
            continue
        earlier, same = known.setdefault(package.path, (where, package))
        if same != package:
            problem = f"{earlier} has the same path, {shown(package.path)}, and asks for something else"
            findings.say(where, problem, "Make one of the two.")
    return tuple(package for _, package in known.values())


def _package(value: Any, where: str, findings: InputFindings, notes: list[str]) -> InputPackage | None:
    fields = findings.an_object(value, where, _EXAMPLE)
    if fields is None:
        return None
    kind = fields.get("type")
    if kind != "pip":
        problem = "there is no type" if "type" not in fields else f"{shown(kind)} is not fetched here"
        findings.say(f"{where}.type".strip("."), problem, 'Write "pip"; ask their own tools for anything else.')
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
            advice = 'Write "true" or "false"; or "binary", which says which wheels.'
            findings.say(f"{where}.allow_binary".strip("."), f"{shown(said)} is neither true nor false", advice)
        notes.append('"allow_binary" is deprecated: "binary" says which wheels')
    if fields.get("binary") is None:
        return ANY_WHEEL if allowed else None
    if allowed is False:
        advice = "Keep one of the two."
        findings.say(f"{where}.binary".strip("."), 'it asks for wheels, and "allow_binary" for none', advice)
    return read_binary(fields["binary"], f"{where}.binary".strip("."), findings)


def _flags(value: Any, findings: InputFindings, notes: list[str]) -> None:
    if not isinstance(value, list):
        findings.say("flags", f"{shown(value)} is no list", "Leave it out: no flag says anything of pip.")
        return
    for at, flag in enumerate(value):
        if flag not in _FLAGS:
            findings.say(f"flags[{at}]", f"{shown(flag)} is no flag", f"There are: {', '.join(_FLAGS)}.")
        else:
            notes.append(f"the flag {flag} means nothing for pip")
