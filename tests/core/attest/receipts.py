"""A receipt with an entry of each kind."""

from __future__ import annotations

from reqpi.core.attest.statement import Subject
from reqpi.core.receipts.document import write_receipt
from reqpi.core.receipts.model import PassedEntry, Receipt, ReceiptDocument, RefusedEntry, TakenEntry

__all__ = ["DIGEST", "DOCUMENT", "FILE", "METADATA", "RECEIPT", "SUBJECTS"]

ADDRESS = "a" * 64
URL = "https://files.example.org/six-1.0-py3-none-any.whl"

FILE = TakenEntry("file", "six", "six-1.0-py3-none-any.whl", URL, "pkg:pypi/six@1.0", "b" * 64, 11050, count=1)
METADATA = TakenEntry(
    "metadata", "six", "six-1.0-py3-none-any.whl.metadata", f"{URL}.metadata", "pkg:pypi/six@1.0", "c" * 64, 900, 1
)
PAGE = TakenEntry("page", "six", "", "https://index.example.org/simple/six/", count=2)

RECEIPT = Receipt(
    ADDRESS,
    (ReceiptDocument("", ADDRESS),),
    "2026-11-29T14:50:24Z",
    "2026-11-29T14:50:31Z",
    {"sys_platform": "linux"},
    True,
    (FILE, METADATA, PAGE),
    (RefusedEntry("crates.example.org", "", "https://crates.example.org/", "cargo/1.95", "not in this lock", 3),),
    (PassedEntry("api.example.org", 443, ""),),
)
DOCUMENT = write_receipt(RECEIPT)
DIGEST = "9" * 64
SUBJECTS = (Subject("demo-1.0.tar.gz", "d" * 64), Subject("demo-1.0-py3-none-any.whl", "e" * 64))
