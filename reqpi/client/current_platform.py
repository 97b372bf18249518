"""Filters for this machine and this interpreter: the meaning of ``--platform current``.

It uses only the standard library, because ``gethash`` has to start fast. The result is the newest platform tag that
this machine can use (:pep:`600`, :pep:`656`); a server knows which older tags are implied.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Sequence

__all__ = ["CURRENT", "with_current"]

CURRENT = "current"

_OF_THE_PYTHON = ("python-version", "implementation", "abi")
_IMPLEMENTATIONS = {"cpython": "cp", "pypy": "pp"}
_IN_32_BITS = {"x86_64": "i686", "aarch64": "armv7l"}


def with_current(filters: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return ``filters``, with this machine's platform tag in place of ``("platform", "current")``.

    The version, implementation and ABI of this interpreter are added, unless the filters name one of them.
    """
    if ("platform", CURRENT) not in filters:
        return list(filters)
    named = {name for name, _ in filters}
    replaced = [(name, _platform() if (name, value) == ("platform", CURRENT) else value) for name, value in filters]
    return replaced if named & {*_OF_THE_PYTHON} else [*replaced, *_python()]


def _python() -> list[tuple[str, str]]:
    """Return the filters for this interpreter. PyPy's ABI has more parts than a filter needs, so it is left open."""
    short = _IMPLEMENTATIONS.get(sys.implementation.name)
    found = [("python-version", ".".join(map(str, sys.version_info[:3])))]
    if short is None:
        return found
    found.append(("implementation", short))
    if short == "cp":
        threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
        found.append(("abi", f"cp{sys.version_info[0]}{sys.version_info[1]}{threads}"))
    return found


def _platform() -> str:
    """Return the platform tag of this machine."""
    built_for = re.sub("[-.]", "_", sysconfig.get_platform())
    if built_for.startswith("linux_"):
        return _linux(built_for.removeprefix("linux_"))
    if built_for.startswith("macosx_"):
        import platform  # noqa: PLC0415 - two milliseconds, which other systems do not need

        release, _, machine = platform.mac_ver()
        major, minor = (int(number) for number in [*release.split("."), "0"][:2])
        return f"macosx_{major}_{minor if major < 11 else 0}_{machine}"
    return built_for


def _linux(machine: str) -> str:
    if sys.maxsize <= 1 << 32:  # a 32-bit interpreter over a 64-bit kernel
        machine = _IN_32_BITS.get(machine, machine)
    libc = _glibc()
    if libc is not None:
        return f"manylinux_{libc}_{machine}"
    libc = _musl(machine)
    return f"linux_{machine}" if libc is None else f"musllinux_{libc}_{machine}"


def _glibc() -> str | None:
    """Return the version of glibc, like ``2_36``; ``None`` if there is another libc."""
    try:
        said = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, OSError, ValueError):
        return None
    match = re.fullmatch(r"glibc (\d+)\.(\d+).*", said)
    return match and f"{match[1]}_{match[2]}"


def _musl(machine: str) -> str | None:
    """Return the version of musl, like ``1_2``; its loader prints it when it is run without a program."""
    import subprocess  # noqa: PLC0415 - four milliseconds, which glibc does not need

    try:
        said = subprocess.run([f"/lib/ld-musl-{machine}.so.1"], capture_output=True, text=True, check=False, timeout=5)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"Version (\d+)\.(\d+)", said.stderr)
    return match and f"{match[1]}_{match[2]}"
