"""The documents of a static tree: the lock itself, and its exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from reqpi.core import export
from reqpi.core.caching import DERIVED
from reqpi.core.errors import NothingUpstream
from reqpi.core.model import Commitment, Page, Project
from reqpi.core.rewritten_lock import CannotRewrite, rewritten_lock
from reqpi.core.static_tree.resource import StaticResource

__all__ = ["LISTING", "document_resources", "located_resources"]

LISTING = "lock.listing"
"""The file of the listing of several documents: ``lock`` is then the folder of the documents."""

_TEXT = "text/plain; charset=utf-8"
_TOML = "application/toml"
_REWRITTEN = ("uv.lock", "pdm.lock")
_DEFAULT_SHELL = "sh"
_JSON_SHELL = "json"


def document_resources(commitment: Commitment, pages: Mapping[Project, Page]) -> Iterator[StaticResource]:
    """Yield the documents in which no URL of the mirror is."""
    lock = commitment.lock
    several = any(document.path for document in lock.documents)
    yield StaticResource(LISTING if several else "lock", "lock", "text/plain", lock.document)
    for document in lock.documents if several else ():
        url = f"lock/{document.path}"
        yield StaticResource(url, url, "text/plain", document.data)
    yield StaticResource("files.json", "files.json", "application/json", export.files(commitment, pages))
    plain = export.requirements(commitment, pages)
    yield StaticResource("requirements.none.txt", "requirements.none.txt", _TEXT, plain)


def located_resources(
    commitment: Commitment, pages: Mapping[Project, Page], served_at: str
) -> Iterator[StaticResource]:
    """Yield the documents that have absolute URLs: installers accept no others in them.

    :param served_at: the URL below which addresses are served, without a slash at its end.
    """
    here = f"{served_at}/{commitment.address}/"
    requirements = export.requirements(commitment, pages, here)
    yield StaticResource("requirements.txt", "requirements.txt", _TEXT, requirements)
    with suppress(NothingUpstream):  # a pin has variant wheels only, which no pylock.toml can have
        yield StaticResource("pylock.toml", "pylock.toml", _TOML, export.pylock(commitment, pages, here))
    for name in _REWRITTEN:
        yield from _rewritten(commitment, name, here)
    for shell in export.SHELLS:
        yield _environment(f"{here}simple/", shell)


def _rewritten(commitment: Commitment, name: str, here: str) -> Iterator[StaticResource]:
    """Yield the lock of a tool with its URLs below the address, if the lock has exactly one of the format."""
    found = [document.data for document in commitment.lock.documents if document.format == name]
    if len(found) != 1:
        return
    try:
        yield StaticResource(name, name, _TOML, rewritten_lock(found[0], here).document)
    except CannotRewrite:
        return


def _environment(index: str, shell: str) -> StaticResource:
    """Return the environment variables in the syntax of a shell: the server has them at ``env?shell=``."""
    place = "env" if shell == _DEFAULT_SHELL else f"env.{shell}"
    content_type = "application/json" if shell == _JSON_SHELL else _TEXT
    return StaticResource(place, place, content_type, export.environment(index, shell), caching=DERIVED)
