"""The front page: what ReqPI is, and the first steps."""

from __future__ import annotations

from twisted.web.server import Request
from twisted.web.template import tags

from reqpi.web.pages.commands import install_commands
from reqpi.web.pages.frame import Frame, root_of, send_page

__all__ = ["front"]


def front(request: Request, base: str) -> bytes:
    """Answer ``GET /``: what ReqPI is, and the first steps."""
    frame = Frame(
        "ReqPI",
        root_of(request),
        [
            tags.p("Commit a lock, and get a package index that serves what the lock pins and nothing else."),
            tags.h2("Commit a lock"),
            tags.pre(f"PYPI=$(python -m reqpi gethash --url {base} requirements.txt)"),
            tags.p("Without ReqPI on this machine, the answer has the URL in ", tags.code("index"), ":"),
            tags.pre(f"curl --data-binary @requirements.txt {base}/locks"),
            tags.h2("Install from it"),
            tags.pre(install_commands("$PYPI", base)),
            tags.p(
                "The address in the URL is the sha256 of the file: ",
                tags.code("sha256sum requirements.txt"),
                " prints it. The same file always has the same address, and an address always serves the same bytes.",
            ),
        ],
    )
    return send_page(request, frame.rendered())
