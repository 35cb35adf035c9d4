"""Signals in words."""

import signal

CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)
CRASHED = "psana or a library crashed, often on damaged data; check the run's files with smdtui check"


def signal_name(number: int) -> str:
    """``signal 9 (SIGKILL)``"""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def guess(number: int) -> str:
    """What was behind a signal, and what to try, as the end of a sentence."""
    if number == signal.SIGKILL:
        return ": killed by a person or by the system for lack of memory; try fewer ranks."
    if number in CRASHES:
        return f": {CRASHED}."
    if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        return ": somebody or something outside ended it; launch the run again."
    return "; launch the run again, and see whether it comes back."
