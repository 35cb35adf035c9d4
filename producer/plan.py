"""Profiles: which values hold for which run, and where each was written.

A profile is a file in TOML with, below it, the files that it is based on. For a run, the value of a run-independent
key is that of the topmost file that has it. The entry of a (detector, function) is that of the topmost file that has
one for the run: its run range, else its ``all``; where a function has several entries, this holds for each name, and
an empty list clears those below.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from producer.analysis import FUNCTIONS
from producer.defaults import (
    SECTIONS,
    analog_input,
    archiver,
    epics,
    integrating,
    light_status,
    switched_off,
    timetool,
    waveforms,
    xtcav,
)
from producer.defaults.timetool import Parameters as TimeTool
from producer.layers import DEFAULT, Entry, Layer, Origin, Section, read_layers
from producer.parameters import as_json, as_toml, build, value_paths
from producer.problem import Problem, errors
from producer.report import Path, Report, dotted
from producer.run_ranges import RunRange
from producer.toml_text import dumps


class ProfileError(Exception):
    """A profile with errors; `problems` has all of them, and the warnings."""

    def __init__(self, problems: List[Problem]) -> None:
        super().__init__("\n".join(problem.text() for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Profile:
    """`settings`: the entry of each run-independent section (a tuple of entries where it is an array). `sections`: the
    run-dependent ones of all files, the profile's own first. `files`: the profile and what it is based on."""

    file: str
    hutch: str
    title: str
    files: Tuple[str, ...]
    settings: Dict[str, Any]
    sections: Tuple[Section, ...]
    hutch_origin: Origin = DEFAULT


@dataclass(frozen=True)
class Plan:
    """What is to be extracted from one run. `detectors`: detector -> function -> its Parameters, a tuple of them where
    the function has several entries. Two plans are equal when they say the same, wherever it was written."""

    run: int
    hutch: str
    epics: epics.Parameters
    timetool: timetool.Parameters
    analog_input: Tuple[analog_input.Parameters, ...]
    waveforms: waveforms.Parameters
    xtcav: xtcav.Parameters
    light_status: light_status.Parameters
    integrating: integrating.Parameters
    archiver: archiver.Parameters
    defaults: switched_off.Parameters
    detectors: Dict[str, Dict[str, Any]]
    origin: Dict[str, Origin] = field(default_factory=dict, compare=False)

    @property
    def time_tool(self) -> TimeTool:
        """``timetool`` as it is to be followed: nothing of it where the time tool is switched off."""
        return TimeTool() if "timetool" in self.defaults.off else self.timetool

    def as_json(self) -> Dict[str, Any]:
        plan: Dict[str, Any] = {"hutch": self.hutch}
        plan.update({name: as_json(getattr(self, name)) for name in SECTIONS})
        plan["detectors"] = {
            detector: {name: as_json(value) for name, value in functions.items()}
            for detector, functions in self.detectors.items()
        }
        origin = {key: {"file": at.file, "line": at.line} for key, at in self.origin.items()}
        return {"run": self.run, "plan": plan, "origin": origin}

    def to_toml(self) -> str:
        """A profile for this run alone, every value written out, that gives an equal plan."""
        table: Dict[str, Any] = {"format": 1}
        if self.hutch:
            table["hutch"] = self.hutch
        table.update({name: as_toml(getattr(self, name)) for name in SECTIONS})
        if self.detectors:
            table["runs"] = {
                str(self.run): {d: {n: as_toml(v) for n, v in f.items()} for d, f in self.detectors.items()}
            }
        return dumps(table)

    @property
    def sha256(self) -> str:
        """Of the text of `to_toml`."""
        return hashlib.sha256(self.to_toml().encode()).hexdigest()


def load(path: Union[str, FilePath]) -> Profile:
    """Raises `ProfileError` when the profile has any error."""
    profile, problems = check(path)
    if profile is None or errors(problems):
        raise ProfileError(problems)
    return profile


def check(path: Union[str, FilePath], text: Optional[str] = None) -> Tuple[Optional[Profile], List[Problem]]:
    """The profile as far as it can be read (None: not at all), and everything wrong with it and the files below it, in
    the order of the lines. `text`, when given, stands for the content of the file."""
    layers, problems = read_layers(FilePath(path), text)
    if not layers:
        return None, problems
    settings = {name: _setting(name, layers) for name in SECTIONS}
    for layer in layers:
        _overlaps(layer)
        _shadowed(layer)
    head: Dict[str, Any] = {}
    for layer in reversed(layers):
        head.update(layer.head)
    profile = Profile(
        file=layers[0].file,
        hutch=head.get("hutch") or "",
        title=layers[0].head.get("title") or "",
        files=tuple(layer.file for layer in layers),
        settings=settings,
        sections=tuple(section for layer in layers for section in layer.sections),
        hutch_origin=next((layer.origin(("hutch",)) for layer in layers if "hutch" in layer.head), DEFAULT),
    )
    found = [p for layer in layers for p in sorted(layer.report.problems, key=lambda p: (p.line, p.column))]
    return profile, found + problems


