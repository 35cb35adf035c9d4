"""The runs of the demo: how long, with which detectors, with what gone wrong in them."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterable, Optional, Tuple

import numpy as np

from producer.synthetic import detectors as dets
from producer.synthetic import marker, physics
from producer.synthetic.stream import Stream

EXPERIMENT = "tmoc00126"
VERSION = 1  # of what is written: raise it when the files change, and demos on disk are written anew
SLOW_EVERY = 10  # events between two samples of the PVs
PLAIN, SCAN, DAMAGED, RECORDING = "plain", "scan", "damaged", "recording"
SCAN_DELAYS = tuple(-0.75 + 0.25 * i for i in range(8))  # ps
PUMPED_DELAYS = (1.0,)
_DAY = 1_147_608_000  # 2026-05-14 12:00 UTC in seconds since 1990-01-01, which is how psana counts
_MISSING_BEAM, _MISSING_PANEL = 7, 5  # every so many events of a damaged run
TIMED_OUT, CORRUPTED = 1 << 6, 1 << 3  # damage bits of XtcData

Progress = Callable[[int, int, str], None]  # events written, of how many, what is being written


@dataclass(frozen=True)
class Plan:
    """One run of the demo; `share` is its length in parts of the longest."""

    run: int
    kind: str
    share: float
    jungfrau: bool = False


RUNS = (
    Plan(12, PLAIN, 1 / 8),
    Plan(13, SCAN, 1 / 3),
    Plan(14, DAMAGED, 0.1, jungfrau=True),
    Plan(15, PLAIN, 1.0),
    Plan(16, RECORDING, 0.1),
)


@dataclass(frozen=True)
class Written:
    """A run as authored: `timestamps` (uint64) and `shots` are what reading it has to give back."""

    experiment: str
    run: int
    kind: str
    directory: Path  # the xtc folder
    files: Tuple[Path, ...]
    timestamps: np.ndarray
    shots: physics.Shots
    pvs: int

    @property
    def bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files)


def hutch(experiment: str) -> str:
    return experiment[:3]


def shots_of(run: int, kind: str, events: int, seed: int) -> physics.Shots:
    return physics.shots(seed, run, events, SCAN_DELAYS if kind == SCAN else PUMPED_DELAYS)


def beam_missing(kind: str, event: int) -> bool:
    return kind == DAMAGED and event % _MISSING_BEAM == 3


def panel_missing(kind: str, event: int) -> bool:
    return kind == DAMAGED and event % _MISSING_PANEL == 2


def damage(kind: str, stream: int, event: int) -> int:
    """The damage bits of a contribution."""
    if kind == DAMAGED and stream == dets.BEAM and event % 10 == 1:
        return TIMED_OUT
    if kind == DAMAGED and stream == dets.OPAL and event % 11 == 4:
        return CORRUPTED
    return 0


def write_run(
    directory: Path,
    run: int = 12,
    events: int = 24,
    pvs: int = 30,
    kind: str = PLAIN,
    seed: int = 0,
    experiment: str = EXPERIMENT,
    detectors: Optional[Iterable[str]] = None,
    progress: Optional[Callable[[int], None]] = None,
) -> Written:
    """Write one run into `directory` (an xtc folder, made where missing).

    `kind` is "plain", "scan" (8 delays), "damaged" (beam data missing every 7th event, a jungfrau panel every 5th,
    damage bits) or "recording" (unfinished file names, no EndRun). Of the large detectors (detectors.OPTIONAL) those
    in `detectors` are written; by default all, the jungfrau in a damaged run only. Same arguments, same bytes.
    Raises ValueError for arguments that make no run, OSError where the files cannot be written.
    """
    if kind not in (PLAIN, SCAN, DAMAGED, RECORDING):
        raise ValueError(f"no such kind of run: {kind!r}")
    if detectors is None:
        detectors = set(dets.OPTIONAL) - (set() if kind == DAMAGED else {"jungfrau1M"})
    chosen = set(detectors)
    if chosen - set(dets.OPTIONAL):
        raise ValueError(f"no such detectors: {sorted(chosen - set(dets.OPTIONAL))}; there are {list(dets.OPTIONAL)}")
    if not (0 < events < 1_000_000 and 0 < pvs <= 50_000 and 0 < run < 10_000 and seed >= 0):
        raise ValueError(f"run {run}, {events} events, {pvs} PVs, seed {seed}: out of range")
    large = set(dets.OPTIONAL.values())
    numbers = [n for n in range(8) if n not in large or n in {dets.OPTIONAL[name] for name in chosen}]
    shots = shots_of(run, kind, events, seed)
    with ExitStack() as stack:
        streams: Dict[int, Stream] = {
            n: stack.enter_context(Stream(directory, experiment, run, n, recording=kind == RECORDING)) for n in numbers
        }
        what = dets.Detectors(streams, shots, pvs, scan=kind == SCAN)
        timestamps = _record(streams, what, experiment, kind, progress)
    files = tuple(path for stream in streams.values() for path in (stream.path, stream.smd_path))
    return Written(experiment, run, kind, Path(directory), files, timestamps, shots, pvs)


def _record(
    streams: Dict[int, Stream],
    what: dets.Detectors,
    experiment: str,
    kind: str,
    progress: Optional[Callable[[int], None]],
) -> np.ndarray:
    ids = streams[dets.TIMING].ids
    clock = _Clock(_DAY + 1800 * what.shots.run)
    configuration, first = what.configuration(), clock.tick()
    for number, stream in streams.items():
        stream.configure(first, configuration.get(number, ()))

    def transition(service: int, items: Optional[dets.Contributions] = None) -> None:
        now = clock.tick()
        for number, stream in streams.items():
            stream.transition(service, now, (items or {}).get(number, ()))

    transition(ids.BeginRun, what.run_info(experiment))
    shots, timestamps = what.shots, []
    for i in range(len(shots)):
        fresh = i == 0 or shots.step[i] != shots.step[i - 1]
        if fresh:
            if i:
                transition(ids.Disable)
                transition(ids.EndStep)
            transition(ids.BeginStep, what.step(int(shots.step[i]), float(shots.delay[i])))
            transition(ids.Enable)
        if fresh or i % SLOW_EVERY == 0:
            transition(ids.SlowUpdate, what.slow(i))
        now = clock.tick()
        timestamps.append(now)
        found = what.event(i, now)
        if beam_missing(kind, i):
            del found[dets.BEAM]
        if panel_missing(kind, i) and dets.JUNGFRAU in found:
            del found[dets.JUNGFRAU][1]
        for number, items in found.items():
            streams[number].event(now, items, damage(kind, number, i))
        if progress:
            progress(i + 1)
    if kind != RECORDING:
        for service in (ids.Disable, ids.EndStep, ids.EndRun):
            transition(service)
    return np.array(timestamps, np.uint64)


class _Clock:
    """Datagrams at the rate of the shots: psana's timestamps, seconds since 1990 << 32 | nanoseconds."""

    def __init__(self, begin: int):
        self._begin, self._ticks = begin, 0

    def tick(self) -> int:
        seconds, fraction = divmod(self._ticks, physics.RATE)
        self._ticks += 1
        return (self._begin + seconds) << 32 | fraction * 1_000_000_000 // physics.RATE


