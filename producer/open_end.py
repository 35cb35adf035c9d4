"""Runs whose recording ended without an end: psana reads such a run only up to where every stream has a transition.

Beside the output a folder is made with links to the data and copies of the smd files, to which the missing transitions
Disable, EndStep and EndRun are appended. The data themselves are not touched.
"""

import shutil
from pathlib import Path
from typing import List, Set

import numpy as np

from producer import dgram
from producer.run_chunks import chunks
from producer.run_files import RunFiles, find_run
from producer.run_summary import scan_run
from producer.xtc_tree import configuration

_MISSING = (dgram.DISABLE, dgram.END_STEP, dgram.END_RUN)


def has_no_end(files: RunFiles) -> bool:
    """Whether no stream has an EndRun. (Where only some have it, psana reads all events.)"""
    return not any(dgram.END_RUN in scan.transitions for scan in scan_run(files))


def with_end(files: RunFiles, folder: Path) -> RunFiles:
    """The files of the same run in `folder`, which is made, with an end. Raises OSError and dgram.Damaged."""
    (folder / "smalldata").mkdir(parents=True)
    for path in _data(files):
        (folder / path.name).symlink_to(path)
    smds = [stream.smd for stream in files.streams if stream.smd is not None]
    walks = [dgram.walk(smd) for smd in smds]
    last = max(int(walk.timestamps[-1]) for walk in walks if len(walk.timestamps))
    for smd, walk in zip(smds, walks):
        copy = folder / "smalldata" / smd.name
        shutil.copyfile(smd, copy)
        with open(copy, "r+b") as file:
            file.truncate(walk.end)  # half a datagram at the end is no use to anyone
            file.seek(walk.end)
            file.write(b"".join(_transition(walk, service, last) for service in _MISSING))
    return find_run(folder, files.run)


def _data(files: RunFiles) -> Set[Path]:
    """The data of all streams, with chunks that are named after another run."""
    found = {path for stream in files.streams for path in stream.bigdata}
    for stream, scan in zip(files.streams, scan_run(files)):
        if stream.smd is not None and scan.enables:
            configured = configuration(stream.smd, dgram.read_dgram(stream.smd))
            found.update(chunk.path for chunk in chunks(stream, configured, scan.enables))
    return {path for path in found if path.suffix == ".xtc2" and path.exists()}


def _transition(walk: dgram.Walk, service: int, last: int) -> bytes:
    """An empty datagram after the last one of the run, which all streams have at the same time."""
    at: List[int] = np.flatnonzero(~walk.events).tolist()
    header = walk.headers[at[-1]].copy()
    seconds, nanoseconds = last >> 32, (last & 0xFFFFFFFF) + 1000 * (1 + _MISSING.index(service))
    header["seconds"], header["nanoseconds"] = seconds + nanoseconds // 10**9, nanoseconds % 10**9
    header["env"] = (int(header["env"]) & 0xF0FFFFFF) | service << 24
    header["damage"], header["extent"] = 0, 12
    return header.tobytes()
