"""What is asked for, read."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.hermeto import BadInput, Binary, HermetoInput, InputPackage, is_inline, read, read_request
from reqpi.core.hermeto.binary import ANY_WHEEL
from tests.core.hermeto.table import INPUTS, REQUESTS, WRONG_INPUTS, WRONG_REQUESTS


class TableTests(SynchronousTestCase):
    """Each row of the tables."""

    def test_inputs_ask_for_what_the_table_says(self) -> None:
        for about, text, expected in INPUTS:
            self.assertEqual(_asked(read(text)), expected, about)

    def test_requests_ask_for_what_the_table_says(self) -> None:
        """Of a commit, in lower case."""
        for about, text, expected in REQUESTS:
            found = read_request(text)
            self.assertEqual(f"{found.name}: {_packages(found.packages)}", expected, about)
            self.assertRegex(found.ref, "^[0-9a-f]{40}([0-9a-f]{24})?$")

    def test_every_flaw_says_which_key_and_what_to_write(self) -> None:
        """All of them, in one go."""
        for reading, table in ((read, WRONG_INPUTS), (read_request, WRONG_REQUESTS)):
            for about, text, expected in table:
                error = self.assertRaises(BadInput, reading, text)
                pieces = expected.split(" | ")
                self.assertEqual(len(error.flaws), len(pieces), (about, str(error)))
                for piece, flaw in zip(pieces, error.flaws, strict=True):
                    self.assertIn(piece, str(flaw), about)
                    self.assertTrue(flaw.advice.endswith((".", "'.")), about)
                    self.assertTrue(str(flaw).isprintable(), about)
                    self.assertLess(len(str(flaw)), 600, about)


class InlineTests(SynchronousTestCase):
    """An argument is the input, or a file that has it."""

    def test_every_spelling_of_true_and_false_that_hermeto_takes(self) -> None:
        """Those of pydantic, which reads its input."""
        for yes, no in (
            (True, False),
            (1, 0),
            *zip(("1", "on", "T", "True", "y", "YES"), ("0", "off", "F", "FALSE", "n", "no"), strict=True),
        ):
            for said, expected in ((yes, ANY_WHEEL), (no, None)):
                (package,) = read(json.dumps({"type": "pip", "allow_binary": said})).packages
                self.assertEqual(package.binary, expected, said)

    def test_what_is_no_path(self) -> None:
        for argument in ("pip", "npm", " pip", '{"type": "pip"}', "[]", "\n[{"):
            self.assertTrue(is_inline(argument), argument)

    def test_what_is_one(self) -> None:
        for argument in ("input.json", "./pip", "pipenv", ""):
            self.assertFalse(is_inline(argument), argument)


def _asked(asked: HermetoInput) -> str:
    return _packages(asked.packages) + (f" ({'; '.join(asked.notes)})" if asked.notes else "")


def _packages(packages: tuple[InputPackage, ...]) -> str:
    return " | ".join(map(_package, packages))


def _package(package: InputPackage) -> str:
    files = {"run": package.requirements_files, "build": package.requirements_build_files}
    said = [f"{name}={','.join(named)}" for name, named in files.items() if named is not None]
    return " ".join([package.path, *said, *([] if package.binary is None else [f"wheels={_binary(package.binary)}"])])


def _binary(binary: Binary) -> str:
    target = binary.target
    pythons = (".".join(map(str, python)) for python in target.pythons)
    parts = (binary.systems, binary.architectures, pythons, target.implementations, target.abis)
    said = [] if binary.pattern is None else [f"/{binary.pattern}/"]
    said += [",".join(sorted(part)) for part in map(list, parts) if part]
    return " ".join([*(said or ["all"]), *([f"of {','.join(sorted(binary.packages))}"] if binary.packages else [])])
