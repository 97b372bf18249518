"""``--store`` and ``--store-option`` -> clients of obstore.

obstore 0.11 is required: earlier versions had no limit on the time without a byte, and no DELETE of a single object.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from reqpi.core.errors import Misconfigured
from reqpi.core.extras import advice_for
from reqpi.storage.objects.errors import said
from reqpi.storage.objects.keys import LONGEST_KEY

__all__ = ["LONGEST_PREFIX", "SCHEMES", "Connection", "connect"]

SCHEMES = ("s3", "gs", "az")

_QUICK = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(seconds=5)}
"""Small objects: five seconds for a whole request. The client's own default is 30 s, with up to ten retries."""

_DOWNLOAD = {
    "connect_timeout": timedelta(seconds=3),
    "read_timeout": timedelta(seconds=8),
    "timeout": timedelta(hours=6),
}
"""Large objects may take as long as their reader does, but must not stall: eight seconds for the next byte."""

_UPLOAD = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(minutes=2)}
"""Two minutes for a part, or for joining all parts. A read timeout would count the time of writing."""

_BACKOFF = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2}

_RETRIES = {"max_retries": 2, "retry_timeout": timedelta(seconds=5), "backoff": _BACKOFF}
"""No retry begins after five seconds, so an unreachable store is detected within about ten."""

_UPLOAD_RETRIES = {**_RETRIES, "retry_timeout": timedelta(minutes=1)}
"""A part is sent again even if it took a while: the alternative is to fetch the whole file again."""

LONGEST_PREFIX = 1024 - LONGEST_KEY - 1
"""Bytes. S3 and compatible stores allow keys of 1024."""

_KEYS = {
    "s3": (
        *("access_key_id", "secret_access_key", "session_token", "region", "endpoint", "virtual_hosted_style_request"),
        *("server_side_encryption", "sse_kms_key_id", "sse_bucket_key_enabled", "sse_customer_key_base64"),
        *("checksum_algorithm", "conditional_put", "disable_bulk_delete", "disable_tagging", "unsigned_payload"),
        *("request_payer", "role_arn", "role_session_name", "s3_express", "skip_signature", "sts_endpoint"),
    ),
    "gs": ("service_account", "service_account_key", "application_credentials", "skip_signature", "base_url"),
    "az": (
        *("account_name", "account_key", "sas_key", "client_id", "client_secret", "tenant_id", "authority_id"),
        *("endpoint", "use_emulator", "use_azure_cli", "msi_endpoint", "federated_token_file", "object_id"),
    ),
}
"""Options to suggest to an operator who misspells one; obstore itself decides which are valid."""

_CLIENT: dict[str, Callable[[str], Any]] = {
    "allow_http": lambda text: _truth("allow_http", text),
    "allow_invalid_certificates": lambda text: _truth("allow_invalid_certificates", text),
    "connect_timeout": str,
    "timeout": str,
    "read_timeout": str,
    "proxy_url": str,
    "proxy_excludes": str,
    "root_certificate": lambda text: _certificates(Path(text)),
    "user_agent": str,
}


@frozen
class Connection:
    """Clients of one object store; all three may be the same object.

    :param url: the store's URL as the operator wrote it.
    :param quick: for small objects.
    :param download: for reading blobs.
    :param upload: for writing blobs.
    """

    url: str
    quick: Any
    download: Any
    upload: Any


def connect(url: str, options: Mapping[str, str]) -> Connection:
    """Return clients of the store at ``url``, without sending a request.

    :param url: ``s3://bucket/prefix``, ``gs://…`` or ``az://…``.
    :param options: the values of ``--store-option``, by name.
    :raises reqpi.core.errors.Misconfigured: obstore is not installed, or does not accept the URL or an option.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise Misconfigured(
            f"{url} cannot be the store",
            f"Write a URL that begins with {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}, and ://.",
        )
    if not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
        raise Misconfigured(
            "the store's URL is not valid",
            f"Write {parts.scheme}://BUCKET/PREFIX, and put credentials in the environment.",
        )
    if (length := len(parts.path.strip("/").encode())) > LONGEST_PREFIX:
        raise Misconfigured(
            "the prefix in the store's URL is too long", f"It has {length} bytes; the limit is {LONGEST_PREFIX}."
        )
    try:
        stores = import_module("obstore.store")
    except ImportError as error:
        raise Misconfigured(f"{parts.scheme}:// needs obstore", advice_for("s3")) from error
    config, client = _separated(parts.scheme, options)
    return Connection(
        url,
        _client(stores, url, config, {**_QUICK, **client}, _RETRIES),
        _client(stores, url, config, {**_DOWNLOAD, **client}, _RETRIES),
        _client(stores, url, config, {**_UPLOAD, **client}, _UPLOAD_RETRIES),
    )


def _separated(scheme: str, options: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the store, and those of its HTTP client, with defaults."""
    client = {name: _CLIENT[name](value) for name, value in options.items() if name in _CLIENT}
    config: dict[str, Any] = {name: value for name, value in options.items() if name not in _CLIENT}
    if scheme == "s3":
        # One DELETE for each object works with every S3-compatible store.
        config.setdefault("disable_bulk_delete", "true")
        if _endpoint(config).startswith("http://"):
            client.setdefault("allow_http", True)
    client.setdefault("user_agent", "ReqPI")
    return config, client


def _endpoint(config: Mapping[str, str]) -> str:
    names = ("endpoint", "aws_endpoint", "aws_endpoint_url", "endpoint_url", "aws_endpoint_url_s3")
    values = [value for name, value in config.items() if name.lower() in names]
    values += [os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")]
    return next(filter(None, values), "")


def _client(stores: Any, url: str, config: dict[str, Any], client: dict[str, Any], retries: dict[str, Any]) -> Any:
    errors = import_module("obstore.exceptions")
    try:
        return stores.from_url(url, config=config, client_options=client, retry_config=retries)
    except errors.UnknownConfigurationKeyError as error:
        raise _unknown(urlsplit(url).scheme, config, str(error)) from None
    except (errors.BaseError, ValueError, TypeError, OSError) as error:
        raise Misconfigured(
            f"{url} cannot be the store", f"{said(error)}. Fix --store-option or the environment."
        ) from error


def _unknown(scheme: str, config: Mapping[str, str], text: str) -> Misconfigured:
    known = (*_KEYS[scheme], *_CLIENT)
    bad = next((name for name in config if f"'{name}'" in text), "")
    near = get_close_matches(bad.lower().removeprefix("aws_"), known, 3, 0.5) or known[:6]
    return Misconfigured(
        f"--store-option {bad}: {scheme}:// has no such option", f"Its options include {', '.join(near)}."
    )


def _truth(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise Misconfigured(f"--store-option {name}={text}: write true or false")
    return text.lower() in ("true", "1")


def _certificates(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"--store-option root_certificate={path}: {error.strerror}", "Name a PEM file.") from error
