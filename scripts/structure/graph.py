"""Circles of a directed graph."""

from collections import deque
from typing import Dict, Hashable, List, Optional, Set, TypeVar

Node = TypeVar("Node", bound=Hashable)
Graph = Dict[Node, Set[Node]]


def way(graph: Graph, start: Node, end: Node) -> Optional[List[Node]]:
    """A shortest way from one node to another, both included; `None` when there is none."""
    before: Dict[Node, Optional[Node]] = {start: None}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if node == end:
            path = []
            here: Optional[Node] = node
            while here is not None:
                path.append(here)
                here = before[here]
            return path[::-1]
        for following in sorted(graph.get(node, ())):
            if following not in before:
                before[following] = node
                queue.append(following)
    return None


def circles(graph: Graph) -> List[List[Node]]:
    """For each edge that is part of a circle a shortest one, each circle once, the shortest first. A circle ends with its first node."""
    found = {}
    for node in sorted(graph):
        for following in sorted(graph[node]):
            back = way(graph, following, node)
            if back is not None:
                least = back.index(min(back))
                circle = back[least:] + back[:least]
                found[tuple(circle)] = [*circle, circle[0]]
    return sorted(found.values(), key=lambda circle: (len(circle), circle))
