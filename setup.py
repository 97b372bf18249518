"""The parts of the build that need a program: packages, the plugin's folder, the long description, the project's URLs.

All else is in pyproject.toml.

``twisted.plugins`` is named by hand: it must have no ``__init__.py`` (Twisted's own is the one), so nothing finds it.

``package_dir`` says what holds anyway, for the sake of ``pip install -e .``: setuptools shows a layout that is spelled
out by a line in a .pth file, which puts the checkout on ``sys.path``, where twistd looks for plugins. One that is left
to be guessed it shows by an import hook, and twistd never sees the plugin.

The links in README.md are relative, so that they work in a clone at any revision. On the page of an index they would
lead nowhere: there they become absolute if the release is built with ``REQPI_REPOSITORY`` and ``REQPI_DOCUMENTATION``,
and otherwise the text and the path of the file in the sdist.
"""

import os
import re
from pathlib import Path

from setuptools import find_packages, setup

REPOSITORY = os.environ.get("REQPI_REPOSITORY", "").rstrip("/")
"""The page of the repository: ``https://host/owner/reqpi``. Files are below ``blob/HEAD/``."""

DOCUMENTATION = os.environ.get("REQPI_DOCUMENTATION", "").rstrip("/")
"""The URL of the documentation as HTML. ``docs/install.md`` is ``install.html`` below it."""

_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")


def long_description(readme: str) -> str:
    """Return the README without relative links."""
    return _LINK.sub(_linked, readme)


def _linked(match: re.Match[str]) -> str:
    image, text, path, anchor = match.groups(default="")
    url = _url(path)
    if image:
        return f"*{text}.*"
    if url:
        return f"[{text}]({url}{anchor})"
    return text if text.strip("`") == path else f"{text} (`{path}`)"


def _url(path: str) -> str:
    page = re.fullmatch(r"docs/(.+)\.md", path)
    if page and DOCUMENTATION:
        return f"{DOCUMENTATION}/{page[1]}.html"
    return f"{REPOSITORY}/blob/HEAD/{path}" if REPOSITORY else ""


setup(
    packages=[*find_packages(include=["reqpi", "reqpi.*"]), "twisted.plugins"],
    package_dir={"": "."},
    package_data={"reqpi": ["py.typed", "web/pages/static/*", "web/pages/templates/*"]},
    long_description=long_description((Path(__file__).parent / "README.md").read_text("utf-8")),
    long_description_content_type="text/markdown",
    project_urls={name: url for name, url in {"Source": REPOSITORY, "Documentation": DOCUMENTATION}.items() if url},
)
