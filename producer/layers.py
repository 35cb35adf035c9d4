"""One profile file, read strictly into a layer; the files that it is based on are further layers below it."""

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Annotated, Any, Dict, List, Optional, Tuple

from producer.analysis import FUNCTIONS, PLUGINS
from producer.defaults import SECTIONS
from producer.parameters import Meta, Wrong, in_words, only_short, read_at, read_fields, unknown_key, value_paths
from producer.problem import Problem, nearest
from producer.report import Path, Report, dotted
from producer.run_ranges import RangeError, RunRange
from producer.toml_lines import duplicate, positions, tables

try:
    import tomllib
except ImportError:  # Python below 3.11
    import tomli as tomllib  # type: ignore[no-redef]


@dataclass(frozen=True)
class Origin:
    """Where a value was written, `key` being its dotted path in that file; ``Origin("", 0)``: nowhere, it is the
    parameter's default."""

    file: str
    line: int
    column: int = 0
    key: str = ""


DEFAULT = Origin("", 0)


@dataclass(frozen=True)
class Entry:
    """The parameters of one function, or of one run-independent section, with the origin of each by its path in it; the
    path () is the entry itself."""

    value: Any
    origin: Dict[Path, Origin]


@dataclass(frozen=True)
class Section:
    """What one run range says of one function of one detector: one entry, or any number where the function is `MANY`.
    `depth` is 0 in the profile itself, 1 in its base, ..."""

    range: RunRange
    detector: str
    function: str
    entries: Tuple[Entry, ...]
    origin: Origin
    depth: int = 0

    @property
    def path(self) -> Path:
        return ("runs", self.range.text, self.detector, self.function)


def _format(value: int) -> None:
    if value != 1:
        raise Wrong(f"{value} is not known here; this version reads format 1", "1")


@dataclass(frozen=True)
class Head:
    """The keys at the top of a profile."""

    format: Annotated[int, Meta("version of the profile format", check=_format)]
    hutch: Annotated[Optional[str], Meta("the hutch, such as xpp")] = None
    title: Annotated[Optional[str], Meta("what the profile is for")] = None
    base: Annotated[Optional[str], Meta("a profile that this one builds on; own keys win")] = None


@dataclass
class Layer:
    """`given`: for each run-independent section the values that this file sets, or the entries where it is an array."""

    file: str
    depth: int
    report: Report
    head: Dict[str, Any] = field(default_factory=dict)
    given: Dict[str, Any] = field(default_factory=dict)
    sections: List[Section] = field(default_factory=list)

    def entry(self, instance: Any, path: Path) -> Entry:
        found = {inner: self.written(path, inner, short) for inner, short in value_paths(instance).items()}
        found.setdefault((), self.origin(path))
        return Entry(instance, found)

    def written(self, path: Path, inner: Path, short: Path) -> Origin:
        """Where the value `inner` of the table at `path` is written, or its short form; DEFAULT if nowhere."""
        for there in ((*path, *inner), (*path, *short)):
            if there in self.report.positions:
                return self.origin(there)
        return DEFAULT

    def origin(self, path: Path) -> Origin:
        return Origin(self.file, *self.report.place(path), dotted(path))


def read_text(path: FilePath) -> str:
    """Raises OSError, and ValueError in words for what is no text file."""
    with open(path, "rb", opener=_regular) as file:
        data = file.read()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path} is not UTF-8 text: byte 0x{data[error.start]:02x} in line {line}") from None
    return text


def _regular(name: str, flags: int) -> int:
    """Opens only what is a file: reading a FIFO would wait for ever."""
    if not stat.S_ISREG(os.stat(name).st_mode):
        raise ValueError(f"{name} is {'a folder' if os.path.isdir(name) else 'not a regular file'}")
    return os.open(name, flags)


