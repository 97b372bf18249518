"""A sparse registry of crates on loopback, with the faults of the tests' upstream, and small crates for it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from gzip import compress
from hashlib import sha256
from typing import Any

from attrs import evolve, field, frozen

from tests.fake_upstream.answers import conditional, partial
from tests.fake_upstream.exchange import Answer, Request
from tests.fake_upstream.pages import Style
from tests.fake_upstream.server import Upstream

__all__ = ["MadeCrate", "SparseRegistry", "build_crate", "crate_of_members", "index_path"]

_NOTHING = Answer(404, {"Content-Type": "text/plain"}, b"no such crate\n")
_INDEX = "/index/"


@frozen(slots=False)
class MadeCrate:
    """A crate, and the line of a registry's index for it.

    :param needs: the versions that it requires, by the name of the crate.
    :param extra: members of its line of the index, which replace the usual ones.
    :param given: its line of the index, as a whole.
    """

    name: str
    version: str
    content: bytes = field(repr=False)
    needs: Mapping[str, str] = field(factory=dict)
    features: Mapping[str, Sequence[str]] = field(factory=dict)
    extra: Mapping[str, Any] = field(factory=dict)
    given: bytes = field(default=b"", repr=False)

    @cached_property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()

    @property
    def filename(self) -> str:
        return f"{self.name}-{self.version}.crate"

    @cached_property
    def line(self) -> bytes:
        """Its line in the index, without the end of the line."""
        if self.given:
            return self.given
        deps = [
            {"name": name, "req": version, "features": [], "optional": False, "default_features": True,
             "target": None, "kind": "normal"}
            for name, version in self.needs.items()
        ]  # fmt: skip
        usual = {"name": self.name, "vers": self.version, "deps": deps, "cksum": self.sha256,
                 "features": dict(self.features), "yanked": False}  # fmt: skip
        return json.dumps(usual | dict(self.extra), separators=(",", ":")).encode()


def build_crate(
    name: str,
    version: str,
    needs: Mapping[str, str] | None = None,
    *,
    features: Mapping[str, Sequence[str]] | None = None,
    source: str = 'pub fn words() -> &\'static str { "hello" }\n',
    files: Mapping[str, bytes] | None = None,
) -> MadeCrate:
    """Make a library crate, the same bytes every time.

    :param needs: the versions that it requires, by the name of the crate.
    :param source: of ``src/lib.rs``.
    :param files: more files of it, or others, by their path below its folder.
    """
    lines = ["[package]", f'name = "{name}"', f'version = "{version}"', 'edition = "2021"', "", "[dependencies]"]
    lines += [f'{each} = "{wanted}"' for each, wanted in (needs or {}).items()]
    lines += ["", "[features]", *(f"{each} = {json.dumps(list(of))}" for each, of in (features or {}).items()), ""]
    content = {"Cargo.toml": "\n".join(lines).encode(), "src/lib.rs": source.encode(), **(files or {})}
    members = [(f"{name}-{version}/{path}", data) for path, data in content.items()]
    return MadeCrate(name, version, crate_of_members(*members), needs or {}, features or {})


def crate_of_members(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """Make the bytes of a ``.crate`` from its members: files with their content, or members as they are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                # Not addfile: from Python 3.13 on, it checks what the header claims.
                out.write(member.tobuf(tarfile.GNU_FORMAT))
                archive.offset = out.tell()
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return compress(out.getvalue(), mtime=0)


def index_path(name: str) -> str:
    """Return where the index has a crate: ``3/f/foo``, ``se/rd/serde``."""
    lower = name.lower()
    if len(lower) < 4:
        return f"{len(lower)}/{lower}" if len(lower) < 3 else f"3/{lower[0]}/{lower}"
    return f"{lower[:2]}/{lower[2:4]}/{lower}"


