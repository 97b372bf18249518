"""A server under measurement: its name, where its index is, and what of it is asked for."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from urllib.parse import urldefrag, urljoin

from attrs import frozen

from benchmarks.asking import Answer, get
from benchmarks.load import ACCEPT
from benchmarks.processes import Process

__all__ = ["Site"]


@frozen
class Site:
    """One server.

    :param index: the URL of its index, with a slash at the end.
    :param process: to account for; several sites may be one process.
    :param alone: it has one process, and so a core of its own.
    """

    name: str
    index: str
    process: Process
    alone: bool = True

    def page(self, project: str) -> str:
        """The URL of a project's page."""
        return f"{self.index}{project}/"

    def asked(self, project: str) -> Answer:
        """A page, as pip asks for it.

        :raises SystemExit: there is none.
        """
        answer = get(self.page(project), {"Accept": ACCEPT})
        if answer.status != 200 or not answer.body:
            raise SystemExit(f"{self.name}: {self.page(project)}: {answer.status} {answer.body[:300]!r}")
        return answer

    def files(self, project: str) -> list[str]:
        """The URLs of a project's files, as its page has them. Each is asked for once, and has to be right.

        :raises SystemExit: a file is not the one that its digest says.
        """
        answer = self.asked(project)
        links = [urldefrag(urljoin(answer.url, link)) for link in _links(answer)]
        for url, fragment in links:
            digest = fragment.removeprefix("sha256=")
            body = get(url).body
            if sha256(body).hexdigest() != digest:
                raise SystemExit(f"{self.name}: {url} has {len(body)} bytes that are not those of {digest}")
        return [url for url, _ in links]


def _links(answer: Answer) -> list[str]:
    if "json" in answer.headers.get("Content-Type", ""):
        listed = json.loads(answer.body)["files"]
        return [f"{file['url'].partition('#')[0]}#sha256={file['hashes']['sha256']}" for file in listed]
    return re.findall(r'<a\s[^>]*?href="([^"]+)"', answer.body.decode())
