"""The clients that log in to a server on which nothing can be read without a token, and the ways in which they do.

``docs/clients/login.md`` has a row for each. Write it again with ``python -m tests.end_to_end.login_clients``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import field, frozen

from tests.end_to_end.clients import environment

__all__ = ["CLIENTS", "PAGE", "PINNED", "WAYS", "LoginClient", "page_text"]

PAGE = Path(__file__).parents[2] / "docs" / "clients" / "login.md"

WAYS = ("url", "netrc", "keyring")
"""A login in the URL; one in netrc; a user in the URL whose password a keyring has."""

PINNED = "lonely==1.0"
"""The lock."""

Files = Callable[[str, str], Mapping[str, str]]
"""Returns the files of a project, by their paths, for the URL of an index and the sha256 of the one wheel."""


def _none(index: str, sha256: str) -> Mapping[str, str]:
    return {}


@frozen
class LoginClient:
    """A client that installs one wheel from an address.

    :param program: the environment of the program, its requirements, and its name there.
    :param command: its words; ``{index}`` is the URL of the index.
    :param first: a command that is run before.
    :param keyring: what a user sets so that it asks a keyring; empty if it asks none.
    :param user: its keyring is asked for the password of the user in the URL; otherwise the URL has none.
    :param place: where the index is written, as the page shows it.
    :param environ: variables of the client; ``{folder}`` is that of the project, and ``{index}`` the URL of the index.
    """

    name: str
    program: tuple[str, tuple[str, ...], str]
    command: tuple[str, ...]
    place: str
    project: Files = _none
    first: tuple[str, ...] = ()
    keyring: str = ""
    user: bool = True
    environ: Mapping[str, str] = field(factory=dict[str, str])

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways in which it logs in."""
        return WAYS if self.keyring else WAYS[:2]

    def words(self, command: tuple[str, ...], index: str) -> list[str]:
        """Return one of its commands, in an environment that is made if there is none."""
        folder, requirements, name = self.program
        return [str(environment(folder, *requirements) / name), *(word.format(index=index) for word in command)]

    def variables(self, folder: Path, index: str) -> dict[str, str]:
        """Return its variables, for a project in a folder."""
        own = {name: value.format(folder=folder, index=index) for name, value in self.environ.items()}
        return {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), **own}


def _pyproject(more: str = "") -> str:
    head = '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.11,<4"\n'
    return f'{head}dependencies = ["{PINNED}"]\n{more}'


def _poetry(index: str, sha256: str) -> Mapping[str, str]:
    source = f'[[tool.poetry.source]]\nname = "locked"\nurl = "{index}"\npriority = "primary"\n'
    return {"pyproject.toml": _pyproject(f"[tool.poetry]\npackage-mode = false\n{source}"), "own_keyring.py": BACKEND}


def _pdm(index: str, sha256: str) -> Mapping[str, str]:
    return {"pyproject.toml": _pyproject()}


