"""The proof of an import: the original functions are executed for every run, and what they return is compared with the
profile's plan for that run. Every difference must be one that the import reported."""

from collections import defaultdict
from pathlib import Path as FilePath
from typing import Any

from producer.plan import Plan, check, effective
from producer.problem import errors
from producer.run_ranges import RunRange
from smdtui.profile.importing.back import BACK, OURS
from smdtui.profile.importing.execute import Lines, decode, representative_runs, run_child
from smdtui.profile.importing.items import FAILS, IGNORED, LOST, NOTE
from smdtui.profile.importing.known_names import LCLS2, TEMPLATE
from smdtui.profile.importing.read import Source
from smdtui.profile.importing.reading import ImportFailed
from smdtui.profile.importing.settings import integrating_detectors
from smdtui.profile.importing.translate import Translation
from smdtui.profile.importing.values import LoadedFile, Unknown


def differences(
    path: str | FilePath, translation: Translation, text: str, seconds: float = 120.0
) -> tuple[int, list[str]]:
    """(runs compared, unreported differences in words). `text`: the profile. Raises `ImportFailed`, OSError."""
    source = Source.of(path)
    told = run_child(source, seconds)
    if "error" in told or not told["complete"]:
        raise ImportFailed(f"{path}: executing it for every run did not work out, so nothing is proven")
    profile, problems = check("profile.toml", text)
    if profile is None or errors(problems):
        return 0, [problem.text() for problem in problems]
    lines = Lines(source)
    settings = {name: decode(value, 0, lines) for name, value in told["settings"].items()}
    functions = {
        name: [(run, decode(value, 0, lines)) for run, value in spans] for name, spans in told["functions"].items()
    }
    found: dict[str, list[int]] = defaultdict(list)
    runs = sorted(representative_runs(source))
    for run in runs:
        returned = {name: _at(spans, run) for name, spans in functions.items()}
        compared = _Compared(translation, effective(profile, run), settings, returned)
        for words in compared.differences():
            found[words].append(run)
    return len(runs), [f"{words} (runs {_runs(where)})" for words, where in found.items()]


def _runs(where: list[int]) -> str:
    text = RunRange.of((run, run) for run in where).text
    return text if len(text) < 60 else f"{text[:50]}... and more, up to {where[-1]}"


def _at(spans: list[tuple[int, Any]], run: int) -> Any:
    return next((value for first, value in reversed(spans) if first <= run), None)


