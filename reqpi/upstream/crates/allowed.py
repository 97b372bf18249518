"""The operator's settings for registries of crates: their URLs, their tokens, the hosts that have their crates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import evolve, field, frozen

from reqpi.core.access.token_file import DEFAULT_UPSTREAM, OF_CRATES
from reqpi.core.crates.commits import commit_at
from reqpi.core.errors import Misconfigured
from reqpi.upstream.allowed.credentials import split_credentials
from reqpi.upstream.allowed.hosts import Hosts, host_and_port
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.allowed.permits import IndexLogins, Permit
from reqpi.upstream.allowed.urls import host_of, index_key

__all__ = ["AllowedRegistries", "CrateSettings", "read_crates"]

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")

_SPARSE = "sparse+"

_LARGEST_TOKEN = 1 << 14
"""Bytes of the file of a token, at most."""

_SYNTAX = "Write [NAME=]URL, and behind it ,token=FILE for its token and ,files=HOST for a host that has its crates."


@frozen
class CrateSettings:
    """The values of ``--crates``.

    :param default: the URL of the registry for crates of cargo's default registry; ``None`` if none is given.
    :param registries: the URLs of further registries, by name.
    :param files: the hosts that have the crates of a registry, by its name, which is empty for the default one.
    :param tokens: the file with the token of a registry, by its name.
    """

    default: str | None = field(default=None, repr=False)
    registries: Mapping[str, str] = field(factory=dict, repr=False)
    files: Mapping[str, Hosts] = field(factory=dict)
    tokens: Mapping[str, Path] = field(factory=dict)


def read_crates(words: Iterable[str]) -> CrateSettings:
    """Read the values of ``--crates``.

    :raises reqpi.core.errors.Misconfigured: one of them is not of its form, or two contradict each other.
    """
    urls: dict[str, str] = {}
    files: dict[str, Hosts] = {}
    tokens: dict[str, Path] = {}
    for word in words:
        place, *options = word.split(",")
        name, url = _named(place)
        if urls.setdefault(name, url) != url:
            what = f"two registries named {name}" if name else "two default registries"
            raise Misconfigured(f"--crates names {what}", "Give each of them a name of its own: --crates NAME=URL.")
        for option in options:
            key, _, value = option.partition("=")
            if key == "token" and value:
                tokens[name] = Path(value).absolute()
            elif key == "files" and value:
                files[name] = files.get(name, Hosts()) | Hosts.read([value], "--crates …,files=")
            else:
                raise Misconfigured("--crates has a part that is not known", _SYNTAX)
    return CrateSettings(urls.pop("", None), urls, files, tokens)


def _named(place: str) -> tuple[str, str]:
    """Return the name of a registry, which may be empty, and its URL.

    :raises reqpi.core.errors.Misconfigured: the URL is not valid. The message has no password that may be in it.
    """
    name, equals, url = place.partition("=")
    if not equals or not _NAME.issuperset(name):
        name, url = "", place
    elif not name:
        raise Misconfigured("--crates has an empty name", _SYNTAX)
    url = url.removeprefix(_SPARSE)
    try:
        sound = url.startswith(("http://", "https://")) and bool(host_and_port(url))
    except ValueError:
        sound = False
    if not sound:
        raise Misconfigured("--crates has a URL that is not a valid http or https URL", _SYNTAX)
    return name, url


@frozen
class AllowedRegistries:
    """All registries that may be asked, with what requests to them may use.

    :param outside: the registries as upstreams, with the proxies and authorities of all upstreams.
    :param tokens: the ``Authorization`` of a registry, by the key of its URL.
    """

    outside: AllowedUpstreams
    tokens: Mapping[str, str] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, settings: CrateSettings, outside: AllowedUpstreams) -> AllowedRegistries:
        """Return the registries of the settings.

        :param outside: everything that the operator allows for other upstreams.
        :raises reqpi.core.errors.Misconfigured: the file of a token cannot be used.
        """
        urls = ({} if settings.default is None else {"": settings.default}) | dict(settings.registries)
        keys = {name: index_key(split_credentials(url)[0]) for name, url in urls.items()}
        tokens = {keys[name]: _token(path) for name, path in settings.tokens.items() if name in keys}
        registries = evolve(
            outside,
            default=settings.default,
            upstreams=settings.registries,
            built_in=None,
            file_hosts=settings.files,
        )
        return cls(registries, tokens)

    def key(self, registry: str) -> str | None:
        """Return the key of a registry; ``None`` if it is not one of the operator's.

        :param registry: its URL, as a lock spells it; empty for the default one.
        """
        if not registry:
            return None if self.outside.default is None else index_key(split_credentials(self.outside.default)[0])
        key = index_key(bare(registry))
        return key if key in self.outside.indexes else None

    def name(self, registry: str) -> str:
        """See :meth:`reqpi.core.crates.source.CrateSource.name`.

        An index and a registry may have the same name in the operator's options, so a prefix distinguishes them.
        """
        commit = commit_at(registry)
        if commit is not None:
            return host_of(commit.url)
        key = self.key(registry)
        if not registry or key is None:
            return host_of(bare(registry)) if registry else f"{OF_CRATES}{DEFAULT_UPSTREAM}"
        return f"{OF_CRATES}{self.outside.policy.names[key]}"

    def permit(self, key: str) -> Permit:
        """Return the permit of one of the operator's registries: its token takes precedence over other logins."""
        permit = self.outside.permits.of_index(key)
        token = self.tokens.get(key)
        if token is None or not isinstance(permit.logins, IndexLogins):
            return permit
        return evolve(permit, logins=evolve(permit.logins, own=token))

    def has_login(self, key: str) -> bool:
        """Return whether requests to one of the operator's registries have a login."""
        login = self.permit(key).login_for(self.outside.indexes[key])
        return login is not None or self.outside.client_certificate is not None


def bare(registry: str) -> str:
    """Return the URL of a registry without the kind that a lock writes before it."""
    kind, plus, url = registry.partition("+")
    return url if plus and kind in ("registry", "sparse") else registry


def _token(path: Path) -> str:
    """Return the token in a file: one line, which is the whole value of ``Authorization``, as cargo sends it."""
    try:
        with path.open("rb") as opened:
            data = opened.read(_LARGEST_TOKEN + 1)
    except OSError as error:
        raise Misconfigured(f"the token file {path} cannot be read", f"{error.strerror}.") from None
    text = data.strip().decode("ascii", "replace")
    if not text or len(data) > _LARGEST_TOKEN or not text.isascii() or not text.isprintable():
        raise Misconfigured(f"the token file {path} has no token", "Write the token alone, in one line of ASCII.")
    return text
