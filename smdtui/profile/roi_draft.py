"""A region of a detector while it is being typed: which runs, which detector, its edges per axis, what is kept."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from producer.analysis import roi
from producer.plan import Profile
from producer.run_ranges import RunRange
from smdtui.profile.form import Field, Form, fields_of, reader

_AXIS = "axis_"


@dataclass(frozen=True)
class Area:
    """A detector that a region can be cut from; `shape` of one event's array, None where the run did not tell."""

    name: str
    shape: tuple[int, ...] | None = None

    @property
    def title(self) -> str:
        return f"{self.name}  {' x '.join(map(str, self.shape))}" if self.shape else self.name


def areas(names: Mapping[str, Any]) -> tuple[Area, ...]:
    """The detectors of a run (`names` as the probe gives them) that have at least one axis, or an unknown shape."""
    found = []
    for detector in names.get("detectors", ()):
        shape = detector.get("shape")
        if shape is None or len(shape) > 0:
            found.append(Area(detector["name"], tuple(shape) if shape else None))
    return tuple(sorted(found, key=lambda a: (a.shape is None, -len(a.shape or ()), a.name)))


def taken(profile: Profile) -> set[tuple[str, str, str]]:
    """(range, detector, name) of the regions in the profile itself."""
    return {
        (section.range.text, section.detector, entry.value.name)
        for section in profile.sections
        if section.depth == 0 and section.function == roi.NAME
        for entry in section.entries
    }


def range_in_force(profile: Profile | None, detector: str, run: int | None) -> str:
    """The run range that regions of this detector have for the run: the section's own, else ``all``."""
    if profile is None or run is None:
        return "all"
    here = [s for s in profile.sections if s.depth == 0 and s.detector == detector and s.range.contains(run)]
    here.sort(key=lambda s: (s.range.is_all, s.function != roi.NAME))
    return here[0].range.text if here else "all"


def edges(text: str, length: int | None) -> tuple[int, int]:
    """`start:end` (end not included; either may be left out where the length is known). ValueError in words."""
    match = re.fullmatch(r"\s*(\d*)\s*[:,\s-]\s*(\d*)\s*", text)
    if not match:
        raise ValueError("write start:end, e.g. 157:487")
    if length is None and not (match[1] and match[2]):
        raise ValueError("write both start and end: the length of this axis is not known")
    start = int(match[1] or 0)
    end = int(match[2]) if match[2] else int(length or 0)
    if end <= start:
        raise ValueError(f"end {end} must be above start {start}")
    if length is not None and end > length:
        raise ValueError(f"outside the detector: this axis has {length}, end is {end}")
    return start, end


