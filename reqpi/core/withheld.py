"""Errors that tell one client more than another: an upstream with a login has no secrets from those who may use it.

Clients share the work that fails, and so its error. It has what everyone may know, and beside it what was left out.
"""

from __future__ import annotations

from reqpi.core.access.clients import Client
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.report import Defect, WithheldAdvice

__all__ = ["as_told_to"]


def as_told_to(client: Client | None, error: UpstreamTrouble) -> UpstreamTrouble:
    """Return an error with all that a client may know.

    :param client: ``None``: it is not known who it is.
    """
    known = [] if client is None else [each for each in error.withheld if client.may_know(each.project, each.upstreams)]
    if not known:
        return error
    told = error.again()
    told.detail = _advice(known, error.title, error.detail)
    told.defects = tuple(_told(known, defect) for defect in error.defects)
    return told


def _told(known: list[WithheldAdvice], defect: Defect) -> Defect:
    return defect._replace(advice=_advice(known, defect.problem, defect.advice))


def _advice(known: list[WithheldAdvice], problem: str, advice: str) -> str:
    return next((each.whole for each in known if (each.problem, each.shown) == (problem, advice)), advice)
