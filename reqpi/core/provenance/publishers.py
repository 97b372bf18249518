"""Publishers: who published a file, as a provenance object names it and as a lock may demand it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from reqpi.core.stored_json import mapping, typed

__all__ = ["PROVEN", "Publisher", "publisher"]

PROVEN: Mapping[str, tuple[str, ...]] = {
    "GitHub": ("repository", "workflow"),
    "GitLab": ("repository", "workflow_filepath"),
    "Google": ("email",),
    "CircleCI": ("project_id", "pipeline_definition_id", "vcs_origin", "vcs_ref"),
}
"""The claims that a signature proves, for each kind of publisher; the first one is needed to name a publisher.

Other claims, such as ``environment``, are the word of the index: no certificate contains them.
"""


@frozen(order=True)
class Publisher:
    """A publisher of files: a workflow of a repository, or an account.

    :param kind: a key of :data:`PROVEN`, such as ``GitHub``.
    :param claims: (name, value) of what is known about it, sorted.
    """

    kind: str
    claims: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, members: Mapping[str, str]) -> Publisher:
        """Return the publisher with these members, of which ``kind`` is one."""
        return cls(members["kind"], tuple(sorted((name, value) for name, value in members.items() if name != "kind")))

    @property
    def members(self) -> dict[str, str]:
        """Its kind and its claims, as in a provenance object and in a lock."""
        return {"kind": self.kind, **dict(self.claims)}

    def is_named_by(self, identity: Publisher) -> bool:
        """Return whether this is the publisher that an identity in a lock names: it has all of its claims."""
        return self.kind == identity.kind and set(identity.claims) <= set(self.claims)

    def __str__(self) -> str:
        """Return its kind and what a signature proves: ``GitHub owner/repository release.yml``."""
        claims = dict(self.claims)
        return " ".join([self.kind, *(claims[name] for name in PROVEN.get(self.kind, ()) if name in claims)])


def publisher(recorded: object) -> Publisher:
    """Return the publisher with the members that a record gives it.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: the record is damaged.
    """
    members = {name: typed(value, str) for name, value in mapping(recorded).items()}
    if not all(each.isprintable() for item in members.items() for each in item):
        raise ValueError("a text is not printable")
    return Publisher.of(members)
