"""The file of tokens: one line a token, as ``reqpi token`` writes it.

::

    # NAME  sha256:HEX  SCOPES  [upstreams=NAMES] [projects=NAMES] [quota=SIZE] [expires=TIME]
    ci      sha256:9f86…  read,commit,hold  projects=acme-core,acme-web  expires=2027-01-31T00:00:00Z

Empty lines, and lines that begin with ``#``, are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from packaging.utils import canonicalize_name

from reqpi.core.access.clients import AccessScope
from reqpi.core.access.tokens import NAME, Token
from reqpi.core.sizes import BadSize, exact_size, read_size

__all__ = [
    "DEFAULT_UPSTREAM",
    "LARGEST",
    "OF_CRATES",
    "BadTokenFile",
    "line_of",
    "read_tokens",
    "with_token",
    "without_token",
]

LARGEST = 1 << 20
"""Bytes of a file of tokens."""

DEFAULT_UPSTREAM = "default"
"""The name of the upstream without a name."""

OF_CRATES = "crates:"
"""The beginning of the name of a registry of crates. An index has no colon in its name."""

_LONGEST_LINE = 8192
_MOST_DEFECTS = 10
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
_PREFIX_OR_PORT = re.compile(rf"^{OF_CRATES}|:[0-9]{{1,5}}$")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_SCOPES = tuple(map(str, AccessScope))


class BadTokenFile(ValueError):
    """The file of tokens cannot be read.

    :ivar defects: each with its line, which is 0 for the whole file.
    """

    def __init__(self, *defects: tuple[int, str]) -> None:
        super().__init__("; ".join(f"line {line}: {problem}" if line else problem for line, problem in defects))
        self.defects = defects


class _BadLine(ValueError):
    """A line is not that of a token."""


def read_tokens(data: bytes) -> tuple[Token, ...]:
    """Return the tokens in a file.

    :param data: the file, or its first bytes if it is larger than :data:`LARGEST`.
    :raises BadTokenFile: some lines are not those of tokens.
    """
    tokens: dict[str, Token] = {}
    defects: list[tuple[int, str]] = []
    for number, line in _lines(data):
        try:
            token = _token(line)
            if token.name in tokens:
                raise _BadLine(f"{token.name} is there twice: give each token its own name")
            tokens[token.name] = token
        except _BadLine as bad:
            defects.append((number, str(bad)))
    if defects:
        raise BadTokenFile(*defects[:_MOST_DEFECTS])
    return tuple(tokens.values())


def line_of(token: Token) -> str:
    """Return the line of a token."""
    words = [token.name, f"sha256:{token.digest}", _joined(token.scopes)]
    if token.upstreams is not None:
        words.append(f"upstreams={_joined(token.upstreams)}")
    if token.projects is not None:
        words.append(f"projects={_joined(token.projects)}")
    if token.quota is not None:
        words.append(f"quota={exact_size(token.quota)}")
    if token.expires is not None:
        words.append(f"expires={token.expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    return " ".join(words)


def with_token(data: bytes, token: Token) -> bytes:
    """Return the file with one more token.

    :raises BadTokenFile: the file cannot be read, or has a token of this name.
    """
    if any(each.name == token.name for each in read_tokens(data)):
        raise BadTokenFile((0, f"there is a token {token.name}: choose another name, or revoke that one first"))
    before = data if not data or data.endswith(b"\n") else data + b"\n"
    return before + line_of(token).encode("ascii") + b"\n"


def without_token(data: bytes, name: str) -> bytes:
    """Return the file without a token.

    :raises BadTokenFile: the file cannot be read, or has no token of this name.
    """
    if all(token.name != name for token in read_tokens(data)):
        raise BadTokenFile((0, f"there is no token {name}: reqpi token list shows all"))
    own = {number for number, line in _lines(data) if line.split()[0] == name}
    lines = data.splitlines(keepends=True)
    return b"".join(line for number, line in enumerate(lines, 1) if number not in own)


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield each line that has a token, with its number.

    :raises BadTokenFile: the file is too large, or has bytes that no token has.
    """
    if len(data) > LARGEST:
        raise BadTokenFile((0, f"the file is larger than {LARGEST} bytes"))
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith(b"#"):
            if not line.isascii() or len(line) > _LONGEST_LINE:
                raise BadTokenFile((number, f"write at most {_LONGEST_LINE} characters of ASCII"))
            yield number, line.decode("ascii")


def _token(line: str) -> Token:
    words = line.split()
    if len(words) < 3:
        raise _BadLine("write NAME sha256:HEX SCOPES, as reqpi token new does")
    name, digest = words[0], _DIGEST.fullmatch(words[1])
    if not NAME.fullmatch(name):
        raise _BadLine(f"{_shown(name)} is not a name: use a-z, 0-9, dots and hyphens, at most 64")
    if digest is None:
        raise _BadLine("the second word is not sha256: and 64 hex digits in lower case")
    return Token(name, digest[1], _scopes(words[2]), **_limits(words[3:]))


def _scopes(text: str) -> frozenset[AccessScope]:
    wrong = next((word for word in text.split(",") if word not in _SCOPES), None)
    if wrong is not None:
        raise _BadLine(f"{_shown(wrong)} is not a scope: write some of {', '.join(_SCOPES)}, separated by commas")
    return frozenset(AccessScope(word) for word in text.split(","))


def _limits(words: list[str]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for word in words:
        key, _, value = word.partition("=")
        read = _READERS.get(key)
        if read is None or key in limits:
            raise _BadLine(f"{_shown(word)}: write each of {', '.join(f'{each}=' for each in _READERS)} at most once")
        limits[key] = read(value)
    return limits


def _names(text: str) -> frozenset[str]:
    wrong = next((word for word in text.split(",") if not _WORD.fullmatch(word)), None)
    if wrong is not None:
        raise _BadLine(f"{_shown(wrong)} is not a name: separate names by commas, without spaces")
    return frozenset(text.split(","))


def _upstreams(text: str) -> frozenset[str]:
    """Return names of upstreams, of which those of registries have a prefix; a host may have a port."""
    _names(",".join(_PREFIX_OR_PORT.sub("", name) for name in text.split(",")))
    return frozenset(text.split(","))


def _projects(text: str) -> frozenset[str]:
    return frozenset(str(canonicalize_name(name)) for name in _names(text))


def _quota(text: str) -> int:
    try:
        return read_size(text)
    except BadSize:
        raise _BadLine(f"quota={_shown(text)}: write a size without spaces, such as 20GB") from None


def _time(text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:  # the 31st of February
        pass
    raise _BadLine(f"expires={_shown(text)}: write a time in UTC, such as 2027-01-31T00:00:00Z")


_READERS: Mapping[str, Callable[[str], Any]] = {
    "upstreams": _upstreams,
    "projects": _projects,
    "quota": _quota,
    "expires": _time,
}


def _joined(words: frozenset[Any]) -> str:
    """Return words in a fixed order: scopes as they are declared, names by the alphabet."""
    known = [scope for scope in _SCOPES if scope in words]
    return ",".join(known + sorted(set(map(str, words)) - set(known)))


def _shown(word: str) -> str:
    return ascii(word[:64])
