"""A real pseudo-terminal with an emulator behind it: what a person at the keyboard would do and see.

>>> with Terminal(["smdtui", "demo"], columns=80, rows=24) as t:
...     t.wait_for("Runs")
...     t.press("2", "/")
...     print(t.text())
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    **{f"ctrl+{c}": chr(ord(c) & 31) for c in "abcdefghijklmnopqrstuvwxyz"},
}
# What a modern terminal answers when asked what it can do; the app then brackets each frame (mode 2026).
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y", b"\x1b[c": b"\x1b[?62;22c"}
# Sequences that the emulator would print as text.
UNKNOWN = re.compile(
    rb"\x1bPtmux;(?:\x1b\x1b|[^\x1b])*\x1b\\|\x1b\[\?\d+\$p|\x1b\[[<>=][\d;]*[a-zA-Z]|\x1b\[\?[\d;]*[um]"
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)
UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;?<>=$ ]*|\][^\x07\x1b]*|P[^\x1b]*)?$")


# Of whoever runs the tests, not of the terminal
FOREIGN = ("NO_COLOR", "TMUX", "TERM_PROGRAM", "COLUMNS", "LINES")


class Terminal:
    def __init__(self, argv, columns: int = 80, rows: int = 24, env: dict[str, str] | None = None, cwd=None):
        self.argv, self.columns, self.rows, self.cwd = [str(a) for a in argv], columns, rows, cwd
        self.env = {k: v for k, v in os.environ.items() if k not in FOREIGN}
        self.env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | (
            env or {}
        )
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._rest = b""
        self.pid = self.fd = -1
        self.exit_code: int | None = None
        self.last_paint = 0.0
        self.raw = b""  # the newest of what has arrived, as it came

    def __enter__(self) -> "Terminal":
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(self.cwd or ".")
                os.execvpe(self.argv[0], self.argv, self.env)
            finally:
                os._exit(127)
        os.set_inheritable(self.fd, False)  # another program would keep the terminal open
        self.resize(self.columns, self.rows)
        return self

    def __exit__(self, *_):
        self.close()

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # -- what is on the screen ---------------------------------------------------------------------------------
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    def text(self) -> str:
        return "\n".join(self.lines())

    def pump(self, seconds: float) -> bool:
        """Read and paint what arrives within `seconds`; False when the other end is closed."""
        end = time.perf_counter() + seconds
        while True:
            ready = select.select([self.fd], [], [], max(0.0, end - time.perf_counter()))[0]
            if not ready:
                return True
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                return False
            if not data:
                return False
            self.last_paint = time.perf_counter()
            self.raw = (self.raw + data)[-(1 << 18) :]
            for question, answer in ANSWERS.items():
                if question in data:
                    os.write(self.fd, answer)
            data = self._rest + data
            cut = UNFINISHED.search(data)
            self._rest = data[cut.start() :] if cut else b""
            self._stream.feed(UNKNOWN.sub(b"", data[: cut.start()] if cut else data))
            if time.perf_counter() >= end:
                return True

    def wait_until(self, condition: Callable[[str], bool], timeout: float = 20, what: str = "the condition") -> float:
        """Seconds since the start at which `condition(text of the screen)` became true.

        Raises AssertionError, with the screen, when it does not within `timeout` seconds."""
        end = time.perf_counter() + timeout
        while True:
            if condition(self.text()):
                return time.perf_counter() - self.started
            alive = self.pump(0.02)
            if time.perf_counter() > end or (not alive and not condition(self.text())):
                state = "gone" if not alive else "there"
                raise AssertionError(
                    f"{what} not seen within {timeout} s (program {state}); the screen:\n{self.text()}"
                )

    def wait_for(self, text: str, timeout: float = 20) -> float:
        return self.wait_until(lambda screen: text in screen, timeout, repr(text))

    def wait_gone(self, text: str, timeout: float = 20) -> float:
        return self.wait_until(lambda screen: text not in screen, timeout, f"the end of {text!r}")

    def settle(self, quiet: float = 0.15, timeout: float = 10) -> None:
        """Wait until nothing has been painted for `quiet` seconds."""
        end = time.perf_counter() + timeout
        self.last_paint = time.perf_counter()
        while time.perf_counter() < end and time.perf_counter() - self.last_paint < quiet:
            if not self.pump(0.02):
                return

    # -- the keyboard ------------------------------------------------------------------------------------------
    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self.fd, KEYS.get(key, key).encode())
            # a program takes what follows an escape at once for the rest of one key
            self.pump(0.2 if key == "escape" else 0.03)

    def type(self, text: str) -> None:
        self.press(*text)

    def key_to_paint(self, key: str, condition: Callable[[str], bool], timeout: float = 5) -> tuple[float, float]:
        """(milliseconds from the key to the frame that satisfies `condition`, CPU milliseconds until quiet)."""
        cpu, begin = self.cpu_ms(), time.perf_counter()
        os.write(self.fd, KEYS.get(key, key).encode())
        while not condition(self.text()):
            assert time.perf_counter() - begin < timeout, f"{key!r} had no effect; the screen:\n{self.text()}"
            self.pump(0.002)
        painted = (self.last_paint - begin) * 1000
        self.settle()
        return painted, self.cpu_ms() - cpu

    # -- the process -------------------------------------------------------------------------------------------
    def cpu_ms(self) -> float:
        """CPU time burnt by all threads of the program so far (holds on a busy machine)."""
        total = 0
        for path in Path(f"/proc/{self.pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(path.read_text().split()[0])
        return total / 1e6

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    def wait_exit(self, timeout: float = 10) -> int:
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            self.pump(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid, self.exit_code = -1, os.waitstatus_to_exitcode(status)
                return self.exit_code
            time.sleep(0.005)
        raise AssertionError(f"the program did not end within {timeout} s; the screen:\n{self.text()}")

    def hang_up(self) -> None:
        """Close the terminal under the program, as a lost ssh connection does."""
        os.close(self.fd)
        self.fd = -1

    def close(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.pid <= 0:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            with contextlib.suppress(AssertionError, OSError, ValueError):
                self.wait_exit(3) if self.fd >= 0 else os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
