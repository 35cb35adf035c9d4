"""Whether a produced file is what it was meant to be. Needs numpy and h5py alone, so that it can be asked anywhere."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple, Union

import h5py
import numpy as np

from producer.event_problems import FIELDS, EventProblem
from producer.plan import Plan
from producer.promises import promises

NOT_PER_EVENT = ("UserDataCfg", "Sums", "epicsOnce", "problems", "epics_archiver", "intg")
NAN_BYTES = 64 << 20  # columns with more are left out of the count of NaN: it would take longer than it is worth

Expected = Union[None, int, np.ndarray]


@dataclass(frozen=True)
class Verdict:
    """`verdict` is "verified" or "failed". `problems`: {"severity", "message"} and, for those of events, the fields of
    `EventProblem`; "note"s count what is allowed to happen. `nan_share`: of each float column that has NaN at all."""

    file: str
    verdict: str
    events: int
    expected: Optional[int]
    problems: List[Dict[str, Any]] = field(default_factory=list)
    nan_share: Dict[str, float] = field(default_factory=dict)

    @property
    def verified(self) -> bool:
        return self.verdict == "verified"

    def text(self) -> str:
        """``verified, 240 of 240 events``, with the errors after it where it failed."""
        of = f" of {self.expected}" if self.expected is not None else ""
        errors = [problem["message"] for problem in self.problems if problem["severity"] == "error"]
        more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
        reasons = f": {'; '.join(errors[:3])}{more}" if errors else ""
        return f"{self.verdict}, {self.events}{of} events{reasons}"

    def failing(self, message: str) -> "Verdict":
        """The same, failed for one more reason, which comes first."""
        return replace(self, verdict="failed", problems=[{"severity": "error", "message": message}, *self.problems])

    def as_json(self) -> Dict[str, Any]:
        return asdict(self)


def failed(file: Union[str, Path], message: str, events: int = 0, expected: Optional[int] = None) -> Verdict:
    return Verdict(str(file), "failed", events, expected, [{"severity": "error", "message": message}])


def verify(
    path: Union[str, Path],
    plan: Optional[Plan] = None,
    expected: Expected = None,
    alive: Callable[[], None] = lambda: None,
) -> Verdict:
    """`plan`: what the file is to hold; without it, what it says itself that was asked. `expected`: how many events, or
    the timestamps of all of them (uint64); without it, the number that the file says. `alive` is
    called for each column that is read. Never raises for what is wrong with the file."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return _verify(path, file, plan, expected, alive)
    except OSError as error:
        reason = "there is no such file" if not Path(path).exists() else f"it cannot be read as HDF5 ({error})"
        return failed(path, f"{path}: {reason}")
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        return failed(path, f"{path} is not a file of this producer, or is damaged: {error}")


def _verify(
    path: Union[str, Path], file: h5py.File, plan: Optional[Plan], expected: Expected, alive: Callable[[], None]
) -> Verdict:
    problems: List[Dict[str, Any]] = []

    def error(message: str) -> None:
        problems.append({"severity": "error", "message": message})

    if "timestamp" not in file:
        return failed(path, f"{path} has no timestamps: it is not a file of this producer")
    times = file["timestamp"][:].astype(np.int64)
    settings = file.get("UserDataCfg", {})
    wanted = expected
    if wanted is None and "events_expected" in settings:
        wanted = int(settings["events_expected"][()])
    count = None if wanted is None else int(wanted) if isinstance(wanted, (int, np.integer)) else len(wanted)
    if times.size > 1:
        steps = np.diff(times)
        if (steps == 0).any():
            error(f"{int((steps == 0).sum())} events are there twice")
        if (steps < 0).any():
            error("the events are not in the order of time")
    if isinstance(wanted, np.ndarray):
        problems += _compare_times(times, wanted)
    elif count is not None and count != times.size:
        error(f"{times.size} of {count} events are in the file")

    promised: Mapping[str, Any] = {}
    if plan is not None:
        promised = promises(plan)
    elif "promised" in settings:
        promised = json.loads(settings["promised"][()])
    columns, totals = _datasets(file)
    of_events = _event_problems(file)
    problems += of_events
    silent = {p["detector"] for p in of_events if p["kind"] == "no data"}
    analysed = silent | set(plan.detectors if plan is not None else settings)
    for name, shape in promised.items():
        if _detector(name, analysed) in silent:
            continue  # said of the detector as a whole
        if name not in columns and name not in totals:
            error(f"{name} is missing, which the profile asks for")
        elif shape is not None and name in columns and tuple(columns[name].shape[1:]) != tuple(shape):
            error(f"{name} has {_size(columns[name].shape[1:])} a row, {_size(shape)} expected")
    problems += _variable_lengths(columns)
    for name, dataset in columns.items():
        if dataset.shape[:1] != times.shape and not _is_variable(name):
            rows = dataset.shape[0] if dataset.shape else "no"
            error(f"{name} has {rows} rows for {times.size} events")
    failing = any(problem["severity"] == "error" for problem in problems)
    order = {"error": 0, "warning": 1}
    problems.sort(key=lambda problem: order.get(problem["severity"], 2))
    return Verdict(
        str(path), "failed" if failing else "verified", int(times.size), count, problems, _nan_shares(columns, alive)
    )