def _pipenv(index: str, sha256: str) -> Mapping[str, str]:
    source = {"name": "locked", "url": index, "verify_ssl": False}
    name, _, version = PINNED.partition("==")
    default = {name: {"hashes": [f"sha256:{sha256}"], "index": "locked", "version": f"=={version}"}}
    meta = {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": [source]}
    pipfile = f'[[source]]\nname = "locked"\nurl = "{index}"\nverify_ssl = false\n[packages]\n{name} = "=={version}"\n'
    return {"Pipfile": pipfile, "Pipfile.lock": json.dumps({"_meta": meta, "default": default, "develop": {}})}


BACKEND = """
import os
from keyring.backend import KeyringBackend
from keyring.credentials import SimpleCredential

class Own(KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        return None
    def get_credential(self, service, username):
        return SimpleCredential("__token__", os.environ["OWN_TOKEN"]) if "127.0.0.1" in service else None
    def set_password(self, service, username, password):
        raise NotImplementedError
"""
"""A keyring as the library of that name has it, which poetry asks."""

_TOOLS = ("tools", ("poetry>=2.1", "pipenv", "pex"))

CLIENTS = (
    LoginClient(
        "pip", ("pip", ("pip",), "pip"),
        (
            "install", "--no-cache-dir", "--no-input", "--retries", "0", "--target", "got",
            "--index-url", "{index}", PINNED,
        ),
        "`--index-url`, `PIP_INDEX_URL`, `pip.conf`", keyring="`--keyring-provider subprocess`",
        environ={"PIP_KEYRING_PROVIDER": "subprocess", "PIP_CONFIG_FILE": os.devnull},
    ),
    LoginClient(
        "uv", ("uv", ("uv",), "uv"),
        (
            "pip", "install", "--no-cache", "--target", "got", "--python", sys.executable,
            "--default-index", "{index}", PINNED,
        ),
        "`--default-index`, `UV_DEFAULT_INDEX`, `uv.toml`", keyring="`--keyring-provider subprocess`",
        environ={"UV_KEYRING_PROVIDER": "subprocess", "UV_NO_CONFIG": "1", "UV_HTTP_RETRIES": "0"},
    ),
    LoginClient(
        "poetry", (*_TOOLS, "poetry"), ("sync", "--no-interaction"), "a source in `pyproject.toml`", _poetry,
        first=("lock", "--no-interaction"), user=False,
        keyring="a backend of the library `keyring`; no user in the URL",
        environ={
            "POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_CACHE_DIR": "{folder}/cache", "PYTHONPATH": "{folder}",
            "POETRY_REQUESTS_MAX_RETRIES": "0", "PYTHON_KEYRING_BACKEND": "own_keyring.Own",
        },
    ),
    LoginClient(
        "pdm", ("pdm", ("pdm[locked]",), "pdm"), ("sync", "--no-self"),
        "`PDM_PYPI_URL`, a source in `pyproject.toml`", _pdm,
        first=("lock", "--platform", "macos" if sys.platform == "darwin" else "linux"),
        keyring="`keyring` on `PATH`",
        environ={
            "PDM_PYPI_URL": "{index}", "PDM_CONFIG_FILE": os.devnull, "PDM_CHECK_UPDATE": "0",
            "PDM_CACHE_DIR": "{folder}/cache", "PDM_IGNORE_ACTIVE_VENV": "1",
        },
    ),
    LoginClient(
        "pipenv", (*_TOOLS, "pipenv"), ("sync",), "a source in `Pipfile`", _pipenv,
        keyring="`PIP_KEYRING_PROVIDER=subprocess`",
        environ={
            "PIPENV_VENV_IN_PROJECT": "1", "PIPENV_NOSPIN": "1", "PIPENV_CACHE_DIR": "{folder}/cache",
            "PIP_RETRIES": "0", "PIP_KEYRING_PROVIDER": "subprocess",
        },
    ),
    LoginClient(
        "pex", (*_TOOLS, "pex"), (PINNED, "--no-pypi", "--index-url", "{index}", "-o", "out.pex", "--retries", "0"),
        "`--index-url`", environ={"PEX_ROOT": "{folder}/cache"},
    ),
)  # fmt: skip

_HEAD = """\
# Logging in

A server on which nothing can be read without [a token](../access.md). Each of these clients installed a wheel from an
address there, with its token in each place that is named, and failed without it: ReqPI's tests do that, and this page
is written from the same table. In a URL the login is `__token__:TOKEN@`, in netrc it is `machine HOST login __token__
password TOKEN`, without the port. With a keyring the URL has the user alone, `__token__@`.

"""

_TAIL = """
pip and uv ask the program `keyring`, which has to be on `PATH`. `netrc` is `~/.netrc`, or the file in `NETRC`. A
token in a URL may be written into a lock by poetry, pdm and pipenv: prefer the other ways, or a variable in the URL
where the client replaces it. [cargo](../crates.md#a-server-that-requires-a-token) reads none of these places;
ReqPI's own commands read [a file and a variable](../access.md#our-own-commands), netrc and the URL.
"""


def page_text() -> str:
    """Return the page of the documentation."""
    lines = ["| client | the index is in | URL | netrc | keyring |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {each.name} | {each.place} | yes | yes | {each.keyring or 'no'} |" for each in CLIENTS]
    return _HEAD + "".join(f"{line}\n" for line in lines) + _TAIL


if __name__ == "__main__":
    PAGE.write_text(page_text(), "utf-8")
