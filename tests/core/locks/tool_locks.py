"""Locks of poetry, pdm, pipenv and pex, made from their parts."""

from __future__ import annotations

__all__ = [
    "BAR",
    "COMMIT",
    "DEEP",
    "FILE",
    "FOO",
    "NAME",
    "URL",
    "WHEEL",
    "A",
    "B",
    "Row",
    "artifact",
    "elsewhere",
    "entry",
    "legacy",
    "locked",
    "pdm",
    "pex",
    "pipenv",
    "poetry",
    "source",
]

Row = tuple[str, bytes]
"""A format, and a document of it."""

A, B = "a" * 64, "b" * 64
COMMIT = "c" * 40
NAME = 'name = "foo"\nversion = "1.0"\n'
FILE = f'files = [{{file = "foo-1.0.tar.gz", hash = "sha256:{A}"}}]\n'
FOO = NAME + FILE
BAR = f'name = "bar"\nversion = "2"\nfiles = [{{file = "bar-2.zip", hash = "sha256:{B}"}}]\n'
WHEEL = f'{{file = "foo-1.0-py3-none-any.whl", hash = "sha256:{B}"}}'
URL = "https://example.org/foo-1.0.tar.gz"
DEEP = "(" * 33 + "os_name == 'a'" + ")" * 33


def poetry(*packages: str, version: str = '"2.1"', more: str = "") -> Row:
    """A poetry.lock with these packages, each from its second line on."""
    text = "".join(f"[[package]]\n{package}\n" for package in packages)
    head = f"lock-version = {version}\n" if version else ""
    return "poetry", f'{text}[metadata]\n{head}python-versions = "*"\n{more}'.encode()


def legacy(url: str) -> str:
    """foo from an index."""
    return f'{FOO}[package.source]\ntype = "legacy"\nurl = "{url}"\nreference = "x"\n'


def source(kind: str, url: str, more: str = "", files: str = FILE) -> str:
    """foo from somewhere else, as poetry says it."""
    return f'{NAME}{files}[package.source]\ntype = "{kind}"\nurl = "{url}"\n{more}'


def pdm(*packages: str, version: str = '"4.5.1"', strategy: str = '"inherit_metadata"', more: str = "") -> Row:
    """A pdm.lock with these packages; the first begins in line 4."""
    text = "".join(f"[[package]]\n{package}\n" for package in packages)
    return "pdm", f"[metadata]\nlock_version = {version}\nstrategy = [{strategy}]\n{text}{more}".encode()


def pipenv(*packages: str, spec: str = "6", category: str = "default", sources: str = "") -> Row:
    """A Pipfile.lock with these packages, one a line from line 3 on."""
    inner = ",\n".join(packages)
    sources = sources or '{"name": "one", "url": "https://one.example.org/simple/"}'
    return (
        "pipfile",
        f'{{"_meta": {{"pipfile-spec": {spec}, "sources": [{sources}]}},\n"{category}": {{\n{inner}\n}}}}'.encode(),
    )


def entry(more: str, name: str = "foo", version: str = "==1.0") -> str:
    """A package of a Pipfile.lock with a digest."""
    return f'"{name}": {{"hashes": ["sha256:{A}"], "version": "{version}"{", " if more else ""}{more}}}'


def pex(*packages: str, resolve: str = "", top: str = "[]", header: str = "") -> Row:
    """A lock of pex with these packages, one a line from line 3 on."""
    inner = ",\n".join(packages)
    listed = f'[{{"locked_requirements": [\n{inner}\n]{resolve}}}]'
    return "pex", f'{header}{{"allow_builds": true, "requirements": {top},\n"locked_resolves": {listed}}}'.encode()


def locked(*artifacts: str, name: str = "foo", version: str = "1.0", more: str = "") -> str:
    """A package of a lock of pex."""
    listed = ", ".join(artifacts or (artifact(),))
    return f'{{"artifacts": [{listed}], "project_name": "{name}", "version": "{version}"{more}}}'


def artifact(url: str = URL, digits: str = A, algorithm: str = "sha256", more: str = "") -> str:
    """A file of such a package."""
    return f'{{"algorithm": "{algorithm}", "hash": "{digits}", "url": "{url}"{more}}}'


def elsewhere(more: str) -> str:
    """A package of a Pipfile.lock that comes from no index."""
    return f'"foo": {{{more}}}'