class SparseRegistry(Upstream):
    """A sparse registry on loopback. It serves from its creation until :meth:`close`.

    Its faults are those of :class:`tests.fake_upstream.Upstream`. The kinds of places are ``config``, ``index`` and
    ``crate``; a filename is that of a crate as its URL ends, with the usual template ``words-1.0.0.crate``.

    :param download: the ``dl`` of its configuration; ``{origin}`` in it becomes scheme, host and port.
    :param token: what requests must have as ``Authorization``; then ``auth-required`` is set.
    :ivar configuration: replaces members of ``config.json``; may be changed at any time.
    """

    def __init__(
        self,
        *crates: MadeCrate,
        download: str = "{origin}/crates/{crate}-{version}.crate",
        token: str | None = None,
        style: Style | None = None,
        tls: bool = False,
    ) -> None:
        self.download = download
        self.token = token
        self.configuration: dict[str, Any] = {}
        self._crates: dict[tuple[str, str], MadeCrate] = {}
        super().__init__(style, tls)
        for crate in crates:
            self.add_crate(crate)

    @property
    def url(self) -> str:
        """Of its index: ``http://127.0.0.1:40123/index/``. Cargo writes ``sparse+`` before it."""
        return f"{self.origin}{_INDEX}"

    def add_crate(self, crate: MadeCrate) -> MadeCrate:
        """List a crate and serve it, replacing the one of the same name and version."""
        self._crates[crate.name, crate.version] = crate
        return crate

    def remove_crate(self, crate: MadeCrate) -> None:
        """Remove a crate, and its line of the index."""
        del self._crates[crate.name, crate.version]

    def claim(self, crate: MadeCrate, **members: Any) -> MadeCrate:
        """Replace members of a crate's line of the index: the index then says something else than the crate is."""
        return self.add_crate(evolve(crate, extra={**crate.extra, **members}))

    def crate_url(self, crate: MadeCrate) -> str:
        """Return the URL of a crate, as clients make it from the template."""
        template = self.download.replace("{origin}", self.origin)
        if not any(f"{{{marker}}}" in template for marker in self._markers(crate)):
            template += "/{crate}/{version}/download"
        for marker, value in self._markers(crate).items():
            template = template.replace(f"{{{marker}}}", value)
        return template

    @staticmethod
    def _markers(crate: MadeCrate) -> dict[str, str]:
        prefix = index_path(crate.name).rpartition("/")[0]
        as_spelled = prefix if prefix.isdigit() else "/".join(
            [crate.name[:2], crate.name[2:4]] if len(crate.name) > 3 else ["3", crate.name[0]])  # fmt: skip
        return {"crate": crate.name, "version": crate.version, "prefix": as_spelled, "lowerprefix": prefix,
                "sha256-checksum": crate.sha256}  # fmt: skip

    def kind_of(self, path: str) -> str:
        if path == f"{_INDEX}config.json":
            return "config"
        return "index" if path.startswith(_INDEX) else "crate"

    def healthy_answer(self, request: Request) -> Answer:
        if self.token is not None and request.headers.get("authorization") != self.token:
            return Answer(401, {"WWW-Authenticate": "Cargo"}, b"a token is required\n")
        match self.kind_of(request.path):
            case "config":
                whole = self._config()
            case "index":
                whole = self._page(request.path.removeprefix(_INDEX))
            case _:
                return partial(self.style, request, conditional(self.style, request, self._content(request.path)))
        return conditional(self.style, request, whole)

    def _config(self) -> Answer:
        config: dict[str, Any] = {"dl": self.download.replace("{origin}", self.origin), "api": self.origin}
        if self.token is not None:
            config["auth-required"] = True
        return Answer(200, {"Content-Type": "application/json"}, json.dumps(config | self.configuration).encode())

    def _page(self, path: str) -> Answer:
        lines = [crate.line + b"\n" for crate in self._crates.values() if index_path(crate.name) == path]
        return Answer(200, {"Content-Type": "text/plain"}, b"".join(lines)) if lines else _NOTHING

    def _content(self, path: str) -> Answer:
        for crate in self._crates.values():
            if self.crate_url(crate).removeprefix(self.origin) == path:
                return Answer(200, {"Content-Type": "application/octet-stream"}, crate.content)
        return _NOTHING