def read_layers(path: FilePath, text: Optional[str] = None) -> Tuple[List[Layer], List[Problem]]:
    """The profile at `path` and below it each file that it is based on, down to the first that cannot be read; `text`
    stands for the content of `path` when given. The problems are those of reading; each layer's report has its own."""
    layers: List[Layer] = []
    seen: List[str] = []
    while True:
        try:
            text = read_text(path) if text is None else text
        except (OSError, ValueError) as error:
            message, suggestion = _unreadable(path, error)
            if layers:
                layers[-1].report.error(("base",), message, suggestion)
                return layers, []
            return [], [Problem("error", message, file=str(path), suggestion=suggestion)]
        layer, problem = read_layer(str(path), text, len(layers))
        if layer is None:
            return layers, [problem] if problem else []
        layers.append(layer)
        seen.append(os.path.realpath(path))
        base = layer.head.get("base")
        if base is None:
            return layers, []
        if "\0" in base:
            layer.report.error(("base",), "base must be the name of a file, which has no character 0")
            return layers, []
        path, text = FilePath(os.path.normpath(path.parent / base)), None
        if os.path.realpath(path) in seen:
            chain = " -> ".join(os.path.basename(p) for p in [*seen, seen[seen.index(os.path.realpath(path))]])
            layer.report.error(("base",), f"the base leads back to itself: {chain}")
            return layers, []


def _unreadable(path: FilePath, error: Exception) -> Tuple[str, str]:
    """(message, suggestion)"""
    if not isinstance(error, OSError):
        return str(error), ""
    if not isinstance(error, FileNotFoundError):
        return f"cannot read the profile {path}: {error.strerror}", ""
    try:
        there = sorted(p.name for p in path.parent.iterdir() if p.suffix == ".toml")
    except OSError:
        return f"there is no profile {path}, nor a folder {path.parent}", ""
    close = nearest(path.name, there, most=1)
    listing = f"; in its folder are {', '.join(there)}" if there else "; its folder has no profile"
    return f"there is no profile {path}" + ("" if close else listing), str(path.parent / close[0]) if close else ""


def read_layer(file: str, text: str, depth: int) -> Tuple[Optional[Layer], Optional[Problem]]:
    """One file's layer; (None, problem) when `text` is no TOML."""
    try:
        table = tables(text)
    except tomllib.TOMLDecodeError as error:
        return None, _syntax(file, text, str(error))
    except RecursionError:
        return None, Problem("error", "the arrays in it are nested too deep to read", file=file)
    report = Report(file, positions(text))
    layer = Layer(file, depth, report)
    names = [name for name in Head.__dataclass_fields__] + list(SECTIONS) + ["runs"]
    for name in table:
        if name not in names:
            free = [n for n in names if n not in table or n == "runs"]  # sections of runs add up
            unknown_key(name, free, (name,), report, all_known=names)
    head = {name: value for name, value in table.items() if name in Head.__dataclass_fields__}
    if "format" not in head:
        report.error((), "the line 'format = 1' is missing", suggestion="format = 1")
    layer.head = read_fields(Head, head, (), report) or {}
    for name in SECTIONS:
        if name in table:
            _section(layer, name, table[name])
    if "runs" in table:
        _runs(layer, table["runs"])
    return layer, None


_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def _syntax(file: str, text: str, message: str) -> Problem:
    match = _AT.search(message)
    message = message[: match.start()] if match else message
    line, column = text.count("\n") + 1, len(text) - text.rfind("\n")  # just behind the end
    if match and match.group(1):
        line, column = int(match.group(1)), int(match.group(2))
    if message.startswith(("Cannot overwrite", "Cannot declare", "Duplicate", "Cannot mutate", "Cannot redefine")):
        twice = duplicate(text)
        if twice:
            path, first, again = twice
            return Problem(
                "error", f"{dotted(path)} is there twice, first in line {first[0]}", dotted(path), file, *again
            )
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    header = re.match(r"\s*\[+runs\.([0-9, -]*,[0-9, -]*)", written)
    if header:
        return Problem(
            "error",
            "a list of runs in a header needs quotes",
            file=file,
            line=line,
            column=column,
            suggestion=written.strip().replace(header.group(1), f'"{header.group(1)}"', 1),
        )
    if text.startswith("\ufeff"):
        message = "the file begins with a byte-order mark; save it as UTF-8 without one"
    return Problem("error", f"not TOML: {message[:1].lower()}{message[1:]}", file=file, line=line, column=column)


def _section(layer: Layer, name: str, value: Any) -> None:
    module = SECTIONS[name]
    if module.MANY:
        entries = _entries(layer, module.Parameters, value, (name,))
        if entries is not None:
            layer.given[name] = entries
        return
    given = read_fields(module.Parameters, value, (name,), layer.report)
    if given is not None:
        layer.given[name] = given