class _Compared:
    """One run: what the configuration returns against our plan."""

    def __init__(
        self, translation: Translation, plan: Plan, settings: dict[str, Any], returned: dict[str, Any]
    ) -> None:
        self.plan = plan
        self.settings = settings
        self.returned = {name: {} if _raised(value) else value for name, value in returned.items()}
        self.failed = {name for name, value in returned.items() if _raised(value)}
        self.generation = translation.reading.generation
        self.items = [item for item in translation.items if RunRange.of(item.spans).contains(plan.run)]
        self.explained: set[tuple[str, str]] = set()  # (detector, function of ours) that the configuration asks for
        self.found: list[str] = []

    def differences(self) -> list[str]:
        for name in self.failed:
            if not self.reported((name,), (FAILS, LOST)):
                self.found.append(f"{name} raises an error, which is not reported")
        for name, ours in OURS.items():
            value = self.returned.get(name)
            for detector, given in value.items() if isinstance(value, dict) else ():
                self._detector(name, ours, str(detector), given)
        self._projections()
        self._sums()
        self._settings()
        for detector, functions in self.plan.detectors.items():
            for function in functions:
                if (detector, function) not in self.explained:
                    self.found.append(f"{detector} {function} is in the profile, but nothing asks for it")
        return self.found

    def reported(self, path: tuple[str, ...], kinds: tuple[str, ...] = (LOST, IGNORED, FAILS, NOTE)) -> bool:
        return any(item.kind in kinds and item.path == path for item in self.items)

    def _absent(self, name: str, detector: str) -> bool:
        """Whether it was reported that nothing of this detector's entry is in the profile."""
        kinds = (LOST, IGNORED)
        return self.reported((name, detector), kinds) or self.reported((name,), kinds)

    def _detector(self, name: str, ours: str, detector: str, given: Any) -> None:
        if ours == "roi" and "hsd" in detector and self.generation == LCLS2:
            self._hsd(name, detector, given)
            return
        function = "droplet" if ours == "photons" else ours
        there = self.plan.detectors.get(detector, {}).get(function, ())
        entries = list(there) if isinstance(there, tuple) else [there]
        if ours in ("droplet", "photons"):
            entries = [one for one in entries if (one.photons is not None) == (ours == "photons")]
        wanted = _entries(given)
        self.explained.add((detector, function))
        if len(entries) != len(wanted) and not (
            len(entries) < len(wanted) and (self._absent(name, detector) or self._overwritten(ours, detector))
        ):
            self.found.append(f"{name} {detector}: {len(wanted)} entries there, {len(entries)} here")
            return
        for theirs, mine in zip(wanted, entries, strict=False):
            self._entry(name, ours, detector, theirs, mine)

    def _overwritten(self, ours: str, detector: str) -> bool:
        """Photons that get_droplet of the same detector overwrites."""
        return ours == "photons" and self.reported(("get_droplet", detector), (NOTE,))

    def _entry(self, name: str, ours: str, detector: str, theirs: Any, mine: Any) -> None:
        for key, value in theirs.items():
            if key in BACK[ours]:
                back = BACK[ours][key](mine)
                same = _same(value, back)
                if isinstance(value, dict) and isinstance(back, dict) and not same:
                    self._nested(name, detector, key, value, back)
                    continue
            else:
                same, back = value is None, None
            if not same and not self.reported((name, detector, str(key))) and not self._harmless(key, value):
                self.found.append(f"{name} {detector} {key}: {value!r} there, {back!r} here")

    def _nested(self, name: str, detector: str, key: str, value: Any, back: Any) -> None:
        for inner, one in value.items():
            if _same(one, back.get(inner)):
                continue
            known = self.reported((name, detector, key, str(inner))) or self.reported((name, detector, key))
            if not known and not self._harmless(inner, one):
                self.found.append(f"{name} {detector} {key} {inner}: {one!r} there, {back.get(inner)!r} here")

    def _harmless(self, key: Any, value: Any) -> bool:
        """Switches that are off, which our format has not."""
        return (key, value) in (("calcPars", True), ("cputime", False), ("one_photon_info", False), ("name", "ROI"))

    def _hsd(self, name: str, detector: str, given: Any) -> None:
        there = self.plan.detectors.get(detector, {}).get("hsd", ())
        self.explained.add((detector, "hsd"))
        mine = {f"hsd_{one.channel}": one.region for one in there}
        if not there and self._absent(name, detector):
            return
        for channel, bounds in given.items():
            if not _same(bounds, mine.get(channel)) and not self.reported((name, detector, channel)):
                self.found.append(f"{name} {detector} {channel}: {bounds!r} there, {mine.get(channel)!r} here")

    def _projections(self) -> None:
        """getProjection_ax0/1: each of the detector's ROIs has them, or the detector where there is no ROI."""
        for name in ("getProjection_ax0", "getProjection_ax1"):
            value = self.returned.get(name)
            for detector, given in value.items() if isinstance(value, dict) else ():
                functions = self.plan.detectors.get(detector, {})
                groups = [roi.projection for roi in functions.get("roi", ())] or [functions.get("projection", ())]
                self.explained.add((detector, "projection"))
                if self._absent(name, detector):
                    continue
                axis = given.get("axis", -1)
                for group in groups:
                    mine = [one for one in group if one.axis == axis]
                    if len(mine) != 1:
                        self.found.append(f"{name} {detector}: {len(mine)} projections of axis {axis} here")
                    else:
                        self._entry(name, "projection", detector, given, mine[0])

    def _sums(self) -> None:
        listed = self.settings.get("detectors", self.settings.get("detnames"))
        for detector in set(self.plan.detectors) | set(listed if isinstance(listed, list) else ()):
            wanted = [s for s in self._wanted_sums(detector) if not self._sum_reported(detector, s)]
            there = self.plan.detectors.get(detector, {}).get("sums")
            mine = list(there.algorithms) if there is not None else []
            self.explained.add((detector, "sums"))
            if list(dict.fromkeys(wanted)) != mine:
                self.found.append(f"{detector} sums: {wanted} there, {mine} here")

    def _wanted_sums(self, detector: str) -> list[str]:
        if self.generation == LCLS2:
            if "hsd" in detector:
                return []
            algorithms = self.returned.get("get_sum_algos", {})
            if "get_sum_algos" in self.failed:
                return []
            return ["calib"] if algorithms == {} else [*algorithms.get("all", []), *algorithms.get(detector, [])]
        if self.generation == TEMPLATE:
            return ["calib"]
        return list(self.returned.get("getDetSums", {}).get(detector, []))

    def _sum_reported(self, detector: str, name: str) -> bool:
        source = "get_sum_algos" if self.generation == LCLS2 else "getDetSums"
        return self.reported((source, detector, name)) or self._absent(source, detector)

    def _settings(self) -> None:
        per_event, archived = ("epicsArchFilePV", "epicsPV") if self.generation == LCLS2 else ("epicsPV", "")
        for name, mine in (
            (per_event, self.plan.epics.per_event),
            ("epicsOncePV", self.plan.epics.once),
            (archived, self.plan.archiver.pvs),
        ):
            wanted = [_pv(one) for one in self.settings.get(name) or []]
            here = [(pv.pv, pv.alias or pv.pv) for pv in mine]
            missing = [one for one in dict.fromkeys(wanted) if one not in here]
            if [one for one in here if one not in wanted] or any(not self._pv_reported(name, m) for m in missing):
                self.found.append(f"{name}: {wanted} there, {here} here")
        calibration = self.settings.get("ttCalib") or self.settings.get("ttCalibPars") or []
        if not _same(calibration, self.plan.timetool.calibration) and not any(
            self.reported((name,)) or self.reported((name, name)) for name in ("ttCalib", "ttCalibPars")
        ):
            self.found.append(f"ttCalib: {calibration} there, {self.plan.timetool.calibration} here")
        inputs = self.settings.get("aioParams") or []
        channels = [one.channel for one in self.plan.analog_input]
        if list(inputs[0] if inputs else []) != channels and not self.reported(("aioParams",)):
            self.found.append(f"aioParams: {inputs} there, channels {channels} here")
        for i, one in enumerate(self.plan.analog_input):
            given = [part[i] for part in inputs]
            if not _same(given, [one.name if k == 1 else v for k, v in enumerate(_input(one))][: len(given)]):
                self.found.append(f"aioParams: {given} there, {_input(one)} here")
        if "get_intg" in self.returned and "get_intg" not in self.failed:
            slow = integrating_detectors(self.returned["get_intg"]) or ()
            if slow != self.plan.integrating.detectors and not self.reported(("get_intg",)):
                self.found.append(f"get_intg: {slow} there, {self.plan.integrating.detectors} here")

    def _pv_reported(self, name: str, entry: tuple[str, str]) -> bool:
        return any(item.path[:1] == (name,) for item in self.items)


