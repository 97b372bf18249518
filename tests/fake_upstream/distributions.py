"""Small real wheels and sdists, the same bytes every time."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256

__all__ = ["build_sdist", "build_wheel", "core_metadata", "sdist_filename", "sdist_of_files", "wheel_filename"]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # as early as a zip can say

# The wheel that an sdist becomes travels inside it, so that it can be built with nothing installed.
_BACKEND = '''\
"""A build backend whose result is in the sdist already (:pep:`517`)."""

from pathlib import Path
from shutil import copy


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    [wheel] = Path(__file__).parent.glob("*.whl")
    copy(wheel, wheel_directory)
    return wheel.name


def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError
'''


def build_wheel(
    name: str,
    version: str,
    requires: Iterable[str] = (),
    *,
    python_requires: str | None = None,
    tag: str = "py3-none-any",
    files: Mapping[str, bytes] | None = None,
) -> bytes:
    """Build a wheel with one module that knows its version, or with ``files``; :func:`wheel_filename` names it."""
    stem = f"{_escaped(name)}-{version}"
    metadata = core_metadata(name, version, requires, python_requires)
    description = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    content = dict(files) if files is not None else {f"{_escaped(name)}.py": f"__version__ = {version!r}\n".encode()}
    content |= {f"{stem}.dist-info/METADATA": metadata, f"{stem}.dist-info/WHEEL": description.encode()}
    record = f"{stem}.dist-info/RECORD"
    content[record] = "".join([*(_recorded(path, content[path]) for path in content), f"{record},,\n"]).encode()
    return _zip(content)


def build_sdist(
    name: str,
    version: str,
    requires: Iterable[str] = (),
    *,
    python_requires: str | None = None,
    build_requires: Iterable[str] = (),
    form: str = "tar.gz",
) -> bytes:
    """Make an sdist that builds offline, unless ``build_requires`` names something.

    :param form: ``tar.gz`` or ``zip``.
    """
    quoted = ", ".join(f'"{requirement}"' for requirement in build_requires)
    project = f'[build-system]\nrequires = [{quoted}]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    root = f"{_escaped(name)}-{version}"
    content = {
        f"{root}/PKG-INFO": core_metadata(name, version, requires, python_requires),
        f"{root}/backend.py": _BACKEND.encode(),
        f"{root}/pyproject.toml": project.encode(),
        f"{root}/{wheel_filename(name, version)}": build_wheel(
            name, version, requires, python_requires=python_requires
        ),
    }
    return _zip(content) if form == "zip" else _tar(content)


def sdist_of_files(name: str, version: str, files: Mapping[str, bytes]) -> bytes:
    """Make the ``.tar.gz`` of an sdist that has these files beside its PKG-INFO, by their path below its folder."""
    root = f"{_escaped(name)}-{version}"
    content = {"PKG-INFO": core_metadata(name, version), **files}
    return _tar({f"{root}/{path}": content[path] for path in content})


def core_metadata(name: str, version: str, requires: Iterable[str] = (), python_requires: str | None = None) -> bytes:
    """Return the core metadata of a distribution: METADATA in a wheel, PKG-INFO in an sdist."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Summary: made for a test"]
    lines += [f"Requires-Python: {python_requires}"] if python_requires else []
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return ("\n".join(lines) + "\n").encode()


def wheel_filename(name: str, version: str, tag: str = "py3-none-any") -> str:
    """Return the name of a wheel."""
    return f"{_escaped(name)}-{version}-{tag}.whl"


def sdist_filename(name: str, version: str, form: str = "tar.gz") -> str:
    """Return the name of an sdist (:pep:`625`)."""
    return f"{_escaped(name)}-{version}.{form}"


def _escaped(name: str) -> str:
    return name.replace("-", "_").replace(".", "_").lower()


def _recorded(path: str, content: bytes) -> str:
    digest = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


def _zip(content: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in content:
            info = zipfile.ZipInfo(path, _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content[path], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _tar(content: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in content:
            info = tarfile.TarInfo(path)
            info.size = len(content[path])
            archive.addfile(info, io.BytesIO(content[path]))
    return gzip.compress(out.getvalue(), mtime=0)
