"""``reqpi fetch --source`` and ``--request``: the interfaces of Hermeto, Cachi2 and Cachito."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from attrs import frozen

from reqpi.cli.crates_sbom import crates_listed
from reqpi.cli.fetched_crates import removing_if_wrong
from reqpi.cli.folders.output_folder import OutputFolder
from reqpi.cli.folders.passing_files import forgetting, passing
from reqpi.cli.folders.source_tree import Source
from reqpi.cli.folders.unpack import unpack
from reqpi.cli.hermeto_crates import crates_of_packages
from reqpi.cli.hermeto_packages import (
    ChosenFiles,
    PackageWork,
    SdistMetadata,
    chosen,
    fetched,
    package_sbom,
    refuse_lacking,
)
from reqpi.cli.inputs.crate_lines import OpenCrates
from reqpi.cli.inputs.lock_files import LockFiles, document_of
from reqpi.cli.inputs.needed_crates import SdistLocks
from reqpi.cli.inputs.read_locks import lock_of
from reqpi.cli.inputs.require_hashes import check_digests
from reqpi.cli.inputs.which_server import private_index, server_for
from reqpi.cli.messages import DocumentNames, count_of, size_of, tell_error, tell_remark
from reqpi.cli.statuses import DONE, USAGE
from reqpi.client import BadUsage
from reqpi.client.listed_file import ListedFile
from reqpi.core.hermeto import (
    BadInput,
    FetchedPackage,
    HermetoInput,
    InputPackage,
    SourceRequest,
    build_config,
    is_inline,
    name_of,
    read,
    read_request,
)
from reqpi.core.hermeto.fields import LARGEST
from reqpi.core.report import Document
from reqpi.core.sbom import MainComponent, Sbom, cyclonedx, merged, spdx, with_project

__all__ = ["main"]

_FILTERS = ("platform", "python_version", "implementation", "abi", "only_binary", "no_binary")


@frozen
class BarePackage:
    """A package without requirements."""

    files: FetchedPackage
    own: MainComponent


def main(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Fetch what a source or a request requires.

    :returns: the exit status.
    """
    _check(parser, options)
    try:
        if options.request is None:
            return _from_source(options, _asked(options.file[0]))
        return _from_request(options, read_request(_text(options.request)))
    except BadInput as bad:
        for flaw in bad.flaws:
            tell_error(str(flaw), flaw.advice)
        return USAGE


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a message if the options do not belong together."""
    if options.source is not None and options.request is not None:
        parser.error("--source names a local folder, --request a repository to fetch: give only one of them")
    if any(getattr(options, name) for name in _FILTERS):
        parser.error('filters apply to locks only; select wheels in the input: {"type": "pip", "binary": {…}}')
    if options.allow_outside:
        parser.error("--allow-outside applies to locks only; nothing outside the source is read")
    if options.source is not None and len(options.file) != 1:
        parser.error('--source takes one input: pip, \'{"type": "pip", …}\', or a file that contains it')
    if options.request is not None and (options.file or options.mode):
        parser.error("--request takes neither a FILE nor --mode: the document names everything")


def _asked(argument: str) -> HermetoInput:
    asked = read(argument if is_inline(argument) else _text(argument))
    for note in asked.notes:
        tell_remark(note)
    return asked


def _text(file: str) -> str:
    try:
        return document_of(file, LARGEST).decode()
    except UnicodeDecodeError:
        raise BadUsage(f"{file} is not UTF-8") from None


def _from_source(options: argparse.Namespace, asked: HermetoInput) -> int:
    source = Source(options.source)
    if options.mode != "permissive" and not source.is_repository:
        raise BadUsage(
            f"{options.source} is not a git repository",
            "--mode permissive accepts a source without one, if its metadata has a name.",
        )
    packages = _read(source, asked.packages)
    output = OutputFolder(options.output)
    needed = next((each.taken for each in packages if isinstance(each, PackageWork)), None)
    if needed is None:
        return _finish(options, output, source, packages, "")
    view = OpenCrates() if options.mode == "permissive" and not options.url else None
    with passing(options, output.folder) as room, server_for(options, needed, room, several=True, beside=view) as url:
        return _finish(options, output, source, packages, url, room=room, view=view)


def _from_request(options: argparse.Namespace, request: SourceRequest) -> int:
    output = OutputFolder(options.output)
    # A lock that pins only the commit: the repository is fetched by the rules of a git pin, and verified.
    taken = LockFiles(
        (Document("", f"{request.name} @ git+{request.repo.rstrip('/')}@{request.ref}\n".encode()),),
        DocumentNames("the request"),
    )
    repository = PackageWork(
        InputPackage(), FetchedPackage(".", (), ()), MainComponent(request.name), taken, lock_of(taken)
    )
    application = output.folder / "app"
    with passing(options, output.folder) as room, server_for(options, taken, room, several=True) as url:
        commit = chosen(url, repository, quiet=options.quiet)
        fetched(url, [commit], output.folder, forgetting(room), quiet=options.quiet)
        archive = output.folder / commit.listed()[0].name
        for path in unpack(archive, application):
            tell_remark(f"left out: {path}, which points outside the repository")
        archive.unlink()
        source = Source(application, request.repo, request.ref)
        packages = _read(source, request.packages)
        return _finish(options, output, source, packages, url, room=room, wheels_at_urls=False)


def _read(source: Source, packages: Sequence[InputPackage]) -> list[PackageWork | BarePackage]:
    """Return the work for each package. Every problem of the source is found before an upstream is asked."""
    work: list[PackageWork | BarePackage] = []
    for package in packages:
        files, own = source.filled(package), source.own(package)
        taken = source.taken(files)
        work.append(
            BarePackage(files, own) if taken is None else PackageWork(package, files, own, taken, lock_of(taken))
        )
    return work


def _finish(
    options: argparse.Namespace,
    output: OutputFolder,
    source: Source,
    packages: Sequence[PackageWork | BarePackage],
    url: str,
    *,
    room: Path | None = None,
    view: OpenCrates | None = None,
    wheels_at_urls: bool = True,
) -> int:
    """Fetch the files, write the documents about them, and report the result.

    :param room: the folder in which a server inside this process keeps files meanwhile.
    :param view: what cargo may choose from in the permissive mode.
    :returns: the exit status.
    """
    work = [each for each in packages if isinstance(each, PackageWork)]
    for each in work:
        check_digests(options, each.taken)
    picks = [chosen(url, each, quiet=options.quiet, wheels_at_urls=wheels_at_urls) for each in work]
    refuse_lacking(picks)
    forget, locks, metadata = forgetting(room), SdistLocks(output.deps), SdistMetadata(output.deps)

    def landed(file: ListedFile) -> None:
        forget(file)
        if not file.filename.endswith(".whl"):
            locks.read(file)
            metadata.read(file)

    fresh = fetched(url, picks, output.deps, landed, quiet=options.quiet)
    listed = {file.name: file for pick in picks for file in pick.listed()}
    with removing_if_wrong([listed[name] for name in fresh], output.deps):
        crates = crates_of_packages(options, output, url, picks, landed=forget, view=view, known=locks)
    index = private_index(options)
    sboms = {pick.work.files.path: package_sbom(pick, output.deps, source.folder, index, metadata) for pick in picks}
    whole = merged(
        [
            crates_listed(with_project(sboms.get(each.files.path, Sbom("")), each.own), crates.get(each.files.path))
            for each in packages
        ],
        source.whole if len(packages) > 1 else None,
    )
    files = [file for pick in picks for file in pick.selection.files]
    written = spdx(whole) if options.sbom_output_type == "spdx" else cyclonedx(whole)
    names = {name_of(file) for file in files}
    removed = output.finish(written, build_config([each.files for each in packages], files), names)
    if whole.unread and not options.quiet:
        tell_remark(
            "some core metadata could not be fetched: bom.json lacks the licences, summaries and edges of its projects"
        )
    _tell(options, output, picks, fresh, removed)
    return DONE


def _tell(
    options: argparse.Namespace,
    output: OutputFolder,
    picks: Sequence[ChosenFiles],
    fresh: Set[str],
    removed: Sequence[str],
) -> None:
    files = {file.name: file for pick in picks for file in pick.listed()}
    if options.json:
        print(
            json.dumps({"folder": str(output.folder), "packages": [_as_json(pick, fresh) for pick in picks]}, indent=2)
        )
    if options.verbose:
        for name in sorted(files):
            tell_remark(f"{'fetched' if name in fresh else 'there'}: {name}")
        for name in removed:
            tell_remark(f"removed: {name}")
    if not options.quiet:
        size = sum((output.deps / name).stat().st_size for name in files)
        new = f"{len(fresh)} of them new"
        tell_remark(f"{count_of(len(files), 'file')}, {size_of(size)}, {new}, in {output.deps}")


def _as_json(pick: ChosenFiles, fresh: Set[str]) -> Mapping[str, object]:
    files = [
        {"project": file.project, "filename": file.name, "sha256": file.sha256, "new": file.name in fresh}
        for file in pick.listed()
    ]
    return {"path": pick.work.files.path, "address": pick.commitment.address, "files": files}
