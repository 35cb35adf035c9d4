"""How a production goes, for the eLog's page of automatic runs: POST of ``[{"key": ..., "value": ...}, ...]`` to the
address in JID_UPDATE_COUNTERS (or ARP_UPDATE_COUNTERS), which the automatic run processing sets. Posted from a thread,
the newest state only: production never waits for it, and nothing that goes wrong with it matters to it."""

import http.client
import json
import os
import threading
import time
import urllib.request
from typing import Dict, Optional

from producer import log

VARIABLES = ("JID_UPDATE_COUNTERS", "ARP_UPDATE_COUNTERS")
EVERY = 10.0  # s, between two posts while events are read
TIMEOUT = 5.0  # s


class Counters:
    """Without an address (`url` None) nothing happens."""

    def __init__(self, url: Optional[str]) -> None:
        self._url = url if url and url.startswith(("http://", "https://")) else None
        self._waiting: Optional[Dict[str, str]] = None
        self._changed = threading.Condition()
        self._posting = False
        self._last = 0.0
        self._failed = False
        if self._url:
            threading.Thread(target=self._post_all, name="counters", daemon=True).start()

    @classmethod
    def of_environment(cls) -> "Counters":
        return cls(next((os.environ[name] for name in VARIABLES if os.environ.get(name)), None))

    def say(self, values: Dict[str, str]) -> None:
        """Post these instead of what was posted before."""
        if self._url:
            with self._changed:
                self._waiting = values
                self._last = time.monotonic()
                self._changed.notify_all()

    def events(self, done: int, workers: int) -> None:
        """Of one worker; posted every 10 s."""
        if self._url and time.monotonic() - self._last >= EVERY:
            self.say({"Production": "reading", "Events of one worker": str(done), "Workers": str(workers)})

    def finish(self) -> None:
        """Wait, for a few seconds at most, until the last is posted."""
        end = time.monotonic() + TIMEOUT + 1
        with self._changed:
            while (self._waiting is not None or self._posting) and time.monotonic() < end:
                self._changed.wait(0.1)

    def _post_all(self) -> None:
        while True:
            with self._changed:
                while self._waiting is None:
                    self._changed.wait()
                values, self._waiting, self._posting = self._waiting, None, True
            try:
                self._post(values)
            finally:
                with self._changed:
                    self._posting = False
                    self._changed.notify_all()

    def _post(self, values: Dict[str, str]) -> None:
        content = json.dumps([{"key": f"<b>{key}</b>", "value": value} for key, value in values.items()])
        try:
            request = urllib.request.Request(
                str(self._url), content.encode(), {"Content-Type": "application/json"}, method="POST"
            )
            with urllib.request.urlopen(request, timeout=TIMEOUT):
                pass
        except (OSError, ValueError, http.client.HTTPException) as error:
            if not self._failed:
                log.info(f"the eLog's counters cannot be posted: {error}")
            self._failed = True
