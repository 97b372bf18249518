"""The dependency graph of a lock: its projects, and which of them require which, as core metadata states it.

Nodes are projects, not releases: a lock that pins several versions of a project has one node for it.
"""

from __future__ import annotations

from reqpi.core.graph.building import graph_of
from reqpi.core.graph.drawing import Box, Drawing, drawing_of
from reqpi.core.graph.model import DependencyGraph, Node, NodeState
from reqpi.core.graph.paths import paths_to

__all__ = ["Box", "DependencyGraph", "Drawing", "Node", "NodeState", "drawing_of", "graph_of", "paths_to"]
