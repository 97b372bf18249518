"""The time to read and to write a page of 12,000 files, compared with the parsers of the standard library alone.

Run it as ``python -m benchmarks.bench_pages_parse``. Times are those of the fastest run, in ms of processor time.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser

from packaging.utils import canonicalize_name

from reqpi.core import filenames
from reqpi.core.model import Digest, File, Page
from reqpi.core.simple import HTML, V1_JSON, page_html, page_json, read_page

PROJECT = canonicalize_name("foo-bar")
TAGS = ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp311-cp311-macosx_11_0_arm64", "py3-none-any")
FILES = 12_000
RUNS = 5


def page() -> Page:
    """Return a page like that of a project with wheels for many platforms and a release every week."""
    return Page(PROJECT, tuple(_file(number) for number in range(FILES)))


def _file(number: int) -> File:
    release, kind = divmod(number, 30)
    filename = f"foo_bar-{release // 20}.{release % 20}.0-{kind}-{TAGS[number % len(TAGS)]}.whl"
    named = filenames.parse(filename, PROJECT)
    assert named is not None
    content, metadata = (sha256(f"{part} {filename}".encode()).hexdigest() for part in ("content", "metadata"))
    return File(
        filename=filename,
        project=PROJECT,
        version=named.version,
        version_text=named.version_text,
        wheel=True,
        url=f"https://files.example.org/packages/{content[:2]}/{content[2:4]}/{content[4:]}/{filename}",
        digests=frozenset({Digest("sha256", content)}),
        size=123_456,
        requires_python=">=3.8",
        upload_time="2024-02-29T01:02:03.456789Z",
        core_metadata=Digest("sha256", metadata),
    )


def as_upstream(served: Page) -> tuple[bytes, bytes]:
    """Return the page in HTML and in JSON with absolute links, like an index that keeps its files on another host."""
    urls = {file.filename.encode(): file.url.encode() for file in served.files}
    html = re.sub(rb'(?<=href=")[^"#]+', lambda link: urls[link[0]], page_html(served))
    document = json.loads(page_json(served))
    for entry in document["files"]:
        entry["url"] = served.by_filename[entry["filename"]].url
    return html, json.dumps(document).encode()


def best(run: Callable[[], object]) -> float:
    """Return the processor time of the fastest run, in milliseconds."""
    times = []
    for _ in range(RUNS):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return min(times) * 1000


def main() -> None:
    """Measure, and print the table."""
    served = page()
    html, document = as_upstream(served)
    base = "https://index.example.org/simple/foo-bar/"
    assert len(read_page(html, HTML, base, PROJECT).files) == FILES
    assert len(read_page(document, V1_JSON, base, PROJECT).files) == FILES
    html_alone = best(lambda: HTMLParser().feed(html.decode()))
    json_alone = best(lambda: json.loads(document))
    rows = (
        ("html.parser alone", html_alone, html_alone),
        ("read_page, HTML", best(lambda: read_page(html, HTML, base, PROJECT)), html_alone),
        ("page_html", best(lambda: page_html(served)), html_alone),
        ("json alone", json_alone, json_alone),
        ("read_page, JSON", best(lambda: read_page(document, V1_JSON, base, PROJECT)), json_alone),
        ("page_json", best(lambda: page_json(served)), json_alone),
    )
    print(f"{FILES} files: {len(html) / 1e6:.1f} MB of HTML, {len(document) / 1e6:.1f} MB of JSON")
    for name, milliseconds, alone in rows:
        print(f"{name:20} {milliseconds:8.0f} ms {milliseconds / alone:6.1f} x the standard library alone")


if __name__ == "__main__":
    main()
