"""A uv.lock or pdm.lock with its URLs below an address: what is replaced, and what stays byte for byte."""

from __future__ import annotations

import tomllib
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.rewritten_lock import CannotRewrite, original_place, rewritten_lock

LOCKS = Path(__file__).parents[1] / "data" / "locks"
HERE = f"http://buildhost:2000/{'a' * 64}/"
FILES = "https://files.example.org/packages/ab"
INDEX = "https://index.example.org/simple"

ROWS = {
    # A package of an index: the file is in the index of the address.
    f"""source = {{ registry = "{INDEX}" }}
sdist = {{ url = "{FILES}/six-1.0.tar.gz", hash = "sha256:ab" }}
wheels = [
    {{ url = "{FILES}/six-1.0-py3-none-any.whl", hash = "sha256:cd", size = 5 }},
]""": f"""source = {{ registry = "{HERE}simple/" }}
sdist = {{ url = "{HERE}simple/six/six-1.0.tar.gz", hash = "sha256:ab" }}
wheels = [
    {{ url = "{HERE}simple/six/six-1.0-py3-none-any.whl", hash = "sha256:cd", size = 5 }},
]""",
    # A local version, a query, a fragment, an escape that means a plain character.
    f"""source = {{ registry = "{INDEX}" }}
wheels = [{{ url = "{FILES}/si%78-1.0%2Bcpu-py3-none-any.whl?sig=a%26b#x" }}]""": f"""\
source = {{ registry = "{HERE}simple/" }}
wheels = [{{ url = "{HERE}simple/six/six-1.0%2Bcpu-py3-none-any.whl" }}]""",
    # An archive: at its original path, with its query.
    """source = { url = "https://host.example.org:8443/a/six-1.0.zip?v=1" }
sdist = { hash = "sha256:ab" }""": f"""\
source = {{ url = "{HERE}files/host.example.org:8443/a/six-1.0.zip?v=1" }}
sdist = {{ hash = "sha256:ab" }}""",
    # git, paths and URLs of other schemes stay.
    'source = { git = "https://host.example.org/six.git?rev=1#abc" }': None,
    'source = { editable = "." }': None,
    'source = { registry = "../wheels" }\nwheels = [{ path = "six-1.0-py3-none-any.whl" }]': None,
    'source = { registry = "file:///srv/simple" }\nwheels = [{ url = "file:///srv/six-1.0-py3-none-any.whl" }]': None,
    # Comments and other strings stay, whatever is in them.
    f"""source = {{ registry = '{INDEX}' }} # registry = "{INDEX}"
description = 'registry = "{INDEX}"'""": f"""\
source = {{ registry = "{HERE}simple/" }} # registry = "{INDEX}"
description = 'registry = "{INDEX}"'""",
    # Other spellings of the same TOML.
    f'source."registry"="{INDEX}"': f'source."registry"="{HERE}simple/"',
    'source.registry = "https:\\u002f\\u002findex.example.org/simple"': f'source.registry = "{HERE}simple/"',
}
"""The rest of a package's table, and what it becomes; ``None``: the same."""


def uv(rest: str) -> bytes:
    """A uv.lock with one package."""
    return f'version = 1\r\nrevision = 3\n\n[[package]]\nname = "six"\nversion = "1.0"\n{rest}\n'.encode()


class UvLocks(SynchronousTestCase):
    def test_urls_of_packages_point_below_the_address(self) -> None:
        """And nothing else is changed: not a line end, not a comment."""
        for rest, wanted in ROWS.items():
            self.assertEqual(rewritten_lock(uv(rest), HERE).document, uv(wanted or rest), rest)

    def test_a_second_index_stays_another_index(self) -> None:
        """The same release of two indexes is two packages to uv, and dependencies name which one they mean."""
        other = "https://download.example.org/whl/cpu"
        written = rewritten_lock(
            uv(
                f'source = {{ registry = "{INDEX}" }}\n[[package]]\nname = "six"\nversion = "1.0"\n'
                f'source = {{ registry = "{other}" }}\n[[package]]\nname = "top"\nversion = "1"\n'
                f'source = {{ registry = "{INDEX}" }}\n'
                f'dependencies = [{{ name = "six", source = {{ registry = "{other}" }} }}]'
            ),
            HERE,
        )
        packages = tomllib.loads(written.document.decode())["package"]
        second = f"{HERE}files/download.example.org/whl/cpu"
        self.assertEqual(
            [package["source"]["registry"] for package in packages], [f"{HERE}simple/", second, f"{HERE}simple/"]
        )
        self.assertEqual(packages[2]["dependencies"][0]["source"]["registry"], second)

    def test_packages_from_git_are_named(self) -> None:
        """The caller can say what is still taken from elsewhere."""
        written = rewritten_lock(uv('source = { git = "https://host.example.org/six.git#abc" }'), HERE)
        self.assertEqual(written.elsewhere, ("six",))

    def test_real_locks_differ_in_urls_alone(self) -> None:
        """Line by line, and no URL of a file is left."""
        for path in sorted([*LOCKS.glob("uv/*.lock"), *LOCKS.glob("projects/*.uv.lock"), *LOCKS.glob("pdm/*.lock")]):
            document = path.read_bytes()
            written = rewritten_lock(document, HERE).document
            before, after = document.decode().split("\n"), written.decode().split("\n")
            self.assertEqual(len(before), len(after))
            for one, other in zip(before, after, strict=True):
                if one != other:
                    self.assertIn(HERE, other)
                    self.assertEqual(one.partition("hash = ")[2], other.partition("hash = ")[2])
                elif "http" in other:
                    self.assertNotRegex(other, r'hash = "|registry = "https?:')


