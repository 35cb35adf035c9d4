"""Histories of PVs from the EPICS Archiver Appliance, by its HTTP retrieval in JSON:
``GET .../getData.json?pv=NAME&from=TIME&to=TIME`` gives ``[{"meta": ..., "data": [{"secs", "nanos", "val"}, ...]}]``
(https://epicsarchiver.readthedocs.io, "Retrieving data using JSON"). The first sample is the last one before the
begin. Nothing that goes wrong here fails a production."""

import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Callable, List

import h5py
import numpy as np

from producer.defaults.archiver import Parameters
from producer.event_problems import EventProblem
from producer.merge import attributes

URL = "https://pswww.slac.stanford.edu/archiveviewer/retrieval/data/getData.json"
VARIABLE = "SMDTUI_ARCHIVER_URL"
EPICS_EPOCH = 631152000  # unix seconds of 1990-01-01, from which psana's timestamps count
MOST_BYTES = 256 << 20


class NoHistory(Exception):
    """Why a PV has no history; the message follows its name."""


def seconds(timestamp: int) -> float:
    """Unix seconds of a psana timestamp."""
    return (timestamp >> 32) + EPICS_EPOCH + (timestamp & 0xFFFFFFFF) * 1e-9


def write_histories(
    file: h5py.File, parameters: Parameters, timestamps: np.ndarray, alive: Callable[[], None] = lambda: None
) -> List[EventProblem]:
    """``epics_archiver/<name>`` float64[samples, 2], unix seconds and value, from the first event to the last. Whatever
    goes wrong is a warning. `alive` is called before each."""
    if not parameters.pvs:
        return []
    problems: List[EventProblem] = []
    url = parameters.url or os.environ.get(VARIABLE) or URL
    group = file.create_group("epics_archiver")
    group.attrs["description"] = f"values archived during the run: unix seconds, value; from {url}"
    if not len(timestamps):
        return problems
    begin, end = seconds(int(timestamps[0])), seconds(int(timestamps[-1]))
    deadline = time.monotonic() + parameters.timeout_s
    for pv in parameters.pvs:
        alive()
        try:
            history = fetch(url, pv.pv, begin, end, deadline)
        except NoHistory as error:
            problems.append(EventProblem(pv.pv, "archiver", "no history", "warning", 0, 1, str(error)))
            continue
        node = group.create_dataset(pv.name.replace("/", "_"), data=history)
        attributes(node, "s, unit of the PV", f"history of {pv.pv}: unix seconds, value")
    return problems


def fetch(url: str, pv: str, begin: float, end: float, deadline: float) -> np.ndarray:
    """float64[samples, 2]: unix seconds and value. `deadline` by time.monotonic. Raises `NoHistory`."""
    query = urllib.parse.urlencode({"pv": pv, "from": _iso(begin), "to": _iso(end)})
    try:
        answer = json.loads(_get(f"{url}?{query}", deadline))
    except urllib.error.HTTPError as error:
        raise NoHistory(f"the archiver answers {error.code} {error.reason}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:  # URLError, timeouts, broken answers
        raise NoHistory(f"the archiver does not answer: {getattr(error, 'reason', error)}") from None
    try:
        samples = answer[0]["data"] if answer else []
        times = [sample["secs"] + sample.get("nanos", 0) * 1e-9 for sample in samples]
        values = [sample["val"] for sample in samples]
    except (KeyError, TypeError, IndexError):
        raise NoHistory("the archiver's answer is not what an archiver gives") from None
    if not samples:
        raise NoHistory("the archiver has nothing of it")
    if not all(isinstance(value, (int, float)) for value in values):
        raise NoHistory("its values are no numbers")
    return np.column_stack([np.array(times, np.float64), np.array(values, np.float64)])


def _get(address: str, deadline: float) -> bytes:
    """The whole answer; raises TimeoutError at the deadline however slowly it comes."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time is left")
    parts: List[bytes] = []
    size = 0
    with urllib.request.urlopen(address, timeout=left) as answer:
        while True:
            part: Any = answer.read1(1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
            if time.monotonic() > deadline:
                raise TimeoutError("it takes too long")
            if size > MOST_BYTES:
                raise ValueError(f"more than {MOST_BYTES >> 20} MB")


def _iso(unix: float) -> str:
    whole = int(unix // 1)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((unix - whole) * 1000):03d}Z"
