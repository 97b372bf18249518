"""The code that a lock installs, which wants a receipt that does not have what it did."""

from __future__ import annotations

import sys

from reqpi.core.receipts.model import Receipt
from reqpi.core.receipts.reading import UnreadableReceipt, read_receipt
from tests.attacks.proxy_case import RAW, ProxyCase


class LockReceiptTests(ProxyCase):
    def recorded(self, program: str) -> Receipt:
        """Run a program of the attacker, and return the receipt."""
        options = ("-q", "--receipt", "receipt.json")
        command = (sys.executable, "-c", RAW + program)
        status, out, err = self.run_reqpi("run", *options, "requirements.txt", "--", *command)
        self.assertEqual(status, 0, (out, err))
        return read_receipt((self.folder / "receipt.json").read_bytes())

    def test_a_forged_receipt_is_replaced(self) -> None:
        """The child asks for a foreign host, and writes a receipt without that to the file of the real one."""
        receipt = self.recorded("""
plain("http://collect.example/")
open("receipt.json", "w").write("{}")
""")
        self.assertEqual([each.host for each in receipt.refused], ["collect.example"])

    def test_a_flood_of_requests_hides_none_without_a_trace(self) -> None:
        """The child has a thousand hosts refused, and then the one that it wants to hide."""
        receipt = self.recorded("""
with socket.create_connection((proxy.hostname, proxy.port), 20) as client:
    answers = client.makefile("rb")
    for number in range(1001):
        client.sendall(f"GET http://h{number:04}.example/ HTTP/1.1\\r\\nHost: h\\r\\n{LOGIN}\\r\\n\\r\\n".encode())
        length = 0
        while (line := answers.readline().strip()):
            length = int(line.split()[1]) if line.lower().startswith(b"content-length") else length
        answers.read(length)
""")
        self.assertEqual((len(receipt.refused), receipt.complete), (1000, False))
        self.assertNotIn("h1000.example", {each.host for each in receipt.refused})

    def test_texts_of_the_child_change_neither_the_form_nor_a_terminal(self) -> None:
        """It sends quotes, escapes of terminals, and other members, as a User-Agent and in a path."""
        receipt = self.recorded(r"""
plain("http://collect.example/%1b[31m%22", 'User-Agent: x", "sealed": true, ' + "\x1b]0;t\x07\x1b[2K")
""")
        (entry,) = receipt.refused
        self.assertTrue(entry.agent.isprintable())
        self.assertFalse(receipt.sealed)
        self.assertNotIn(b"\x1b", (self.folder / "receipt.json").read_bytes())

    def test_a_receipt_that_was_edited_is_rejected_by_its_reader(self) -> None:
        """The child leaves a process behind that takes an entry out of the receipt with an ordinary JSON library."""
        self.recorded('plain("http://collect.example/")')
        path = self.folder / "receipt.json"
        self.assertRaises(
            UnreadableReceipt, read_receipt, path.read_bytes().replace(b'"sealed": false', b'"sealed":true')
        )
