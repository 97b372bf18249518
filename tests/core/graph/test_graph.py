"""Dependency graphs, decided from values: edges, what is missing, paths, and the places in a drawing."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import closed
from reqpi.core.closed import requirements_of
from reqpi.core.graph import DependencyGraph, Drawing, Node, NodeState, drawing_of, graph_of, paths_to
from reqpi.core.targets import EVERYWHERE
from tests.distributions import a_commitment, a_file, a_page


def made(lines: Sequence[str], requires: Mapping[str, Sequence[str]], unfrozen: Sequence[str] = ()) -> DependencyGraph:
    """The graph of a lock of these lines; of a project that is not in ``requires`` the metadata is not read."""
    commitment = a_commitment(*lines)
    pages = {
        project: a_page(*(a_file(f"{project}-{pin.version}-py3-none-any.whl", project=project) for pin in pins),
                        project=project)
        for project, pins in commitment.lock.projects.items()
        if project not in unfrozen
    }  # fmt: skip
    releases = closed.releases_of(commitment, pages, EVERYWHERE)
    known = {each: requirements_of(tuple(requires[each.project])) for each in releases if each.project in requires}
    return graph_of(commitment.lock, list(commitment.lock.projects), pages, releases, known)


def of_edges(**requires: str) -> DependencyGraph:
    """A graph of these edges: ``a="b c"``."""
    edges = {
        canonicalize_name(each): tuple(map(canonicalize_name, others.split())) for each, others in requires.items()
    }
    names = sorted({*edges, *(other for others in edges.values() for other in others)})
    return DependencyGraph({each: Node(each) for each in names}, {each: edges.get(each, ()) for each in names})


def drawn(graph: DependencyGraph) -> Drawing:
    drawing = drawing_of(graph, dict.fromkeys(graph.nodes, 100))
    assert drawing is not None
    return drawing


class EdgeTests(SynchronousTestCase):
    def test_an_edge_is_a_requirement_that_may_count(self) -> None:
        """On some platform, and for an extra that something asks for."""
        requires = {
            "a": ["B[fast] >= 1", "c ; sys_platform == 'win32'", "e ; extra == 'never'", "not a requirement!", "a"],
            "b": ["d ; extra == 'fast'", "e ; extra == 'slow'"],
            **dict.fromkeys("cde", ()),
        }
        graph = made(["a==1", "b==1", "c==1", "d==1", "e==1"], requires)
        self.assertEqual(dict(graph.requires), {"a": ("b", "c"), "b": ("d",), "c": (), "d": (), "e": ()})
        self.assertEqual(graph.required_by["d"], ("b",))
        self.assertEqual(graph.tops, ("a", "e"))

    def test_what_is_not_known_is_marked(self) -> None:
        graph = made(["a==1", "b==1", "c==1"], {"a": ["b", "c"]}, unfrozen=["c"])
        states = {project: node.state for project, node in graph.nodes.items()}
        self.assertEqual(states, {"a": NodeState.READ, "b": NodeState.UNREAD, "c": NodeState.UNFROZEN})
        self.assertEqual(graph.requires["a"], ("b", "c"))

    def test_what_is_missing_is_a_node_and_what_is_not_met_a_sentence(self) -> None:
        """A requirement for another platform than that of the lock is neither."""
        graph = made(["a==1", "b==1"], {"a": ["b>2", "gone", "other ; python_version < '3'"], "b": []})
        self.assertEqual(graph.nodes[canonicalize_name("gone")].state, NodeState.MISSING)
        self.assertEqual(
            graph.nodes[canonicalize_name("a")].unmet,
            ("a 1 requires b>2: pinned to 1, which does not satisfy it", "a 1 requires gone: not pinned"),
        )
        self.assertNotIn("other", graph.nodes)

    def test_versions_of_a_project_are_one_node(self) -> None:
        lines = ["a==1", "b==1 ; python_version < '3.12'", "b==2 ; python_version >= '3.12'"]
        graph = made(lines, {"a": ["b"], "b": []})
        self.assertEqual(graph.nodes[canonicalize_name("b")].versions, ("1", "2"))
        self.assertEqual(graph.edges, 1)


class PathTests(SynchronousTestCase):
    def test_the_shortest_paths_come_first(self) -> None:
        graph = of_edges(a="b d", b="c", c="d", e="d")
        paths, more = paths_to(graph, canonicalize_name("d"), 20)
        self.assertEqual(([" ".join(each) for each in paths], more), (["a d", "e d", "a b c d"], False))
        paths, more = paths_to(graph, canonicalize_name("d"), 2)
        self.assertEqual(([" ".join(each) for each in paths], more), (["a d", "e d"], True))

    def test_a_cycle_has_one_top_and_ends(self) -> None:
        graph = of_edges(m="a", b="c", c="b a")
        self.assertEqual(graph.tops, ("b", "m"))
        paths, _ = paths_to(graph, canonicalize_name("a"), 20)
        self.assertEqual([" ".join(each) for each in paths], ["m a", "b c a"])

    def test_millions_of_paths_are_not_walked(self) -> None:
        """Forty layers of ten projects, each of which requires the whole next layer."""
        layers = [[f"l{layer}x{number}" for number in range(10)] for layer in range(40)]
        requires = {each: " ".join(after) for before, after in pairwise(layers) for each in before}
        paths, more = paths_to(of_edges(**requires), canonicalize_name("l39x0"), 20)
        self.assertEqual((len(paths), more, {len(each) for each in paths}), (20, True, {40}))


class DrawingTests(SynchronousTestCase):
    def test_a_project_stands_to_the_right_of_what_requires_it(self) -> None:
        boxes = drawn(of_edges(a="b c", b="c", c="d", e="d")).boxes
        columns = {project: box.x for project, box in boxes.items()}
        self.assertLess(columns[canonicalize_name("a")], columns[canonicalize_name("b")])
        self.assertLess(columns[canonicalize_name("b")], columns[canonicalize_name("c")])
        self.assertEqual(columns[canonicalize_name("a")], columns[canonicalize_name("e")])

    def test_a_line_that_a_longer_path_stands_for_is_left_out(self) -> None:
        self.assertEqual(len(drawn(of_edges(a="b c", b="c")).lines), 2)

    def test_no_box_covers_another(self) -> None:
        requires = {f"p{number}": " ".join(f"p{number * step + 1}" for step in (2, 3, 5)) for number in range(1, 60)}
        drawing = drawn(of_edges(**requires))
        for one, other in combinations(drawing.boxes.values(), 2):
            if one.x == other.x:
                self.assertGreaterEqual(abs(one.y - other.y), one.height)
        self.assertGreaterEqual(min(box.y for box in drawing.boxes.values()), 0)
        self.assertLessEqual(max(box.y + box.height for box in drawing.boxes.values()), drawing.height)
        self.assertLessEqual(max(box.x + box.width for box in drawing.boxes.values()), drawing.width)

    def test_a_cycle_is_drawn_with_a_line_back(self) -> None:
        drawing = drawn(of_edges(a="b", b="c", c="a"))
        self.assertEqual((len(drawing.boxes), len(drawing.lines), len(drawing.back)), (3, 2, 1))

    def test_projects_without_a_line_are_not_drawn(self) -> None:
        self.assertEqual(set(drawn(of_edges(a="b", c="")).boxes), {"a", "b"})
        self.assertIsNone(drawing_of(of_edges(a="", b=""), {}))

    def test_a_chain_longer_than_the_stack_is_followed(self) -> None:
        """Metadata is anybody's words: nothing recurses, and what is too large is not drawn."""
        length = sys.getrecursionlimit() + 100
        graph = of_edges(**{f"p{number:05}": f"p{number + 1:05}" for number in range(length)})
        self.assertEqual(len(drawn(graph).boxes), length + 1)
        wide = of_edges(**{f"a{number}": " ".join(f"b{other}" for other in range(70)) for number in range(70)})
        self.assertIsNone(drawing_of(wide, dict.fromkeys(wide.nodes, 100)))
