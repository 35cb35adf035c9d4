"""High-speed digitizer: ranges of its channels' waveforms; their times once per file."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import hit_finder_cfd, traces
from producer.analysis.names import dataset_name, within
from producer.computation import make
from producer.detector_context import Context, Lacking
from producer.parameters import Meta
from producer.schema import Total, column
from producer.waveform_frames import Digitizer

NAME = "hsd"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("names the datasets: full_<name>_sum, full_<name>_wf, ...", check=dataset_name)] = (
        "hsd_0__ROI"
    )
    channel: Annotated[int, Meta("the digitizer: psana's segment number", minimum=0)] = 0
    region: Annotated[
        Optional[Tuple[int, int]],
        Meta("[start, end) of the waveform; left out = all of it", unit="samples", minimum=0),
    ] = None
    save_samples: Annotated[bool, Meta("also write the waveform in the range with each event")] = True
    hits: Annotated[Optional[hit_finder_cfd.Parameters], Meta("find the peaks in the range")] = None

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        yield from traces.empty_ranges(self, "region")


RECORDED = {"region": "ROI", "save_samples": "writeArea"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, f"full_{parameters.name}")
    region = parameters.region
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_sum": ()}
    if parameters.save_samples:
        found[f"{start}_wf"] = None if region is None else (region[1] - region[0],)
    if parameters.hits is not None:
        found.update(hit_finder_cfd.promises(parameters.hits, start))
    return found


class Computation:
    """Of the samples of the channel in the range:

    * ``full_<name>_wf``: the samples, if asked for; int32, digitizer counts (float32 after `fourier_baseline`)
    * ``full_<name>_sum`` int64: their sum, exact (float64 after `fourier_baseline`)
    * the results of `hits`, their samples counted from the start of the range
    * once ``UserDataCfg/<detector>/full__full_times_<channel>`` float64: the times of all samples of the channel in s

    As hsdsplitFunc and hsdROIFunc of smalldata_tools (ana_funcs/waveformFunc.py)."""

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        if not isinstance(context, Digitizer):
            raise Lacking("it is no high-speed digitizer (hsd)")
        place, region = context.channel(parameters.channel), parameters.region
        length = place.stop - place.start
        if region is not None:
            if region[1] > length:
                words = f"[{region[0]}, {region[1]}) ends beyond the {length} samples of channel {parameters.channel}"
                raise Lacking(f"the region {words}")
            place = slice(place.start + region[0], place.start + region[1])
        self._place = place
        start = within(owner, f"full_{parameters.name}")
        self._sum, self._samples = f"{start}_sum", f"{start}_wf" if parameters.save_samples else ""
        count = place.stop - place.start
        unit = "digitizer counts"
        self._wide = np.dtype(np.int64) if dtype.kind in "iub" else np.dtype(np.float64)
        self.columns: List[Any] = [column(self._sum, self._wide, (), unit, "sum of the samples")]
        if self._samples:
            self.columns.append(column(self._samples, dtype, (count,), unit, "samples of the waveform"))
        self._hits = None
        if parameters.hits is not None:
            words = parameters.hits.misfit((count,))
            if words:
                raise Lacking(words)
            self._hits = make(hit_finder_cfd, parameters.hits, start, np.empty(count, dtype), context)
            self.columns += self._hits.columns
        times = context.times(parameters.channel)
        path = f"UserDataCfg/{owner}/full__full_times_{parameters.channel}"
        about = column(path, np.float64, times.shape, "s", f"times of the samples of channel {parameters.channel}")
        self.once = [(about, times)]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        samples = frame[self._place]
        values: Dict[str, Any] = {self._sum: samples.sum(dtype=self._wide)}
        if self._samples:
            values[self._samples] = samples
        if self._hits is not None:
            values.update(self._hits.event(samples, timestamp))
        return values

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []
