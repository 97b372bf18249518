"""The commands that install from an address."""

from __future__ import annotations

from shlex import quote as quoted

from reqpi.core.env_vars import trusted_host

__all__ = ["install_commands"]


def install_commands(index: str, base: str) -> str:
    """Return the commands that install from an index.

    :param index: the URL of the index, quoted for a shell.
    :param base: the URL of this server.
    """
    trusted = trusted_host(base)
    trust = f" --trusted-host {quoted(trusted)}" if trusted else ""
    return (
        f"pip install --index-url {index}{trust} -r requirements.txt\n"
        f"uv pip install --default-index {index} -r requirements.txt"
    )
