"""The probe in the psana environment, kept running: asked by JSON lines, replaced when it dies or hangs."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from smdtui.environment import Environment, cache_folder

HANG = 14.0  # seconds without a line, while something is asked, after which it is taken to hang
MEMORY = 1500  # MB
LOG = 1 << 20  # bytes of its log that are kept


class ProbeFailed(Exception):
    """The message is a sentence for people; `log` is what the process said on stderr."""

    def __init__(self, message: str, log: str = ""):
        self.message, self.log = message, log
        super().__init__(message)


@dataclass
class _Question:
    words: dict[str, Any]
    progress: Callable[[float], None] | None
    answered: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] | None = None
    tries: int = 0


class ProbeProcess:
    """`ask` may be called from several threads: short questions go before the long ones under way."""

    def __init__(self, environment: Environment, hang: float = HANG, memory: int = MEMORY):
        self.environment, self.hang, self.memory = environment, hang, memory
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._questions: dict[int, _Question] = {}
        self._number = 0
        self._heard = 0.0
        self._doing: int | None = None
        self._spoke = False  # this process has answered something
        self._closed = False

    def ask(
        self,
        op: str,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        **words: Any,
    ) -> dict[str, Any]:
        """The answer of smdtui's producer.probe_server to one question.

        Raises ProbeFailed: with its own words when it answers with an error, and when it died of this question, did
        not answer within `hang` seconds (it is killed then), or the asking was cancelled.
        """
        with self._lock:
            self._number += 1
            number = self._number
            question = _Question({"id": number, "op": op, **words}, progress)
            if not self._questions:  # else who asks again and again would keep one that hangs alive
                self._heard = time.monotonic()
            self._questions[number] = question
            self._send(question)
        while not question.answered.wait(0.1):
            if cancelled():
                with self._lock:
                    self._questions.pop(number, None)
                    self._write({"id": number, "op": "cancel"})
                raise ProbeFailed("It was no longer wanted.")
            if time.monotonic() - self._heard > self.hang:
                self._hung()
        answer = question.answer or {}
        if answer.get("error"):
            raise ProbeFailed(str(answer["error"]), self.log())
        return {key: value for key, value in answer.items() if key not in ("id", "done")}

    @property
    def pid(self) -> int | None:
        """Of the process, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def log(self) -> str:
        """The end of what it printed."""
        try:
            data = self._log_path().read_bytes()[-(1 << 14) :]
        except OSError:
            return ""
        return data.decode(errors="replace")

    def close(self) -> None:
        """End the process; what is asked fails."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
            questions, self._questions = list(self._questions.values()), {}
        for question in questions:
            _answer(question, "The probe was closed.")
        if process is not None:
            _kill(process)

    # -- the process; the lock is held
    def _send(self, question: _Question) -> None:
        if self._closed:
            _answer(question, "The probe was closed.")
            return
        try:
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
                threading.Thread(target=self._listen, args=(self._process,), name="smdtui probe", daemon=True).start()
        except OSError as error:
            self._questions.pop(question.words["id"], None)
            _answer(question, f"The psana environment cannot be entered: {error.filename}: {error.strerror}.")
            return
        question.tries += 1
        self._write(question.words)

    def _write(self, words: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(json.dumps(words).encode() + b"\n")
            process.stdin.flush()
        except (OSError, ValueError):  # it has died: `_listen` meets its end and asks again
            return

    def _start(self) -> "subprocess.Popen[bytes]":
        command = self.environment.command(["python", "-m", "producer.probe", "serve", "--memory", str(self.memory)])
        path = self._log_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG:
            path.unlink()
        self._doing, self._spoke = None, False
        with path.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment.variables(),
                cwd="/",
                start_new_session=True,
            )

    def _log_path(self) -> Any:
        return cache_folder() / "log" / "probe.log"

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._hear(line)
        status = process.wait()
        with self._lock:
            if process is not self._process:
                return
            self._process = None
            died = self._questions.pop(self._doing, None) if self._doing is not None else None
            rest = list(self._questions.values())
            for question in rest:  # not their fault; but one that cannot even start is not started for ever
                if question.tries > 1 or not self._spoke:
                    self._questions.pop(question.words["id"], None)
                    _answer(question, died_of(status, self.log()))
                else:
                    self._heard = time.monotonic()
                    self._send(question)
        if died is not None:
            _answer(died, died_of(status, self.log()))

    def _hear(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:  # a set-up script printed something
            return
        if not isinstance(said, dict) or "id" not in said:
            return
        self._heard, self._spoke = time.monotonic(), True
        number = said["id"]
        if said.get("done"):
            self._doing = None
            with self._lock:
                question = self._questions.pop(number, None)
            if question is not None:
                question.answer = said
                question.answered.set()
            return
        if said.get("started"):
            self._doing = number
        question = self._questions.get(number)
        if question is not None and question.progress is not None and "progress" in said:
            question.progress(float(said["progress"]))

    def _hung(self) -> None:
        with self._lock:
            if time.monotonic() - self._heard <= self.hang:
                return  # another thread has seen to it
            self._heard = time.monotonic()
            process, self._process = self._process, None
            guilty = self._questions.pop(self._doing, None) if self._doing is not None else None
            if guilty is None and self._questions:
                guilty = self._questions.pop(next(iter(self._questions)))
            if process is not None:
                _kill(process)
            for question in list(self._questions.values()):
                self._send(question)
        if guilty is not None:
            _answer(guilty, f"There was no answer within {self.hang:g} s; the process was killed.")


def _answer(question: _Question, error: str) -> None:
    question.answer = {"error": error}
    question.answered.set()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """With all that it started; one that hangs in the file system ends when that answers."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()


def died_of(status: int, log: str) -> str:
    """Why a process ended without an answer, in a sentence."""
    number = -status if status < 0 else status - 128
    names = {int(one): one.name for one in signal.Signals}
    if status < 0 or number in names:
        name = names.get(number, f"signal {number}")
        return f"The probe died of {name} ({signal.strsignal(number) or 'unknown'})."
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "nothing on stderr")
    return f"The probe ended with exit status {status} and no answer: {last}"
