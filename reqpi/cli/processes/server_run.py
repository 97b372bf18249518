"""A command's run on another server, which records what the command takes there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reqpi.cli.messages import tell_error
from reqpi.cli.receipts import ReceiptFile
from reqpi.client.errors import ClientError, ServerTrouble
from reqpi.client.runs import begin_run, end_run, index_of_run, receipt_of_run
from reqpi.core.receipts.document import LARGEST
from reqpi.core.receipts.model import Receipt
from reqpi.core.receipts.reading import UnreadableReceipt, read_receipt

__all__ = ["recorded_on"]


@contextmanager
def recorded_on(url: str, address: str, index: str, receipt: ReceiptFile) -> Iterator[str]:
    """Begin a run, yield the URL of its index, and add what was taken to a receipt when the block ends.

    If the server fails by then, the receipt is not complete: the status of the command matters more.

    :param index: the URL of the index of the address, for the client.
    :raises ServerTrouble: the server records no runs.
    """
    token = begin_run(url, address)
    try:
        yield index_of_run(index, address, token)
        _add(receipt, url, address, token)
    finally:
        try:
            end_run(url, token)
        except ClientError as error:
            tell_error(f"the run on the server did not end: {error.title}", error.detail)


def _add(receipt: ReceiptFile, url: str, address: str, token: str) -> None:
    try:
        receipt.recorder.add(_of_run(url, address, token))
    except (ClientError, UnreadableReceipt) as error:
        receipt.recorder.complete = False
        tell_error(f"the receipt is not complete: {error.title}", error.detail)


def _of_run(url: str, address: str, token: str) -> Receipt:
    """Return the receipt that the server has.

    :raises ServerTrouble: it is that of another address.
    """
    found = read_receipt(receipt_of_run(url, token, LARGEST), "the receipt of the server")
    if found.address != address:
        raise ServerTrouble("the server sent the receipt of another address", "Do not use this server.")
    return found
