"""The clients that ``reqpi run --seal`` is shown with: the lock of each, its command, and how it fails.

``docs/clients/sealed.md`` has a row for each. Write it again with ``python -m tests.end_to_end.sealed_clients``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from attrs import field, frozen

from tests.end_to_end.clients import environment
from tests.end_to_end.run_proxy_case import HOST, original_url, pylock, uv_lock
from tests.fake_upstream import Distribution

__all__ = ["CLIENTS", "PAGE", "REFUSED", "Client", "page_text"]

PAGE = Path(__file__).parents[2] / "docs" / "clients" / "sealed.md"

Files = tuple[Distribution, ...]


@frozen
class Client:
    """A client that takes an unchanged lock through the proxy of a sealed run.

    :param lock: the name of its lock.
    :param command: as a user writes it.
    :param program: the environment of the program, its requirements, and its name there.
    :param project: returns the files of a project with these files in its lock, by their names.
    :param more: further words of the command, which a user does not need.
    :param environ: variables of the client; ``{folder}`` is that of the project.
    :param lacking: what it shows if the lock of the run lacks a pin of its own lock.
    :param wrong: what it shows if the upstream sends other bytes than those that the lock pins.
    :param agent: the name that it has in what ``run`` prints at the end; empty if it asked for a page, for which
        ``run`` prints a line that admits the project.
    :param locks: words of the program that write the lock, if it is not written here.
    """

    name: str
    lock: str
    command: str
    program: tuple[str, tuple[str, ...], str]
    project: Callable[[Files], Mapping[str, str]]
    lacking: str
    wrong: str
    agent: str
    locks: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(factory=dict[str, str])

    def program_path(self) -> str:
        """Return the path of the program, in an environment that is made if there is none."""
        folder, requirements, name = self.program
        return str(environment(folder, *requirements) / name)

    def words(self) -> list[str]:
        """Return the command."""
        return [self.program_path(), *self.command.split()[1:], *self.more]

    def variables(self, folder: Path) -> dict[str, str]:
        """Return the variables for a project in ``folder``."""
        own = {"HOME": "{folder}", "XDG_CACHE_HOME": "{folder}/cache", **self.environ}
        return {name: value.format(folder=folder) for name, value in own.items()}


def _name(file: Distribution) -> str:
    return file.filename.partition("-")[0]


def _pyproject(files: Files, more: str = "") -> str:
    wanted = ", ".join(f'"{_name(file)}=={file.version}"' for file in files)
    head = '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.11,<4"\n'
    return f"{head}dependencies = [{wanted}]\n{more}"


def _uv(files: Files) -> Mapping[str, str]:
    return uv_lock(*files)


def _pylock(files: Files) -> Mapping[str, str]:
    return {"pylock.toml": pylock(*files)}


def _poetry(files: Files) -> Mapping[str, str]:
    """``poetry lock`` writes the lock, because it has a digest of the project that only poetry can compute."""
    return {"pyproject.toml": _pyproject(files, "[tool.poetry]\npackage-mode = false\n")}


def _pdm(files: Files) -> Mapping[str, str]:
    packages = "".join(
        f'[[package]]\nname = "{_name(file)}"\nversion = "{file.version}"\ngroups = ["default"]\n'
        f'files = [\n    {{url = "{original_url(file)}", hash = "sha256:{file.sha256}"}},\n]\n'
        for file in files
    )
    metadata = (
        '[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata", "static_urls"]\nlock_version = "4.5.0"\n'
        'content_hash = "sha256:0"\n[[metadata.targets]]\nrequires_python = ">=3.11,<4"\n'
    )
    return {"pyproject.toml": _pyproject(files), "pdm.lock": f"{metadata}{packages}"}


def _pipenv(files: Files) -> Mapping[str, str]:
    source = {"name": "pypi", "url": f"https://{HOST}/simple", "verify_ssl": True}
    default = {
        _name(file): {"hashes": [f"sha256:{file.sha256}"], "index": "pypi", "version": f"=={file.version}"}
        for file in files
    }
    meta = {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": [source]}
    wanted = "".join(f'{_name(file)} = "=={file.version}"\n' for file in files)
    pipfile = f'[[source]]\nname = "pypi"\nurl = "{source["url"]}"\nverify_ssl = true\n[packages]\n{wanted}'
    return {"Pipfile": pipfile, "Pipfile.lock": json.dumps({"_meta": meta, "default": default, "develop": {}})}


def _pex(files: Files) -> Mapping[str, str]:
    locked = [
        {
            "artifacts": [{"algorithm": "sha256", "hash": file.sha256, "url": original_url(file)}],
            "project_name": _name(file),
            "requires_dists": [],
            "requires_python": None,
            "version": file.version,
        }
        for file in files
    ]
    lists = ("constraints", "excluded", "only_builds", "only_wheels", "overridden", "requires_python", "target_systems")
    lock = {
        **{name: list[str]() for name in lists},
        "allow_builds": False,
        "allow_prereleases": False,
        "allow_wheels": True,
        "build_isolation": True,
        "elide_unused_requires_dist": False,
        "locked_resolves": [{"locked_requirements": locked, "marker": None, "platform_tag": None}],
        "path_mappings": {},
        "pex_version": "2.105.2",
        "pip_version": "24.2",
        "prefer_older_binary": False,
        "requirements": [_name(file) for file in files],
        "resolver_version": "pip-2020-resolver",
        "style": "universal",
        "transitive": True,
        "use_pep517": None,
        "use_system_time": False,
    }
    return {"lock.json": json.dumps(lock, indent=1)}


_UV = ("uv", ("uv",), "uv")
_TOOLS = ("tools", ("poetry>=2.1", "pipenv", "pex"))
_NOT_HERE = "not in this lock"
_WRONG = "wrong bytes for mid-1.5-py3-none-any.whl"
_RETRIED = "too many 503 error responses"

CLIENTS = (
    Client(
        "uv", "uv.lock", "uv sync --frozen", _UV, _uv, _NOT_HERE, _WRONG, "uv",
        environ={"UV_PYTHON": sys.executable, "UV_HTTP_RETRIES": "0"},
    ),
    Client(
        "uv", "pylock.toml", "uv pip sync pylock.toml", _UV, _pylock, _NOT_HERE, _WRONG, "uv",
        environ={"UV_PYTHON": sys.executable, "UV_HTTP_RETRIES": "0"}, more=("--target", "got"),
    ),
    Client(
        "pip", "pylock.toml", "pip install -r pylock.toml", ("pip", ("pip",), "pip"), _pylock, _NOT_HERE, _RETRIED,
        "pip", more=("--no-cache-dir", "--retries", "0", "--target", "got"),
    ),
    Client(
        "poetry", "poetry.lock", "poetry install", (*_TOOLS, "poetry"), _poetry,
        "Unable to find installation candidates for mid", _WRONG, "",
        locks=("lock", "--no-interaction"), more=("--no-interaction",),
        environ={
            "POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_CACHE_DIR": "{folder}/cache",
            "POETRY_REQUESTS_MAX_RETRIES": "0",
        },
    ),
    Client(
        "pdm, static URLs", "pdm.lock", "pdm sync", ("pdm", ("pdm[locked]",), "pdm"), _pdm, "403 Forbidden",
        "503 Service Unavailable", "pdm", more=("--no-self",),
        environ={"PDM_IGNORE_ACTIVE_VENV": "1", "PDM_CACHE_DIR": "{folder}/cache"},
    ),
    Client(
        "pipenv", "Pipfile.lock", "pipenv sync", (*_TOOLS, "pipenv"), _pipenv,
        "No matching distribution found for mid", _RETRIED, "",
        environ={
            "PIPENV_VENV_IN_PROJECT": "1", "PIPENV_NOSPIN": "1", "PIPENV_CACHE_DIR": "{folder}/cache",
            "PIP_RETRIES": "0",
        },
    ),
    Client(
        "pex", "lock.json", "pex --lock lock.json -o out.pex", (*_TOOLS, "pex"), _pex, _NOT_HERE, _RETRIED, "pip",
        more=("--retries", "0"), environ={"PEX_ROOT": "{folder}/cache"},
    ),
)  # fmt: skip

REFUSED = (
    ("cargo", "cargo fetch", f"HOST: {_NOT_HERE}", f"HOST was asked by cargo: {_NOT_HERE}"),
    (
        "git",
        "git clone URL",
        "git is not served: take PROJECT-COMMIT.tar.gz",
        "HOST was asked by git: git is not served: take PROJECT-COMMIT.tar.gz",
    ),
)
"""Programs that take nothing: the command, what it shows, and what ``run`` prints at the end."""

_HEAD = """\
# Sealed