def _input(one: Any) -> list[Any]:
    return [one.channel, one.name, one.scale, one.offset]


def _pv(entry: Any) -> tuple[str, str]:
    if isinstance(entry, (tuple, list)) and len(entry) == 2:
        return str(entry[0]), str(entry[1])
    return str(entry), str(entry)


def _raised(value: Any) -> bool:
    return isinstance(value, Unknown)


def _entries(given: Any) -> list[dict[str, Any]]:
    """Entries of a detector; a ROI of the older template with several regions is several entries."""
    entries: list[dict[str, Any]] = []
    for one in given if isinstance(given, (list, tuple)) else [given]:
        if isinstance(one, dict) and "ROIs" in one:
            rest = {key: value for key, value in one.items() if key != "ROIs"}
            entries += [{**rest, "ROI": bounds} for bounds in one["ROIs"]]
        elif isinstance(one, dict):
            entries.append(one)
    return entries


def _same(theirs: Any, ours: Any) -> bool:
    """Equal in value; None stands for what is not given, and a single pair for a list of one."""
    a, b = _normal(theirs), _normal(ours)
    if a == b or theirs is None:
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return all(_same(value, b.get(key)) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return all(_same(one, other) for one, other in zip(a, b, strict=True))
    if isinstance(b, list) and len(b) == 1 and a == b[0]:
        return True
    if isinstance(a, list) and len(a) == 1 and a[0] == b:
        return True
    return type(b) is bool and bool(a) is b and not isinstance(a, (list, dict))


def _normal(value: Any) -> Any:
    if isinstance(value, LoadedFile):
        return value.path
    if isinstance(value, slice):
        return [value.start or 0, value.stop]
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_normal(one) for one in value]
    if isinstance(value, dict):
        return {key: _normal(one) for key, one in value.items()}
    return value
