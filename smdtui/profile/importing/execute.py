"""Executes a configuration in a process of its own, for what reading alone cannot decide."""

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path as FilePath
from typing import Any

from producer.run_ranges import Span
from smdtui.profile.importing.items import LOST, NOTE, Item, Items
from smdtui.profile.importing.known_names import FUNCTIONS, SETTINGS, run_is_text
from smdtui.profile.importing.read import Source, report_failure, unasked
from smdtui.profile.importing.reading import Case, Failure, FunctionReading, ImportFailed, Reading, Setting
from smdtui.profile.importing.run_number import union
from smdtui.profile.importing.values import LineDict, LineList, LoadedFile, Unknown

LAST_RUN = 9999  # LCLS writes run numbers with four digits
_EVERY = 1000
_RESULTS = 300  # of one function, beyond which they are hardly ranges of runs
_CHILD = FilePath(__file__).with_name("child.py")


def execute(path: str | FilePath, seconds: float = 60.0) -> Reading:
    """Calls every function for the `representative_runs`; between two of them, and after the last, a result is taken
    to go on. Lines are those at which names of detectors and parameters stand in the file. Raises `ImportFailed`,
    OSError."""
    source = Source.of(path)
    told = run_child(source, seconds)
    items = Items()
    if "error" in told:
        error = told["error"]
        raise ImportFailed(f"{source.file}:{error['$line']}: executing it fails: {error['$raised']}")
    if told["missing"]:
        words = f"modules that are not here, replaced by stand-ins: {', '.join(told['missing'])}"
        items.add(Item(NOTE, 1, words))
    lines = Lines(source)
    settings = {
        name: Setting(decode(value, lines.of(name), lines), lines.of(name)) for name, value in told["settings"].items()
    }
    functions = {name: _function(name, spans, lines, items) for name, spans in told["functions"].items()}
    if not settings and not functions:
        raise ImportFailed(f"{source.file}: nothing in it is known to smalldata_tools' producers")
    if not told["complete"]:
        words = f"not every run could be tried within {seconds:g} s, so ranges may begin and end elsewhere"
        items.add(Item(LOST, 1, words))
    for item in unasked(source):
        items.add(item)
    how = f"executed in a process of its own (time limit {seconds:g} s, no writing, {told['network']})"
    return Reading(source.file, source.generation, how, settings, functions, items.sorted())


def run_child(source: Source, seconds: float) -> dict[str, Any]:
    """What child.py prints. Raises `ImportFailed`."""
    asked = {
        "functions": list(FUNCTIONS),
        "settings": list(SETTINGS),
        "runs": representative_runs(source),
        "text": [name for name in FUNCTIONS if run_is_text(name, source.generation)],
        "part": source.part,
    }
    arguments = [sys.executable, "-I", str(_CHILD), os.path.abspath(source.file), str(seconds * 0.8)]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    environment.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    child = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd="/",
        start_new_session=True,
        text=True,
    )
    try:
        out, err = child.communicate(json.dumps(asked), timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise ImportFailed(f"{source.file}: executing it took longer than {seconds:g} s; it was stopped") from None
    try:
        return json.loads(out)
    except ValueError:
        how = (
            f"signal {signal.Signals(-child.returncode).name}" if child.returncode < 0 else f"status {child.returncode}"
        )
        last = err.strip().splitlines()[-1] if err.strip() else "it printed nothing"
        raise ImportFailed(f"{source.file}: executing it ended with {how}: {last}") from None


def representative_runs(source: Source) -> list[int]:
    """First the whole numbers in the file and their neighbours; then every run up to 1000, and every 100th up to the
    last there can be."""
    constants = {n.value for n in ast.walk(source.tree) if isinstance(n, ast.Constant) and type(n.value) is int}
    near = {n + k for n in constants for k in (-1, 0, 1) if 1 <= n + k <= LAST_RUN}
    return list(dict.fromkeys([1, LAST_RUN, *sorted(near), *range(1, _EVERY), *range(_EVERY, LAST_RUN, 100)]))


class Lines:
    """At which line a name is in the file: the best guess there is, since results do not tell where they were made."""

    def __init__(self, source: Source) -> None:
        self._functions = {n.name: n for n in ast.walk(source.tree) if isinstance(n, ast.FunctionDef)}
        self._module = source.tree
        self._assigned = {
            target.id: node.lineno
            for node in ast.walk(source.tree)
            if isinstance(node, (ast.Assign, ast.AnnAssign))
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        self._within: ast.AST = self._module

    def of(self, name: str) -> int:
        function = self._functions.get(name)
        return function.lineno if function is not None else self._assigned.get(name, 1)

    def look_in(self, function: str) -> None:
        self._within = self._functions.get(function, self._module)

    def of_text(self, text: Any, default: int) -> int:
        for node in ast.walk(self._within):
            if isinstance(node, ast.Constant) and node.value == text and type(node.value) is type(text):
                return node.lineno
        return default


def decode(value: Any, line: int, lines: Lines) -> Any:
    """What child.py encoded."""
    if isinstance(value, list):
        return LineList((decode(one, line, lines) for one in value), line)
    if not isinstance(value, dict):
        return value
    (kind, inner), *_ = value.items()
    if kind == "$dict":
        made = LineDict((), line)
        for key, one in inner:
            name = decode(key, line, lines)
            at = lines.of_text(name, line)
            made.put(name, decode(one, at, lines), at)
        return made
    if kind == "$tuple":
        return tuple(decode(one, line, lines) for one in inner)
    if kind == "$slice":
        return slice(*inner)
    if kind == "$array":
        import numpy as np

        return np.array(inner)
    if kind == "$float":
        return float(inner)
    if kind == "$file":
        return LoadedFile(inner, line)
    return Unknown(inner, line)


def _function(name: str, spans: list[Any], lines: Lines, items: Items) -> FunctionReading:
    """Runs with the same result become one case."""
    line = lines.of(name)
    lines.look_in(name)
    grouped: dict[str, tuple[Any, tuple[Span, ...]]] = {}
    for i, (first, result) in enumerate(spans):
        end = None if i + 1 == len(spans) else spans[i + 1][0] - 1
        key = json.dumps(result)
        grouped[key] = (result, union(grouped[key][1] if key in grouped else (), ((first, end),)))
    cases: list[Case] = []
    if len(grouped) > _RESULTS:
        words = f"returns {len(grouped)} different results; with --runs 1-200, say, those of these runs are written out"
        items.add(Item(LOST, line, words, (name,)))
        return FunctionReading(name, line, ())
    for result, where in grouped.values():
        if isinstance(result, dict) and "$raised" in result:
            failure = Failure(result["$raised"], result["$line"] or line, undecided=False)
            cases.append(Case(where, None, failure))
        else:
            cases.append(Case(where, decode(result, line, lines)))
        report_failure(cases[-1], name, items)
    return FunctionReading(name, line, tuple(sorted(cases, key=lambda case: case.spans)))
