"""Real locks whose files are generated: the same projects, versions and filenames, with other digests."""

from __future__ import annotations

import re
from itertools import count

from packaging.utils import canonicalize_name, parse_sdist_filename

from tests.end_to_end.test_sources import unpacked
from tests.fake_upstream import Distribution, Upstream, build_sdist, build_wheel, core_metadata
from tests.sourcehost import SourceHost

__all__ = ["requirements_on", "uv_lock_on"]

_PIN = re.compile(r"^([\w.-]+)==([^ \\]+)")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_LISTED = re.compile(r'url = "([^"]+/([^/"]+))", hash = "sha256:[0-9a-f]{64}"(, size = [0-9]+)?')
_GIT = re.compile(r'name = "([^"]+)"\nversion = "([^"]+)"\nsource = { git = "([^"#]+)#([0-9a-f]{40})" }')
_OUTSIDE = re.compile(r'source = { url = "([^"]+/([^/"]+))" }')
_INDEX = "https://index.example.org/simple"
_SECOND = "https://download.pytorch.org/whl/cpu"


def requirements_on(upstream: Upstream, text: str) -> str:
    """A requirements file with as many files of each project, which ``upstream`` has."""
    lines, name, version, numbers = [], "", "", count()
    for line in text.splitlines():
        if pin := _PIN.match(line):
            name, version, numbers = pin[1], pin[2], count()
        if _HASH.search(line):
            line = _HASH.sub(f"sha256:{_another(upstream, name, version, next(numbers)).sha256}", line)  # noqa: PLW2901
        lines.append(line)
    return "\n".join(lines) + "\n"


def uv_lock_on(upstream: Upstream, second: Upstream, host: SourceHost, text: str) -> str:
    """A uv.lock with the same filenames, which ``upstream``, ``second`` and ``host`` have."""
    for name, version, url, commit in _GIT.findall(text):
        repository = host.repository(name)
        made = repository.commit(unpacked(build_sdist(name, version)))
        text = text.replace(url, repository.url).replace(commit, made)
    for url, filename in set(_OUTSIDE.findall(text)):
        text = text.replace(url, host.archive(filename, _named(filename).content))
    text = _LISTED.sub(lambda match: _listed(match, upstream, second), text)
    return text.replace(_INDEX, upstream.url.rstrip("/")).replace(_SECOND, second.url.rstrip("/"))


def _listed(match: re.Match[str], upstream: Upstream, second: Upstream) -> str:
    """The entry of a file in the lock, once its index has it."""
    url, filename, size = match.groups()
    made = _named(filename)
    if not url.startswith("https://127.0.0.1"):
        (upstream if url.startswith("https://files.example.org/") else second).add(made)
    written = f'url = "{url}", hash = "sha256:{made.sha256}"'
    return f"{written}, size = {len(made.content)}" if size else written


def _another(upstream: Upstream, name: str, version: str, number: int) -> Distribution:
    """One more file of a release: a wheel for every platform, an sdist, then wheels for one platform each."""
    if number == 0:
        return upstream.wheel(name, version)
    if number == 1:
        return upstream.sdist(name, version)
    python = f"cp3{8 + number % 7}"
    return upstream.wheel(name, version, tag=f"{python}-{python}-manylinux_2_{17 + number // 7}_x86_64")


def _named(filename: str) -> Distribution:
    """A small file of that name."""
    filename = filename.replace("%2B", "+")
    if filename.endswith(".whl"):
        name, version, *_ = filename.split("-")
        tag = "-".join(filename.removesuffix(".whl").split("-")[-3:])
        return Distribution(filename, build_wheel(name, version, tag=tag), core_metadata(name, version))
    project, release = parse_sdist_filename(filename)
    form = "zip" if filename.endswith(".zip") else "tar.gz"
    data = build_sdist(canonicalize_name(project), str(release), form=form)
    return Distribution(filename, data)
