"""Where names live while a file is read."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Scope:
    """The names of the module, of a call of a function, or of a comprehension. `own`: names that a function binds
    somewhere, so that they are never looked for further out."""

    outer: "Scope | None" = None
    names: dict[str, Any] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    elsewhere: dict[str, "Scope"] = field(default_factory=dict)  # declared global or nonlocal
    lines: dict[str, int] = field(default_factory=dict)


def bound_names(body: Iterable[ast.AST]) -> set[str]:
    """The names that statements bind, not counting those within functions and comprehensions that they make."""
    found: set[str] = set()
    todo = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        todo += ast.iter_child_nodes(node)
    return found
