"""The probe as a server: ``python -m producer.probe serve`` answers one JSON line on stdout to each on stdin.

{"id": 7, "op": "names", "exp": E, "run": N, "dir": D, "values": false}   as the one-shot probe answers
    with "packed": true the PVs as columns, see producer.packed
{"id": 8, "op": "statistics", ...}   {"statistics": {"count": n, "name": ..., "updates": ..., ...}}, packed columns
{"id": 9, "op": "presence", ...}     {"presence": {detector: {algorithm: [present, looked at, events]}}}
{"id": 10, "op": "series", "name": ALIAS, ...}   {"times": [unix s], "values": [...]}

A line is {"id": 7, "started": true}, {"id": 7, "progress": 0.4}, or the last one of the request, with "done": true and
the answer or "error": words.  Long work is interrupted for whatever is asked meanwhile.  What a library prints goes to
stderr.  The server ends when stdin is closed, and when it needs more memory than it may.
"""

import argparse
import gc
import json
import os
import select
import sys
import threading
import time
from dataclasses import fields
from typing import Any, Callable, Dict, Iterator, List, Optional

from producer import packed
from producer.ends_with import end_with
from producer.packed import pack_epics
from producer.run_answer import explain, names, xtc_folder

PAGE = os.sysconf("SC_PAGE_SIZE")
STEP = 0.05  # seconds of long work between two looks at what is asked

Work = Iterator[Any]  # yields a share done (float), and at last the answer (dict)


def resident_mb() -> float:
    """Of this process; 0.0 where there is no /proc."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE / 1e6
    except OSError:
        return 0.0


def _files(asked: Dict[str, Any]) -> Any:
    from producer.run_folder import find_run

    return find_run(asked.get("dir") or xtc_folder(str(asked["exp"])), int(asked["run"]))


def _names(asked: Dict[str, Any]) -> Work:
    gc.disable()  # of a hundred thousand names none is garbage before they are out
    try:
        answer = names(str(asked["exp"]), int(asked["run"]), asked.get("dir"), bool(asked.get("values")))
    finally:
        gc.enable()
    yield {**answer, "epics": pack_epics(answer["epics"])} if asked.get("packed") else answer


def _statistics(asked: Dict[str, Any]) -> Work:
    from producer.pv_statistics import PvStatistics, statistics

    files = _files(asked)
    found: Dict[str, PvStatistics] = {}
    for share, part in statistics(files):
        found.update(part)
        yield share
    columns: Dict[str, Any] = {"count": len(found), "name": packed.texts(found)}
    for one in fields(PvStatistics):
        values = [getattr(value, one.name) for value in found.values()]
        if one.name == "curve":
            columns[one.name] = packed.texts(values)
        elif one.name in ("first", "last"):
            columns[one.name] = values
        else:
            columns[one.name] = packed.numbers(values)
    yield {"statistics": columns, "identity": files.identity}


def _presence(asked: Dict[str, Any]) -> Work:
    from producer.presence import presence

    files = _files(asked)
    table: Dict[str, Dict[str, List[int]]] = {}
    for share, found in presence(files):
        yield share
        for (detector, alg), one in found.items():
            table.setdefault(detector, {})[alg] = [one.present, one.looked_at, one.events]
    yield {"presence": table, "identity": files.identity}


def _series(asked: Dict[str, Any]) -> Work:
    from producer.pv_series import series

    times, values = series(_files(asked), str(asked["name"]))
    yield {"times": times, "values": values}


OPS: Dict[str, Callable[[Dict[str, Any]], Work]] = {
    "names": _names,
    "statistics": _statistics,
    "presence": _presence,
    "series": _series,
}


class Server:
    """Newer requests go before the ones under way: those are the long ones."""

    def __init__(self, source: int, sink: int, memory_mb: float):
        self.source, self.sink, self.memory = source, sink, memory_mb
        self.rest = b""
        self.open = True
        self.work: List[Any] = []  # (id, work), the last is the one being done
        self._lock = threading.Lock()

    def serve(self) -> int:
        threading.Thread(target=self._watch, daemon=True).start()
        while self.open or self.work:
            self._listen(0.0 if self.work else None)
            if not self.open:
                return 0  # nobody waits for what is left
            if self.work:
                self._go_on()
            elif resident_mb() > self.memory / 2:
                return 0  # a fresh one is smaller
        return 0

    def _listen(self, seconds: Optional[float]) -> None:
        if not select.select([self.source], [], [], seconds)[0]:
            return
        data = os.read(self.source, 1 << 16)
        self.open = bool(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            asked = json.loads(line)
            number = asked["id"]
            if asked["op"] == "cancel":
                self.work = [one for one in self.work if one[0] != number]
                return
            work = OPS[asked["op"]](asked)
        except (ValueError, KeyError, TypeError) as error:
            self.tell(done=True, id=None, error=f"The probe does not understand what it was asked: {error!r}")
            return
        self.work.append((number, work))

    def _go_on(self) -> None:
        number, work = self.work[-1]
        self.tell(id=number, started=True)
        end = time.monotonic() + STEP
        try:
            for answer in work:
                if isinstance(answer, dict):
                    self.tell(id=number, done=True, **answer)
                    self.work.pop()
                    return
                if time.monotonic() > end:
                    self.tell(id=number, progress=round(answer, 3))
                    return
            raise RuntimeError("there was no answer")
        except Exception as error:
            self.work.pop()
            self.tell(id=number, done=True, error=explain(error))

    def tell(self, **what: Any) -> None:
        data = json.dumps(what, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        with self._lock:
            while data:
                data = data[os.write(self.sink, data) :]

    def _watch(self) -> None:
        """End the process before the machine has to."""
        while True:
            time.sleep(0.2)
            if resident_mb() > self.memory:
                for number, _ in self.work[-1:]:
                    self.tell(id=number, done=True, error=f"This needs more than {self.memory:.0f} MB of memory.")
                os._exit(0)


def main(argv: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m producer.probe serve", description=__doc__)
    parser.add_argument("--memory", type=float, default=1500.0, help="MB that it may use (default: %(default)g)")
    options = parser.parse_args(argv)
    # a library that prints must not reach the answers: they go out on a descriptor of their own
    end_with(0)
    sink = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        return Server(0, sink, options.memory).serve()
    except BrokenPipeError:  # who asked has gone
        return 0
