"""The configuration with which nginx sends a static tree as the server sends an address.

It is the same text for every tree, so nothing has to be reloaded when an address is added. nginx chooses content types
from its configuration alone, so there is a location for each.
"""

from __future__ import annotations

from collections.abc import Iterator

from reqpi.core import simple
from reqpi.core.caching import DERIVED, IMMUTABLE, REVALIDATED
from reqpi.core.provenance.objects import MEDIA_TYPE
from reqpi.core.static_tree.documents import LISTING
from reqpi.core.static_tree.pages import HTML_PAGE, JSON_PAGE
from reqpi.core.static_tree.resource import BYTES

__all__ = ["HTTP_CONF", "SERVER_CONF", "http_conf", "server_conf"]

HTTP_CONF = "nginx.http.conf"
SERVER_CONF = "nginx.server.conf"
"""The names of the two files: nginx has ``map`` in its http block, and ``location`` in a server block."""

_ADDRESS = "^(?<reqpi_top>.*?)/(?<reqpi_address>(?<reqpi_short>[0-9a-f]{8})[0-9a-f]{56})"

_TEXT = "text/plain; charset=utf-8"
_TOML = "application/toml"
_JSON = "application/json"

_EXPORTS: tuple[tuple[str, str, str], ...] = (
    (r"lock/.+", "text/plain", "$uri"),
    ("lock", "text/plain", f"$uri $uri{LISTING.removeprefix('lock')}"),
    (r"requirements\.txt", _TEXT, "$reqpi_requirements"),
    (r"requirements\.none\.txt", _TEXT, "$uri"),
    (r"(?:pylock\.toml|uv\.lock|pdm\.lock|cargo/config\.toml)", _TOML, "$uri"),
    (r"(?:files|env)\.json", _JSON, "$uri"),
    (r"env\.[a-z]+", _TEXT, "$uri"),
    (r"sbom\.cdx\.json", "application/vnd.cyclonedx+json; version=1.6", "$uri"),
    (r"sbom\.spdx\.json", "application/spdx+json", "$uri"),
)
"""A pattern for the path below an address, the content type, and where the file is."""

_HTML_POLICY = """add_header Content-Security-Policy "default-src 'none'; frame-ancestors 'none'";"""


def http_conf() -> bytes:
    """Return what is to be included in the http block: the choice of a form, and of a ``Cache-Control``."""
    json, html = (rf"application/vnd\.pypi\.simple\.(?:v1|latest)\+{form}" for form in ("json", "html"))
    return f"""\
# reqpi mirror: include this in the http block of nginx.

# The form of a page that a client wants. A full weight counts before a partial one, and JSON before HTML.
map $http_accept $reqpi_form {{
    default html;
    "{_full(json)}" json;
    "{_full(html)}" v1html;
    "{_full("text/html")}" html;
    "{_full("(?:text/|[*]/)[*]")}" html;
    "{_partial(json)}" json;
    "{_partial(html)}" v1html;
}}

map $uri $reqpi_caching {{
    default "{IMMUTABLE}";
    "~/simple/[^/]+/[^/]+-variants[.]json$" "{REVALIDATED}";
    "~/[0-9a-f]{{64}}/env(?:[.][a-z]+)?$" "{DERIVED}";
    "~/[0-9a-f]{{64}}/cargo/config[.]toml$" "{REVALIDATED}";
    "~/[0-9a-f]{{64}}/crates/(?:dl|git)/.*[.](?:crate|tar[.]gz)$" "{IMMUTABLE}";
    "~/[0-9a-f]{{64}}/crates/" "{REVALIDATED}";
}}

# requirements.txt?index=none, and env?shell=fish
map $arg_index $reqpi_requirements {{
    default "$uri";
    none "$reqpi_top/$reqpi_address/requirements.none.txt";
}}
map $arg_shell $reqpi_shell {{
    default ".$arg_shell";
    "" "";
    sh "";
}}

# What was requested, if it can be in an error.
map $uri $reqpi_what {{
    default "this path";
    "~/simple/(?<reqpi_project>[A-Za-z0-9._-]+)/?$" $reqpi_project;
    "~/simple/[^/]+/(?<reqpi_file>[A-Za-z0-9._+-]+)$" $reqpi_file;
    "~/crates/.*?(?<reqpi_crate>[A-Za-z0-9._+-]+)$" $reqpi_crate;
}}
""".encode()


def server_conf() -> bytes:
    """Return what is to be included in a server block whose ``root`` is the folder of the tree."""
    return "\n".join(_locations()).encode()


def _full(media: str) -> str:
    """Return a pattern for a media range with the full weight."""
    return rf"~*(?:^|,)\s*{media}\s*(?:;(?!\s*q\s*=\s*0)[^,]*)?(?:,|$)"


def _partial(media: str) -> str:
    """Return a pattern for a media range with a weight between 0 and 1."""
    return rf"~*(?:^|,)\s*{media}\s*;[^,]*q\s*=\s*0[.][0-9]*[1-9]"