@dataclass(frozen=True)
class RoiDraft:
    """`taken` are the (range, detector, name) that the profile already holds, this region's own place excepted;
    `proposed` is the name that was made up, which follows the detector until another is typed."""

    areas: tuple[Area, ...]
    form: Form
    taken: frozenset[tuple[str, str, str]] = frozenset()
    proposed: str = ""

    @classmethod
    def new(
        cls,
        areas: Iterable[Area],
        runs: str = "all",
        detector: str = "",
        values: Mapping[str, Any] | None = None,
        taken: Iterable[tuple[str, str, str]] = (),
    ) -> "RoiDraft":
        """A draft for `runs` on `detector` (the first when ""), filled from `values`: the keys of an roi entry."""
        areas = tuple(areas)
        values = dict(values or {})
        if detector and detector not in [a.name for a in areas]:
            areas += (Area(detector),)  # written in the profile, absent from this run: still to be seen and changed
        detector = detector or (areas[0].name if areas else "")
        taken = frozenset(taken)
        proposed = "" if values.get("name") else _free_name(taken, detector)
        if proposed:
            values["name"] = proposed
        shown = {"runs": runs, "detector": detector, **values}
        region = values.get("region")
        return cls(areas, _form(areas, detector, shown, region), taken, proposed)

    def set(self, name: str, text: str) -> "RoiDraft":
        form = self.form.set(name, text)
        if name == "detector" and self.is_proposed:
            proposed = _free_name(self.taken, text.strip())
            given = replace(self, form=self.form.set("name", proposed), proposed="").set(name, text)
            return replace(given, proposed=proposed)
        if name != "detector" or _area(self.areas, text) == _area(self.areas, self.form.text("detector")):
            return replace(self, form=form)
        typed = {f.name: form.text(f.name) for f in form.fields if not _is_axis(f.name)}
        fresh = _form(self.areas, text, {}, None)
        for field_name, typed_text in typed.items():
            fresh = fresh.set(field_name, typed_text)
        return replace(self, form=fresh)

    @property
    def is_proposed(self) -> bool:
        """The name is the one that was made up."""
        return bool(self.proposed) and self.name == self.proposed

    @property
    def detector(self) -> str:
        return self.form.text("detector").strip()

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong, by field name; {} when the region may be written."""
        found = dict(self.form.problems)
        place = (self.form.text("runs").strip(), self.detector, self.form.text("name").strip())
        if place in self.taken:
            found.setdefault("name", f"{place[1]} has a region of this name for these runs already")
        return found

    @property
    def runs(self) -> str:
        return self.form.text("runs").strip()

    @property
    def name(self) -> str:
        return self.form.text("name").strip()

    @property
    def region(self) -> list[list[int]]:
        """[[start, end], ...] per axis. ValueError when an edge cannot be read."""
        area = _area(self.areas, self.detector)
        lengths: Sequence[int | None] = area.shape if area and area.shape else (None,)
        axes = [f.name for f in self.form.fields if _is_axis(f.name)]
        if axes == ["axis_all"]:
            return [list(edges(part, None)) for part in self.form.text("axis_all").split(",")]
        return [list(edges(self.form.text(a), n)) for a, n in zip(axes, lengths, strict=True)]

    @property
    def parameters(self) -> dict[str, Any]:
        """The keys of the roi entry besides name and region."""
        return {k: v for k, v in self.form.values.items() if k in _OTHER}


def _free_name(taken: Iterable[tuple[str, str, str]], detector: str) -> str:
    used = {name for _, of, name in taken if of == detector}
    return next(n for n in map("ROI_{}".format, range(len(used) + 1)) if n not in used)


_PARAMETERS = fields_of(roi.Parameters, leave_out=("name", "region"))
_OTHER = {f.name for f in _PARAMETERS}


def _is_axis(name: str) -> bool:
    return name.startswith(_AXIS)


def _area(areas: Sequence[Area], name: str) -> Area | None:
    return next((a for a in areas if a.name == name.strip()), None)


def range_problem(text: str) -> str:
    try:
        RunRange.parse(text)
    except ValueError as error:
        return str(error)
    return ""


def _edge_check(length: int | None, parts: bool = False) -> Any:
    def check(text: str) -> str:
        try:
            for part in text.split(",") if parts else [text]:
                edges(part, length)
        except ValueError as error:
            return str(error)
        return ""

    return check


def _form(areas: Sequence[Area], detector: str, shown: Mapping[str, Any], region: Any) -> Form:
    area = _area(areas, detector)
    head = (
        Field(
            "runs",
            required=True,
            help="For which runs: 7, 21-, -20, 7,9,12-14, or all",
            check=range_problem,
        ),
        Field(
            "detector",
            kind="choice" if areas else "text",
            required=True,
            choices=tuple(a.name for a in areas),
            labels=tuple(a.title for a in areas),
            help="The detector that the region is cut from",
        ),
        Field("name", required=True, help="The region's name in the HDF5, e.g. ROI_0"),
    )
    texts = {}
    if area and area.shape:
        axes: tuple[Field, ...] = tuple(
            Field(
                f"{_AXIS}{n}",
                label=_axis_label(n, len(area.shape)),
                required=True,
                help=f"start:end, end not included; this axis has {length}",
                check=_edge_check(length),
            )
            for n, length in enumerate(area.shape)
        )
        given = region if region and len(region) == len(area.shape) else [[0, n] for n in area.shape]
        texts = {f.name: f"{start}:{end}" for f, (start, end) in zip(axes, given, strict=True)}
    else:
        hint = "start:end of each axis, comma between; the shape of this detector is not known"
        axes = (Field("axis_all", label="region", required=True, help=hint, check=_edge_check(None, parts=True)),)
        texts = {"axis_all": ", ".join(f"{start}:{end}" for start, end in region or ())}

    check_values = reader(roi.Parameters)
    names = {"name", "region"} | _OTHER

    def check(values: Mapping[str, Any]) -> Mapping[str, str]:
        found = check_values({k: v for k, v in values.items() if k in names})
        return {k: message for k, message in found.items() if k in names}

    return Form.of((*head, *axes, *_PARAMETERS), {**shown, **texts}, check)


def _axis_label(n: int, axes: int) -> str:
    from_the_end = {1: "columns", 2: "rows", 3: "segments"}
    return f"{from_the_end.get(axes - n, f'axis {n}')}" if axes > 1 else "samples"