Each command of the first table ran behind `reqpi run --seal LOCK -- COMMAND`, with its lock as it is, without a route
to any network, and with an empty cache: [the proxy of the run](../reference/commands.md#the-proxy-of-a-run) answered
for every URL, and the last line of `run` was `2 files taken, 0 refused`. ReqPI's tests run these commands, and this
page is written from the same table.

The other columns say what the client shows if the lock that `run` was given lacks a pin of the client's own lock, and
if the upstream sends wrong bytes for a file. The client then fails, and `run` prints the reason:
`HOST was asked by CLIENT: not in this lock`, a line that admits the project, or `wrong bytes for FILE`.

"""

_REFUSED_HEAD = """
These programs take nothing from a lock of Python packages, and are refused with words:

"""

_TAIL = """
[Crates that the lock pins](../crates.md) are served, also to a cargo without a configuration. A commit of a git
repository that the lock pins is an archive in the index of the run, at
`${PIP_INDEX_URL}PROJECT/PROJECT-COMMIT.tar.gz`: install the project from the index, and not from its repository.
"""


def page_text() -> str:
    """Return the page of the documentation."""
    taking = [(each.name, each.lock, each.command, each.lacking, each.wrong) for each in CLIENTS]
    return "".join(
        (
            _HEAD,
            _table(("client", "lock", "command", "a pin is lacking", "wrong bytes"), taking),
            _REFUSED_HEAD,
            _table(("program", "command", "it shows", "`run` prints"), REFUSED),
            _TAIL,
        )
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *((row[0], *(f"`{cell}`" for cell in row[1:])) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    PAGE.write_text(page_text(), "utf-8")
