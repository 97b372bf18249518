"""The API of OSV, https://google.github.io/osv.dev/api/: queries about releases, and their answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from attrs import frozen

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.model import CRATES, ECOSYSTEMS, PYPI, Advisory
from reqpi.core.stored_json import NOT_WRITTEN, mapping, optional, parse, sequence

__all__ = ["LARGEST_QUERY", "OsvQuery", "UnusableQuery", "answer_batch", "answer_query", "read_batch", "read_query"]

LARGEST_QUERY = 1 << 20
"""Bytes of a request. A thousand queries take some 100 KB."""

_MOST_QUERIES = 1_000
"""Queries of one request, as at OSV."""

_PAGE = 1_000
"""Advisories in one answer, as at OSV."""

_PAGE_BYTES = 8 << 20
"""Bytes of the documents in one answer, after the first one."""

_BATCH = 20_000
"""Advisories in the answer to a batch: 1 MiB of ids."""

_LONGEST = 500
"""Characters of a name and of a token."""

_AFTER = "after:"
"""The beginning of the token of a page. The rest is the id after which the page begins."""

_PURL = re.compile(r"pkg:(pypi|cargo)/([^@?#/]+)(?:@([^?#]+))?(?:[?#].*)?", re.DOTALL)
_OF_PURL = {"pypi": PYPI, "cargo": CRATES}


class UnusableQuery(ValueError):
    """A request asks for what cannot be answered. An empty answer would look as if nothing was known to be wrong."""


@frozen
class OsvQuery:
    """One query.

    :param version: empty: any version.
    :param after: the id after which the answer begins.
    """

    ecosystem: str
    name: str
    version: str = ""
    after: str = ""

    def found_in(self, index: AdvisoryIndex) -> Iterator[Advisory]:
        """Yield the advisories of the answer, from this page on."""
        if self.version:
            all_of_them = index.affecting(self.ecosystem, self.name, self.version)
        else:
            all_of_them = index.about(self.ecosystem, self.name)
        return (advisory for advisory in all_of_them if advisory.id > self.after)


def read_query(data: bytes) -> OsvQuery:
    """Read the body of ``/v1/query``.

    :raises UnusableQuery: it cannot be answered.
    """
    return _query(_body(data))


def read_batch(data: bytes) -> tuple[OsvQuery, ...]:
    """Read the body of ``/v1/querybatch``.

    :raises UnusableQuery: it, or one of its queries, cannot be answered.
    """
    try:
        queries = sequence(_body(data).get("queries", []), dict)
    except NOT_WRITTEN:
        raise UnusableQuery("queries is not an array of objects") from None
    if len(queries) > _MOST_QUERIES:
        raise UnusableQuery(f"there are more than {_MOST_QUERIES} queries")
    return tuple(map(_query, queries))


def answer_query(index: AdvisoryIndex, query: OsvQuery) -> bytes:
    """Return the answer of ``/v1/query``: whole documents, as they were exported."""
    documents: list[bytes] = []
    last, size = "", 0
    for advisory in query.found_in(index):
        if len(documents) == _PAGE or size > _PAGE_BYTES:
            return _vulns(documents, last)
        document = advisory.document
        documents.append(document)
        last, size = advisory.id, size + len(document)
    return _vulns(documents, None)


def answer_batch(index: AdvisoryIndex, queries: Iterable[OsvQuery]) -> bytes:
    """Return the answer of ``/v1/querybatch``: for each query the ids, and when each document was modified."""
    results: list[Mapping[str, Any]] = []
    left = _BATCH
    known: dict[OsvQuery, Sequence[Advisory]] = {}
    for query in queries:
        if query not in known:
            known[query] = tuple(query.found_in(index))
        result = _summaries(known[query], min(left, _PAGE), query.after)
        left -= len(result.get("vulns", ()))
        results.append(result)
    return json.dumps({"results": results}, separators=(",", ":")).encode()


def _vulns(documents: Sequence[bytes], after: str | None) -> bytes:
    """Return documents as one object of JSON.

    :param after: the id after which the next page begins; ``None``: there is none.
    """
    if not documents:
        return b"{}"
    token = b"" if after is None else f',"next_page_token":{json.dumps(_AFTER + after)}'.encode()
    return b'{"vulns":[%s]%s}' % (b",".join(documents), token)


def _summaries(found: Sequence[Advisory], most: int, before: str) -> Mapping[str, Any]:
    """Return the first advisories of a result, and the token with which the others are requested.

    :param before: the id after which these begin.
    """
    shown = [{"id": each.id, "modified": each.modified} for each in found[:most]]
    result: dict[str, Any] = {"vulns": shown} if shown else {}
    if len(found) > most:
        result["next_page_token"] = f"{_AFTER}{shown[-1]['id'] if shown else before}"
    return result


def _body(data: bytes) -> Mapping[str, Any]:
    if len(data) > LARGEST_QUERY:
        raise UnusableQuery(f"the request has more than {LARGEST_QUERY} bytes")
    try:
        return mapping(parse(data))
    except NOT_WRITTEN:
        raise UnusableQuery("the request is not an object of JSON") from None


def _query(body: Mapping[str, Any]) -> OsvQuery:
    if body.get("commit"):
        raise UnusableQuery("this server knows releases, and no commits: send a package and a version")
    try:
        package = mapping(body.get("package") or {})
        version = _text(body, "version")
        purl = _text(package, "purl")
        named = _of_purl(purl, version) if purl else (_text(package, "ecosystem"), _text(package, "name"), version)
        after = _text(body, "page_token")
    except UnusableQuery:
        raise
    except NOT_WRITTEN:
        raise UnusableQuery("package, version and page_token are an object and texts") from None
    ecosystem, name, version = named
    if ecosystem not in ECOSYSTEMS or not name:
        known = " and ".join(sorted(ECOSYSTEMS))
        raise UnusableQuery(f"send the name and the ecosystem of a package; this server has advisories of {known}")
    if after and not after.startswith(_AFTER):
        raise UnusableQuery("the page_token is not one of this server")
    return OsvQuery(ecosystem, name, version, after.removeprefix(_AFTER))


def _text(body: Mapping[str, Any], key: str) -> str:
    """Return a member that may be absent.

    :raises ValueError: it is not a text.
    """
    text = optional(body.get(key), str) or ""
    if len(text) > _LONGEST:
        raise UnusableQuery(f"the {key} has more than {_LONGEST} characters")
    return text


def _of_purl(purl: str, version: str) -> tuple[str, str, str]:
    """Return ecosystem, name and version of a package URL."""
    match = _PURL.fullmatch(purl)
    if match is None:
        raise UnusableQuery("write the purl as pkg:pypi/NAME@VERSION or pkg:cargo/NAME@VERSION")
    if match[3] and version:
        raise UnusableQuery("send the version once: in the purl, or by itself")
    return _OF_PURL[match[1]], unquote(match[2]), unquote(match[3] or "") or version
