"""A server under measurement: its name, the URL of its index, and the requests to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urldefrag, urljoin

from attrs import field, frozen

from benchmarks.asking import Answer, get
from benchmarks.load import ACCEPT
from benchmarks.processes import Process

__all__ = ["Site"]


@frozen
class Site:
    """A server under measurement.

    :param index: the URL of its index, with a slash at the end.
    :param process: the process whose CPU time and memory are counted; several sites may share it.
    :param alone: whether it has one process, and so a core of its own.
    :param login: the header with which its clients log in, if they have to.
    """

    name: str
    index: str
    process: Process
    alone: bool = True
    login: Mapping[str, str] = field(factory=dict, eq=False)

    def page(self, project: str) -> str:
        """Return the URL of a project's page."""
        return f"{self.index}{project}/"

    def asked(self, project: str) -> Answer:
        """Request a project's page as pip does.

        :raises SystemExit: the status is not 200, or the page is empty.
        """
        answer = get(self.page(project), {"Accept": ACCEPT, **self.login})
        if answer.status != 200 or not answer.body:
            raise SystemExit(f"{self.name}: {self.page(project)}: {answer.status} {answer.body[:300]!r}")
        return answer

    def files(self, project: str) -> list[str]:
        """Return the URLs of a project's files from its page, after downloading each file once to verify its digest.

        :raises SystemExit: a file does not match its digest.
        """
        answer = self.asked(project)
        links = [urldefrag(urljoin(answer.url, link)) for link in _links(answer)]
        for url, fragment in links:
            digest = fragment.removeprefix("sha256=")
            body = get(url, self.login).body
            if sha256(body).hexdigest() != digest:
                raise SystemExit(f"{self.name}: {url} has {len(body)} bytes that do not match sha256 {digest}")
        return [url for url, _ in links]


def _links(answer: Answer) -> list[str]:
    if "json" in answer.headers.get("Content-Type", ""):
        listed = json.loads(answer.body)["files"]
        return [f"{file['url'].partition('#')[0]}#sha256={file['hashes']['sha256']}" for file in listed]
    return re.findall(r'<a\s[^>]*?href="([^"]+)"', answer.body.decode())
