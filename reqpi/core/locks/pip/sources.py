"""One requirement that names a URL -> what it pins: an https archive with a digest, or one commit of a git repository.

``name @ URL`` is :pep:`508`; a URL alone, with the name in ``#egg=`` or in a wheel's filename, is pip's syntax;
``#cachito_hash=`` is that of Cachito and Hermeto.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from attrs import evolve, frozen
from packaging.utils import canonicalize_name

from reqpi.core import filenames
from reqpi.core.locks import urls
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.pip import digests
from reqpi.core.locks.pip.requirement import EXTRAS, NAME, NAME_LENGTH, RequirementLine, check_marker, extras_of
from reqpi.core.locks.rules import requirements
from reqpi.core.locks.rules import sources as about
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.locks.urls import Url
from reqpi.core.model import ALGORITHMS, Archive, Digest, Git

__all__ = ["is_source", "parse", "url_in"]

_NAMED = re.compile(rf"({NAME})[ \t]*+(?:\[({EXTRAS})\][ \t]*+)?@[ \t]*+(\S*+)(.*+)")
_BARE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*+:\S*+)(.*+)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*+):")
_REFUSED = {"http": about.PLAIN_HTTP, "ssh": about.SSH, "file": about.FILE_URL}
# git@host:path; without the @ where that is read as the end of a project's name.
_SCP = re.compile(r"(?:[A-Za-z0-9._-]++@)?+[A-Za-z0-9-]++\.[A-Za-z0-9.-]++:(?![/:])|git@")
_EGG = re.compile(rf"({NAME})(?:\[({EXTRAS})\])?")
_FOLDER = re.compile(r"[A-Za-z0-9._+~][A-Za-z0-9._+~-]*+(?:/[A-Za-z0-9._+~][A-Za-z0-9._+~-]*+)*+")
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/:-]|~(?=[A-Za-z0-9]))*+")
_HEX = re.compile(r"[0-9a-f]++")

# pip looks for these anywhere in a URL, not only in its fragment.
_MISPLACED = re.compile(r"&(?:egg|subdirectory|sha512|sha384|sha256|sha224|sha1|md5)=")

# This becomes the name of a file. Two dots in a row are excluded because proxies reject them.
_FILENAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_+!~-]|\.(?!\.))*+")

_WEAK = ("md5", "sha1", "sha224")
_KEYS = ("egg", "subdirectory", "submodules", "cachito_hash", *ALGORITHMS, *_WEAK)

_DECODED = ("egg", "cachito_hash")
"""Keys whose values may be percent-encoded: ``cachito_hash=sha256%3A…``."""


@frozen
class _Named:
    """The parts of a requirement with a URL.

    :param name: as it is spelled; empty if it must be found in the URL.
    :param extras: as they are spelled between their brackets.
    :param bare: whether the requirement begins with the URL.
    """

    name: str
    extras: str
    url: str
    marker: str | None
    bare: bool = False


def is_source(text: str) -> bool:
    """Return whether a requirement names a URL, valid or not, rather than a version."""
    if ":" not in text and "@" not in text:
        return False
    return bool(_NAMED.fullmatch(text) or _BARE.fullmatch(text))


def url_in(text: str) -> tuple[int, int]:
    """Return where the URL in ``text`` begins and ends; it begins at 0 if no name precedes it.

    :param text: a requirement for which :func:`is_source` is true.
    """
    named = _NAMED.fullmatch(text)
    if named:
        return named.span(3)
    bare = _BARE.fullmatch(text)
    return bare.span(1) if bare else (0, 0)


def parse(text: str, listed: Iterable[Digest], markers: Markers) -> RequirementLine:
    """Return what ``text`` pins.

    :param text: one requirement in ASCII, without options and comment, for which :func:`is_source` is true.
    :param listed: the digests among its options.
    :raises reqpi.core.locks.rules.requirements.Refused: it pins nothing, or nothing that can be verified later.
    """
    said = _said(text)
    scheme = _scheme(said.url)
    if said.marker is not None:
        check_marker(said.marker, markers)
    git = scheme == "git+https"
    url = urls.parse(said.url)
    if _MISPLACED.search(url.bare):
        raise Refused(about.FRAGMENT, "a key that belongs after `#` comes before it, where some installers read it too")
    keys = _fragment(url, git)
    said = _with_egg(said, keys.get("egg"))
    found = {*listed, *_digests(keys)}
    subdirectory = _subdirectory(keys.get("subdirectory"))
    if git:
        return _git(said, url, subdirectory, keys.get("submodules") == "true", found)
    return _archive(said, url, subdirectory, found)


def _said(text: str) -> _Named:
    """Split the requirement as both pip and :pep:`508` do."""
    if "\t-" in text:
        raise Refused(requirements.TAB)
    named = _NAMED.fullmatch(text)
    bare = None if named else _BARE.fullmatch(text)
    name, extras, url, rest = named.groups() if named else ("", "", *bare.groups()) if bare else ("", "", "", "")
    if len(name) > NAME_LENGTH:
        raise Refused(requirements.TOO_LONG, f"name is longer than {NAME_LENGTH} characters")
    rest = rest.strip(" \t")
    if not url:
        raise Refused(requirements.NO_REQUIREMENT, text)
    # pip ends a URL that has no name before it only at a semicolon followed by a space.
    if ";" in url or (bare and rest.startswith(";") and rest[1:2] != " "):
        raise Refused(about.SEMICOLON)
    if rest and not rest.startswith(";"):
        raise Refused(requirements.ONE_A_LINE, rest)
    return _Named(name, extras or "", url, rest[1:].strip(" \t") if rest else None, bare=not named)


def _scheme(url: str) -> str:
    """Return ``https`` or ``git+https``; raise the specific rule for every other scheme."""
    match = _SCHEME.match(url)
    scheme = match[1].lower() if match else ""
    if scheme in ("https", "git+https"):
        return scheme
    inner = scheme.removeprefix("git+")
    if inner in _REFUSED:
        rule = _REFUSED[inner]
    elif scheme.partition("+")[0] in ("hg", "svn", "bzr"):
        rule = about.OTHER_VCS
    elif _SCP.match(url):
        rule = about.SSH
    else:
        rule = about.SCHEME if scheme else requirements.PATH
    raise Refused(rule, url)


def _fragment(url: Url, git: bool) -> dict[str, str]:
    keys: dict[str, str] = {}
    if url.fragment is None:
        return keys
    for piece in url.fragment.split("&"):
        key, equals, value = piece.partition("=")
        if not equals or key not in _KEYS or not value:
            raise Refused(about.FRAGMENT, f"`{piece or '#'}` has no meaning in a URL's fragment")
        if key in keys:
            raise Refused(about.FRAGMENT, f"{key}= occurs twice in the URL's fragment")
        # Cachito and Hermeto decode a fragment like a query. The decoded value is checked like any other.
        keys[key] = unquote(value) if key in _DECODED else value
    if "submodules" in keys and not (git and keys["submodules"] in ("true", "false")):
        raise Refused(about.FRAGMENT, f"`submodules={keys['submodules']}` is not `submodules=true` of a git repository")
    return keys


def _with_egg(said: _Named, egg: str | None) -> _Named:
    if egg is None:
        return said
    match = _EGG.fullmatch(egg)
    if not match:
        raise Refused(requirements.NAME, egg)
    name, extras = match[1], match[2] or ""
    if not said.name:
        return evolve(said, name=name, extras=extras)
    if canonicalize_name(name) != canonicalize_name(said.name):
        raise Refused(about.NAMES_DISAGREE, f"the name before `@` and `egg={egg}` differ")
    if match[2] is not None and extras_of(extras) != extras_of(said.extras):
        raise Refused(about.NAMES_DISAGREE, f"the extras before `@` and those in `egg={egg}` differ")
    return said


def _digests(keys: dict[str, str]) -> Iterable[Digest]:
    for key, value in keys.items():
        if key in ALGORITHMS or key in _WEAK:
            yield digests.parse(f"{key}:{value}")
        elif key == "cachito_hash":
            yield digests.parse(value)


def _subdirectory(value: str | None) -> str | None:
    if value is None:
        return None
    folder = value.removesuffix("/")
    if not _FOLDER.fullmatch(folder) or {".", ".."}.intersection(folder.split("/")):
        raise Refused(about.SUBDIRECTORY, value)
    return folder


def _archive(said: _Named, url: Url, subdirectory: str | None, found: Iterable[Digest]) -> RequirementLine:
    filename = url.parts[-1] if url.path else ""
    if (
        not filename.endswith((*filenames.ARCHIVE_SUFFIXES, ".whl"))
        or len(filename) > filenames.LIMIT
        or not _FILENAME.fullmatch(filename)
    ):
        raise Refused(about.ARCHIVE_TYPE, filename or url.bare)
    version = ""
    if filename.endswith(".whl"):
        said, version = _wheel(said, filename)
        if subdirectory:
            raise Refused(about.SUBDIRECTORY, f"{subdirectory}` of a wheel `{filename}")
    if not said.name:
        raise Refused(about.NO_NAME, url.bare)
    by_algorithm: dict[str, Digest] = {}
    for digest in found:
        if by_algorithm.setdefault(digest.algorithm, digest) != digest:
            raise Refused(about.DIGESTS_DISAGREE, digest.algorithm, said.name)
    if not by_algorithm:
        raise Refused(about.NO_DIGEST, name=said.name)
    return _pin(said, url.bare, Archive(url.bare, frozenset(by_algorithm.values()), subdirectory), version)


def _wheel(said: _Named, filename: str) -> tuple[_Named, str]:
    """Return the requirement with a name that matches the wheel's filename, and the version in the filename."""
    if not said.name:
        said = evolve(said, name=filename.partition("-")[0])
    if said.bare and said.extras:
        # pip then uses the filename and ignores the egg.
        raise Refused(requirements.EXTRAS, f"egg={said.name}[{said.extras}]", said.name)
    named = filenames.parse(filename, canonicalize_name(said.name))
    if named is None:
        raise Refused(about.NAMES_DISAGREE, f"`{filename}` is not the filename of a wheel of {said.name}")
    return said, named.version_text


