"""How the production of a run ended, for the eLog's table of runs, from which further jobs are started: POST of
``{"SmallData": "done", "Prod_start": ..., ...}`` to the address in SMDTUI_RUN_TABLE_URL, with ``?run_num=<run>``:

    https://pswww.slac.stanford.edu/ws-auth/lgbk/run_control/{experiment}/ws/add_run_params

SMDTUI_RUN_TABLE_AUTH names a file whose first line is ``user:password``, or the password of the hutch's operator
(xppopr). The names of the parameters are those of smalldata_tools. Posted from a thread and within a time limit;
nothing that goes wrong with it matters to the production. Without the address, and of a production of some events,
nothing is posted."""

import base64
import http.client
import json
import os
import queue
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Dict, Optional

from producer import log

URL, AUTHORISATION = "SMDTUI_RUN_TABLE_URL", "SMDTUI_RUN_TABLE_AUTH"
LIMIT = 5.0  # s, for the last one to be posted once the production is over


class RunTable:
    """Of one run; without an address (`url` "") nothing happens."""

    def __init__(self, url: str, experiment: str, run: int, authorisation: str = "") -> None:
        self._authorisation, self._experiment = authorisation, experiment
        address = url.replace("{experiment}", experiment)
        separator = "&" if "?" in address else "?"
        self._address = f"{address}{separator}{urllib.parse.urlencode({'run_num': run})}" if url else ""
        self._waiting: queue.Queue[Dict[str, Any]] = queue.Queue()
        self._thread: Optional[threading.Thread] = None

    @classmethod
    def of_environment(cls, experiment: str, run: int, wanted: bool) -> "RunTable":
        url = os.environ.get(URL, "") if wanted else ""
        if url and not url.startswith(("http://", "https://")):
            log.info(f"{URL} is no address that begins with http:// or https://: the run table is left alone")
            url = ""
        return cls(url, experiment, run, os.environ.get(AUTHORISATION, ""))

    def begin(self, ranks: int) -> None:
        self._say({"SmallData": "running", "Prod_jobstart": _now(), "Prod_ncores": ranks})

    def end(self, verified: bool, begin: float) -> None:
        self._say({"SmallData": "done" if verified else "failed", "Prod_start": _words(begin), "Prod_end": _now()})

    def finish(self) -> None:
        """Wait, for a few seconds at most, until all is posted."""
        end = time.monotonic() + LIMIT
        while self._address and self._waiting.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.02)

    def _say(self, values: Dict[str, Any]) -> None:
        if self._address:
            self._waiting.put(values)
            if self._thread is None:
                self._thread = threading.Thread(target=self._post_all, name="run table", daemon=True)
                self._thread.start()

    def _post_all(self) -> None:
        while True:
            values = self._waiting.get()
            try:
                self._post(values)
            except (OSError, ValueError, http.client.HTTPException) as error:
                log.info(f"the eLog's run table cannot be told that SmallData is {values['SmallData']!r}: {error}")
            finally:
                self._waiting.task_done()

    def _post(self, values: Dict[str, Any]) -> None:
        headers = {"Content-Type": "application/json"}
        known = self._user_and_password()
        if known is not None:
            headers["Authorization"] = f"Basic {base64.b64encode(known.encode()).decode()}"
        request = urllib.request.Request(self._address, json.dumps(values).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=LIMIT):
            pass

    def _user_and_password(self) -> Optional[str]:
        """``user:password``; read when it is needed, and written nowhere."""
        if not self._authorisation:
            return None
        with open(Path(self._authorisation).expanduser(), encoding="utf-8") as file:
            line = file.readline().rstrip("\r\n")
        return line if ":" in line else f"{self._experiment[:3]}opr:{line}"


def _now() -> str:
    return _words(time.time())


def _words(seconds: float) -> str:
    return time.strftime("%m/%d/%Y %H:%M:%S", time.localtime(seconds))
