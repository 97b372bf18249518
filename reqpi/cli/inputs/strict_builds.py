"""``reqpi check --strict-builds``: all build requirements of a lock's sdists must be pinned in it, with digests."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from reqpi.cli.inputs.lock_files import LockFiles
from reqpi.cli.inputs.which_server import add_server
from reqpi.cli.messages import tell_defects, tell_remark, visible
from reqpi.cli.statuses import DONE, LACKING, SERVER_TROUBLE
from reqpi.client.build_requirements import BuildRequirements
from reqpi.client.errors import ServerTrouble
from reqpi.client.json_members import objects, text, texts
from reqpi.core.model import Lock, Pin
from reqpi.core.report import Defect

__all__ = ["add_strict_builds", "check_builds", "defects_of"]

_PIN = "pin it with digests; `reqpi build-requirements` prints everything that is missing"
_DIGESTS = (
    "add the digests of its files: `pip-compile --generate-hashes --allow-unsafe`, `uv pip compile --generate-hashes`"
)
_UNKNOWN = "pin a release that has a wheel, or build one with `reqpi wheelhouse --build` and pin that"


def add_strict_builds(parser: argparse.ArgumentParser) -> None:
    """Add ``--strict-builds``, and the options of the server that it uses."""
    parser.add_argument(
        "--strict-builds",
        action="store_true",
        help="fail unless all build requirements of sdists without a wheel are pinned with digests; this reads the "
        "sdists from the store or the upstream",
    )
    add_server(parser)


def check_builds(found: BuildRequirements | None, taken: LockFiles, lock: Lock) -> int:
    """Report each way in which a build could use something that the lock does not fix.

    :param found: the build requirements of the sdists; ``None`` without ``--strict-builds``.
    :returns: the exit status.
    """
    if found is None:
        return DONE
    unknown = list(_unknown(found))
    for trouble in unknown:
        tell_remark(trouble)
    defects = sorted(defects_of(found, lock), key=lambda defect: (defect.document, defect.line))
    if defects:
        tell_defects(taken.names, defects)
        return LACKING
    return SERVER_TROUBLE if unknown else DONE


def defects_of(found: BuildRequirements, lock: Lock) -> Iterator[Defect]:
    """Yield a defect for everything that a build uses and the lock does not fix, byte for byte.

    :param found: the build requirements of the sdists.
    """
    pins = {text(sdist, "filename"): _pin_of(sdist, lock) for sdist in objects(found.said, "sdists")}
    for wanted in objects(found.said, "requirements"):
        if wanted.get("counts") is not True:
            continue
        requirement, state = text(wanted, "requirement"), text(wanted, "state")
        by = next(iter(texts(wanted, "wanted_by")), "")
        if state == "pinned":
            for pin in _open_pins(requirement, lock):
                yield _defect(pin, f"this builds {by}, and has no digests", _DIGESTS)
        else:
            versions = ", ".join(texts(wanted, "versions"))
            why = {"differs": f"the lock pins {versions}", "elsewhere": "it names a URL"}.get(
                state, "the lock does not pin it"
            )
            yield _defect(pins.get(by), f"{by} is built with {requirement}: {why}", _PIN)
    for sdist in objects(found.said, "sdists"):
        if sdist.get("must_be_built") is True and sdist.get("requires") is not None:
            for unread in texts(sdist, "unread"):
                name = text(sdist, "filename")
                yield _defect(pins.get(name), f"some build requirements of {name} are not known: {unread}", _UNKNOWN)


def _unknown(found: BuildRequirements) -> Iterator[str]:
    """Yield what is not available now, but may be the next time."""
    yield from found.unread
    for sdist in objects(found.said, "sdists"):
        if sdist.get("must_be_built") is True and sdist.get("requires") is None:
            yield f"{text(sdist, 'filename')}: {'; '.join(texts(sdist, 'unread'))}"


def _open_pins(requirement: str, lock: Lock) -> Iterator[Pin]:
    """Yield the pins that satisfy a requirement and do not fix the file."""
    try:
        wanted = Requirement(requirement)
    except InvalidRequirement as error:
        raise ServerTrouble("the server reports an invalid build requirement", visible(requirement)) from error
    for pin in lock.projects.get(canonicalize_name(wanted.name), ()):
        if pin.source is not None or pin.digests:
            continue
        if pin.arbitrary or wanted.specifier.contains(pin.version, prereleases=True):
            yield pin


def _pin_of(sdist: Mapping[str, object], lock: Lock) -> Pin | None:
    """Return the pin that admits an sdist."""
    pins = lock.projects.get(canonicalize_name(text(sdist, "project")), ())
    version = text(sdist, "version")
    return next((pin for pin in pins if pin.source is not None or str(pin.release) == version), None)


def _defect(pin: Pin | None, problem: str, advice: str) -> Defect:
    if pin is None:
        return Defect(0, "", problem, advice)
    return Defect(pin.line, pin.text, problem, advice, document=pin.document)
