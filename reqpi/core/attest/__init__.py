"""Attestations: an in-toto statement about the files that a build made, from the receipt of what it took.

:mod:`~reqpi.core.attest.statement` writes and reads the statement, :mod:`~reqpi.core.attest.envelope` the envelope
around a signed one, and :mod:`~reqpi.core.attest.agreement` compares a statement with files and with a receipt.
Nothing here has a key: :mod:`reqpi.cli.attest_keys` signs and checks signatures.
"""
