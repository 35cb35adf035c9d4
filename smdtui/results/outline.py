"""The tree of an HDF5 file as lines: which are shown, how deep, folded or not. Frozen; no screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Outline:
    """`nodes` as `read_tree` gives them (parents before children); `folded` are paths of groups."""

    nodes: Sequence[Any] = ()
    folded: frozenset[str] = frozenset()
    query: str = ""

    @cached_property
    def index(self) -> dict[str, int]:
        return {node.path: i for i, node in enumerate(self.nodes)}

    @cached_property
    def parents(self) -> frozenset[str]:
        """Groups with something in them."""
        return frozenset(path for node in self.nodes for path in ancestors(node.path))

    @cached_property
    def rows(self) -> list[int]:
        """The nodes shown: with a query those that match (all words, in the path) below their parents."""
        if self.query:
            words = self.query.casefold().split()
            hits = {i for i, node in enumerate(self.nodes) if all(w in node.path.casefold() for w in words)}
            for i in list(hits):
                hits |= {self.index[p] for p in ancestors(self.nodes[i].path) if p in self.index}
            return sorted(hits)
        return [i for i, node in enumerate(self.nodes) if not any(p in self.folded for p in ancestors(node.path))]

    def label(self, row: int) -> str:
        """The name below its parent, indented; groups say whether they are folded."""
        path = self.nodes[row].path
        name = path.rstrip("/").rpartition("/")[2] or "/"
        sign = ("▸ " if path in self.folded and not self.query else "▾ ") if path in self.parents else "  "
        return "  " * depth(path) + sign + name

    def toggle(self, row: int) -> Outline:
        path = self.nodes[row].path
        return replace(self, folded=self.folded ^ {path}) if path in self.parents else self

    def fold(self, row: int) -> tuple[Outline, int]:
        """Fold the group, or the one around; also gives the row to stand on then."""
        path = self.nodes[row].path
        if path not in self.parents or path in self.folded:
            around = ancestors(path)
            path = around[0] if around and around[0] in self.index else path
        if path not in self.parents:
            return self, row
        return replace(self, folded=self.folded | {path}), self.index[path]

    def search(self, query: str) -> Outline:
        return replace(self, query=query.strip())


def ancestors(path: str) -> list[str]:
    """The groups above a path, the nearest first, without the root: "/a/b/c" gives "/a/b" and "/a".

    Paths may also come without the leading slash; what is given back has the same form.
    """
    found = []
    while (path := path.rpartition("/")[0]).strip("/"):
        found.append(path)
    return found


def depth(path: str) -> int:
    return max(0, path.strip("/").count("/"))
