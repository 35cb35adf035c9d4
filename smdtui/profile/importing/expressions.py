"""Expressions of the file, carried out on values that are known and on those that are not."""

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any

from smdtui.profile.importing.bounds import LARGEST, bounded
from smdtui.profile.importing.run_number import COMPARE, RunNumber
from smdtui.profile.importing.values import (
    Function,
    Known,
    LineDict,
    LineList,
    LoadedFile,
    Method,
    Module,
    Raised,
    Undecided,
    Unknown,
)

# What Python itself may raise from an operation on known values.
ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, NameError, AssertionError, RuntimeError)

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "LShift": operator.lshift,
    "RShift": operator.rshift,
    "BitOr": operator.or_,
    "BitAnd": operator.and_,
    "BitXor": operator.xor,
    "MatMult": operator.matmul,
}
_UNARY: dict[str, Callable[[Any], Any]] = {
    "USub": operator.neg,
    "UAdd": operator.pos,
    "Invert": operator.invert,
}
OF_RUN = "it is made from the run number, so that --runs is needed, such as --runs 1-200"


class Expressions:
    """The half of the interpreter that evaluates expressions; see `interpreter.Interpreter` for the state."""

    steps: int
    notes: dict[tuple[int, str], None]

    def tick(self, line: int) -> None:
        raise NotImplementedError

    def lookup(self, name: str, scope: Any, line: int) -> Any:
        raise NotImplementedError

    def assign(self, target: Any, value: Any, scope: Any) -> None:
        raise NotImplementedError

    def call_function(self, function: Function, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        raise NotImplementedError

    def inner_scope(self, scope: Any) -> Any:
        raise NotImplementedError

    def make_function(self, node: Any, scope: Any) -> Any:
        raise NotImplementedError

    def value(self, node: ast.expr, scope: Any) -> Any:
        self.tick(node.lineno)
        handler: Callable[[Any, Any], Any] | None = getattr(self, f"_{type(node).__name__}", None)
        if handler is None:
            raise Undecided(f"the reader does not know {type(node).__name__.lower()} expressions", node.lineno)
        try:
            return handler(node, scope)
        except ERRORS as error:
            raise Raised(error, node.lineno) from error

    def truth(self, value: Any, line: int) -> bool:
        if isinstance(value, Unknown):
            raise Undecided(value.reason, value.line)
        if isinstance(value, RunNumber):
            return True if value.text else value.compare("NotEq", 0, line)
        if isinstance(value, (LoadedFile, Function, Known, Method, Module)):
            return True
        return bool(value)

    def elements(self, value: Any, line: int) -> list[Any]:
        """What iterating gives."""
        if isinstance(value, Unknown):
            raise Undecided(value.reason, value.line)
        if isinstance(value, LoadedFile):
            raise Undecided(f"the content of the file {value.path} is not read", line)
        if isinstance(value, RunNumber):
            if value.text:
                raise Undecided(OF_RUN, line)
            raise TypeError("'int' object is not iterable")
        if hasattr(value, "__len__") and len(value) > LARGEST:
            raise Undecided(f"it goes over more than {LARGEST} elements", line)
        return list(value)

    # Names and literals

    def _Constant(self, node: ast.Constant, scope: Any) -> Any:
        return node.value

    def _Name(self, node: ast.Name, scope: Any) -> Any:
        return self.lookup(node.id, scope, node.lineno)

    def _NamedExpr(self, node: ast.NamedExpr, scope: Any) -> Any:
        value = self.value(node.value, scope)
        self.assign(node.target, value, scope)
        return value

    def _Tuple(self, node: ast.Tuple, scope: Any) -> Any:
        return tuple(value for value, _ in self._listed(node.elts, scope))

    def _List(self, node: ast.List, scope: Any) -> Any:
        pairs = self._listed(node.elts, scope)
        return LineList((v for v, _ in pairs), node.lineno, (line for _, line in pairs))

    def _Set(self, node: ast.Set, scope: Any) -> Any:
        return {self.hashable(value, node.lineno) for value, _ in self._listed(node.elts, scope)}

    def _listed(self, nodes: list[ast.expr], scope: Any) -> list[tuple[Any, int]]:
        found: list[tuple[Any, int]] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                found += [(v, node.lineno) for v in self.elements(self.value(node.value, scope), node.lineno)]
            else:
                found.append((self.value(node, scope), node.lineno))
        return found

    def _Dict(self, node: ast.Dict, scope: Any) -> Any:
        made = LineDict((), node.lineno)
        for key, inner in zip(node.keys, node.values, strict=True):
            value = self.value(inner, scope)
            if key is not None:
                made.put(self.hashable(self.value(key, scope), key.lineno), value, key.lineno)
                continue
            if isinstance(value, Unknown):
                raise Undecided(value.reason, value.line)
            for name, one in value.items():
                made.put(name, one, value.line_of(name) if isinstance(value, LineDict) else inner.lineno)
        return made

    def hashable(self, value: Any, line: int) -> Any:
        if isinstance(value, Unknown):
            raise Undecided(value.reason, value.line)
        if isinstance(value, RunNumber):
            raise Undecided(OF_RUN, line)
        hash(value)
        return value

    def _JoinedStr(self, node: ast.JoinedStr, scope: Any) -> Any:
        parts = []
        for part in node.values:
            value = self.value(part, scope)
            if isinstance(value, Unknown):
                return value
            parts.append(value)
        return "".join(parts)

    def _FormattedValue(self, node: ast.FormattedValue, scope: Any) -> Any:
        value = self.value(node.value, scope)
        wanted = self.value(node.format_spec, scope) if node.format_spec else ""
        unknown = self.unknown_among([value, wanted], node.lineno)
        if unknown:
            return unknown
        bounded("Mod", wanted, (), node.lineno)
        if node.conversion in (ord("r"), ord("a")):
            value = repr(value) if node.conversion == ord("r") else ascii(value)
        return format(value if node.conversion != ord("s") else str(value), wanted)

    # Operators

    def unknown_among(self, values: list[Any], line: int) -> Unknown | None:
        """The unknown that an operation on these values results in, if it does."""
        for value in values:
            if isinstance(value, Unknown):
                return value
            if isinstance(value, LoadedFile):
                return Unknown(f"it is computed from the content of the file {value.path}", line)
            if isinstance(value, RunNumber):
                return Unknown(OF_RUN, line)
            if isinstance(value, (list, tuple)):
                unknown = self.unknown_among(list(value), line)
                if unknown:
                    return unknown
        return None

    def _BinOp(self, node: ast.BinOp, scope: Any) -> Any:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        return self.binary(type(node.op).__name__, left, right, node.lineno)

    def binary(self, kind: str, left: Any, right: Any, line: int) -> Any:
        for run, other, swapped in ((left, right, False), (right, left, True)):
            if isinstance(run, RunNumber) and type(other) in (int, bool):
                shifted = run.shifted(kind, int(other), swapped)
                if shifted is not None:
                    return shifted
        joined = kind == "Add" and isinstance(left, (list, tuple)) and isinstance(right, (list, tuple))
        unknown = None if joined else self.unknown_among([left, right], line)
        if unknown:
            return unknown
        bounded(kind, left, right, line)
        result = _BINARY[kind](left, right)
        if isinstance(result, list) and not isinstance(result, LineList):
            return LineList(result, line)
        if isinstance(result, dict) and not isinstance(result, LineDict):  # a | b
            made = LineDict(result, line)
            for side in (left, right):
                made.lines.update(side.lines if isinstance(side, LineDict) else {})
            return made
        return result

    def _UnaryOp(self, node: ast.UnaryOp, scope: Any) -> Any:
        value = self.value(node.operand, scope)
        if isinstance(node.op, ast.Not):
            return not self.truth(value, node.lineno)
        if isinstance(value, RunNumber) and isinstance(node.op, ast.USub):
            return value.shifted("Mult", -1, False)
        return self.unknown_among([value], node.lineno) or _UNARY[type(node.op).__name__](value)

    def _BoolOp(self, node: ast.BoolOp, scope: Any) -> Any:
        value: Any = None
        for part in node.values:
            value = self.value(part, scope)
            if part is node.values[-1]:
                break
            if self.truth(value, part.lineno) is isinstance(node.op, ast.Or):
                break
        return value

    def _IfExp(self, node: ast.IfExp, scope: Any) -> Any:
        return self.value(node.body if self.truth(self.value(node.test, scope), node.lineno) else node.orelse, scope)

    def _Compare(self, node: ast.Compare, scope: Any) -> Any:
        left = self.value(node.left, scope)
        result: Any = True
        for op, inner in zip(node.ops, node.comparators, strict=True):
            right = self.value(inner, scope)
            result = self.compare(type(op).__name__, left, right, node.lineno)
            if inner is not node.comparators[-1] and not self.truth(result, node.lineno):
                return result
            left = right
        return result

    def compare(self, kind: str, left: Any, right: Any, line: int) -> Any:
        if kind in ("Is", "IsNot"):
            return self._same(left, right, line) if kind == "Is" else not self._same(left, right, line)
        if kind in ("In", "NotIn"):
            result = self._among(left, right, line)
            return result if isinstance(result, Unknown) or kind == "In" else not result
        for one, other, name in ((left, right, kind), (right, left, _swap(kind))):
            if isinstance(one, RunNumber) and not isinstance(other, (Unknown, LoadedFile)):
                return one.compare(name, other, line)
        return self.unknown_among([left, right], line) or COMPARE[kind](left, right)

    def _same(self, left: Any, right: Any, line: int) -> bool:
        for value in (left, right):
            if isinstance(value, Unknown):
                raise Undecided(value.reason, value.line)
        if isinstance(left, RunNumber) or isinstance(right, RunNumber):
            return False  # ``run is None``; identity with a number is nothing to rely on
        return left is right

    def _among(self, value: Any, container: Any, line: int) -> Any:
        if isinstance(container, Unknown):
            return container
        if isinstance(container, RunNumber):
            raise Undecided(OF_RUN, line)
        if isinstance(value, RunNumber):
            if isinstance(container, str) and not value.text:
                raise TypeError("'in <string>' requires string as left operand, not int")
            if isinstance(container, str):
                raise Undecided("run numbers are compared as text", line)
            if isinstance(container, range) and not value.text and abs(container.step) == 1:
                low, high = min(container, default=0), max(container, default=-1)
                return value.compare("GtE", low, line) and value.compare("LtE", high, line)
            return value.among(self.elements(container, line), line)
        if isinstance(container, (list, tuple, str, set, frozenset, dict, range)):
            return self.unknown_among([value], line) or value in container
        return self.unknown_among([value, container], line) or value in container

    # Subscripts, attributes, calls

    def _Subscript(self, node: ast.Subscript, scope: Any) -> Any:
        owner = self.value(node.value, scope)
        index = self.value(node.slice, scope)
        return self.entry(owner, index, node.lineno)

    def entry(self, owner: Any, index: Any, line: int) -> Any:
        if isinstance(owner, Unknown):
            return owner
        if isinstance(index, RunNumber):
            if isinstance(owner, dict):
                for key in owner:
                    if index.compare("Eq", key, line):
                        return owner[key]
                raise KeyError(index.value)
            raise Undecided(OF_RUN, line)
        if isinstance(index, Unknown):
            return index
        if isinstance(owner, (LoadedFile, RunNumber)):
            return self.unknown_among([owner], line)
        if isinstance(owner, LineDict) and owner.default is not None and index not in owner:
            owner.put(index, owner.default(), line)
        found = owner[index]
        return LineList(found, line) if isinstance(found, list) and not isinstance(found, LineList) else found

    def _Slice(self, node: ast.Slice, scope: Any) -> Any:
        parts = [None if part is None else self.value(part, scope) for part in (node.lower, node.upper, node.step)]
        unknown = self.unknown_among(parts, node.lineno)
        return unknown or slice(*parts)

    def _Attribute(self, node: ast.Attribute, scope: Any) -> Any:
        from smdtui.profile.importing.library import attribute

        return attribute(self.value(node.value, scope), node.attr, node.lineno)

    def _Call(self, node: ast.Call, scope: Any) -> Any:
        called = self.value(node.func, scope)
        arguments = [value for value, _ in self._listed(node.args, scope)]
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, scope)
            if keyword.arg is not None:
                keywords[keyword.arg] = value
            elif isinstance(value, Unknown):
                raise Undecided(value.reason, value.line)
            else:
                keywords.update(value)
        return self.call(called, arguments, keywords, node.lineno)

    def call(self, called: Any, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        from smdtui.profile.importing.library import call_method

        if isinstance(called, Function):
            return self.call_function(called, arguments, keywords, line)
        if isinstance(called, Known):
            return called.call(self, arguments, keywords, line)
        if isinstance(called, Method):
            return call_method(self, called, arguments, keywords, line)
        if isinstance(called, Unknown):
            if any(isinstance(value, (list, dict)) for value in [*arguments, *keywords.values()]):
                self.notes[line, "what is called here is not read; it is taken to leave its arguments as they are"] = (
                    None
                )
            return called
        if isinstance(called, type) and issubclass(called, BaseException):
            return called(*arguments)
        raise TypeError(f"{type(called).__name__!r} object is not callable")

    def _Lambda(self, node: ast.Lambda, scope: Any) -> Any:
        return self.make_function(node, scope)

    # Comprehensions

    def _ListComp(self, node: ast.ListComp, scope: Any) -> Any:
        return LineList((self.value(node.elt, inner) for inner in self._rounds(node.generators, scope)), node.lineno)

    def _GeneratorExp(self, node: ast.GeneratorExp, scope: Any) -> Any:
        return LineList((self.value(node.elt, inner) for inner in self._rounds(node.generators, scope)), node.lineno)

    def _SetComp(self, node: ast.SetComp, scope: Any) -> Any:
        rounds = self._rounds(node.generators, scope)
        return {self.hashable(self.value(node.elt, inner), node.lineno) for inner in rounds}

    def _DictComp(self, node: ast.DictComp, scope: Any) -> Any:
        made = LineDict((), node.lineno)
        for inner in self._rounds(node.generators, scope):
            key = self.hashable(self.value(node.key, inner), node.lineno)
            made.put(key, self.value(node.value, inner), node.value.lineno)
        return made

    def _rounds(self, generators: list[ast.comprehension], scope: Any) -> Iterator[Any]:
        """A scope for each round of a comprehension."""
        if not generators:
            yield scope
            return
        first, *rest = generators
        for element in self.elements(self.value(first.iter, scope), first.iter.lineno):
            inner = self.inner_scope(scope)
            self.assign(first.target, element, inner)
            if all(self.truth(self.value(test, inner), test.lineno) for test in first.ifs):
                yield from self._rounds(rest, inner)


def _swap(kind: str) -> str:
    return {"Lt": "Gt", "LtE": "GtE", "Gt": "Lt", "GtE": "LtE"}.get(kind, kind)
