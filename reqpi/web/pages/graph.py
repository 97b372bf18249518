"""The page of a dependency graph: the drawing, the same as a list, and the paths to one project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from attrs import field, frozen
from packaging.utils import canonicalize_name
from twisted.web.server import Request
from twisted.web.template import Element, Tag, renderer, tags

from reqpi.core.graph import DependencyGraph, Node, NodeState, paths_to
from reqpi.core.model import Commitment, Project
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.pages.frame import Frame, root_of, scrolled, send_page, template
from reqpi.web.pages.graph_drawing import graph_drawing
from reqpi.web.pages.text import counted

__all__ = ["graph_page"]

_PATHS = 20
"""Paths to a project that are shown."""

_LINKS = 10_000
"""Links to other projects in the list."""

_SENTENCES = 20
"""Requirements of one project that no pin meets."""

_LONGEST = 200
"""Characters of the name that is asked for."""

_STATES: Mapping[NodeState, str] = {
    NodeState.READ: "",
    NodeState.UNREAD: "Its core metadata is not in the store yet.",
    NodeState.UNFROZEN: "No client has requested it yet.",
    NodeState.MISSING: "The lock does not pin it.",
}


@frozen
class _Shown:
    """Everything that the page shows.

    :param whole: the graph of the lock.
    :param here: the relative URL of the address: links depend on whether the path ends with a slash.
    :param why: the name that is asked for; empty if none is.
    """

    commitment: Commitment
    whole: DependencyGraph
    here: str
    root: str
    why: str

    @property
    def project(self) -> Project | None:
        """The project that is asked for, if the graph has it."""
        project = canonicalize_name(self.why)
        return project if project in self.whole.nodes else None

    def link(self, node: Node) -> Tag | str:
        """Return the name of a project, as a link if the lock pins it."""
        return node.project if node.state is NodeState.MISSING else tags.a(node.project, href=self.url(node.project))

    def url(self, project: Project) -> str:
        """Return the URL of the page about a pinned project."""
        return f"{self.here}pins/{quote(project)}"


async def graph_page(request: Request, services: LockServices, rendered: DerivedCache[bytes], address: str) -> bytes:
    """Answer ``GET /<address>/graph``; ``?why=`` names the project whose paths are shown.

    :param rendered: pages that were rendered before, each for the same graph.
    """
    commitment = await services.shelf.commitment(address)
    why = request.args.get(b"why", [b""])[-1].decode("utf-8", "replace").strip()[:_LONGEST]
    here = "../" if (request.path or b"").endswith(b"/") else ""
    shown = _Shown(commitment, await services.graphs.of(commitment), here, root_of(request), why)
    key = (commitment.address, shown.here, shown.root, shown.why)
    body = rendered.get(shown.whole, key)
    if body is None:
        body = await in_thread(_rendered, shown)
        rendered.put(shown.whole, key, body, len(body))
    return send_page(request, body)


def _rendered(shown: _Shown) -> bytes:
    return Frame(f"Dependencies of lock {shown.commitment.short}", shown.root, _Graph(shown)).rendered()


class _Graph(Element):
    def __init__(self, shown: _Shown) -> None:
        super().__init__(template("graph"))
        self._shown = shown

    @renderer
    def fill(self, request: Request | None, tag: Tag) -> Tag:
        """Fill in all slots."""
        shown = self._shown
        graph = shown.whole if shown.project is None else shown.whole.leading_to(shown.project)
        return tag.fillSlots(
            summary=_summary(shown),
            incomplete=_incomplete(shown),
            why=shown.why,
            whole=tags.a("Show the whole graph", href="?") if shown.why else "",
            choices=tags.datalist([tags.option(value=project) for project in shown.whole.nodes], id="projects"),
            paths=_paths(shown),
            drawing=graph_drawing(graph, shown.url),
            list=_List(shown, graph).table(),
        )


def _summary(shown: _Shown) -> list[Tag | str]:
    pinned = sum(node.state is not NodeState.MISSING for node in shown.whole.nodes.values())
    words = f"{counted(pinned, 'project')}, {counted(shown.whole.edges, 'requirement')} between them. "
    return [words, tags.a("The page of the lock", href=f"{shown.root}{shown.commitment.address}/"), "."]


def _incomplete(shown: _Shown) -> list[Tag]:
    """Return what the graph lacks, and what to do about it; nothing if it lacks nothing."""
    states = [node.state for node in shown.whole.nodes.values()]
    unknown = sum(state in (NodeState.UNREAD, NodeState.UNFROZEN) for state in states)
    missing = states.count(NodeState.MISSING)
    left_out = len(shown.commitment.lock.projects) - len(states) + missing
    said: list[list[Tag | str]] = []
    if unknown:
        closed = tags.a("closed", href=f"{shown.here}closed")
        words = f"What {counted(unknown, 'project requires', 'projects require')} is not known yet. "
        said.append([words, closed, " looks it up; then load this page again."])
    if missing:
        said.append([f"{counted(missing, 'project is', 'projects are')} required and not pinned."])
    if left_out > 0:
        said.append([f"{counted(left_out, 'further project is', 'further projects are')} not in this graph."])
    if not shown.whole.complete:
        said.append(["The requirements are too many to follow all of them: some are not in this graph."])
    return [tags.div([tags.p(each) for each in said], class_="note")] if said else []


def _paths(shown: _Shown) -> list[Tag]:
    """Return the section of the paths to the project that is asked for; nothing if none is."""
    if not shown.why:
        return []
    if shown.project is None:
        return [tags.p("The graph has no project ", tags.code(shown.why), ".", class_="note", role="status")]
    title = tags.h2("Paths to ", tags.code(shown.project), id="paths")
    paths, more = paths_to(shown.whole, shown.project, _PATHS)
    if paths == [(shown.project,)] and not more:
        return [title, tags.p("No other project requires it: it is a top-level project of the lock.")]
    listed = tags.ol([tags.li(list(_path(shown, path))) for path in paths])
    return [title, listed, *([tags.p("There are more paths: these are the shortest.")] if more else [])]


def _path(shown: _Shown, path: Sequence[Project]) -> Iterator[Tag | str]:
    for number, project in enumerate(path):
        yield from [" requires "] if number else []
        yield shown.link(shown.whole.nodes[project])


@frozen
class _List:
    """The list of all projects of a graph, with their edges."""

    shown: _Shown
    graph: DependencyGraph
    links: Iterator[int] = field(factory=lambda: iter(range(_LINKS)))

    def table(self) -> Tag:
        """Return the list as a table."""
        head = [tags.th(name, scope="col") for name in ("project", "version", "requires", "required by", "state")]
        caption = tags.caption("The same as in the drawing, with every requirement.")
        rows = [self._row(node) for node in self.graph.nodes.values()]
        return scrolled(tags.table(caption, tags.thead(tags.tr(head)), tags.tbody(rows)), "Requirements")

    def _row(self, node: Node) -> Tag:
        project = node.project
        by = self.graph.required_by[project]
        why = [" ", tags.a("why?", href=f"?why={quote(project)}", **{"aria-label": f"why {project}?"})] if by else []
        return tags.tr(
            tags.th(self.shown.link(node), why, scope="row", id=f"project-{project}"),
            tags.td(", ".join(node.versions)),
            tags.td(self._several(self.graph.requires[project])),
            tags.td(self._several(by) if by else "top level"),
            tags.td(_STATES[node.state], [tags.div(each, class_="bad") for each in node.unmet[:_SENTENCES]]),
        )

    def _several(self, projects: Sequence[Project]) -> list[Tag | str]:
        """Return links to the rows of other projects."""
        found: list[Tag | str] = []
        for project, _ in zip(projects, self.links, strict=False):
            found += [", "] * bool(found) + [tags.a(project, href=f"#project-{project}")]
        further = len(projects) - (len(found) + 1) // 2
        return [*found, f" and {further:,} more"] if further else found
