"""Project pages in HTML: :pep:`503` with the additions of :pep:`592`, 629, 658, 714, 740 and 792."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from html import escape
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import unquote, urljoin

from packaging.version import Version

from reqpi.core import filenames
from reqpi.core.errors import WrongPage
from reqpi.core.model import Digest, File, Page, Project
from reqpi.core.simple import entries
from reqpi.core.simple.listing import Listing

__all__ = ["index_html", "list_html", "page_html"]

MAX_TAGS = 1_000_000
LONGEST_STRETCH = 1024 * 1024
"""Characters from one ``<`` to the next. html.parser builds all attributes of a tag before it calls a handler."""

_TITLE = re.compile(
    r"\s*(?:[\w./-]{1,200}: )?(?:links for|simple (?:package )?index|package index|index of|directory listing)\b", re.I
)
"""The beginning of the titles of indexes: the public index, devpi, Nexus, Artifactory, and web servers."""

_TITLED = ("title", "h1")
"""The tags that contain a title: some indexes have a heading and no title."""

_LONGEST_TITLE = 200

Attributes = dict[str, str | None]


class _Links(HTMLParser):
    """A parser that collects the links, the ``<base>`` and the ``<meta>`` of a page.

    Feed it once and never close it: doing either repeatedly on unfinished markup makes html.parser quadratic
    (CVE-2025-6069).
    """

    def __init__(self) -> None:
        super().__init__()
        self.anything = False
        self.base: str | None = None
        self.links: list[Attributes] = []
        self.meta: dict[str, str] = {}
        self.login = False
        self._title = ""
        self._is_titled = False
        self._in_title = False

    def is_index(self) -> bool:
        """Return whether it can be a page of an index, by its title or heading, its meta tags or its links.

        The page of a project without files has no links. A login page has links, but also a field for a password.
        """
        self._end_title()
        if self._is_titled or any(name.startswith("pypi:") for name in self.meta):
            return True
        return bool(self.links) and not self.login

    def handle_endtag(self, tag: str) -> None:
        if tag in _TITLED:
            self._end_title()

    def _end_title(self) -> None:
        self._is_titled = self._is_titled or _TITLE.match(self._title) is not None
        self._title, self._in_title = "", False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._title = f"{self._title}{data}"[:_LONGEST_TITLE]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.anything = True
        if tag == "a":
            self.links.append(dict(attrs))
        elif tag in _TITLED:
            self._end_title()
            self._in_title = True
        elif tag == "input":
            self.login = self.login or (dict(attrs).get("type") or "").lower() == "password"
        elif tag in {"meta", "base"}:
            attributes = dict(attrs)
            if tag == "base" and self.base is None:
                self.base = attributes.get("href")
            elif tag == "meta":
                self.meta.setdefault(attributes.get("name") or "", attributes.get("content") or "")


def list_html(body: bytes, base: str, project: Project) -> Listing:
    """Read a page; see :func:`reqpi.core.simple.read_listing`."""
    page = _parse(body, project)
    entries.check_version(page.meta.get("pypi:repository-version"), project)
    if page.base is not None:
        try:
            base = urljoin(base, page.base)
        except ValueError as error:
            raise WrongPage(f"the page of {project} has an unusable <base>", page.base[:200]) from error
    return Listing(
        project,
        entries.status(page.meta.get("pypi:project-status"), page.meta.get("pypi:project-status-reason")),
        page.links,
        partial(_version, base=base, project=project),
        partial(_file, base=base, project=project),
    )


def _parse(body: bytes, project: Project) -> _Links:
    # All important parts of a page are ASCII, so an undeclared encoding costs at most a letter of a reason.
    document = body.decode("utf-8", "replace")
    if _is_monstrous(document):
        raise WrongPage(f"the page of {project} cannot be read", "It has too many tags, or a tag that is too long.")
    page = _Links()
    try:
        page.feed(document)
    except AssertionError as error:  # html.parser on "<![nonsense"
        raise WrongPage(f"the page of {project} cannot be read", "Its HTML is malformed.") from error
    if not page.anything:
        # An empty body, plain text, UTF-16: not the same as a project without files.
        raise WrongPage(f"the page of {project} cannot be read", "The response of the upstream contains no HTML.")
    if page.rawdata.startswith("<"):
        # The rest of a tag or comment that never ends. Everything after it is lost.
        raise WrongPage(f"the page of {project} is cut off", "It ends within a tag.")
    if not page.is_index():
        # A login page, an error page, noise that happens to contain a tag: not the same as a project without files.
        raise WrongPage(
            f"the page of {project} is not a page of an index",
            "It has no links, or asks for a password, and it has neither the title nor the meta tags of an index.",
        )
    return page


def _is_monstrous(document: str) -> bool:
    if document.count("<") > MAX_TAGS:
        return True
    last = 0
    while (after := document.find("<", last + 1)) != -1:
        if after - last > LONGEST_STRETCH:
            return True
        last = after
    return len(document) - last > LONGEST_STRETCH


def _filename(url: str) -> str:
    # PEP 503 requires the text of a link to be the last segment of its URL. Where they differ, pip uses the URL.
    return unquote(url.partition("?")[0].rstrip("/").rpartition("/")[2])


def _version(link: Attributes, base: str, project: Project) -> Version | None:
    url = entries.absolute(base, (link.get("href") or "").strip().partition("#")[0])
    named = None if url is None else filenames.parse(_filename(url), project)
    return None if named is None else named.version


def _file(link: Attributes, base: str, project: Project) -> File | None:
    href, _, fragment = (link.get("href") or "").strip().partition("#")
    url = entries.absolute(base, href)
    if url is None:
        return None
    size = link.get("data-size") or ""
    return entries.listed_file(
        _filename(url),
        project,
        url,
        entries.claimed((part.partition("=")[0], part.partition("=")[2]) for part in fragment.split("&")),
        # No PEP defines data-size and data-upload-time; uv reads them.
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
        requires_python=entries.text(link.get("data-requires-python")),
        upload_time=entries.upload_time(link.get("data-upload-time")),
        yanked=(entries.text(link["data-yanked"]) or True) if "data-yanked" in link else None,
        core_metadata=_core_metadata(link),
        provenance=entries.absolute(base, link.get("data-provenance") or "") if link.get("data-provenance") else None,
    )


def _core_metadata(link: Attributes) -> Digest | Literal[True] | None:
    # PEP 714: the new name counts; the old one (PEP 658) counts only without it.
    value = link.get("data-core-metadata", link.get("data-dist-info-metadata")) or ""
    algorithm, equals, hexadecimal = value.partition("=")
    return entries.best([(algorithm, hexadecimal)]) if equals else (value.lower() == "true" or None)


def page_html(
    page: Page,
    *,
    show_yanked: bool = False,
    unhashed: bool = False,
    prefix: str | None = "",
    derived: Collection[str] = (),
) -> bytes:
    """Render a page. The bytes are a function of the set of its files; all links are relative to the page's own URL.

    Characters outside ASCII are written as character references, so no declared encoding can be wrong.

    :param show_yanked: whether yanked files are marked. By default they are not: a lock is an approval, and in pip and
        uv a bare name fails if its only version is yanked.
    :param unhashed: whether a file may lack a sha256; see :func:`reqpi.core.simple.entries.listing`.
    :param prefix: text before each link; see :func:`reqpi.core.simple.entries.link`.
    :param derived: the names of further files, which have no digest because they are made of listed ones.
    :raises ValueError: a file has no sha256.
    """
    files = entries.listing(page.files, unhashed=unhashed)
    links = "".join(f"{_link(file, show_yanked, prefix)}<br>\n" for file in files)
    links += "".join(
        f'<a href="{escape(entries.link_to(name, prefix or ""))}">{escape(name)}</a><br>\n' for name in derived
    )
    return _document(f"Links for {page.project}", _meta(page, derived=bool(derived)), links)


def index_html(projects: Iterable[Project], *, prefix: str = "") -> bytes:
    """Render the list of projects, in alphabetical order.

    :param prefix: text before each link.
    """
    links = "".join(f'<a href="{prefix}{project}/">{project}</a><br>\n' for project in sorted(projects))
    return _document("Simple index", {"pypi:repository-version": "1.0"}, links)


def _document(title: str, meta: Mapping[str, str], links: str) -> bytes:
    tags = "".join(f'<meta name="{name}" content="{escape(content)}">\n' for name, content in meta.items())
    head = f"<!DOCTYPE html>\n<html>\n<head>\n{tags}<title>{escape(title)}</title>\n</head>\n"
    body = f"<body>\n<h1>{escape(title)}</h1>\n{links}</body>\n</html>\n"
    return (head + body).encode("ascii", "xmlcharrefreplace")


def _meta(page: Page, *, derived: bool) -> dict[str, str]:
    meta = {"pypi:repository-version": entries.version_for(page.files, page.status, derived=derived)}
    if page.status is not None:
        meta["pypi:project-status"] = page.status.status
        if page.status.reason is not None:
            meta["pypi:project-status-reason"] = page.status.reason
    return meta


def _link(file: File, show_yanked: bool, prefix: str | None) -> str:
    attributes = {
        "href": entries.link(file, prefix),
        "data-requires-python": file.requires_python,
        "data-size": None if file.size is None else str(file.size),
        "data-upload-time": file.upload_time,
        "data-provenance": file.provenance,
    }
    if file.core_metadata is not None:
        value = "true" if file.core_metadata is True else f"{file.core_metadata.algorithm}={file.core_metadata.hex}"
        # pip from 23.2 on and uv read the first one; pip from 22.3 on reads the second one.
        attributes |= {"data-core-metadata": value, "data-dist-info-metadata": value}
    if show_yanked and file.yanked is not None:
        attributes["data-yanked"] = "" if file.yanked is True else file.yanked
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items() if value is not None)
    return f"<a {written}>{escape(file.filename)}</a>"
