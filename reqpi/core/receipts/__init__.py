"""Receipts: what one client took under an address, what it was refused, and when."""
