"""``reqpi verify``: hash everything in a store again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from attrs import asdict

from reqpi.cli.inputs.own_token import add_token_file, log_in
from reqpi.cli.inputs.stores import add_store, key_named, opened
from reqpi.cli.messages import count_of, tell_error, tell_remark
from reqpi.cli.statuses import DAMAGED, DONE
from reqpi.client import commit
from reqpi.client.target import target_of
from reqpi.core.address import is_listing, parse_listing
from reqpi.core.errors import Misconfigured
from reqpi.core.extras import advice_for
from reqpi.core.interfaces import Store
from reqpi.core.report import Document
from reqpi.shelf.maintenance.verify import StoreVerdict, Verification
from reqpi.shelf.provenance.verifying import can_verify
from reqpi.shelf.records import document_record, lock_record

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Report damage; with ``--repair``, remove what a server fetches or makes again."""
    parser = command_line()
    options = parser.parse_args(arguments)
    if options.url and not options.repair:
        parser.error("--url is the server that fetches again what --repair removed: add --repair")
    if options.seal and key_named(options) is None:
        parser.error("--seal needs the key: add --record-key FILE")
    if options.attestations and not can_verify():
        raise Misconfigured("--attestations needs pypi-attestations", advice_for("attestations"))
    log_in(options)
    with opened(options) as (store, wait):
        unsealed = store.unsealed if options.seal else None
        verifying = Verification(store, repair=options.repair, unsealed=unsealed, attestations=options.attestations)
        verdict = wait(verifying.run())
        if options.json:
            print(json.dumps(asdict(verdict), indent=2))
        else:
            _tell(verdict)
        if verdict.trusted and key_named(options) is None:
            lists = count_of(verdict.trusted, "frozen list")
            tell_remark(f"{lists} without digests: only as safe as the store, unless --record-key seals the records")
        for address in sorted({address for address, *_ in verdict.lost}) if options.url else ():
            commit(options.url, wait(_documents(store, address)), hold=())
            tell_remark(f"{target_of(options.url).url} is fetching the removed files of lock {address[:8]}")
    return DAMAGED if verdict.left else DONE


async def _documents(store: Store, address: str) -> list[Document]:
    """Return the documents of a lock that has been found intact."""
    lock = await store.get(lock_record(address)) or b""
    if not is_listing(lock):
        return [Document("", lock)]
    return [Document(path, await store.get(document_record(sha256)) or b"") for sha256, path in parse_listing(lock)]


def _tell(verdict: StoreVerdict) -> None:
    for damage in verdict.damages:
        again = "makes" if damage.kind == "record" else "fetches"
        removed = f"Removed: a server {again} it again when it is requested." if damage.repaired else ""
        tell_error(
            f"the {damage.kind} {damage.name} is damaged", f"{damage.problem.removesuffix('.')}. {removed}".strip()
        )
    repaired = sum(damage.repaired for damage in verdict.damages)
    damaged = f", {repaired} damaged and removed" if repaired else ""
    damaged += f", {verdict.left} damaged" if verdict.left else ""
    damaged += f", {verdict.sealed} sealed" if verdict.sealed else ""
    damaged += f", {count_of(verdict.attested, 'provenance object')} verified" if verdict.attested else ""
    looked = f"{count_of(verdict.files, 'file')} of {count_of(verdict.size, 'byte')}"
    print(f"{looked}, {count_of(verdict.locks, 'lock')}, {count_of(verdict.lists, 'frozen list')}{damaged}")


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi verify",
        description="Hash every file and every lock of a store again, and read every frozen list and other record. "
        "A server may use the store at the same time.",
        epilog="Exit status: 0 nothing is damaged, or everything was repaired; 2 usage; 3 the store cannot be read; "
        "5 something is damaged.",
    )
    add_store(parser)
    parser.add_argument("--repair", action="store_true", help="remove damaged files and records that can be made again")
    parser.add_argument(
        "--record-key",
        metavar="FILE",
        help="the keys of the server: report frozen lists and decisions that none sealed",
    )
    parser.add_argument(
        "--seal",
        action="store_true",
        help="with --record-key: seal the frozen lists and decisions that its first key has not sealed. Do this only "
        "while you trust the store: it believes what they say",
    )
    parser.add_argument(
        "--attestations",
        action="store_true",
        help="verify the attestations of the provenance objects that are kept, offline (reqpi[attestations])",
    )
    parser.add_argument(
        "--url", help="with --repair: make the server at this URL, on the same store, fetch them again now"
    )
    add_token_file(parser)
    return parser