def _git(
    said: _Named, url: Url, subdirectory: str | None, submodules: bool, found: Iterable[Digest]
) -> RequirementLine:
    if url.query is not None:
        raise Refused(about.QUERY, "the URL of a git repository has a query")
    path, at, commit = url.path.rpartition("@")
    where = _pasted(f"https://{url.host}{path if at else url.path}", "URL")
    if not at or not commit:
        raise Refused(about.NO_COMMIT, where, said.name or url.path.rpartition("/")[2])
    lower = commit.lower()
    if not _HEX.fullmatch(lower) or len(lower) < 4:
        raise Refused(about.BRANCH, commit, f"git ls-remote {where} {_pasted(commit, 'NAME')}")
    if len(lower) not in (40, 64):
        raise Refused(about.SHORT_COMMIT, commit)
    if not path.strip("/") or any(part.startswith("-") for part in evolve(url, path=path).parts):
        raise Refused(about.URL_PATH, f"`{path}` is not the path of a git repository")
    if not said.name:
        raise Refused(about.NO_NAME, url.bare)
    if list(found):
        raise Refused(about.GIT_DIGEST, name=said.name)
    source = Git(f"https://{url.host}{path}", lower, subdirectory, submodules)
    return _pin(said, f"git+{source.url}@{lower}", source)


def _pasted(text: str, otherwise: str) -> str:
    """Return ``text`` if it is safe in a command that a user may paste, or ``otherwise`` if it is not.

    A lock may come from anyone, so ``text`` must not contain anything that a shell interprets.
    """
    return text if _PLAIN.fullmatch(text) else otherwise


def _pin(said: _Named, url: str, source: Archive | Git, version: str = "") -> RequirementLine:
    keys = [f"subdirectory={source.subdirectory}"] if source.subdirectory else []
    if isinstance(source, Git) and source.submodules:
        keys.append("submodules=true")
    spelled = ",".join(extra.strip(" \t") for extra in said.extras.split(","))
    extras = f"[{spelled}]" if spelled else ""
    text = f"{said.name}{extras} @ {url}{'#' if keys else ''}{'&'.join(keys)}"
    return RequirementLine(
        name=said.name,
        project=canonicalize_name(said.name),
        version=version,
        arbitrary=False,
        extras=extras_of(said.extras),
        marker=said.marker,
        text=f"{text} ; {said.marker}" if said.marker is not None else text,
        source=source,
    )
