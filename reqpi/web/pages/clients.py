"""How to use an address: the lines to paste for each client and each kind of job, with the URL of this server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from shlex import quote as quoted

from attrs import frozen
from twisted.web.template import Tag, tags

from reqpi.core.env_vars import trusted_host
from reqpi.web.pages.commands import install_commands
from reqpi.web.pages.frame import command

__all__ = ["ClientLines", "client_lines", "how_to_use"]


_PIP_ALONE = "export PIP_CONFIG_FILE=/dev/null\nunset PIP_EXTRA_INDEX_URL PIP_FIND_LINKS"


@frozen
class ClientLines:
    """The lines that a person pastes for one client.

    :param name: of the client.
    :param text: the lines.
    :param remark: what to know about them; may be empty.
    """

    name: str
    text: str
    remark: str = ""


def client_lines(index: str, base: str, address: str) -> Iterator[ClientLines]:
    """Yield the lines for each client.

    :param index: the URL of the index.
    :param base: the URL of this server.
    """
    url, variables = quoted(index), _variables(index, base)
    pip, uv = install_commands(url, base).splitlines()
    run = f"reqpi run --url {quoted(base)} requirements.txt -- make build"
    yield ClientLines("Any command", run, "It sets the variables of all clients, and shows what was refused.")
    yield ClientLines("pip", f"{_PIP_ALONE}\n{pip}", "The first two lines exclude your own configuration.")
    yield ClientLines("uv", f"export UV_NO_CONFIG=1\n{uv}")
    poetry = f"export POETRY_PYPI_MIRROR_URL={url}\npoetry install"
    yield ClientLines("poetry", poetry, "It needs the plug-in poetry-plugin-pypi-mirror.")
    pdm = f"export PDM_PYPI_URL={url} PDM_CONFIG_FILE=/dev/null PDM_CHECK_UPDATE=0{_pdm_trust(base)}\npdm sync"
    yield ClientLines("pdm", pdm)
    yield ClientLines("pex", f"pex --no-pypi --index {url} -r requirements.txt -o app.pex")
    yield ClientLines("pipenv", f"export PIPENV_PYPI_MIRROR={url}\npipenv sync")
    yield ClientLines("hatch", _lines("export {}={}", variables, quoted) + "\nhatch env create")
    yield ClientLines("tox", "# tox.ini\n[testenv]\nset_env =\n" + _lines("    {} = {}", variables, str))
    docker = _lines("ENV {}={}", variables, quoted) + "\nCOPY requirements.txt .\nRUN pip install -r requirements.txt"
    yield ClientLines("Docker", docker, "A build sees the localhost of its host only with --network=host.")
    yield ClientLines("GitHub Actions", "env:\n" + _lines("  {}: {}", variables, _yaml))
    yield ClientLines("GitLab CI", "variables:\n" + _lines("  {}: {}", variables, _yaml))
    yield ClientLines("curl", f"curl --fail {quoted(f'{base}/{address}/env')}", "It prints the variables for a shell.")


def how_to_use(index: str, base: str, address: str) -> Tag:
    """Return the lines for each client, of which one is open. It needs no script."""
    shown = []
    for number, lines in enumerate(client_lines(index, base, address)):
        remark = [tags.p(lines.remark, class_="hint")] if lines.remark else []
        opened = {"open": "open"} if lines.name == "pip" else {}
        body = [command(f"use-{number}", lines.text, f"Copy the lines for {lines.name}"), *remark]
        shown.append(tags.details(tags.summary(lines.name), body, name="client", **opened))
    return tags.div(shown, class_="clients")


def _variables(index: str, base: str) -> list[tuple[str, str]]:
    """Return the variables that pip and uv need, in whatever program runs them."""
    trusted = trusted_host(base)
    trust = [("PIP_TRUSTED_HOST", trusted)] if trusted else []
    return [
        ("PIP_CONFIG_FILE", "/dev/null"),
        ("PIP_INDEX_URL", index),
        *trust,
        ("UV_NO_CONFIG", "1"),
        ("UV_DEFAULT_INDEX", index),
    ]


def _lines(layout: str, variables: Iterable[tuple[str, str]], write: Callable[[str], str]) -> str:
    """Return a line for each variable.

    :param layout: of a line, with a place for the name and one for the value.
    :param write: returns a value as the line needs it.
    """
    return "\n".join(layout.format(name, write(value)) for name, value in variables)


def _pdm_trust(base: str) -> str:
    """Return the variable without which pdm takes plain http from loopback alone."""
    return " PDM_PYPI_VERIFY_SSL=0" if trusted_host(base) else ""


def _yaml(value: str) -> str:
    """Return a text as YAML has it. A quoted scalar is never a number."""
    return "'" + value.replace("'", "''") + "'"
