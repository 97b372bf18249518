"""Advisories about vulnerable and malicious releases, as OSV exports them, and which of them a release is affected by.

The format is https://ossf.github.io/osv-schema/. Nothing here decides what a client may have.
"""
