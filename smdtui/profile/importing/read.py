"""Reads a configuration without executing it.

Each function is carried out, by our own interpreter, for one run after the other: what it compares the run with tells
for which other runs the result is the same, so that the ranges found are exact and complete.
"""

import ast
from dataclasses import replace
from pathlib import Path as FilePath

from producer.run_ranges import RunRange, Span
from smdtui.profile.importing.interpreter import Interpreter
from smdtui.profile.importing.items import FAILS, IGNORED, LOST, NOTE, Item, Items
from smdtui.profile.importing.known_names import FUNCTIONS, SETTINGS, generation_of, meant, run_is_text
from smdtui.profile.importing.reading import Case, Failure, FunctionReading, ImportFailed, Reading, Setting
from smdtui.profile.importing.run_number import EVERY, Path, RunNumber, intersect, subtract
from smdtui.profile.importing.scope import bound_names
from smdtui.profile.importing.unreached import unreached
from smdtui.profile.importing.values import Function, LineList, Raised, Undecided, Unknown

_CASES = 2000  # ranges of one function
_START, _END = "User Input start", "User Input end"


def read(path: str | FilePath, runs: RunRange | None = None) -> Reading:
    """`runs`, when given, are looked at one by one, so that values made from the run number itself are known; the
    profile then holds for those runs only. Raises `ImportFailed`, OSError."""
    source = Source.of(path)
    items = Items()
    module = _module(source)
    for line, words in module.failed:
        items.add(Item(LOST, line, f"cannot be read without executing the file: {words}"))
    names = set(module.module.names)
    functions: dict[str, FunctionReading] = {}
    reached: set[int] = set()
    for name in FUNCTIONS:
        found = module.module.names.get(name)
        if isinstance(found, Function):
            functions[name] = _function(source, found, runs, items, reached)
        elif isinstance(found, Unknown):
            items.add(Item(LOST, module.module.lines[name], f"cannot be read: {found.reason}", (name,)))
    for name, function in functions.items():
        if any(case.failure is not None and case.failure.undecided for case in function.cases):
            continue
        node = module.module.names[name].node
        for line, words in unreached(node, reached):
            items.add(Item(IGNORED, line, words, (name,)))
    settings = {n: Setting(module.module.names[n], module.module.lines[n]) for n in SETTINGS if n in names}
    if "detnames" not in settings and "detectors" not in settings:
        settings.update(_detnames_inside(source))
    for item in unasked(source):
        items.add(item)
    if not settings and not functions:
        raise ImportFailed(
            f"{source.file}: nothing in it is known to smalldata_tools' producers: no list of detectors or PVs, and "
            "no function such as getROIs"
        )
    how = "read without executing it"
    return Reading(source.file, source.generation, how, settings, functions, items.sorted())


