"""The values of one EPICS PV at every SlowUpdate of a run, with their times."""

import os
from typing import Any, Dict, List, Tuple

import numpy as np

from producer import dgram
from producer.dgram import Damaged
from producer.first_values import plain
from producer.pv_statistics import Layout, places
from producer.run_folder import RunFiles
from producer.xtc_tree import TEXT, TYPES, Corrupt, configuration

MOST = 2000  # points; of more updates as many are taken, evenly spread


def series(files: RunFiles, name: str) -> Tuple[List[float], List[Any]]:
    """(unix times in s, values as JSON can hold them) of the PV of that alias; ([], []) when no stream declares it.

    Of a name that several streams carry, psana takes the first that recorded a value.  Raises Damaged when an smd
    file cannot be read.
    """
    times: List[float] = []
    values: List[Any] = []
    for stream in files.streams:
        if stream.smd is None:
            continue
        configured = configuration(stream.smd, dgram.read_dgram(stream.smd))
        having: Dict[int, Tuple[Layout, int]] = {}
        for names in configured.names:
            place = next((i for i, field in enumerate(names.fields) if field.name == name), None)
            if names.detname == "epics" and place is not None:
                having[names.key] = Layout(names), place
        if not having:
            continue
        walked = dgram.walk(stream.smd)
        wanted = np.flatnonzero((walked.services == dgram.SLOW_UPDATE) & (walked.headers["extent"] > 12))
        if len(wanted) > MOST:
            wanted = wanted[np.unique(np.linspace(0, len(wanted) - 1, MOST).round().astype(int))]
        times, values = [], []
        descriptor = dgram.open_regular(stream.smd)
        try:
            for index in wanted.tolist():
                offset, length = int(walked.offsets[index]), 12 + int(walked.headers["extent"][index])
                for key, update in places(dgram.read_at(descriptor, length, offset), offset):
                    if key in having:
                        layout, place = having[key]
                        starts = layout.read(descriptor, update)
                        low, high = int(starts[place]), int(starts[place + 1])
                        raw = dgram.read_at(descriptor, high - low, update.data[0] + low)
                        entry = layout.names.fields[place]
                        times.append(dgram.unix_ns(int(walked.timestamps[index])) / 1e9)
                        if entry.type == TEXT:
                            values.append(raw.split(b"\0", 1)[0].decode("utf-8", "replace"))
                        else:
                            array = np.frombuffer(raw, TYPES[entry.type])
                            values.append(plain(array if entry.rank else array[0]))
        except Corrupt as corrupt:
            raise Damaged(stream.smd, 0, f"has a corrupt SlowUpdate: {corrupt}") from corrupt
        except OSError as error:
            raise Damaged(stream.smd, 0, f"cannot be read: {error.strerror}") from error
        finally:
            os.close(descriptor)
        if times:
            break
    return times, values
