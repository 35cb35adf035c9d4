"""Calibration constants of the detectors that are analysed: from the facility's service when it answers in time, else
from a local folder, else none, which is said.

The folder has ``<folder>/<detector>/<ctype>.npy`` (pedestals, pixel_gain, pixel_rms, pixel_status, pixel_mask,
pixel_offset, common_mode, ...) and ``<folder>/<detector>/geometry.txt``.
"""

import contextlib
import hashlib
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import numpy as np

REACH = 3.0  # seconds for the service to answer at all
AGAIN = 0.5  # seconds until it is tried a second time: one packet lost must not leave a whole run uncalibrated
FETCH = 120.0  # seconds for all constants of one detector

Constants = Dict[str, Tuple[Any, Dict[str, Any]]]  # ctype -> (array or text, metadata), as psana has them


class BadConstants(Exception):
    """A file of constants cannot be read; the message names it."""


@dataclass(frozen=True)
class Found:
    """The constants of one detector; `source` in words, "" when there are none; `remarks`: what went wrong before."""

    constants: Constants
    source: str
    remarks: Tuple[str, ...] = ()

    @property
    def not_finite(self) -> str:
        """Which constants have NaN or infinite values, and how many, in words; "" when none has."""
        found = []
        for ctype, (value, _) in sorted(self.constants.items()):
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                count = value.size - int(np.count_nonzero(np.isfinite(value)))
                if count:
                    found.append(f"{ctype} in {count} of {value.size} values")
        return f"its constants are NaN or infinite: {', '.join(found)}; so are its pixels there" if found else ""

    @property
    def digest(self) -> str:
        """Changes with any constant."""
        hashed = hashlib.sha256()
        for ctype, (value, _) in sorted(self.constants.items()):
            hashed.update(ctype.encode())
            hashed.update(
                np.ascontiguousarray(value).tobytes() if isinstance(value, np.ndarray) else str(value).encode()
            )
        return hashed.hexdigest()


def from_folder(folder: Path, detector: str) -> Constants:
    """Raises `BadConstants` naming the file that cannot be read; {} when there is nothing for the detector."""
    own = folder / detector
    if not own.is_dir():
        return {}
    found: Constants = {}
    for path in sorted(own.iterdir()):
        meta = {"ctype": path.stem, "experiment": "local", "run": 0}
        try:
            if path.suffix == ".npy":
                value = np.load(path, allow_pickle=False)
                if value.dtype.kind not in "fiub":
                    raise BadConstants(f"{path} holds {value.dtype}, not numbers.")
                found[path.stem] = (np.ascontiguousarray(value), meta)
            elif path.suffix == ".txt":
                found[path.stem] = (path.read_text(encoding="utf-8"), meta)
        except (OSError, ValueError) as error:
            raise BadConstants(f"{path} cannot be read as constants: {error}") from error
    return found


@dataclass
class Provider:
    """Finds constants. `ask(uniqueid, experiment, run)` is psana's own way to the service at `url`."""

    ask: Callable[[str, str, int], Optional[Constants]]
    url: str
    folder: Optional[Path] = None
    found: Dict[str, Found] = field(default_factory=dict)
    _unreachable: Optional[str] = None

    @property
    def silence(self) -> str:
        """That the service does not answer, in words; "" when it does, or was not asked."""
        return f"the calibration service {self.url} does not answer ({self._unreachable})" if self._unreachable else ""

    def why_none(self, detector: str) -> str:
        """Why a detector has no constants, or not all, in words: whether the service has none or could not be asked."""
        found = self.found.get(detector)
        return "; ".join(filter(None, [self.silence, *(found.remarks if found else ())]))

    def get(self, detector: str, uniqueid: str, experiment: str, run: int) -> Found:
        """Raises `BadConstants` for a file in the local folder that cannot be read."""
        self.found[detector] = self._get(detector, uniqueid, experiment, run)
        return self.found[detector]

    def _get(self, detector: str, uniqueid: str, experiment: str, run: int) -> Found:
        remarks: List[str] = []
        if self._unreachable is None:
            self._unreachable = _reach(self.url)
            if self._unreachable:
                time.sleep(AGAIN)
                self._unreachable = _reach(self.url)
        if not self._unreachable:
            answer = _within(FETCH, lambda: self.ask(uniqueid, experiment, run))
            if isinstance(answer, BaseException):
                remarks.append(f"the calibration service {self.url} could not be asked ({_words(answer)})")
            elif answer:
                return Found(answer, f"the service {self.url}", ())
            else:
                remarks.append(f"the calibration service {self.url} says that it has none")
        if self.folder is not None:
            constants = from_folder(self.folder, detector)
            if constants:
                return Found(constants, f"the folder {self.folder / detector}", tuple(remarks))
            remarks.append(f"the folder {self.folder} has none")
        return Found({}, "", tuple(remarks))


def _reach(url: str) -> str:
    """ "" when something answers at `url`, else why not. In a thread, because looking up a name has no time limit."""

    def look() -> None:
        with contextlib.suppress(HTTPError):  # it answers, if with a refusal
            urlopen(Request(url, method="HEAD"), timeout=REACH).close()

    answer = _within(REACH, look)
    return _words(answer) if isinstance(answer, BaseException) else ""


def _within(seconds: float, call: Callable[[], Any]) -> Any:
    """What `call` returns, or the exception that it raised (SystemExit too: psana's client ends the process when the
    service is down), or TimeoutError."""
    answer: List[Any] = []

    def run() -> None:
        try:
            answer.append(call())
        except BaseException as error:  # handed to the caller, which says it
            answer.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return answer[0] if answer else TimeoutError(f"no answer within {seconds:.0f} s")


def _words(error: BaseException) -> str:
    if isinstance(error, URLError):
        return "its host name is not known here" if isinstance(error.reason, socket.gaierror) else "no connection"
    name = type(error).__name__
    text = str(error)
    if name == "ConnectionError" and (
        "Name or service" in text or "name resolution" in text or "NameResolution" in text
    ):
        return "its host name is not known here"
    if name == "ConnectionError":
        return "no connection"
    return f"{name}: {text[:200]}" if text else name
