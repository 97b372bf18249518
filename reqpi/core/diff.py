"""The contents of two locks, addresses or SBOMs, and the differences between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from attrs import frozen
from packaging.utils import canonicalize_name

from reqpi.core.model import Archive, Lock

__all__ = ["Change", "Contents", "NotAnSbom", "changes", "contents_of_lock", "contents_of_sbom"]

Contents = Mapping[str, Mapping[str, frozenset[str]]]
"""The known digests of the files (``sha256:…``), by project and version; empty if none are known.

The name of a package of another kind than a Python project has the type of its purl before it: ``cargo:serde``.
"""

_ALGORITHMS = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class NotAnSbom(ValueError):
    """A document is not a readable SBOM."""


@frozen(order=True)
class Change:
    """One project that differs.

    :param kind: ``files`` means that the version is the same and its files differ, with digests known on both sides.
    :param before: the versions, sorted; empty if the project was added.
    :param after: the versions, sorted; empty if the project was removed.
    """

    project: str
    kind: Literal["added", "removed", "version", "files"]
    before: tuple[str, ...]
    after: tuple[str, ...]


def changes(before: Contents, after: Contents) -> list[Change]:
    """Return the projects that differ, sorted by name."""
    return sorted(
        filter(None, (_change(name, before.get(name, {}), after.get(name, {})) for name in before.keys() | after))
    )


def _change(project: str, before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]]) -> Change | None:
    versions = tuple(sorted(before)), tuple(sorted(after))
    if not before:
        return Change(project, "added", *versions)
    if not after:
        return Change(project, "removed", *versions)
    if versions[0] != versions[1]:
        return Change(project, "version", *versions)
    known = [(before[version], after[version]) for version in before if before[version] and after[version]]
    return Change(project, "files", *versions) if any(one != other for one, other in known) else None


def contents_of_lock(lock: Lock) -> Contents:
    """Return the contents of a lock. The URL of a source stands for a version."""
    found: list[tuple[str, str, Iterable[str]]] = []
    for pin in lock.pins:
        version, digests = pin.version, pin.digests
        if pin.source is not None:
            where = pin.source.url if isinstance(pin.source, Archive) else f"git+{pin.source.url}@{pin.source.commit}"
            version = where
            digests = pin.source.digests if isinstance(pin.source, Archive) else frozenset()
        found.append((pin.project, version, map(str, digests)))
    return _gathered(found)


def contents_of_sbom(data: bytes) -> Contents:
    """Return the components of an SBOM: CycloneDX or SPDX, in JSON.

    :raises NotAnSbom: ``data`` is neither.
    """
    try:
        sbom = json.loads(data)
        if sbom.get("bomFormat") == "CycloneDX":
            return _gathered(_of_cyclonedx(sbom.get("components", ())))
        if "spdxVersion" in sbom:
            return _gathered(_of_spdx(sbom))
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise NotAnSbom(f"this is not an SBOM: {error}") from error
    raise NotAnSbom("this is neither CycloneDX nor SPDX")


def _of_cyclonedx(components: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, Iterable[str]]]:
    for component in components:
        if component.get("type") == "application":  # the project itself: a lock does not pin it
            continue
        hashes = list(component.get("hashes", ()))
        for reference in (*component.get("externalReferences", ()), *component.get("components", ())):
            hashes += reference.get("hashes", ())
        digests = [f"{_ALGORITHMS[each['alg']]}:{each['content']}" for each in hashes if each["alg"] in _ALGORITHMS]
        yield _name(component["name"], component.get("purl", "")), str(component.get("version", "")), digests


def _of_spdx(sbom: Mapping[str, Any]) -> Iterator[tuple[str, str, Iterable[str]]]:
    described = set(sbom.get("documentDescribes", ()))
    described |= {
        each["relatedSpdxElement"]
        for each in sbom.get("relationships", ())
        if each.get("relationshipType") == "DESCRIBES"
    }
    for package in sbom.get("packages", ()):
        purls = [each for each in package.get("externalRefs", ()) if each.get("referenceType") == "purl"]
        is_project = package.get("primaryPackagePurpose") == "APPLICATION"
        if package["SPDXID"] in described or is_project or not purls:
            continue
        digests = [f"{each['algorithm'].lower()}:{each['checksumValue']}" for each in package.get("checksums", ())]
        name = _name(package["name"], purls[0].get("referenceLocator", ""))
        yield name, str(package.get("versionInfo", "")), digests


def _name(name: str, purl: str) -> str:
    kind = purl.removeprefix("pkg:").partition("/")[0].lower() if purl.startswith("pkg:") else "pypi"
    return canonicalize_name(name) if kind in ("pypi", "generic") else f"{kind}:{name}"


def _gathered(found: Iterable[tuple[str, str, Iterable[str]]]) -> Contents:
    contents: dict[str, dict[str, frozenset[str]]] = {}
    for project, version, digests in found:
        versions = contents.setdefault(project, {})
        versions[version] = versions.get(version, frozenset()) | frozenset(digests)
    return contents
