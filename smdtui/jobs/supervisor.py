"""``python -m smdtui.jobs.supervisor JOBDIR``: runs one job's submit.sh and leaves nothing of it behind.

It lives in a session of its own, so neither the app's end nor the terminal's reaches it. Processes that lose their
parent come back to it (child subreaper), so that it can end every rank whatever became of their launcher. When it is
killed itself, submit.sh gets TERM (parent-death signal) and ends the job.
"""

import contextlib
import ctypes
import getpass
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from smdtui.jobs.folder import (
    CANCEL,
    ENGINE,
    EXIT,
    HEARTBEAT,
    LOG,
    REQUEST,
    SCRIPT,
    WAITS,
    JobFolder,
    locked,
    shared,
    utc,
)
from smdtui.jobs.local import GRACE_SECONDS, MARK, identity, marked, process_start, send
from smdtui.jobs.local_queue import Ticket
from smdtui.jobs.shared_memory import RECORD, leftovers, mapped_by, record

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LIBC = ctypes.CDLL(None, use_errno=True)
_AWAITED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
RESERVE, RESERVE_BYTES = "exit.reserve", 512
BEAT_SECONDS = 15.0


def descendants(root: int) -> list[tuple[int, int]]:
    """(pid, start) of all processes below `root`."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):  # gone meanwhile
                text = Path(f"/proc/{entry}/stat").read_text(errors="replace")
                children.setdefault(int(text[text.rindex(")") + 2 :].split()[1]), []).append(int(entry))
    found, ahead = [], [root]
    while ahead:
        for child in children.get(ahead.pop(), ()):
            ahead.append(child)
            start = process_start(child)
            if start is not None:
                found.append((child, start))
    return found


class Supervisor:
    def __init__(self, folder: JobFolder):
        self.folder = folder
        self.began = time.time()
        self.stopping: float | None = None  # when the end was asked for, monotonic
        self.signal_seen = ""
        self.segments: set[str] = set()  # shared memory that the job's processes had mapped
        self.ticket: Ticket | None = None
        self.status: int | None = None  # of submit.sh, as subprocess says it: negative for a signal

    def run(self) -> int:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.umask(os.umask(0o022) & ~(0o070 if shared(self.folder.path) else 0) | 0o002)
        folder = self.folder
        engine = {"kind": "local", **identity(os.getpid()), "user": getpass.getuser()}
        with open(folder.path / RESERVE, "wb") as reserve:  # before anything says that the job has begun
            reserve.write(b" " * (RESERVE_BYTES - 1) + b"\n")
            os.fsync(reserve.fileno())
        with locked(folder.path.parent):  # a launch that takes the place of this one cancels it before, or sees it
            folder.write(ENGINE, engine)
        try:
            stopped = self.wait_turn()
            return self.record_early(stopped) if stopped else self.work(engine)
        except OSError as e:  # a full disk; without a record the job would be thought lost, and sent again
            self.end_all()
            if not folder.has(EXIT):
                self.record({"error": f"{e.strerror or e}: '{e.filename or folder.path}'"})
            return 1
        finally:
            (folder.path / RESERVE).unlink(missing_ok=True)
            if self.ticket is not None:
                self.ticket.release()

    def work(self, engine: "dict[str, object]") -> int:
        folder = self.folder
        self.began = time.time()
        folder.write(ENGINE, {**engine, "started": utc(self.began)})
        child = self.start()
        self.watch(child)
        left = self.end_all()
        self.finish(left)
        return 0

    def wait_turn(self) -> str:
        """Until there is room on the machine; what stopped it before, "" for nothing."""
        folder, said, beat = self.folder, 0, 0.0
        if folder.has(CANCEL):
            return "cancel"
        try:
            ranks = (folder.table(REQUEST) or {}).get("ranks")
            self.ticket = Ticket(folder.path, ranks if isinstance(ranks, int) else 1)
        except OSError as e:
            print(f"{e.filename}: {e.strerror}: it waits for no other job", flush=True)
            return ""
        while ahead := self.ticket.ahead():
            if ahead != said:
                said = ahead
                are = "1 job on this machine is" if ahead == 1 else f"{ahead} jobs on this machine are"
                with contextlib.suppress(OSError):  # a full disk: it waits all the same
                    folder.write(WAITS, {"reason": f"{are} before it"})
            if time.monotonic() - beat > BEAT_SECONDS:
                beat = time.monotonic()
                self.beat()
            got = signal.sigtimedwait(_AWAITED, 0.2 if ahead == 1 else 1.0)
            if folder.has(CANCEL):
                return "cancel"
            if got is not None and got.si_signo != signal.SIGCHLD:
                return signal.Signals(got.si_signo).name
        (folder.path / WAITS).unlink(missing_ok=True)
        return ""

    def record_early(self, stopped: str) -> int:
        """It has ended before it began."""
        self.record({"stopped_by": stopped if stopped != "cancel" else None, "note": "ended before its start"})
        (self.folder.path / WAITS).unlink(missing_ok=True)
        return 0

    def start(self) -> "subprocess.Popen[bytes]":
        """submit.sh with its output appended to log.txt: to the file itself, so that no output is lost with the
        supervisor."""
        me = os.getpid()

        def before() -> None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != me:  # the supervisor died before the line above
                os._exit(143)

        env = {**os.environ, MARK: str(self.folder.path), "SMDTUI_SUPERVISOR": str(me)}
        with open(self.folder.path / LOG, "ab") as log:
            return subprocess.Popen(
                [str(self.folder.path / SCRIPT)],
                cwd=self.folder.path,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=before,
                process_group=0,
            )

    def watch(self, child: "subprocess.Popen[bytes]") -> None:
        """Until submit.sh has ended. Looks often at first: a job that dies early must not leave memory unseen."""
        beat = 0.0
        began = time.monotonic()
        while True:
            self.reap(child)
            if self.status is not None:
                return
            now = time.monotonic()
            if now - beat > BEAT_SECONDS:
                beat = now
                self.beat()
            seen = mapped_by(p for p, _ in descendants(os.getpid()))
            if not seen <= self.segments:
                self.segments |= seen
                record(self.folder.path, self.segments)
            if self.stopping is None and self.folder.has(CANCEL):
                self.stop(child, "cancel")
            if self.stopping is not None and now - self.stopping > GRACE_SECONDS + 2:
                return  # submit.sh itself hangs; end_all ends it
            early = now - began < 10
            got = signal.sigtimedwait(_AWAITED, 0.2 if early or self.stopping is not None else 1.0)
            if got is not None and got.si_signo != signal.SIGCHLD:
                self.stop(child, signal.Signals(got.si_signo).name)

    def beat(self) -> None:
        with contextlib.suppress(OSError):  # a full disk: the next beat may do
            (self.folder.path / HEARTBEAT).write_bytes(b"")

    def reap(self, child: "subprocess.Popen[bytes]") -> None:
        """Collects whatever has ended; submit.sh's status is kept."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == child.pid:
                self.status = os.waitstatus_to_exitcode(status)
                child.returncode = self.status

    def stop(self, child: "subprocess.Popen[bytes]", why: str) -> None:
        if self.stopping is None:
            self.stopping = time.monotonic()
            self.signal_seen = why
            start = process_start(child.pid)
            if start is not None:
                send(child.pid, start, signal.SIGTERM)

    def end_all(self) -> int:
        """TERM to every process of the job that is left, KILL after the grace. Returns how many there were."""
        me = os.getpid()
        seen: set[tuple[int, int]] = set()
        # What is stopped has had its grace while submit.sh waited for its launcher.
        deadline = time.monotonic() + (GRACE_SECONDS if self.stopping is None else 1.0)
        give_up = deadline + 30
        while left := {*descendants(me), *marked(self.folder.path)}:
            self.segments |= mapped_by(p for p, _ in left)
            late = time.monotonic() > deadline
            for one in left:
                if late or one not in seen:
                    with contextlib.suppress(PermissionError):
                        send(*one, signal.SIGKILL if late else signal.SIGTERM)
            seen |= left
            if time.monotonic() > give_up:
                print("still there, not to be killed:", sorted(left), flush=True)
                break
            time.sleep(0.05)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
        return len(seen)

    def finish(self, left: int) -> None:
        swept = leftovers(self.segments, self.began, failed=self.status != 0)
        for path in swept:
            Path(path).unlink(missing_ok=True)
        if not self.folder.has(EXIT):
            status = self.status
            killed = status is not None and status < 0
            self.record(
                {
                    "status": None if killed else status,
                    "signal": -status if killed and status is not None else None,
                    "stopped_by": self.signal_seen if self.signal_seen != "cancel" else None,
                    "leftover": left,
                }
            )
        for name in (RESERVE, RECORD):
            (self.folder.path / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a full disk; exit.toml is what counts
            self.folder.event("ended", "supervisor", status=self.status, leftover=left, swept=len(swept))

    def record(self, table: "dict[str, object]") -> None:
        """exit.toml for a submit.sh that could not write it, on a full disk into the room kept for it."""
        whole = {"by": "supervisor", "when": utc(), "host": os.uname().nodename, **table}
        try:
            self.folder.write(EXIT, whole)
        except OSError:
            import tomli_w

            text = tomli_w.dumps({k: v for k, v in whole.items() if v is not None}).encode()
            with open(self.folder.path / RESERVE, "r+b") as reserve:
                reserve.write(text)
                os.fsync(reserve.fileno())
            (self.folder.path / RESERVE).replace(self.folder.path / EXIT)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m smdtui.jobs.supervisor JOBDIR", file=sys.stderr)
        return 2
    return Supervisor(JobFolder(Path(sys.argv[1]))).run()


if __name__ == "__main__":
    sys.exit(main())
