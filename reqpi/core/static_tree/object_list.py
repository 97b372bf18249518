"""The list of the objects of an address, for stores whose keys need a content type each."""

from __future__ import annotations

from collections.abc import Iterable

from reqpi.core.static_tree.resource import StaticResource

__all__ = ["object_list", "object_list_name"]

_HEAD = ("key", "file", "content-type", "cache-control", "sha256")


def object_list_name(address: str) -> str:
    """Return the name of the list next to the folder of an address."""
    return f"{address}.objects.tsv"


def object_list(address: str, resources: Iterable[StaticResource]) -> bytes:
    """Return a table with a line for each URL: values have no tabs, and a line ends in a line feed.

    A key is the decoded path of a URL: that of a page ends in a slash, and names the HTML form.
    """
    rows = sorted(_row(address, each) for each in resources if each.url)
    return "".join("\t".join(row) + "\n" for row in (_HEAD, *rows)).encode()


def _row(address: str, each: StaticResource) -> tuple[str, ...]:
    return (f"{address}/{each.url}", f"{address}/{each.place}", each.content_type, each.caching, each.digest)
