"""Work off the screen's thread: in daemon threads, so that one that hangs never keeps the app from quitting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump


@dataclass
class Finished(Message):
    """The work returned, or raised."""

    task: Task
    value: Any
    error: Exception | None


@dataclass
class Reported(Message):
    """The work is under way and has something to show."""

    task: Task
    value: Any


class Task:
    """One piece of work of a group; a newer one of the same group makes it stale."""

    def __init__(self, owner: MessagePump, group: str) -> None:
        self.owner, self.group = owner, group
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Long work asks this at least every 100 ms."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()

    def wait(self, seconds: float) -> bool:
        """Sleep; True when cancelled meanwhile."""
        return self._cancelled.wait(seconds)

    def report(self, value: Any) -> None:
        """Hand a partial value to the screen's `progress`."""
        if not self.cancelled:
            self.owner.post_message(Reported(self, value))

    def start(self, work: Callable[[Task], Any]) -> None:
        def run() -> None:
            value, error = None, None
            try:
                value = work(self)
            except Exception as problem:  # handed over to the screen, which says it
                error = problem
            if not self.cancelled:
                self.owner.post_message(Finished(self, value, error))

        threading.Thread(target=run, name=f"smdtui {self.group}", daemon=True).start()
