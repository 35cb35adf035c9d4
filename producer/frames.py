"""The calibrated frames of the detectors that are analysed."""

from dataclasses import dataclass
from typing import Any, Callable, Optional

import numpy as np

from producer.data_source import Interface, OpenRun
from producer.detector_context import Context
from producer.waveform_frames import waveforms


class NoFrames(Exception):
    """A detector has nothing to analyse; the message says why."""


@dataclass(frozen=True)
class Frames:
    """`read(event)` gives the frame, as psana calibrates it or raw. `uncalibrated`: why it is raw, in words, or ""."""

    interface: Interface
    call: Callable[[Any], Any]
    uncalibrated: str = ""
    context: Optional[Context] = None

    def read(self, event: Any) -> Optional[np.ndarray]:
        """Read-only; None when not every segment of the detector is in the event."""
        if self.interface.parts(event) is None:
            return None
        frame = self.call(event)
        if frame is None:
            return None
        view = np.asarray(frame).view()
        view.setflags(write=False)
        return view


def frames(run: OpenRun, detector: str) -> Frames:
    """Raises `NoFrames`, and whatever psana's class raises when it is made."""
    interface = run.interfaces.get((detector, "raw"))
    if interface is None:
        there = ", ".join(sorted(name for other, name in run.interfaces if other == detector)) or "nothing"
        raise NoFrames(f"{detector} has no raw data to analyse, only {there}")
    reader = run.reader(detector, "raw")
    calib, raw = getattr(reader, "calib", None), getattr(reader, "raw", None)
    if run.is_area(reader):
        run.keep_mask(reader)
        run.keep_constants(reader)
        if run.constants(detector).get("pedestals") is not None and callable(calib):
            return Frames(interface, calib, context=Context(detector, reader, calibrated=True))
        if callable(raw):
            return Frames(
                interface, raw, "no pedestals were found, so its raw values are used", Context(detector, reader)
            )
    if callable(calib):
        return Frames(interface, calib)  # a class that does not use constants
    if callable(raw):
        return Frames(interface, raw, "psana has no calibration for it, so its raw values are used")
    found = waveforms(interface, reader)
    if found is not None:
        call, context = found
        return Frames(interface, call, context=context)
    raise NoFrames(
        f"{detector} gives no frames: psana reads {', '.join(run.methods(detector, 'raw')) or 'nothing'} from it"
    )