class Source:
    """A configuration's text as Python's syntax tree; of a whole producer, only the part that users edit."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        try:
            self.tree = ast.parse(text, filename=file)
        except SyntaxError as error:
            raise ImportFailed(f"{file}:{error.lineno or 0}: not Python 3: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ImportFailed(f"{file}: cannot be read as Python: {error}") from None
        self.whole = self.tree.body
        self.generation = generation_of(bound_names(self.whole))
        self.part = ""  # the text of that part, its lines at their places
        lines = text.split("\n")
        start = next((i for i, line in enumerate(lines, 1) if _START in line), None)
        end = next((i for i, line in enumerate(lines, 1) if _END in line), None)
        if start is not None and end is not None and start < end:
            imports = (ast.Import, ast.ImportFrom)
            body = [n for n in self.whole if start < n.lineno < end or (n.lineno < start and isinstance(n, imports))]
            self.tree = ast.Module(body, [])
            kept = {line for node in body for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
            self.part = "\n".join(line if i in kept else "" for i, line in enumerate(lines, 1))

    @classmethod
    def of(cls, path: str | FilePath) -> "Source":
        from producer.layers import read_text

        try:
            return cls(str(path), read_text(FilePath(path)))
        except ValueError as error:
            raise ImportFailed(str(error)) from None


def _module(source: Source) -> Interpreter:
    module = Interpreter()
    module.run_module(source.tree.body)
    return module


def _function(
    source: Source, found: Function, runs: RunRange | None, items: Items, reached: set[int]
) -> FunctionReading:
    cases: list[Case] = []
    rest: tuple[Span, ...] = EVERY if runs is None else runs.spans
    while rest:
        if len(cases) == _CASES:
            words = f"returns something else for more than {_CASES} ranges of runs; the rest is not carried over"
            items.add(Item(LOST, found.node.lineno, words, (found.name,), rest))
            break
        run = rest[0][0]
        case = _case(source, found.name, run, runs is None, reached, items)
        cases.append(case)
        rest = subtract(rest, case.spans)
        report_failure(case, found.name, items)
    return FunctionReading(found.name, found.node.lineno, tuple(cases))


def _case(source: Source, name: str, run: int, symbolic: bool, reached: set[int], items: Items) -> Case:
    """The function for a number, or for the number's text where the producer hands that over; where it cannot deal with
    text, it is read for a number all the same."""
    if not run_is_text(name, source.generation):
        return _carried_out(source, name, run, symbolic, False, reached, items)
    as_text = _carried_out(source, name, run, symbolic, True, reached, items)
    if as_text.failure is None:
        return as_text
    as_number = _carried_out(source, name, run, symbolic, False, reached, items)
    spans = intersect(as_number.spans, as_text.spans)
    if as_number.failure is None and not as_text.failure.undecided:
        said = f"raises {as_text.failure.words}; read for a number instead"
        words = f"the producer hands the run over as text, and this {said}"
        items.add(Item(FAILS, as_text.failure.line, words, (name,), spans))
    return replace(as_number, spans=spans)


def _carried_out(
    source: Source, name: str, run: int, symbolic: bool, text: bool, reached: set[int], items: Items
) -> Case:
    """Carries out the whole file anew, since functions may change what is at module level."""
    path = Path(run)
    reader = _module(source)
    failure, value = None, None
    argument = RunNumber(path, text=text) if symbolic else str(run) if text else run
    try:
        value = reader.call_named(name, [argument])
    except Raised as raised:
        failure = Failure(raised.words, raised.line, undecided=False)
    except Undecided as undecided:
        failure = Failure(undecided.reason, undecided.line, undecided=True)
    except RecursionError:
        failure = Failure("it is nested too deep", reader.module.lines[name], undecided=True)
    reached |= reader.reached
    spans = path.spans if symbolic else ((run, run),)
    for line, words in reader.notes:
        items.add(Item(NOTE, line, words, (name,), spans))
    return Case(spans, value, failure)


def report_failure(case: Case, name: str, items: Items) -> None:
    if case.failure is None:
        return
    if case.failure.undecided:
        words = f"cannot be read without executing the file: {case.failure.words}"
        items.add(Item(LOST, case.failure.line, words, (name,), case.spans))
    else:
        words = f"raises {case.failure.words}; smalldata_tools stops there, and the profile has nothing of it"
        items.add(Item(FAILS, case.failure.line, words, (name,), case.spans))


def _detnames_inside(source: Source) -> dict[str, Setting]:
    """The list of detectors of the older template, which stands in its function define_dets."""
    for outer in source.whole:
        if isinstance(outer, ast.FunctionDef) and outer.name == "define_dets":
            for node in ast.walk(outer):
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "detnames":
                    reader = Interpreter()
                    reader.run_module([node])
                    value = reader.module.names.get("detnames")
                    return {"detnames": Setting(value, node.lineno)} if isinstance(value, LineList) else {}
    return {}


def unasked(source: Source) -> list[Item]:
    """Names of the module that neither a producer asks for nor anything in the file uses."""
    used = {n.id for n in ast.walk(source.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    found = []
    for statement in source.tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        for name in sorted(bound_names([statement])):
            if name in FUNCTIONS or name in SETTINGS or name in used or name.startswith("_"):
                continue
            close = meant(name)
            hint = f"; did you mean {close}?" if close else ""
            found.append(Item(IGNORED, statement.lineno, f"no producer of smalldata_tools asks for it{hint}", (name,)))
    return found
