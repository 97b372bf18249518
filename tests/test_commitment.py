"""The address is a recipe that anybody can follow."""

from __future__ import annotations

import shutil
import subprocess
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from reqpi.commitment import address_of, is_address


class AddressTests(SynchronousTestCase):
    """The address is what sha256sum prints, of the bytes as they are."""

    def test_it_is_what_sha256sum_prints(self) -> None:
        tool = shutil.which("sha256sum")
        if tool is None:
            raise SkipTest("there is no sha256sum here")
        for document in (b"six==1.0\n", b"six==1.0\r\n", b"", "\ufeffsix==1.0 # \u00e9".encode()):
            printed = subprocess.run([tool], input=document, capture_output=True, check=True).stdout
            self.assertEqual(printed.split()[0].decode(), address_of(document))

    def test_one_byte_makes_another_address(self) -> None:
        self.assertNotEqual(address_of(b"six==1.0\n"), address_of(b"six==1.0"))

    def test_only_its_own_form_is_one(self) -> None:
        address = address_of(b"six==1.0\n")
        self.assertTrue(is_address(address))
        for text in (address[:-1], address + "0", address.upper(), address + "\n", "", "g" * 64, "\u0663" * 64):
            self.assertFalse(is_address(text), text)
