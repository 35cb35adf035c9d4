"""Keys one at a time: the next is looked at when all that the one before it set off has been done.

Textual hands a key to what has the focus, in a queue of its own; `tab`, `/` or a key that opens a form move the focus
only when they have come up from there. What is typed meanwhile (a fast typist, a busy machine, a slow line, a pasted
text) would go to the old place and be lost, or mean something else there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message

PATIENCE = 0.5  # seconds after which the next key is taken in any case: the widget with the last one may be gone


class KeyDone(Message, bubble=True):
    """Follows a key on its way: when it is up at the app, so is the key."""


class OrderedKeys(App[None]):
    """An app that takes keys so."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._waiting: deque[events.Key] = deque()
        self._patience: asyncio.TimerHandle | None = None  # set while a key is under way

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._patience is not None:
            self._waiting.append(event)
        else:
            target = self.focused or self.screen
            await super().on_event(event)
            target.post_message(KeyDone())
            loop = asyncio.get_running_loop()  # a Textual timer would cost a task for each key
            self._patience = loop.call_later(PATIENCE, self.call_later, self._next_key)

    def on_key_done(self, event: KeyDone) -> None:
        event.stop()
        self.call_later(self._next_key)  # behind a focus that was asked for meanwhile

    async def _next_key(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._waiting:
            await self.on_event(self._waiting.popleft())
