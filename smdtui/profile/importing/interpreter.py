"""Statements of the file, carried out without executing any of its code."""

import ast
from collections.abc import Callable, Iterable
from typing import Any

from smdtui.profile.importing.expressions import ERRORS, Expressions
from smdtui.profile.importing.library import BUILTINS, imported
from smdtui.profile.importing.scope import Scope, bound_names
from smdtui.profile.importing.values import Function, LineDict, LineList, LoadedFile, Raised, Undecided, Unknown

_STEPS = 400_000
_DEPTH = 50


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Interpreter(Expressions):
    """Carries out a module, then calls of its functions.

    `reached`: the lines of statements that were carried out; `failed`: (line, words) of module statements that raise or
    cannot be decided; `notes`: (line, words) of what was taken for granted."""

    def __init__(self) -> None:
        self.steps = 0
        self.depth = 0
        self.module = Scope()
        self.reached: set[int] = set()
        self.failed: list[tuple[int, str]] = []
        self.notes: dict[tuple[int, str], None] = {}

    def tick(self, line: int) -> None:
        self.steps += 1
        if self.steps > _STEPS:
            raise Undecided("it takes too many steps", line)

    def run_module(self, body: Iterable[ast.stmt]) -> None:
        """A statement that cannot be carried out makes what it binds unknown; the next goes on."""
        for statement in body:
            try:
                self._guarded(statement, self.module)
            except Raised as raised:
                self._give_up(statement, f"it raises {raised.words}", raised.line)
            except Undecided as undecided:
                self._give_up(statement, undecided.reason, undecided.line)
            except (_Return, _Break, _Continue):
                self._give_up(statement, "it is no Python outside a function or a loop", statement.lineno)

    def _give_up(self, statement: ast.stmt, reason: str, line: int) -> None:
        self.failed.append((line, reason))
        for name in bound_names([statement]):
            self.module.names[name] = Unknown(reason, line)
            self.module.lines[name] = statement.lineno

    def call_named(self, name: str, arguments: list[Any]) -> Any:
        """What the module's function `name` returns. Raises `Raised`, `Undecided`."""
        function = self.module.names[name]
        line = getattr(getattr(function, "node", None), "lineno", 0)
        try:
            return self.call(function, arguments, {}, line)
        except ERRORS as error:
            raise Raised(error, line) from error

    # Names

    def lookup(self, name: str, scope: Scope, line: int) -> Any:
        here: Scope | None = scope.elsewhere.get(name, scope)
        while here is not None:
            if name in here.names:
                return here.names[name]
            if name in here.own:
                raise Raised(UnboundLocalError(f"{name} has no value on this way through the function"), line)
            here = here.outer
        if name in BUILTINS:
            found = BUILTINS[name]
            return Unknown(found.reason, line) if isinstance(found, Unknown) else found
        raise Raised(NameError(f"name {name!r} is not defined"), line)

    def bind(self, name: str, value: Any, scope: Scope, line: int) -> None:
        target = scope.elsewhere.get(name, scope)
        target.names[name] = value
        target.lines[name] = line

    def inner_scope(self, scope: Scope) -> Scope:
        return Scope(scope)

    def assign(self, target: Any, value: Any, scope: Scope) -> None:
        line = target.lineno
        if isinstance(target, ast.Name):
            self.bind(target.id, value, scope, line)
        elif isinstance(target, ast.Subscript):
            self._assign_entry(self.value(target.value, scope), self.value(target.slice, scope), value, line)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, self.elements(value, line), scope)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, scope)
        else:
            owner = self.value(target.value, scope)
            if not isinstance(owner, Unknown):
                raise Undecided("the reader does not follow attributes that are set", line)

    def _assign_entry(self, owner: Any, key: Any, value: Any, line: int) -> None:
        if isinstance(owner, Unknown):
            return
        if isinstance(owner, LoadedFile):
            owner.changed = f"it is changed after loading, in line {line}"
        elif isinstance(owner, LineDict):
            owner.put(self.hashable(key, line), value, line)
        elif isinstance(owner, LineList):
            owner[key] = LineList(self.elements(value, line)) if isinstance(key, slice) else value
            if isinstance(key, int) and len(owner.lines) == len(owner):
                owner.lines[key] = line
        else:
            unknown = self.unknown_among([key, value], line)
            if unknown:
                raise Undecided(unknown.reason, unknown.line)
            owner[key] = value

    def _unpack(self, targets: list[Any], values: list[Any], scope: Scope) -> None:
        star = next((i for i, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
        if star is not None and len(values) >= len(targets) - 1:
            rest = len(targets) - star - 1
            end = len(values) - rest
            values = [*values[:star], LineList(values[star:end]), *values[end:]]
        if len(values) != len(targets):
            much = "too many" if len(values) > len(targets) else "not enough"
            raise ValueError(f"{much} values to unpack (expected {len(targets)}, got {len(values)})")
        for target, value in zip(targets, values, strict=True):
            self.assign(target, value, scope)

    # Statements

    def block(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        for statement in body:
            self._guarded(statement, scope)

    def _guarded(self, statement: ast.stmt, scope: Scope) -> None:
        self.tick(statement.lineno)
        self.reached.add(statement.lineno)
        handler: Callable[[Any, Scope], None] | None = getattr(self, f"_do_{type(statement).__name__}", None)
        if handler is None:
            words = f"the reader does not know the statement {type(statement).__name__.lower()}"
            raise Undecided(words, statement.lineno)
        try:
            handler(statement, scope)
        except ERRORS as error:
            raise Raised(error, statement.lineno) from error

    def _do_Pass(self, node: ast.Pass, scope: Scope) -> None:
        pass

    def _do_Expr(self, node: ast.Expr, scope: Scope) -> None:
        self.value(node.value, scope)

    def _do_Assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.value(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def _do_AnnAssign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, scope), scope)

    def _do_AugAssign(self, node: ast.AugAssign, scope: Scope) -> None:
        kind, line = type(node.op).__name__, node.lineno
        target = node.target
        if isinstance(target, ast.Subscript):
            owner, key = self.value(target.value, scope), self.value(target.slice, scope)
            self._assign_entry(owner, key, self._augmented(kind, self.entry(owner, key, line), node, scope), line)
            return
        if isinstance(target, ast.Name):
            self.bind(target.id, self._augmented(kind, self.lookup(target.id, scope, line), node, scope), scope, line)
            return
        self.assign(target, self.value(node.value, scope), scope)

    def _augmented(self, kind: str, before: Any, node: ast.AugAssign, scope: Scope) -> Any:
        added = self.value(node.value, scope)
        if kind == "Add" and isinstance(before, LineList):  # changes the list itself, wherever else it is used
            for element in self.elements(added, node.lineno):
                before.put(element, node.lineno)
            return before
        if kind == "BitOr" and isinstance(before, LineDict) and isinstance(added, dict):
            for key, value in added.items():
                before.put(key, value, added.line_of(key) if isinstance(added, LineDict) else node.lineno)
            return before
        return self.binary(kind, before, added, node.lineno)

    def _do_Delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.lookup(target.id, scope, node.lineno)
                scope.elsewhere.get(target.id, scope).names.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                owner, key = self.value(target.value, scope), self.value(target.slice, scope)
                unknown = self.unknown_among([key], node.lineno) or (owner if isinstance(owner, Unknown) else None)
                if unknown:
                    raise Undecided(unknown.reason, unknown.line)
                del owner[key]
            else:
                raise Undecided("the reader does not follow attributes that are deleted", node.lineno)

    def _do_If(self, node: ast.If, scope: Scope) -> None:
        self.block(node.body if self.truth(self.value(node.test, scope), node.lineno) else node.orelse, scope)

    def _do_For(self, node: ast.For, scope: Scope) -> None:
        for element in self.elements(self.value(node.iter, scope), node.lineno):
            self.assign(node.target, element, scope)
            try:
                self.block(node.body, scope)
            except _Break:
                return
            except _Continue:
                continue
        self.block(node.orelse, scope)

    def _do_While(self, node: ast.While, scope: Scope) -> None:
        while self.truth(self.value(node.test, scope), node.lineno):
            try:
                self.block(node.body, scope)
            except _Break:
                return
            except _Continue:
                continue
        self.block(node.orelse, scope)

    def _do_Break(self, node: ast.Break, scope: Scope) -> None:
        raise _Break

    def _do_Continue(self, node: ast.Continue, scope: Scope) -> None:
        raise _Continue

    def _do_Return(self, node: ast.Return, scope: Scope) -> None:
        raise _Return(None if node.value is None else self.value(node.value, scope))

    def _do_Assert(self, node: ast.Assert, scope: Scope) -> None:
        if not self.truth(self.value(node.test, scope), node.lineno):
            raise AssertionError("" if node.msg is None else str(self.value(node.msg, scope)))

    def _do_Raise(self, node: ast.Raise, scope: Scope) -> None:
        error = None if node.exc is None else self.value(node.exc, scope)
        if isinstance(error, type) and issubclass(error, Exception):
            error = error()
        if not isinstance(error, Exception):
            raise Undecided("what is raised here is not known", node.lineno)
        raise Raised(error, node.lineno)

    def _do_Try(self, node: ast.Try, scope: Scope) -> None:
        try:
            try:
                self.block(node.body, scope)
            except Raised as raised:
                handler = next((h for h in node.handlers if self._catches(h, raised.error, scope)), None)
                if handler is None:
                    raise
                if handler.name:
                    self.bind(handler.name, raised.error, scope, handler.lineno)
                self.block(handler.body, scope)
            else:
                self.block(node.orelse, scope)
        finally:
            self.block(node.finalbody, scope)

    def _catches(self, handler: ast.ExceptHandler, error: Exception, scope: Scope) -> bool:
        if handler.type is None:
            return True
        kinds = self.value(handler.type, scope)
        kinds = kinds if isinstance(kinds, tuple) else (kinds,)
        if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
            raise Undecided("which errors are caught here is not known", handler.lineno)
        return isinstance(error, kinds)

    def _do_Import(self, node: ast.Import, scope: Scope) -> None:
        for name in node.names:
            local = name.asname or name.name.split(".")[0]
            self.bind(local, imported(name.name if name.asname else local, None, node.lineno), scope, node.lineno)

    def _do_ImportFrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        for name in node.names:
            if name.name == "*":
                raise Undecided(f"the names that {node.module} brings in are not known", node.lineno)
            module = "." * node.level + (node.module or "")
            self.bind(name.asname or name.name, imported(module, name.name, node.lineno), scope, node.lineno)

    def _do_Global(self, node: ast.Global, scope: Scope) -> None:
        scope.elsewhere.update(dict.fromkeys(node.names, self.module))

    def _do_Nonlocal(self, node: ast.Nonlocal, scope: Scope) -> None:
        for name in node.names:
            here = scope.outer
            while here is not None and name not in here.names and name not in here.own:
                here = here.outer
            if here is not None:
                scope.elsewhere[name] = here

    def _do_FunctionDef(self, node: ast.FunctionDef, scope: Scope) -> None:
        function: Any = self.make_function(node, scope)
        if node.decorator_list:
            function = Unknown(f"the function {node.name} is decorated", node.lineno)
        self.bind(node.name, function, scope, node.lineno)

    def _do_ClassDef(self, node: ast.ClassDef, scope: Scope) -> None:
        self.bind(node.name, Unknown(f"the class {node.name} is not read", node.lineno), scope, node.lineno)

    # Functions

    def make_function(self, node: Any, scope: Scope) -> Function:
        defaults = [self.value(default, scope) for default in node.args.defaults]
        keyword = {
            a.arg: self.value(d, scope)
            for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if d is not None
        }
        return Function(getattr(node, "name", "<lambda>"), node, scope, defaults, keyword)

    def call_function(self, function: Function, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        if self.depth >= _DEPTH:
            raise Undecided(f"{function.name} calls itself too often", line)
        node = function.node
        names = self._parameters(function, arguments, keywords)
        if isinstance(node, ast.Lambda):
            return self._within(lambda: self.value(node.body, Scope(function.scope, names, frozenset(names))))
        if any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)) for n in ast.walk(node)):
            raise Undecided(f"{function.name} is a generator, which the reader does not follow", line)
        declared = {n for s in ast.walk(node) if isinstance(s, (ast.Global, ast.Nonlocal)) for n in s.names}
        own = (frozenset(bound_names(node.body)) | frozenset(names)) - declared
        scope = Scope(function.scope, names, own)

        def carry_out() -> Any:
            try:
                self.block(node.body, scope)
            except _Return as returned:
                return returned.value
            return None

        return self._within(carry_out)

    def _within(self, call: Callable[[], Any]) -> Any:
        self.depth += 1
        try:
            return call()
        finally:
            self.depth -= 1

    def _parameters(self, function: Function, arguments: list[Any], keywords: dict[str, Any]) -> dict[str, Any]:
        args = function.node.args
        order = [a.arg for a in [*args.posonlyargs, *args.args]]
        names: dict[str, Any] = dict(zip(order[len(order) - len(function.defaults) :], function.defaults, strict=True))
        names.update(function.keyword_defaults)
        names.update(zip(order, arguments, strict=False))
        extra = arguments[len(order) :]
        if args.vararg:
            names[args.vararg.arg] = tuple(extra)
        elif extra:
            raise TypeError(f"{function.name}() takes {len(order)} arguments but {len(arguments)} were given")
        allowed = {*order, *(a.arg for a in args.kwonlyargs)}
        surplus = {name: value for name, value in keywords.items() if name not in allowed}
        names.update({name: value for name, value in keywords.items() if name in allowed})
        if args.kwarg:
            names[args.kwarg.arg] = LineDict(surplus, function.node.lineno)
        elif surplus:
            raise TypeError(f"{function.name}() got an unexpected keyword argument {next(iter(surplus))!r}")
        missing = [name for name in allowed if name not in names]
        if missing:
            raise TypeError(f"{function.name}() misses {', '.join(sorted(missing))}")
        return names