def _detector(name: str, analysed: Set[str]) -> str:
    """Whose the dataset is, "" when nobody's: ``Sums/epix_1_calib`` is epix_1's where that is analysed, not epix's."""
    group, _, rest = name.partition("/")
    if group != "Sums":
        return group if group in analysed else ""
    return max((detector for detector in analysed if rest.startswith(f"{detector}_")), key=len, default="")


def _compare_times(times: np.ndarray, wanted: np.ndarray) -> List[Dict[str, Any]]:
    given, asked = np.unique(times.astype(np.uint64)), np.unique(wanted.astype(np.uint64))
    lacking, foreign = np.setdiff1d(asked, given), np.setdiff1d(given, asked)
    messages = []
    if lacking.size:
        messages.append(
            f"psana gave {given.size - foreign.size} of {asked.size} events; the first missing is {lacking[0]}"
        )
    if foreign.size:
        messages.append(f"{foreign.size} events are not in the run's list of events, the first is {foreign[0]}")
    return [{"severity": "error", "message": message} for message in messages]


def _is_variable(name: str) -> bool:
    """Whether the dataset has the entries of all events one after the other, as psana names them."""
    return name.rsplit("/", 2)[-2].startswith("var_") if name.count("/") >= 2 else False


def _variable_lengths(columns: Mapping[str, h5py.Dataset]) -> List[Dict[str, Any]]:
    """Whether each field has as many entries as the events say together."""
    found = []
    totals: Dict[str, Optional[int]] = {}
    for name, dataset in columns.items():
        if _is_variable(name):
            group = name.rsplit("/", 1)[0]
            if group not in totals:
                lengths = columns.get(f"{group}_len")
                totals[group] = None if lengths is None else int(lengths[:].sum())
            if dataset.shape[0] != totals[group]:
                said = "but there is no" if totals[group] is None else f"not the {totals[group]} of"
                found.append(
                    {"severity": "error", "message": f"{name} has {dataset.shape[0]} entries, {said} {group}_len"}
                )
    return found


def _datasets(file: h5py.File) -> Tuple[Dict[str, h5py.Dataset], Dict[str, h5py.Dataset]]:
    """Those with a row for each event, and the others."""
    columns: Dict[str, h5py.Dataset] = {}
    others: Dict[str, h5py.Dataset] = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            (others if name.split("/", 1)[0] in NOT_PER_EVENT else columns)[name] = node

    file.visititems(visit)
    return columns, others


def _event_problems(file: h5py.File) -> List[Dict[str, Any]]:
    group = file.get("problems")
    if group is None:
        return []
    rows = [group[name].asstr()[:] if group[name].dtype.kind == "O" else group[name][:] for name in FIELDS]
    found = []
    for row in zip(*rows):
        problem = EventProblem(*(value.item() if isinstance(value, np.generic) else value for value in row))
        found.append({**asdict(problem), "message": problem.text(), "example": problem.message})
    return found


def _nan_shares(columns: Mapping[str, h5py.Dataset], alive: Callable[[], None]) -> Dict[str, float]:
    shares = {}
    for name, dataset in columns.items():
        alive()
        if dataset.dtype.kind != "f" or not dataset.size or dataset.size * dataset.dtype.itemsize > NAN_BYTES:
            continue
        share = float(np.isnan(dataset[...]).mean())
        if share:
            shares[name] = round(share, 6)
    return shares


def _size(shape: Any) -> str:
    return " x ".join(str(n) for n in shape) if len(shape) else "one number"