def write_constants(folder: Path, seed: int = 0) -> Tuple[Path, ...]:
    """Calibration constants as ``<folder>/<detector>/<kind>.npy`` (float32 or uint64). Raises OSError."""
    written = []
    for name, constants in dets.constants(seed).items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for kind, array in constants.items():
            written.append(folder / name / f"{kind}.npy")
            np.save(written[-1], array)
    return tuple(written)


def write_experiment(
    directory: Path,
    experiment: str = EXPERIMENT,
    seed: int = 0,
    events: int = 240,
    pvs: int = 2000,
    runs: Optional[Iterable[int]] = None,
    progress: Optional[Progress] = None,
) -> Dict[int, Written]:
    """Write the demo: ``<directory>/<hutch>/<experiment>/xtc`` with smalldata in it, ``.../calib`` beside it, and the
    marker, which is complete only at the end. What an earlier demo there had for runs goes, all else stays.

    `events` is the length of the longest run; `runs` some of the numbers of RUNS. Raises ValueError, OSError.
    """
    unknown = set(runs or ()) - {plan.run for plan in RUNS}
    if unknown:
        raise ValueError(f"no such runs in the demo: {sorted(unknown)}; there are {[plan.run for plan in RUNS]}")
    plans = [plan for plan in RUNS if runs is None or plan.run in set(runs)]
    lengths = [max(round(plan.share * events), 1) for plan in plans]
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    home = directory / hutch(experiment) / experiment
    if marker.read(directory) is not None:
        for file in [*home.glob(f"xtc/{experiment}-r*.xtc2*"), *home.glob(f"xtc/smalldata/{experiment}-r*.xtc2*")]:
            file.unlink()
    marker.Marker(VERSION, seed, events, pvs, experiment).write(directory)
    written, done, total = {}, 0, sum(lengths)
    for plan, length in zip(plans, lengths):

        def report(event: int, before: int = done, run: int = plan.run) -> None:
            if progress:
                progress(before + event, total, f"run {run}")

        names = set(dets.OPTIONAL) - (set() if plan.jungfrau else {"jungfrau1M"})
        written[plan.run] = write_run(
            home / "xtc", plan.run, length, pvs, plan.kind, seed, experiment, names, progress=report
        )
        done += length
    if progress:
        progress(done, total, "calibration constants")
    write_constants(home / "calib", seed)
    marker.Marker(VERSION, seed, events, pvs, experiment, complete=True).write(directory)
    return written
