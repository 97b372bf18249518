"""The ``_headers`` of static hosts: the headers of a static tree, as far as its rules can state them.

Several rules may match one path, and hosts join the values of a header that two of them set. So no two rules that may
match the same path set the same header. A name in place of a segment (``:address``) stands for one segment.
"""

from __future__ import annotations

from reqpi.core import simple
from reqpi.core.caching import DERIVED, IMMUTABLE, REVALIDATED
from reqpi.core.static_tree.pages import JSON_PAGE

__all__ = ["HEADERS_FILE", "headers_file"]

HEADERS_FILE = "_headers"

_CACHING = (
    ("simple/*", IMMUTABLE),
    ("files/*", IMMUTABLE),
    ("lock/*", IMMUTABLE),
    ("crates/dl/*", IMMUTABLE),
    ("cargo/config.toml", REVALIDATED),
    ("env", DERIVED),
)

_TYPES = (
    (f"simple/{JSON_PAGE}", simple.V1_JSON),
    (f"simple/:project/{JSON_PAGE}", simple.V1_JSON),
)

_DOCUMENTS = (
    ("lock", "text/plain"),
    ("requirements.txt", "text/plain; charset=utf-8"),
    ("requirements.none.txt", "text/plain; charset=utf-8"),
    ("pylock.toml", "application/toml"),
    ("uv.lock", "application/toml"),
    ("pdm.lock", "application/toml"),
    ("files.json", "application/json"),
    ("sbom.cdx.json", "application/vnd.cyclonedx+json; version=1.6"),
    ("sbom.spdx.json", "application/spdx+json"),
)


def headers_file() -> bytes:
    """Return the rules. They are the same for every tree."""
    rules: list[tuple[str, dict[str, str]]] = [("/*", {"X-Content-Type-Options": "nosniff"})]
    rules += [(f"/:address/{path}", {"Cache-Control": caching}) for path, caching in _CACHING]
    rules += [(f"/:address/{path}", {"Content-Type": content_type}) for path, content_type in _TYPES]
    rules += [
        (f"/:address/{path}", {"Content-Type": content_type, "Cache-Control": IMMUTABLE})
        for path, content_type in _DOCUMENTS
    ]
    return "".join(f"{path}\n{_lines(headers)}" for path, headers in rules).encode()


def _lines(headers: dict[str, str]) -> str:
    return "".join(f"  {name}: {value}\n" for name, value in headers.items())