def effective(profile: Profile, run: int) -> Plan:
    """The plan for one run, and for each value in it the file and line it came from."""
    origin: Dict[str, Origin] = {"hutch": profile.hutch_origin}

    def note(entry: Entry, path: Path) -> Any:
        origin.update({dotted((*path, *inner)): at for inner, at in entry.origin.items()})
        return entry.value

    settings: Dict[str, Any] = {
        name: tuple(note(e, (name, i)) for i, e in enumerate(value)) if SECTIONS[name].MANY else note(value, (name,))
        for name, value in profile.settings.items()
    }
    detectors: Dict[str, Dict[str, Any]] = {}
    for (detector, function), entries in sorted(_chosen(profile, run).items()):
        path: Path = ("detectors", detector, function)
        if FUNCTIONS[function].MANY:
            value: Any = tuple(note(entry, (*path, i)) for i, entry in enumerate(entries))
        else:
            value = note(entries[0], path)
        detectors.setdefault(detector, {})[function] = value
    return Plan(run=run, hutch=profile.hutch, detectors=detectors, origin=origin, **settings)


def _chosen(profile: Profile, run: int) -> Dict[Tuple[str, str], Tuple[Entry, ...]]:
    matching = [section for section in profile.sections if section.range.contains(run)]
    matching.sort(key=lambda s: (-s.depth, not s.range.is_all))  # what comes later replaces what came before
    chosen: Dict[Tuple[str, str], Dict[str, Entry]] = {}
    for section in matching:
        slot = (section.detector, section.function)
        many = FUNCTIONS[section.function].MANY
        kept = chosen.get(slot, {}) if many and section.entries else {}
        chosen[slot] = {**kept, **{entry.value.name if many else "": entry for entry in section.entries}}
    return {slot: tuple(entries.values()) for slot, entries in chosen.items() if entries}


def gaps(profile: Profile, runs: Iterable[int]) -> List[int]:
    """Those of the runs that no run-dependent section covers."""
    return [run for run in runs if not any(section.range.contains(run) for section in profile.sections)]


def unmatched(profile: Profile, runs: Iterable[int]) -> List[Section]:
    """The profile's own sections that hold none of the runs."""
    runs = list(runs)
    return [s for s in profile.sections if s.depth == 0 and not any(s.range.contains(run) for run in runs)]


def _setting(name: str, layers: List[Layer]) -> Any:
    """The entry of a run-independent section, or its entries: key by key from the topmost file that has it."""
    module = SECTIONS[name]
    having = [layer for layer in layers if name in layer.given]
    if module.MANY:
        return having[0].given[name] if having else ()
    values: Dict[str, Any] = {}
    reports: Dict[str, Report] = {}
    owner: Dict[str, Layer] = {}
    for layer in reversed(having):
        values.update(layer.given[name])
        owner.update({key: layer for key in layer.given[name]})
        reports.update({key: layer.report for key in layer.given[name]})
    instance = build(module.Parameters, values, (name,), layers[0].report, reports)
    if instance is None:
        instance, owner = module.Parameters(), {}
    origin = {}
    for path, short in value_paths(instance).items():
        layer_of = owner.get(str(path[0]))
        origin[path] = DEFAULT if layer_of is None else layer_of.written((name,), path, short)
    return Entry(instance, origin)


def _overlaps(layer: Layer) -> None:
    """Two ranges of one file that claim the same runs for the same (detector, function)."""
    slots = defaultdict(list)
    for section in layer.sections:
        slots[section.detector, section.function, section.range.is_all].append(section)
    for sections in slots.values():
        for first, second in overlapping([section.range for section in sections]):
            earlier, later = sorted((sections[first], sections[second]), key=lambda s: s.origin.line)
            common = earlier.range.overlap(later.range)
            layer.report.error(
                later.path,
                f"{_runs_in_words(common)} of {later.detector}.{later.function} {_is_or_are(common)} also claimed by "
                f"[{dotted(earlier.path)}] in line {earlier.origin.line}",
            )


def overlapping(ranges: List[RunRange]) -> List[Tuple[int, int]]:
    """Index pairs of the ranges that have a run in common."""
    spans = sorted(((first, last, i) for i, r in enumerate(ranges) for first, last in r.spans), key=lambda s: s[0])
    pairs = set()
    for at, (_, last, i) in enumerate(spans):
        for first, _, j in spans[at + 1 :]:
            if last is not None and first > last:
                break
            pairs.add((min(i, j), max(i, j)))
    return sorted(pairs)


def _runs_in_words(common: Optional[RunRange]) -> str:
    text = common.text if common else ""
    return f"run {text}" if text.isdigit() else f"runs {text}"


def _is_or_are(common: Optional[RunRange]) -> str:
    return "is" if common and common.text.isdigit() else "are"


def _shadowed(layer: Layer) -> None:
    """An ``all`` that no run ever sees, because ranges of the same file cover every run from 1 on."""
    for base in layer.sections:
        if not base.range.is_all or FUNCTIONS[base.function].MANY:
            continue
        others = [
            span
            for section in layer.sections
            if (section.detector, section.function) == (base.detector, base.function) and not section.range.is_all
            for span in section.range.spans
        ]
        covered = RunRange.of(others).spans
        if covered and covered[0][0] <= 1 and covered[0][1] is None:
            layer.report.warning(base.path, f"[{dotted(base.path)}] is never used: other sections cover every run")