def _locations() -> Iterator[str]:
    yield "# reqpi mirror: include this in a server block of nginx whose root is the folder of the tree.\n"
    for form, content_type, name in (
        ("html", "text/html; charset=utf-8", HTML_PAGE),
        ("v1html", simple.V1_HTML, HTML_PAGE),
        ("json", simple.V1_JSON, JSON_PAGE),
    ):
        pattern = f"^/[.]reqpi-{form}(?<reqpi_page>/.*)$"
        more = ["internal;", "gzip_static on;", "gzip_proxied any;", 'add_header Vary "Accept, Accept-Encoding";']
        policy = [_HTML_POLICY] if form == "html" else []
        yield _location(pattern, content_type, f'"${{reqpi_page}}{name}"', *more, *policy)
    # After those to which it leads: nginx takes the first pattern that matches.
    page = rf"{_ADDRESS}/simple/(?:[A-Za-z0-9._-]+/)?$"
    yield f'location ~ "{page}" {{\n    rewrite ^ /.reqpi-$reqpi_form$uri last;\n}}'
    yield _slashless()
    yield _location(rf"{_ADDRESS}/simple/[^/]+/[^/]+[.]provenance$", MEDIA_TYPE, "$uri")
    yield _location(rf"{_ADDRESS}/simple/[^/]+/[^/]+-variants[.]json$", _JSON, "$uri")
    yield _location(rf"{_ADDRESS}/(?:simple/[^/]+/[^/]+|files/.+)$", BYTES, "$uri")
    for path, content_type, files in _EXPORTS:
        yield _location(f"{_ADDRESS}/{path}$", content_type, files)
    yield _environment()
    yield from _crates()
    yield from _errors()


def _location(pattern: str, content_type: str, files: str, *more: str, missing: str = "@reqpi_missing") -> str:
    lines = [
        "types { }",
        f'default_type "{content_type}";',
        *more,
        "add_header X-Content-Type-Options nosniff;",
        "add_header Cache-Control $reqpi_caching;",
        f"error_page 404 = {missing};",
        f"try_files {files} =404;",
    ]
    return f'location ~ "{pattern}" {{\n' + "".join(f"    {line}\n" for line in lines) + "}"


def _slashless() -> str:
    """Return the location of pages without a slash at the end of their URL, from which links would lead elsewhere."""
    pattern = rf"{_ADDRESS}/simple(?:/[^/]+)?$"
    return f"""\
location ~ "{pattern}" {{
    absolute_redirect off;
    error_page 404 = @reqpi_missing;
    if (-d "$request_filename") {{
        rewrite ^ $uri/ permanent;
    }}
    return 404;
}}"""


def _environment() -> str:
    """Return the location of the environment variables: one syntax has another content type."""
    as_json = "if ($arg_shell = json) { rewrite ^ $uri.json last; }"
    return _location(rf"{_ADDRESS}/env$", _TEXT, "$uri$reqpi_shell", as_json)


def _crates() -> Iterator[str]:
    kinds = (
        (r"crates/(?:dl/.+[.]crate|git/.+[.]tar[.]gz)", BYTES),
        (r"crates/(?:(?:registry/[^/]+/)?config[.]json|git/.+[.]json)", _JSON),
        (r"crates/.+", _TEXT),
    )
    for path, content_type in kinds:
        yield _location(rf"{_ADDRESS}/{path}$", content_type, "$uri", missing="@reqpi_no_crate")


def _errors() -> Iterator[str]:
    """Yield the locations of errors: the statuses of the server, and as much of its words as nginx knows."""
    lacking = '"$reqpi_what is not in lock $reqpi_short"'
    only = '"Only what the lock pins can be installed from here."'
    unknown = _problem(
        410, "unknown-address", '"no lock has the address $reqpi_short"', '"This mirror does not have it."'
    )
    yield f"""\
location ~ "{_ADDRESS}(?:/|$)" {{
    error_page 404 = @reqpi_no_path;
    return 404;
}}"""
    yield f"""\
location @reqpi_missing {{
    {_problem_headers()}
    if (!-d "$document_root$reqpi_top/$reqpi_address") {{
        {unknown}
    }}
    {_problem(410, "not-admitted", lacking, only)}
}}"""
    yield f"""\
location @reqpi_no_crate {{
    {_problem_headers()}
    if (!-d "$document_root$reqpi_top/$reqpi_address") {{
        {unknown}
    }}
    if ($uri ~ "/crates/(dl|git)/") {{
        {_problem(410, "not-admitted", lacking, only)}
    }}
    {_problem(403, "not-admitted", lacking, only)}
}}"""
    yield f"""\
location @reqpi_no_path {{
    {_problem_headers()}
    {_problem(404, "no-such-path", '"no such path"', '"A mirror has what never changes about a lock."')}
}}
"""


def _problem_headers() -> str:
    lines = (
        "default_type application/problem+json;",
        "add_header X-Content-Type-Options nosniff always;",
        "add_header Cache-Control no-store always;",
    )
    return "\n    ".join(lines)


def _problem(status: int, name: str, title: str, detail: str) -> str:
    """Return the directive that sends a problem.

    :param title: as JSON, with variables of nginx.
    """
    body = f'{{"type": "urn:reqpi:{name}", "title": {title}, "status": {status}, "detail": {detail}}}'
    return f"return {status} '{body}';"