def _runs(layer: Layer, runs: Any) -> None:
    report = layer.report
    if not isinstance(runs, dict):
        report.error(("runs",), f"runs must be sections [runs.RANGE.DETECTOR], not {in_words(runs)}")
        return
    for text, detectors in runs.items():
        path: Path = ("runs", text)
        run_range = None
        try:
            run_range = RunRange.parse(text)
        except RangeError as error:
            report.error(path, str(error), error.suggestion)
        if not isinstance(detectors, dict):
            report.error(path, f"{dotted(path)} must be a section {dotted(path)}.DETECTOR, not {in_words(detectors)}")
            continue
        if not detectors:
            report.warning(path, f"{dotted(path)} names no detector, so it does nothing")
        for detector, functions in detectors.items():
            _detector(layer, run_range, (*path, detector), functions)


def _detector(layer: Layer, run_range: Optional[RunRange], path: Path, functions: Any) -> None:
    report, detector = layer.report, str(path[-1])
    # a detector may be called as a function is (hsd): then functions are below it, not parameters
    holds = isinstance(functions, dict) and bool(functions) and set(functions) <= set(FUNCTIONS)
    if not isinstance(functions, dict) or (detector in FUNCTIONS and not holds):
        where = f"[{dotted((*path[:2],))}.DETECTOR{'.' + detector if detector in FUNCTIONS else ''}]"
        report.error(path, f"a detector's name is missing: write {where}")
        return
    if not functions:
        report.warning(path, f"nothing is to be done with {detector}; known here: {', '.join(FUNCTIONS)}")
    for name, value in functions.items():
        here = (*path, name)
        if name in PLUGINS and PLUGINS[name].broken and name not in FUNCTIONS:
            report.error(here, PLUGINS[name].broken)
            continue
        if name not in FUNCTIONS:
            unknown_key(name, [n for n in FUNCTIONS if n not in functions], here, report, all_known=list(FUNCTIONS))
            continue
        module = FUNCTIONS[name]
        if module.MANY:
            entries = _entries(layer, module.Parameters, value, here)
        else:
            entries = _single(layer, module.Parameters, value, here)
        if entries is not None and run_range is not None:
            section = Section(run_range, detector, name, entries, layer.origin(here), layer.depth)
            layer.sections.append(section)


def _single(layer: Layer, cls: type, value: Any, path: Path) -> Optional[Tuple[Entry, ...]]:
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value) and not only_short(cls):
        layer.report.error(path, f"{path[-1]} is given once, as a table and not as an array", f"[{dotted(path)}]")
        return None
    instance = read_at(cls, value, path, layer.report)
    return None if instance is None else (layer.entry(instance, path),)


def _entries(layer: Layer, cls: type, value: Any, path: Path) -> Optional[Tuple[Entry, ...]]:
    """The entries of an array of tables told apart by `name`; what cannot be read is left out, with a problem."""
    report = layer.report
    if isinstance(value, dict):
        report.error(path, f"{path[-1]} is an array: its headers have two brackets", f"[[{dotted(path)}]]")
        read_at(cls, value, path, report)
        return None
    if not isinstance(value, list):
        report.error(path, f"{path[-1]} must be tables [[{dotted(path)}]], not {in_words(value)}")
        return None
    found: List[Entry] = []
    first: Dict[str, int] = {}
    for i, one in enumerate(value):
        here = (*path, i)
        instance = read_at(cls, one, here, report)
        if instance is None:
            continue
        if instance.name in first:
            line = report.place((*path, first[instance.name]))[0]
            where = (*here, "name") if isinstance(one, dict) and "name" in one else here
            report.error(
                where,
                f"the {path[-1]} of line {line} is also called {instance.name!r}, so the later would overwrite it",
                _free_name(instance.name, value),
            )
            continue
        first[instance.name] = i
        found.append(layer.entry(instance, here))
    return tuple(found)


def _free_name(name: str, tables: List[Any]) -> str:
    taken = {table.get("name") for table in tables if isinstance(table, dict)}
    return next(f"{name}_{n}" for n in range(1, len(tables) + 2) if f"{name}_{n}" not in taken)
