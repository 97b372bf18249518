"""Whom to believe over TLS."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from reqpi.client.errors import BadUsage

__all__ = ["tls_context"]

# The variables by which pip is told of a private authority. SSL_CERT_FILE and SSL_CERT_DIR are OpenSSL's own.
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def tls_context() -> ssl.SSLContext:
    """Python's defaults, and beside them the authorities that pip was told of, so that what works for pip works here.

    They are added to the defaults where pip puts them in their place: nobody is believed who would not be without
    these variables, but for those whom the user names.

    :raises BadUsage: a bundle is named that cannot be read.
    """
    context = ssl.create_default_context()
    for name in _BUNDLES:
        bundle = os.environ.get(name)
        if not bundle:
            continue
        try:
            if Path(bundle).is_dir():
                context.load_verify_locations(capath=bundle)
            else:
                context.load_verify_locations(cafile=bundle)
        except OSError as error:  # ssl.SSLError is one
            raise BadUsage(
                f"{name} names {bundle}, which is no certificate bundle: {error.strerror or error}",
                "Name a file of PEM certificates, or unset the variable.",
            ) from None
    return context