class PdmLocks(SynchronousTestCase):
    def test_static_urls_point_below_the_address(self) -> None:
        """Those of files, and those of archives."""
        head = '[metadata]\nlock_version = "4.5.1"\n[[package]]\nname = "six"\nversion = "1.0"\n'
        files = f'files = [\n    {{url = "{FILES}/six-1.0.tar.gz", hash = "sha256:ab"}},\n]\n'
        document = rewritten_lock((head + files).encode(), HERE).document.decode()
        self.assertEqual(document, head + files.replace(FILES, f"{HERE}simple/six"))
        archive = f'url = "{FILES}/six.zip"\nfiles = [{{url = "{FILES}/six.zip", hash = "sha256:ab"}}]\n'
        document = rewritten_lock((head + archive).encode(), HERE).document.decode()
        self.assertEqual(document, head + archive.replace("https://", f"{HERE}files/"))

    def test_the_table_of_an_older_lock_is_rewritten(self) -> None:
        head = '[metadata]\nlock_version = "4.2"\n[metadata.files]\n"six[x] 1.0" = [\n'
        file = f'{{url = "{FILES}/six-1.0.tar.gz", hash = "sha256:ab"}},\n]\n'
        document = rewritten_lock((head + file).encode(), HERE).document.decode()
        self.assertEqual(document, head + file.replace(FILES, f"{HERE}simple/six"))


class Rejected(SynchronousTestCase):
    def test_another_document_is_rejected(self) -> None:
        """Not a byte is guessed about formats that have no URLs, or are not TOML."""
        for path in ("poetry/poetry.lock", "pip/pylock.toml", "pip/sources.txt", "pipenv/Pipfile.lock", "pex/pex.lock"):
            with self.assertRaisesRegex(CannotRewrite, "it is not"):
                rewritten_lock((LOCKS / path).read_bytes(), HERE)
        self.assertRaises(CannotRewrite, rewritten_lock, b"\xff", HERE)

    def test_a_form_that_its_tool_does_not_write_is_rejected(self) -> None:
        """A URL that would stay in the text is never passed over in silence."""
        for rest in (f'source = {{ registry = """{INDEX}""" }}', f'source = {{ "regis\\u0074ry" = "{INDEX}" }}'):
            with self.assertRaisesRegex(CannotRewrite, "lock again"):
                rewritten_lock(uv(rest), HERE)

    def test_a_url_that_leads_elsewhere_is_rejected(self) -> None:
        """A client would resolve the dots, and ask for something else."""
        for path in ("", "..", "%2e%2E", "."):
            rest = f'source = {{ registry = "{INDEX}" }}\nwheels = [{{ url = "{FILES}/{path}" }}]'
            self.assertRaises(CannotRewrite, rewritten_lock, uv(rest), HERE)
        for url in (f"{FILES}/../six.zip", "https://../six.zip", f"{FILES}/a%2fb/six.zip", "https://u:p@h/six.zip"):
            self.assertRaises(CannotRewrite, original_place, url)

    def test_an_address_that_is_no_plain_text_is_rejected(self) -> None:
        rest = f'source = {{ registry = "{INDEX}" }}'
        for here in ('http://h"/', "http://h\n/", "http://h\\/"):
            self.assertRaises(CannotRewrite, rewritten_lock, uv(rest), here)
